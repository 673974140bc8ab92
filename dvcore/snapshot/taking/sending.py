"""The files of a snapshot on their way to a URL.

Shards go first, then the small files, `snapshot.json` last: nothing there claims to be a snapshot before it is whole.
As long as that takes, an object `unfinished-KEY` stands there, which names what is being sent: so that the same command
goes on after a kill, and what was sent so far is not taken for somebody else's, nor somebody else's for it.

Of two machines that begin at the same time at most one goes on: each says what it sends and looks afterwards, so that
the one that looks later sees the other. Before a snapshot is recorded its shards are looked for once more.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Final

from dvcore.errors import AccessDeniedError, DsetError, ExistsError, StorageError
from dvcore.model.manifest import Shard
from dvcore.progress import Progress
from dvcore.remote.exchange.places import open_place
from dvcore.repo.layout import Layout
from dvcore.repo.origins import ORIGIN
from dvcore.repo.projects import Url
from dvcore.snapshot.catalog.bringing import each_in_turn, has_bytes
from dvcore.snapshot.catalog.sent import SentShards
from dvcore.snapshot.catalog.sidefiles import side_files
from dvcore.snapshot.catalog.snapshots import Snapshot

_UNFINISHED: Final = "unfinished-"
_MOST_NAMES: Final = 200_000
"""No snapshot has as many files. A bucket's list comes by thousands: this many take ten seconds and 30 MB."""


class Destination:
    """A URL that a snapshot is sent to."""

    def __init__(self, layout: Layout, url: Url) -> None:
        """Raises ExistsError where far too much is there, InvalidInputError, StorageError."""
        self.url = url
        self._storage = open_place(layout, url, create=True)
        if not self._storage.capabilities.writable:
            raise AccessDeniedError(f"cannot send a snapshot to {url}", hint="a web server's files can only be read")
        self._sizes = self._listed()
        self._snapshot: Snapshot | None = None
        self._marker: str | None = None
        """What this process put, as long as nothing was sent under it."""
        self._sent = SentShards(layout, url)

    def close(self) -> None:
        """Release what is remembered."""
        self._sent.close()

    def check_usable(self, snapshot: Snapshot | None, key: str | None = None) -> None:
        """A URL is usable where nothing is under it, where what is there is of this very snapshot (None: a new one), or
        where it was begun to send one: that of this key.

        Raises ExistsError, StorageError.
        """
        unfinished = {name for name in self._sizes if name.startswith(_UNFINISHED)}
        is_ours = unfinished == {_UNFINISHED + key} if key else bool(unfinished)
        if ORIGIN in self._sizes:
            is_ours, unfinished = snapshot is not None and self._holds(snapshot), set()
        if self._sizes and not is_ours:
            raise self._begun() if unfinished else self._taken()
        if not self._sizes and not self._storage.is_empty():  # with names that no object of ours has
            raise self._taken()

    def begin(self, snapshot: Snapshot | None, key: str) -> None:
        """Say what is going to be sent, where nothing does. Raises as `check_usable` does."""
        self.check_usable(snapshot, key)
        self._snapshot = snapshot
        if self._sizes:  # it was said already, or all of it is there
            return
        self._marker = _UNFINISHED + key
        self._storage.put(self._marker, b"")
        self._sizes = self._listed()
        self.check_usable(snapshot, key)

    def withdraw(self) -> None:
        """Leave the URL as it was, where nothing was sent. Never fails."""
        if self._marker is not None:
            with suppress(DsetError):
                self._storage.remove(self._marker)

    def has(self, name: str, shard: Shard) -> bool:
        """Whether a shard is there, as far as its length and what we remember of it tell."""
        return self.may_have(name, shard) and self._sent.has(name, shard)

    def may_have(self, name: str, shard: Shard) -> bool:
        """Whether there is something of the shard's length."""
        return self._sizes.get(name) == shard.size

    def send(self, files: Sequence[tuple[Path, str, Shard]], progress: Progress) -> int:
        """Send shards, from these files and under these names; how many, of those with examples, were not there
        already. Afterwards all are there.

        Raises ExistsError where another snapshot came there meanwhile, StorageError.
        """
        missing = {shard: (path, name) for path, name, shard in files if not self.has(name, shard)}
        if missing:
            self._marker = None

        def put(shard: Shard) -> None:
            path, name = missing[shard]
            self._sent.forget(name)
            self._storage.put_file(name, path)
            self._sent.add(name, shard)

        each_in_turn(put, list(missing), "sending shards", progress)
        self._confirm((name, shard) for _, name, shard in files)
        return sum(shard.examples > 0 for shard in missing)

    def finish(self, snapshot: Snapshot) -> None:
        """Send what stands beside the shards, now that they are all there. What is there stays, so that a whole
        snapshot may be read-only.

        Raises StorageError.
        """
        files = side_files(snapshot)
        for name in sorted(files, key=lambda name: name == ORIGIN):
            if name not in self._sizes or not has_bytes(self._storage, name, files[name]):
                self._storage.put(name, files[name])
        for name in [name for name in self._sizes if name.startswith(_UNFINISHED)]:
            self._storage.remove(name)

    def _listed(self) -> dict[str, int]:
        """Lengths by name."""
        listed = list(islice(self._storage.iter_names(), _MOST_NAMES + 1))
        if len(listed) > _MOST_NAMES:
            raise self._taken()
        return {one.name: one.size for one in listed}

    def _confirm(self, shards: Iterable[tuple[str, Shard]]) -> None:
        """Whether all are there, as the store itself says, and nobody else's snapshot is. The beginning of another may
        be: who began after us sees us, and withdraws."""
        self._sizes = self._listed()
        if ORIGIN in self._sizes and not (self._snapshot is not None and self._holds(self._snapshot)):
            raise self._taken()
        for name, shard in shards:
            if not self.may_have(name, shard):
                self._sent.forget(name)
                hint = "run the command again where nobody else writes or removes"
                raise StorageError(f"{self.url}: {name} is not there as it was sent", hint=hint)

    def _holds(self, snapshot: Snapshot) -> bool:
        """Whether what is there says of itself that it is this snapshot's."""
        return has_bytes(self._storage, ORIGIN, side_files(snapshot)[ORIGIN])

    def _taken(self) -> ExistsError:
        return ExistsError(f"{self.url} holds something else", hint="name a URL under which nothing is")

    def _begun(self) -> ExistsError:
        hint = "name a URL under which nothing is, or empty this one where nobody is at it"
        return ExistsError(f"{self.url} holds the beginning of another snapshot", hint=hint)
