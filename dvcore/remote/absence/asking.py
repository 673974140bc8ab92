"""What a repository is given when it is opened, so that its absent blobs are asked of its remotes.

It is imported by every command that opens a repository, so that it loads nothing of remotes before a blob is absent.
"""

from dvcore.repo.provider import BlobProvider
from dvcore.repo.repository import Repository


def ask_remotes(repository: Repository) -> BlobProvider:
    """The value of `Repository.provider`.

    Raises InvalidInputError, StorageError where the repository's settings cannot be read.
    """
    from dvcore.remote.absence.bringing import RemoteProvider  # noqa: PLC0415 - only who lacks images needs remotes

    return RemoteProvider(repository)
