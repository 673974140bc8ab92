"""Absent blobs of a repository that no remote was found to hold: each check of a remote takes those off that it has."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from dvcore.remote.upkeep.marks import Marks
from dvcore.store import Store, Table
from dvcore.store.absent import is_absent, iter_absent
from dvcore.store.spilling import SpillingMap


class Unheld:
    """`blobs` is the store whose marks say what is absent; `folder` is for scratch files. Nothing may refer to some of
    them any more: marks stay until garbage is collected here."""

    def __init__(self, blobs: Store, folder: Path | None) -> None:
        self._blobs = blobs
        self._absent = SpillingMap(folder)
        self._held = SpillingMap(folder)
        for blob in iter_absent(blobs):
            self._absent.put(blob, b"")

    def take_off(self, marks: Marks) -> None:
        """Take off what refs of a remote were found to lead to."""
        for blob, _ in self._absent.iter_items():
            if marks.is_live(Table.BLOBS, blob):
                self._held.put(blob, b"")

    def __contains__(self, blob: object) -> bool:
        """Whether it is left, and is still absent."""
        if not isinstance(blob, bytes) or self._absent.get(blob) is None or self._held.get(blob) is not None:
            return False
        with self._blobs.read() as transaction:
            return is_absent(transaction, blob)

    def __bool__(self) -> bool:
        """Whether any is left."""
        return any(blob in self for blob, _ in self._absent.iter_items())

    def close(self) -> None:
        """Give the room back."""
        self._absent.close()
        self._held.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
