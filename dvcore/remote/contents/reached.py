"""Which blobs refs lead to, a remote's or ours, as far as that can be told from what is here.

Every object is hashed before it is believed, so that what is said to be reached is reached. Where an object is not
here, since nobody fetched it, what it leads to is not known to be.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from dvcore.errors import CorruptError
from dvcore.ids import BlobId, CommitId, digest, format_short
from dvcore.progress import Progress
from dvcore.repo.links import Kind, Link, iter_reachable
from dvcore.store import ObjectReader
from dvcore.store.spilling import SpillingMap

_TOLD: Final = 4_096
"""Links between two words to the progress."""


class Reached:
    """Blobs that commits lead to, with all that came before them, and trees. `folder` is where they are noted where
    there are many."""

    def __init__(self, reader: ObjectReader, folder: Path | None) -> None:
        self._reader = reader
        self._entered = SpillingMap(folder)
        self._blobs = SpillingMap(folder)

    def add(self, commits: Iterable[CommitId], progress: Progress) -> None:
        """Follow some commits. Raises like `add_links`."""
        self.add_links((Link(Kind.COMMIT, commit) for commit in commits), progress)

    def add_links(self, starts: Iterable[Link], progress: Progress) -> None:
        """Follow links to commits and trees.

        Raises CorruptError for an object that is damaged, NeedsNewerError.
        """
        progress.start("looking at what refs lead to", None)
        for number, link in enumerate(iter_reachable(self._read, starts, self._enter), start=1):
            if link.kind is Kind.BLOB:
                self._blobs.put(link.id, b"")
            if number % _TOLD == 0:
                progress.advance(_TOLD)
        progress.finish()

    def __contains__(self, blob: BlobId) -> bool:
        return self._blobs.get(blob) is not None

    def close(self) -> None:
        """Give the room back."""
        self._entered.close()
        self._blobs.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _enter(self, link: Link) -> bool:
        """Whether a link is new, and what it leads to is here to be read."""
        key = link.kind.value + link.id
        if self._entered.get(key) is not None or self._reader.find(link.id) is None:
            return False
        self._entered.put(key, b"")
        return True

    def _read(self, object_id: bytes) -> bytes:
        data = self._reader.read(object_id)
        if digest(data) != object_id:
            raise CorruptError(f"object {format_short(object_id)} is damaged", hint="'dset fsck' says more")
        return data
