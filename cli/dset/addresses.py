"""Addresses of the form `REV:DIRECTORY`, which commands that only read take."""

from dvcore.errors import DsetError, NotFoundError
from dvcore.model.names import Path
from dvcore.repo.repository import Repository
from dvcore.repo.revisions import resolve_revision, split_revision
from dvcore.repo.treereader import TreeReader


def located(repository: Repository, text: str, *, hint: str) -> tuple[TreeReader, Path]:
    """The tree and the path in it. `hint` is for somebody who names a revision alone, which looks like a path."""
    revision, path = split_revision(repository, text)
    reader = repository.tree(revision.tree)
    if ":" not in text and reader.find_entry(path) is None and _is_revision(repository, text):
        raise NotFoundError(f"no file or directory {text!r}", hint=hint)
    return reader, path


def _is_revision(repository: Repository, text: str) -> bool:
    try:
        resolve_revision(repository, text)
    except DsetError:
        return False
    return True
