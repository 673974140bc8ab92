"""Changing projects: another definition until the first snapshot, and taking a project away."""

from collections.abc import Callable, Collection
from itertools import count

from dvcore.errors import StateError
from dvcore.model.definition import Definition
from dvcore.repo.cells import project_cell, snapshot_cell
from dvcore.repo.operations import record
from dvcore.repo.projects import Project, load_project, project_names, read_project, record_definition
from dvcore.repo.repository import Repository, writes
from dvcore.store import WriteTransaction


@writes
def edit_project(repository: Repository, name: str, change: Callable[[Definition], Definition]) -> Project:
    """Give a project the definition that `change` makes of the one it has: called in the write transaction, so that of
    two edits at once neither is lost. One that changes nothing leaves no trace.

    Raises NotFoundError, StateError once there is a snapshot, and what `change` raises.
    """

    def action(transaction: WriteTransaction) -> None:
        project = read_project(repository, transaction, name)
        check_editable(project, project_names(transaction))
        definition = change(project.definition)
        if definition != project.definition:
            done = f"project: edit {name}"
            record_definition(repository, transaction, name, definition, after=project.commit, done=done)

    repository.store.update(action)
    return load_project(repository, name)


@writes
def remove_project(repository: Repository, name: str, *, force: bool = False) -> Project:
    """Take a project's name and those of its snapshots away; gives it as it was. Files of snapshots stay on disk, and a
    project that later has the name counts on.

    Raises NotFoundError, and StateError for one that has snapshots, unless forced.
    """

    def action(transaction: WriteTransaction) -> Project:
        project = read_project(repository, transaction, name)
        if project.is_frozen and not force:
            raise StateError(
                f"the project {name!r} has {_snapshots(project)}", hint="--force removes it with its snapshots"
            )
        cells = [project_cell(name), *(snapshot_cell(name, number) for number in project.snapshots)]
        record(transaction, repository.who(), f"project: remove {name}", dict.fromkeys(cells))
        return project

    return repository.store.update(action)


def check_editable(project: Project, taken: Collection[str]) -> None:
    """Raises StateError for a project that has a snapshot, naming what can be done; `taken` are the names of all."""
    if project.is_frozen:
        free = next(name for name in (f"{project.name}-{number}" for number in count(2)) if name not in taken)
        raise StateError(
            f"the project {project.name!r} has {_snapshots(project)}, so that its definition stays as it is",
            hint=f"'dset project duplicate {project.name} {free}', with the same options, makes one that differs",
        )


def _snapshots(project: Project) -> str:
    if len(project.snapshots) == 1:
        return f"the snapshot {project.name}@{project.snapshots[0]}"
    return f"{len(project.snapshots)} snapshots"
