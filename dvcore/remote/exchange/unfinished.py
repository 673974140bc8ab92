"""What a push that was broken off leaves on this machine, so that the next one goes on after the last whole pack.

A folder holds the salt, the root that the push rests on, and the footer of each pack that the remote took. None of it
is believed: packs are taken up only where the root is still that one, and where the remote lists them, of the right
size and young, since a collection removes old packs that no root lists. Times on this machine and on the store's clock
are compared each with themselves only. What is damaged counts as absent; all of it can be deleted at any time.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from dvcore.encoding import decode, encode
from dvcore.errors import CorruptError, StorageError
from dvcore.ids import format_id
from dvcore.remote.packs.names import PACKS, PackKind, PackRef, find_pack
from dvcore.remote.packs.pack import SALT_BYTES, Placed, decode_footer, encode_footer
from dvcore.remote.roots.root import Root
from dvcore.remote.storages.storage import Storage
from dvcore.store import seal, unseal
from dvcore.store.file_lock import FileLock

YOUNG: Final = timedelta(hours=12)
"""Half the least time after which a collection removes what no root lists."""

_STATE: Final = "state"
_LOCK: Final = "lock"
_SEAL: Final = "unfinished push"


@dataclass(frozen=True, slots=True)
class TakenUp:
    """The salt of an earlier try, and the packs of it that the remote has."""

    salt: bytes
    packs: Mapping[PackRef, Sequence[Placed]]


class Unfinished:
    """What is known of one push to one remote; with no folder, nothing is.

    Failures of the disk are passed over: what is not noted is sent again.
    """

    def __init__(self, folder: Path | None, clock: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._clock = clock

    def take_up(self, storage: Storage, root: Root) -> TakenUp | None:
        """What an earlier try left that rested on this root, after one look at what the remote has; or None.

        Raises what listing the remote raises.
        """
        salt = self._salt_over(root)
        noted = {} if salt is None else dict(self._iter_noted())
        if salt is None or not noted:
            return None
        ages = find_listed(storage, noted)
        return TakenUp(salt, {pack: entries for pack, entries in noted.items() if ages.get(pack, YOUNG) < YOUNG})

    def begin(self, root: Root, salt: bytes) -> None:
        """Forget what was noted, and note what a push rests on that is about to send."""
        self.forget()
        if self._folder is not None:
            with suppress(OSError):
                self._folder.mkdir(parents=True, exist_ok=True)
                (self._folder / _STATE).write_bytes(seal(_SEAL, encode([*_resting_on(root), salt])))

    def note(self, pack: PackRef, entries: Sequence[Placed]) -> None:
        """Note a pack that the remote took. Any thread may do so."""
        if self._folder is not None:
            with suppress(OSError):
                (self._folder / _file_name(pack)).write_bytes(encode_footer(entry for entry, _ in entries))

    def forget(self) -> None:
        """Nothing is left to be taken up."""
        for path in self._paths():
            if path.name != _LOCK:
                with suppress(OSError):
                    path.unlink()

    def _salt_over(self, root: Root) -> bytes | None:
        if self._folder is None:
            return None
        with suppress(OSError, CorruptError):
            state = decode(unseal(_SEAL, (self._folder / _STATE).read_bytes()))
            if type(state) is list and state[:-1] == _resting_on(root) and len(state[-1]) == SALT_BYTES:
                return bytes(state[-1])
        return None

    def _iter_noted(self) -> Iterator[tuple[PackRef, Sequence[Placed]]]:
        """Packs that were sent not long ago, by this machine's clock; one that went back since makes none of them
        so."""
        for path in self._paths():
            with suppress(OSError, ValueError, CorruptError):
                pack = _parse_file_name(path.name)
                age = self._clock() - path.stat().st_mtime
                if pack is not None and 0 <= age < YOUNG.total_seconds():
                    yield pack, decode_footer(pack, path.read_bytes())

    def _paths(self) -> list[Path]:
        if self._folder is None:
            return []
        with suppress(OSError):
            return sorted(self._folder.iterdir())
        return []


@contextmanager
def unfinished_in(folder: Path | None) -> Iterator[Unfinished]:
    """What a folder knows, for the time of one push; where another process is at work in it, nothing is known, and
    nothing will be noted."""
    if folder is None:
        yield Unfinished(None)
        return
    lock: FileLock | None = None
    with suppress(OSError, StorageError):
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / _LOCK)
    if lock is None:
        yield Unfinished(None)
        return
    with lock:
        yield Unfinished(folder if lock.try_take() else None)


def find_listed(storage: Storage, packs: Iterable[PackRef]) -> dict[PackRef, timedelta]:
    """Those of these packs that a remote has, of the right size, and how much older they are than the newest thing that
    it lists, which tells the time there. Raises StorageError, StateError."""
    wanted = set(packs)
    times: dict[PackRef, datetime] = {}
    newest = datetime.min.replace(tzinfo=UTC)
    for listed in storage.iter_names(PACKS):
        newest = max(newest, listed.time)
        pack = find_pack(listed.name, listed.size)
        if pack in wanted:
            times[pack] = listed.time
    return {pack: newest - time for pack, time in times.items()}


def _resting_on(root: Root) -> list[Any]:
    """What tells one state of one remote from all others; of one that holds nothing that is all there is to tell."""
    return [root.serial, root.identity, root.writes[-1]] if root.serial else [0, b"", b""]


def _file_name(pack: PackRef) -> str:
    return f"{pack.kind.value}-{pack.size}-{format_id(pack.id)}"


def _parse_file_name(name: str) -> PackRef | None:
    kind, _, rest = name.partition("-")
    size, _, digits = rest.partition("-")
    if kind not in {one.value for one in PackKind} or not size.isdecimal():
        return None
    return PackRef(PackKind(kind), bytes.fromhex(digits), int(size))
