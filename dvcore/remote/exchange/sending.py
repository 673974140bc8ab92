"""Values into packs, and packs onto a remote, two of them at a time while the next one fills.

Memory holds three packs of blobs, 192 MiB, whatever is sent. Hashing and sending happen in threads of their own; what
fills the packs is the caller's thread.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from dvcore.remote.packs.entry import KINDS
from dvcore.remote.packs.names import PackKind, PackRef
from dvcore.remote.packs.pack import Placed
from dvcore.remote.packs.packing import PackWriter, Value
from dvcore.remote.storages.storage import Storage
from dvcore.store.background import Call

Sent = Callable[[PackRef, Sequence[Placed]], None]

_AT_ONCE: Final = 2


class Sender:
    """Sends what is added; leave the `with` without an exception after `finish`. Used by one thread.

    `sent` is told of each pack that is there, in the caller's thread; `note` before that, in the one that sent it.
    """

    def __init__(self, storage: Storage, salt: bytes, *, sent: Sent, note: Sent) -> None:
        self._storage = storage
        self._salt = salt
        self._sent = sent
        self._note = note
        self._writers: dict[PackKind, PackWriter] = {}
        self._sending: deque[Call[tuple[PackRef, Sequence[Placed]]]] = deque()

    def __enter__(self) -> "Sender":
        return self

    def __exit__(self, *_: object) -> None:
        """No thread is left behind."""
        for call in self._sending:
            call.wait()

    def add(self, value: Value) -> None:
        """Have a value sent, as soon as its pack is full. Raises what sending an earlier one raised, as soon as it has,
        and InvalidInputError for a value that no pack takes."""
        for call in self._sending:
            if call.has_failed:
                call.result()
        kind = KINDS[value.table]
        if kind in self._writers and not self._writers[kind].has_room(len(value.data)):
            self._send(kind)
        if kind not in self._writers:
            self._writers[kind] = PackWriter(kind, self._salt)
        self._writers[kind].add(value)

    def finish(self) -> None:
        """Send what is left, and wait until all is there. Raises like `add`."""
        for kind in list(self._writers):
            self._send(kind)
        while self._sending:
            self._take()

    def _send(self, kind: PackKind) -> None:
        writer = self._writers.pop(kind)
        while len(self._sending) >= _AT_ONCE:
            self._take()
        self._sending.append(Call(self._put, writer))

    def _take(self) -> None:
        # It stays in the list until it has ended: who is interrupted here waits for it on leaving.
        pack, entries = self._sending[0].result()
        self._sending.popleft()
        self._sent(pack, entries)

    def _put(self, writer: PackWriter) -> tuple[PackRef, Sequence[Placed]]:
        pack = writer.finish()
        assert pack is not None, "a writer is made for a value"
        self._storage.put(pack.ref.name, pack.data)
        self._note(pack.ref, pack.entries)
        return pack.ref, pack.entries
