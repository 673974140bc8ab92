"""Export projects: a ref to a chain of commits that carry a definition, and for each snapshot one that carries its
manifest too. After the first snapshot the definition does not change."""

import os
from dataclasses import dataclass
from pathlib import Path

from dvcore.errors import CorruptError, ExistsError, NotFoundError, StateError, nearest_hint
from dvcore.ids import CommitId, ManifestId
from dvcore.model.commit import Commit
from dvcore.model.definition import Definition
from dvcore.repo.cells import (
    PROJECTS,
    check_ref_name,
    check_snapshot_number,
    find_cell,
    find_commit,
    find_counter,
    iter_cells,
    place_cell,
    project_cell,
    set_cell,
    snapshot_cell,
    snapshot_counter,
)
from dvcore.repo.commits import head_tree
from dvcore.repo.objects import save_commit
from dvcore.repo.operations import record
from dvcore.repo.repository import Repository, writes
from dvcore.store import ObjectDraft, ReadTransaction, WriteTransaction


@dataclass(frozen=True, slots=True)
class Url:
    """The address of a store elsewhere, without credentials."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Project:
    """A project as it stands: the newest commit of its chain, its definition, the numbers of its snapshots."""

    name: str
    commit: CommitId
    definition: Definition
    snapshots: tuple[int, ...]

    @property
    def is_frozen(self) -> bool:
        """Whether a snapshot was taken."""
        return bool(self.snapshots)


def list_projects(repository: Repository) -> list[str]:
    """All names, in order."""
    repository.refresh()
    with repository.store.read() as transaction:
        return project_names(transaction)


def project_names(transaction: ReadTransaction) -> list[str]:
    """The same, as a transaction sees it."""
    return [name.removeprefix(PROJECTS) for name, _ in iter_cells(transaction, PROJECTS)]


def load_project(repository: Repository, name: str) -> Project:
    """A project by its name.

    Raises NotFoundError with the nearest name.
    """
    repository.refresh()
    with repository.store.read() as transaction:
        return read_project(repository, transaction, name)


def read_project(repository: Repository, transaction: ReadTransaction, name: str) -> Project:
    """The same, as a transaction sees it."""
    commit = find_commit(transaction, project_cell(name))
    if commit is None:
        hint = nearest_hint(name, project_names(transaction)) or "'dset project list' lists them"
        raise NotFoundError(f"no project {name!r}", hint=hint)
    definition = repository.objects.load_commit(commit).definition
    if definition is None:
        raise CorruptError(f"the newest commit of the project {name!r} has no definition")
    return Project(name, commit, definition, _snapshot_numbers(transaction, name))


def snapshot_commit(repository: Repository, name: str, number: int) -> CommitId:
    """The commit of a snapshot.

    Raises NotFoundError.
    """
    repository.refresh()
    with repository.store.read() as transaction:
        commit = find_commit(transaction, snapshot_cell(name, number))
    if commit is None:
        numbers = load_project(repository, name).snapshots
        taken = ", ".join(f"{name}@{one}" for one in numbers)
        hint = f"there are {taken}" if taken else f"'dset snapshot {name}' takes one"
        raise NotFoundError(f"no snapshot {name}@{number}", hint=hint)
    return commit


@writes
def create_project(repository: Repository, name: str, definition: Definition, *, of: str | None = None) -> CommitId:
    """Start a project's chain; `of` names the project that it is a duplicate of, for the log.

    Raises InvalidInputError for a name that cannot be one, ExistsError.
    """
    check_ref_name("project", name)
    done = f"project: create {name}" if of is None else f"project: duplicate {of} as {name}"

    def action(transaction: WriteTransaction) -> CommitId:
        if find_commit(transaction, project_cell(name)) is not None:
            raise ExistsError(f"the project {name!r} exists already", hint="choose another name")
        return record_definition(repository, transaction, name, definition, after=None, done=done)

    return repository.store.update(action)


def record_definition(
    repository: Repository,
    transaction: WriteTransaction,
    name: str,
    definition: Definition,
    *,
    after: CommitId | None,
    done: str,
) -> CommitId:
    """Add a commit that carries a definition and no manifest to a project's chain; `done` is what the log says."""
    parents = () if after is None else (after,)
    tree = head_tree(repository) or repository.work(repository.branch())
    who = repository.who()
    draft = repository.draft()
    commit = save_commit(draft, Commit(tree, parents, who.author, who.time, done, definition=definition))
    draft.flush_into(transaction)
    record(transaction, who, done, {project_cell(name): commit})
    return commit


@writes
def record_snapshot(
    repository: Repository,
    project: Project,
    *,
    dataset: CommitId,
    definition: Definition,
    manifest: bytes,
    draft: ObjectDraft,
    place: Path | Url | None = None,
) -> int:
    """Add a snapshot's commit to the chain and give its number. `draft` holds the objects that the manifest refers to,
    `place` is the absolute folder, or the URL, that its files go to, None for the repository's own.

    A number is never given twice, also after `undo`. Raises StateError where the project moved meanwhile, or no number
    is left.
    """
    manifest_id = ManifestId(draft.put(manifest))
    tree = repository.objects.load_commit(dataset).tree

    def action(transaction: WriteTransaction) -> int:
        if find_commit(transaction, project_cell(project.name)) != project.commit:
            raise StateError(f"the project {project.name!r} changed meanwhile", hint="run the command again")
        number = check_snapshot_number(project.name, find_counter(transaction, snapshot_counter(project.name)) + 1)
        who = repository.who()
        parents = (project.commit, dataset)
        message = f"snapshot {project.name}@{number}"
        commit = save_commit(draft, Commit(tree, parents, who.author, who.time, message, definition, manifest_id))
        draft.flush_into(transaction)
        set_cell(transaction, snapshot_counter(project.name), number)
        set_cell(transaction, place_cell(project.name, number), _pack_place(place))
        record(
            transaction,
            who,
            f"snapshot: {project.name}@{number}",
            {project_cell(project.name): commit, snapshot_cell(project.name, number): commit},
        )
        return number

    return repository.store.update(action)


def find_place(repository: Repository, name: str, number: int) -> Path | Url | None:
    """The absolute folder on this machine, or the URL, that a snapshot's files were last written to, or None: the
    repository's own.

    Raises CorruptError.
    """
    cell = place_cell(name, number)
    with repository.store.read() as transaction:
        value = find_cell(transaction, cell)
    match value:
        case None:
            return None
        case bytes():
            return Path(os.fsdecode(value))
        case str() if "://" in value:
            return Url(value)
    raise CorruptError(f"the cell {cell!r} holds neither a path nor a URL")


@writes
def record_place(repository: Repository, name: str, number: int, place: Path | Url | None) -> None:
    """Remember the absolute folder, or the URL, that a snapshot's files were written to; None stands for the
    repository's own.

    This is no operation: what is on a disk or in a bucket cannot be undone here.
    """
    if place != find_place(repository, name, number):
        repository.store.update(lambda transaction: set_cell(transaction, place_cell(name, number), _pack_place(place)))


def _pack_place(place: Path | Url | None) -> bytes | str | None:
    """A path on disk need be no text that the encoding takes."""
    if isinstance(place, Url):
        return place.text
    return None if place is None else os.fsencode(place)


def _snapshot_numbers(transaction: ReadTransaction, name: str) -> tuple[int, ...]:
    prefix = snapshot_cell(name, 0)[:-1]
    return tuple(sorted(int(cell.removeprefix(prefix)) for cell, _ in iter_cells(transaction, prefix)))
