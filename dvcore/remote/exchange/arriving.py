"""What some commits of a remote lead to, on its way here: first what refers further, then annotation sets, then images.

Nothing refers to what has come until the caller sets a ref, so that an attempt that ends early changes nothing that
anybody sees; what it has stored is found by the next one, and not asked for again. In a repository all of it happens
inside `writing`, from the first look to that ref, so that it is not collected in between.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dvcore.errors import CorruptError
from dvcore.ids import CommitId, format_id
from dvcore.model.commit import decode_commit
from dvcore.progress import Progress
from dvcore.remote.contents.difference import iter_difference
from dvcore.remote.contents.opened import Contents
from dvcore.remote.contents.storing import BlobsStored, find_wanted, store_wanted
from dvcore.remote.exchange.fetch_checks import FetchChecks
from dvcore.remote.exchange.fetch_objects import ObjectLoader, ObjectSaver, iter_annotations
from dvcore.remote.packs.naming import naming
from dvcore.repo.cells import REFS
from dvcore.repo.fsck.cells import find_commit_fault
from dvcore.repo.links import Kind
from dvcore.repo.repository import Repository
from dvcore.store.spilling import SpillingMap


@dataclass(frozen=True, slots=True)
class Arrived:
    """What came: objects (commits, nodes, annotation sets …) and images, with their bytes; and how many images are
    marked as absent now, instead."""

    objects: int
    object_bytes: int
    blobs: int
    blob_bytes: int
    absent: int


NOTHING: Final = Arrived(0, 0, 0, 0, 0)


def bring_refs(
    repository: Repository,
    contents: Contents,
    refs: Mapping[str, CommitId],
    bases: Collection[CommitId],
    *,
    is_lazy: bool,
    progress: Progress,
) -> Arrived:
    """Bring what refs of the remote lead to, given that all that the bases lead to is here. `is_lazy` marks images that
    are not here as absent, and brings none.

    Raises CorruptError naming the remote and what is wrong on it, NeedsNewerError, NotFoundError, StorageError.
    """
    with closing(_Arriving(repository, contents, progress)) as arriving:
        with arriving.saver:
            arriving.bring_objects(refs.values(), bases)
            arriving.check_refs(refs)
            arriving.bring_annotations()
        absent = arriving.mark_blobs() if is_lazy else 0
        blobs = BlobsStored(0, 0) if is_lazy else arriving.bring_blobs()
        saver = arriving.saver
        return Arrived(saver.count, saver.bytes, blobs.blobs, blobs.bytes, absent)


class _Arriving:
    """One bringing of commits, and what it has met."""

    def __init__(self, repository: Repository, contents: Contents, progress: Progress) -> None:
        self._repository = repository
        self._contents = contents
        self._progress = progress
        self._folder: Path | None = repository.scratch
        self._checks = FetchChecks(self._folder)
        self._finals = SpillingMap(self._folder)
        self.saver = ObjectSaver(repository.store)

    def close(self) -> None:
        """Give the room back."""
        self._finals.close()
        self._checks.close()

    def bring_objects(self, starts: Iterable[CommitId], bases: Iterable[CommitId]) -> None:
        """Objects that refer further; links to others are noted."""
        self._progress.start("receiving history", None)
        loader = ObjectLoader(self.saver, self._contents, self._checks)
        with naming(self._contents, "its history"):
            for found in iter_difference(loader.load, starts, bases, self._folder):
                before = self.saver.count
                loader.save_arrived(found.objects)
                for link in found.finals:
                    self._finals.put(link.kind.value + link.id, b"")
                self._progress.advance(self.saver.count - before)
            self._checks.check_depths(self.saver.read)
        self._progress.finish()

    def check_refs(self, refs: Mapping[str, CommitId]) -> None:
        """Raises CorruptError for a ref that leads to a commit of another sort than its name says."""
        for ref, commit in refs.items():
            with naming(self._contents, f"{ref}, commit {format_id(commit)}"):
                fault = find_commit_fault(REFS + ref, decode_commit(self.saver.read(commit)))
                if fault is not None:
                    raise CorruptError(fault)

    def bring_annotations(self) -> None:
        """The annotation sets that were noted."""
        self._progress.start("receiving annotations", None)
        noted = self._iter_noted(Kind.ANNOTATIONS)
        for id_, data in iter_annotations(self._repository.store, self._contents, self._checks, noted):
            self.saver.add(id_, data)
            self._progress.advance()
        self._progress.finish()

    def bring_blobs(self) -> BlobsStored:
        """The images that were noted."""
        blobs = self._iter_noted(Kind.BLOB)
        with closing(find_wanted(self._repository.blobs, self._contents, blobs, self._folder)) as wanted:
            return store_wanted(self._repository.stores.blobs, self._contents, wanted, self._progress)

    def mark_blobs(self) -> int:
        """Note of those that are not here that the remote has them; how many those are."""
        blobs = self._iter_noted(Kind.BLOB)
        with closing(find_wanted(self._repository.blobs, self._contents, blobs, self._folder)) as wanted:
            return self._repository.blobs.mark_absent(wanted.iter_ids())

    def _iter_noted(self, kind: Kind) -> Iterable[bytes]:
        return (key[len(kind.value) :] for key, _ in self._finals.iter_items(kind.value))
