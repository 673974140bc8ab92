"""Reading the root of a remote, and replacing it: read, change, compare and swap.

Of several who replace it at the same time one succeeds, and the others read what it left and change that. A write whose
answer was lost is recognised by its id in the root, even where others came after it.
"""

import os
import time
from collections.abc import Callable
from random import random
from typing import Final, NamedTuple

from dvcore.errors import ConflictError, CorruptError, NotFoundError, StateError, StorageError, UnknownOutcomeError
from dvcore.remote.packs.names import ROOT
from dvcore.remote.packs.naming import naming
from dvcore.remote.roots.format import MAX_ROOT_BYTES, WRITE_BYTES, decode_root, encode_root
from dvcore.remote.roots.root import KEPT_WRITES, Root, new_root
from dvcore.remote.roots.seen import Seen, check_seen
from dvcore.remote.storages.storage import ABSENT, Condition, Matches, Storage

ATTEMPTS: Final = 12
_FIRST_PAUSE: Final = 0.05
_LONGEST_PAUSE: Final = 3.0
"""Seconds; the pauses add up to 17 at most, in which four pushers have had their turn many times."""


class HeldRoot(NamedTuple):
    """A root as it was read, and the condition under which it is still that."""

    root: Root
    condition: Condition


def read_root(storage: Storage, *, seen: Seen | None = None) -> Root | None:
    """The root, or None where nothing was pushed yet.

    Raises CorruptError where it is damaged or older than what was `seen` before, StateError where it is another
    remote's, NeedsNewerError, StorageError.
    """
    held = _read(storage, seen)
    return None if held.root.serial == 0 else held.root


def commit_root(
    storage: Storage,
    update: Callable[[Root], Root],
    *,
    seen: Seen | None = None,
    is_unsafe: bool = False,
    is_fence: bool = False,
    pause: Callable[[float], None] = time.sleep,
) -> Root:
    """Replace the root by what `update` makes of it, and give what is there then: that, or what came after it.

    `update` is called again, with the new root, whenever another writer was faster; it may read and send, and what it
    raises ends the attempt with nothing done. What it returns unchanged is not written, unless `is_fence`: then it is,
    as a new state, so that whoever rests on the one before has to look again. `is_unsafe` allows a store without
    conditional writes, where of two writers at the same time one may be lost. Raises like `read_root`; StateError for
    such a store; ConflictError where others were faster too often; UnknownOutcomeError where nobody can
    say whether it was done.
    """
    if not storage.capabilities.conditional and not is_unsafe:
        raise StateError(
            f"{storage.describe()} cannot compare and swap: of two who push at once, one would lose its work",
            hint="--unsafe-no-cas pushes all the same, where nobody else does",
        )
    writer = _Writer(storage, seen)
    for attempt in range(ATTEMPTS):
        if attempt:
            pause(random() * min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**attempt))
        held = writer.read()
        if writer.is_done(held.root):
            return held.root
        changed = update(held.root)
        if changed == held.root and not is_fence:
            return changed
        written = writer.put(changed, held.condition)
        if written is not None:
            return written
    held = writer.read()
    if writer.is_done(held.root):
        return held.root
    raise ConflictError(f"{storage.describe()} was changed by others all the time", hint="run the command again")


class _Writer:
    """One commit: the id of its write is the same in all attempts, of which at most one can be applied."""

    def __init__(self, storage: Storage, seen: Seen | None) -> None:
        self._storage = storage
        self._seen = seen
        self._write = os.urandom(WRITE_BYTES)
        self._sent = 0  # the serial of the last attempt
        self._is_unknown = False

    def read(self) -> HeldRoot:
        """The root as it is. Raises UnknownOutcomeError where only reading could have told what became of a write."""
        try:
            return _read(self._storage, self._seen)
        except (StorageError, CorruptError) as error:
            if not self._is_unknown:
                raise
            raise _unknown(self._storage, error.message) from None

    def is_done(self, root: Root) -> bool:
        """Whether an earlier attempt led to this root. Raises UnknownOutcomeError where it forgot such old writes."""
        if self._is_unknown and root.serial >= self._sent + KEPT_WRITES and self._write not in root.writes:
            raise _unknown(self._storage, f"{root.serial - self._sent} others came after it")
        return self._write in root.writes

    def put(self, root: Root, condition: Condition) -> Root | None:
        """Replace the root; None where that failed, or where only reading tells whether it did."""
        written = root.written(self._write)
        data = encode_root(written)
        self._sent = written.serial
        try:
            self._storage.put(ROOT, data, condition=condition)
        except ConflictError:
            return None
        except UnknownOutcomeError:
            self._is_unknown = True
            return None
        self._is_unknown = not self._storage.capabilities.conditional
        return None if self._is_unknown else written


def _unknown(storage: Storage, reason: str) -> UnknownOutcomeError:
    return UnknownOutcomeError(
        f"whether {storage.describe()} took the change is not known: {reason}", hint="run the command again to find out"
    )


def _read(storage: Storage, seen: Seen | None) -> HeldRoot:
    """Where there is none, a new one is given, which can be put as long as there is none."""
    try:
        stored = storage.get(ROOT, limit=MAX_ROOT_BYTES)
    except NotFoundError:
        if seen is not None:
            raise StateError(
                f"{storage.describe()} is empty, and was not before",
                hint="'dset remote remove' and 'dset remote add' take it as it is",
            ) from None
        return HeldRoot(new_root(), ABSENT)
    with naming(storage, "its root"):
        root = decode_root(stored.data)
    if seen is not None:
        check_seen(root, seen, storage.describe())
    return HeldRoot(root, Matches(stored.tag))
