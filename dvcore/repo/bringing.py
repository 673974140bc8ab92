"""Absent blobs, brought before they are needed: many at a time, by whoever the repository was opened with.

Who reads the bytes of files says first which ones, once, when that is known and before workers start: a snapshot, an
export, a page with pictures. In a repository that has all its blobs, which is the usual one, it costs nothing.
"""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final

from dvcore.errors import StateError
from dvcore.ids import BlobId, format_short
from dvcore.progress import Progress, Silent
from dvcore.repo.provider import BlobProvider
from dvcore.repo.repository import Repository

__all__ = ["BlobProvider", "bring_blobs"]

_BATCH: Final = 65_536
"""Blobs looked at, and brought, at a time: so many that neighbours in a pack come together."""
_NAMED: Final = 3


def bring_blobs(repository: Repository, blobs: Iterable[BlobId], progress: Progress | None = None) -> int:
    """Have these blobs here, of those that are absent; how many came. What is lost stays so: reading it says that.
    Where no blob of the repository is absent, `blobs` is not asked for any.

    To be called outside of transactions, and before `repository.blobs` is taken: what comes is stored in the generation
    that is in use then. Raises StateError where nobody can bring them, and what the provider raises.
    """
    if not repository.blobs.has_absent():
        return 0
    count = 0
    provider: BlobProvider | None = None
    iterator = iter(blobs)
    while batch := list(dict.fromkeys(islice(iterator, _BATCH))):
        absent = repository.blobs.find_absent(batch)
        if absent:
            provider = provider or _provider(repository, absent)
            with repository.writing():
                provider.bring(absent, progress or Silent())
            count += len(absent)
    return count


def _provider(repository: Repository, absent: Sequence[BlobId]) -> BlobProvider:
    if repository.provider is None:
        raise StateError(f"{describe_blobs(absent)} on a remote and not here", hint="'dset fetch --for' brings them")
    return repository.provider(repository)


def describe_blobs(blobs: Sequence[BlobId]) -> str:
    """What messages call some blobs, up to a verb: `12 blobs (1f3a…, …) are`."""
    named = ", ".join(format_short(blob) for blob in blobs[:_NAMED]) + (", …" if len(blobs) > _NAMED else "")
    return f"the blob {named} is" if len(blobs) == 1 else f"{len(blobs):,} blobs ({named}) are"
