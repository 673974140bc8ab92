"""Absent blobs of a repository that no remote was found to hold: each check of a remote takes those off that it has."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, Self

from dvcore.ids import BlobId
from dvcore.remote.upkeep.marks import Marks
from dvcore.store import Store, Table
from dvcore.store.absent import is_absent, iter_absent
from dvcore.store.spilling import SpillingMap

_BATCH: Final = 4_096


class Unheld:
    """`blobs` is the store whose marks say what is absent; `folder` is for scratch files."""

    def __init__(self, blobs: Store, folder: Path | None) -> None:
        self._blobs = blobs
        self._left = SpillingMap(folder)
        for blob in iter_absent(blobs):
            self._left.put(blob, b"")

    def take_off(self, marks: Marks) -> None:
        """Take off what refs of a remote were found to lead to."""
        held = [blob for blob, _ in self._left.iter_items() if marks.is_live(Table.BLOBS, blob)]
        for blob in held:
            self._left.delete(blob)

    def __iter__(self) -> Iterator[BlobId]:
        """What is left, and is still absent."""
        for blob, _ in self._left.iter_items():
            with self._blobs.read() as transaction:
                if is_absent(transaction, blob):
                    yield BlobId(blob)

    def close(self) -> None:
        """Give the room back."""
        self._left.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
