"""Absent blobs from the repository's remotes: whichever has them, many at a time."""

from __future__ import annotations

from collections.abc import Sequence

from dvcore.errors import DsetError, NotFoundError, StateError
from dvcore.ids import BlobId
from dvcore.progress import Progress
from dvcore.remote.absence.sources import OpenedSource, Source, configured_sources, is_there
from dvcore.remote.contents.opened import Contents
from dvcore.remote.contents.storing import store_blobs
from dvcore.repo.bringing import describe_blobs
from dvcore.repo.repository import Repository


class RemoteProvider:
    """See `repo.provider.BlobProvider`. A remote is opened when the ones before it lack something, and stays open."""

    def __init__(self, repository: Repository, sources: Sequence[Source] | None = None) -> None:
        """`sources` are the repository's remotes unless they are given.

        Raises InvalidInputError, StorageError where its settings cannot be read.
        """
        chosen = configured_sources(repository) if sources is None else sources
        self._repository = repository
        self._sources = [OpenedSource(one) for one in chosen]

    def bring(self, blobs: Sequence[BlobId], progress: Progress) -> None:
        """See `BlobProvider.bring`. Where a remote fails, the others are asked; its error is raised if they have not
        got it all."""
        left = list(blobs)
        failures: list[DsetError] = []
        for source in self._sources:
            if left:
                left = self._bring_from(source, left, progress, failures)
        if left and failures:
            raise failures[0]
        if left:
            raise _nowhere(left, [source.name for source in self._sources])

    def _bring_from(
        self, source: OpenedSource, blobs: Sequence[BlobId], progress: Progress, failures: list[DsetError]
    ) -> list[BlobId]:
        """Those that did not come from there."""
        try:
            self._store(source.contents(), blobs, progress)
        except NotFoundError:  # a pack that was collected since: its values are elsewhere now
            try:
                self._store(source.contents(anew=True), blobs, progress)
            except DsetError as error:
                failures.append(error)
        except DsetError as error:
            failures.append(error)
        return self._repository.blobs.find_missing(blobs)

    def _store(self, contents: Contents | None, blobs: Sequence[BlobId], progress: Progress) -> None:
        if contents is not None:
            there = [blob for blob in blobs if is_there(contents, blob)]
            repository = self._repository
            store_blobs(repository.stores.blobs, contents, there, repository.scratch, progress)


def _nowhere(blobs: Sequence[BlobId], names: Sequence[str]) -> StateError:
    if not names:
        return StateError(
            f"{describe_blobs(blobs)} not here, and there is no remote",
            hint="'dset remote add' names the one that has them",
        )
    where = names[0] if len(names) == 1 else f"any of the remotes {', '.join(names)}"
    return StateError(
        f"{describe_blobs(blobs)} neither here nor on {where}",
        hint="'dset fsck --remote' says which files it concerns; importing them again brings them back",
    )
