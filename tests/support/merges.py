"""Two sides that came of one commit, and what must hold of every merge of them."""

from collections.abc import Callable
from dataclasses import dataclass

from dvcore.errors import StateError
from dvcore.history.merging import MergeReport, merge_commit
from dvcore.history.settling import Strategy
from dvcore.ids import CommitId, TreeId
from dvcore.repo.branches import create_branch, switch_branch
from dvcore.repo.commits import commit_working, head_commit
from dvcore.repo.repository import Repository
from support.repositories import AUTHOR, assert_sound, paths, ticking

Action = Callable[[Repository], object]


@dataclass(frozen=True, slots=True)
class Merged:
    """A repository whose current branch, `ours`, got `theirs` merged in."""

    repository: Repository
    report: MergeReport

    @property
    def conflicts(self) -> list[str]:
        """Each as `subject: name`, in order; of instances and files only the subject."""
        return sorted(
            place.subject.value if place.file and len(place.name) in {0, 64} else f"{place.subject.value}: {place.name}"
            for place in self.report.conflicts
        )

    @property
    def paths(self) -> list[str]:
        """The paths of the result."""
        return paths(self.repository)


def new_repository() -> Repository:
    """An empty one in memory."""
    return Repository.in_memory(author=AUTHOR, clock=ticking())


def commit(repository: Repository, message: str = "x") -> CommitId:
    """Commit what there is; where that is nothing, the newest commit."""
    try:
        return commit_working(repository, message)
    except StateError:
        found = head_commit(repository)
        assert found is not None
        return found


def on_branch(repository: Repository, name: str, action: Action) -> CommitId:
    """Do something on a new branch of the current commit, commit it, and come back."""
    here = repository.branch()
    create_branch(repository, name, commit(repository))
    switch_branch(repository, name)
    action(repository)
    made = commit(repository, name)
    switch_branch(repository, here)
    return made


def merge(base: Action, ours: Action, theirs: Action, strategy: Strategy = Strategy.STOP) -> Merged:
    """Merge what two sides did after a base. Everything is sound afterwards; without conflicts the other way round
    gives the same tree, with them the same places."""
    there = merge_once(base, theirs, ours, strategy)
    here = merge_once(base, ours, theirs, strategy)
    if strategy is Strategy.STOP:
        assert {one.subject for one in here.report.conflicts} == {one.subject for one in there.report.conflicts}
        if not here.report.conflicts:
            assert tree_of(here) == tree_of(there)
    return here


def tree_of(merged: Merged) -> TreeId:
    """The working state."""
    return merged.repository.work("ours")


def commit_tree(repository: Repository, branch: str) -> TreeId:
    """What `branch` had before the merge, or has."""
    if branch == "ours":
        head = head_commit(repository)
        assert head is not None
        made = repository.objects.load_commit(head)
        return repository.objects.load_commit(made.parents[0]).tree if len(made.parents) > 1 else made.tree
    return repository.work(branch)


def merge_once(base: Action, ours: Action, theirs: Action, strategy: Strategy = Strategy.STOP) -> Merged:
    """The same, one way round."""
    repository = new_repository()
    base(repository)
    commit(repository, "base")
    their_commit = on_branch(repository, "theirs", theirs)
    on_branch(repository, "ours", ours)
    switch_branch(repository, "ours")
    report = merge_commit(repository, their_commit, "merge", strategy=strategy, fast_forward=False)
    assert_sound(repository)
    return Merged(repository, report)
