"""Taking back the newest operation, and doing it again: `dvcore.repo.operations` on the repository."""

from dvcore.repo.operations import Operation, redo, undo
from dvcore.repo.repository import Repository, writes


@writes
def undo_newest(repository: Repository) -> Operation:
    """Take back the newest operation that is not undone, whoever made it; gives that operation.

    Raises StateError where there is none that can be taken back.
    """
    return repository.store.update(lambda transaction: undo(transaction, repository.who()))


@writes
def redo_newest(repository: Repository) -> Operation:
    """Do again what the last undo took back; gives that operation.

    Raises StateError where nothing was undone since the last new operation.
    """
    return repository.store.update(lambda transaction: redo(transaction, repository.who()))
