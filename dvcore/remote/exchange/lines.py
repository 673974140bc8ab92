"""A project's line: the chain of its commits, from the newest to the first, and its snapshots by number.

What a remote says of one is checked here: its commits are here, but they may be of any sort.
"""

from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from dvcore.errors import CorruptError
from dvcore.ids import CommitId, format_short
from dvcore.model.commit import Commit
from dvcore.repo.objects import Objects
from dvcore.repo.ref_names import PROJECTS, find_snapshot, under


@dataclass(frozen=True, slots=True)
class Line:
    """One project as a repository or a remote has it. `counter` is the highest number that a snapshot ever had."""

    project: str
    newest: CommitId
    snapshots: Mapping[int, CommitId]
    counter: int

    def name(self, number: int) -> str:
        """`nuts@1`."""
        return f"{self.project}@{number}"


def lines_of(refs: Mapping[str, CommitId], counters: Mapping[str, int]) -> dict[str, Line]:
    """The lines that refs name, by project; refs are called as a root calls them. A snapshot without its project is on
    no line."""
    snapshots: dict[str, dict[int, CommitId]] = {}
    for ref, id_ in refs.items():
        snapshot = find_snapshot(ref)
        if snapshot is not None:
            project, number = snapshot
            snapshots.setdefault(project, {})[number] = id_
    return {
        project: Line(project, newest, numbers, max([counters.get(project, 0), *numbers]))
        for project, newest in under(PROJECTS, refs).items()
        for numbers in [snapshots.get(project, {})]
    }


def with_snapshots(
    objects: Objects, refs: Mapping[str, CommitId], all_refs: Mapping[str, CommitId]
) -> dict[str, CommitId]:
    """Some refs, and the snapshots that the projects among them lead to: a project is nothing without these."""
    lines = lines_of(all_refs, {})
    found = dict(refs)
    for project in under(PROJECTS, refs):
        chain = {id_ for id_, _ in iter_chain(objects, refs[PROJECTS + project])}
        found |= {f"snapshots/{project}/{n}": id_ for n, id_ in lines[project].snapshots.items() if id_ in chain}
    return found


def iter_chain(
    objects: Objects, newest: CommitId, until: Container[CommitId] = ()
) -> Iterator[tuple[CommitId, Commit]]:
    """The commits of a chain, newest first, down to the first one or to one of `until`, which is not given.

    Raises CorruptError for a commit that is none of a project's.
    """
    id_ = newest
    while id_ not in until:
        commit = objects.load_commit(id_)
        if commit.definition is None:
            raise CorruptError(f"the commit {format_short(id_)} of a project's chain has no definition")
        yield id_, commit
        if not commit.parents:
            return
        id_ = commit.parents[0]


def check_line(objects: Objects, line: Line) -> None:
    """Raises CorruptError where a remote calls something a project or a snapshot that is none."""
    for _ in iter_chain(objects, line.newest):
        pass
    for number, id_ in line.snapshots.items():
        if not _is_snapshot(objects, objects.load_commit(id_)):
            raise CorruptError(f"the commit {format_short(id_)} of {line.name(number)} is none of a snapshot")


@contextmanager
def said_by(remote: str) -> Iterator[None]:
    """Puts the name of the remote before what is found to be wrong."""
    try:
        yield
    except CorruptError as error:
        raise CorruptError(f"{remote}: {error.message}", hint=error.hint) from None


def _is_snapshot(objects: Objects, commit: Commit) -> bool:
    """Whether it is what taking a snapshot makes: of the tree of the dataset's commit, which it names last."""
    if commit.definition is None or commit.manifest is None or len(commit.parents) != 2:
        return False
    dataset = objects.load_commit(commit.parents[1])
    return dataset.tree == commit.tree and dataset.manifest is None
