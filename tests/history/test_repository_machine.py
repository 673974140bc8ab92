"""Any sequence of operations does to a repository what it does to a model of dicts and tuples.

About a minute of it in an ordinary run; `make machine` goes on for longer.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

import pytest
from hypothesis import event, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule
from support.editing_machine import EditingMachine, as_place, assert_equal, file_id
from support.history_model import in_conflict
from support.merge_model import Place
from support.naive_diff import naive_diff
from support.repositories import assert_sound
from support.repository_model import Branch, State, parents

from dvcore.errors import StateError
from dvcore.history.conflict_paths import Chosen
from dvcore.history.diff import Difference, diff_trees
from dvcore.history.entry_changes import Side as DiffSide
from dvcore.history.merging import MergeReport, Outcome, abort_merge, merge_commit
from dvcore.history.resolution import Side
from dvcore.history.resolving import resolve
from dvcore.history.reverting import cherry_pick, revert
from dvcore.history.settling import Strategy
from dvcore.ids import CommitId, TreeId
from dvcore.model.names import ROOT
from dvcore.repo.branches import create_branch, list_branches, switch_branch
from dvcore.repo.commits import commit_working, head_commit, iter_history
from dvcore.repo.conflicts import iter_conflicts
from dvcore.repo.gc import collect_garbage
from dvcore.repo.undoing import redo_newest, undo_newest

strategies = st.sampled_from([Strategy.STOP, Strategy.STOP, Strategy.OURS, Strategy.THEIRS, Strategy.UNION])


class Sides(NamedTuple):
    """What was merged."""

    base: State
    ours: State
    theirs: State


class RepositoryMachine(EditingMachine):
    """The rules of history on those of editing. `ids` are those of the model's commits."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[CommitId] = []
        self.trees: dict[TreeId, State] = {}
        self.begun: tuple[State, Sides] | None = None
        """What the last merge with conflicts left, and what it came from."""

    @property
    def head(self) -> int | None:
        return self.model.branch.head

    @property
    def is_clean(self) -> bool:
        return self.work == self.history.state(self.head)

    def made_commit(self, state: State, parents: tuple[int | None, ...], id_: CommitId | None) -> None:
        """The current branch has a new commit."""
        assert id_ is not None
        self.ids.append(id_)
        number = self.history.add(state, parents)
        self.log(self.model.with_branch(Branch(self.history.state(number), number)))

    @initialize()
    def begin(self) -> None:
        super().begin()
        self.commit()
        self.create_branch()

    @rule()
    def commit(self) -> None:
        merging = self.work.merging
        if self.is_clean or (merging and merging.conflicts):
            with pytest.raises(StateError):
                commit_working(self.repository, "nothing")
        else:
            made = commit_working(self.repository, "some")
            self.made_commit(self.work, (self.head, merging.parent if merging else None), made)

    @precondition(lambda self: self.head is not None and len(self.model.branches) < 3)
    @rule()
    def create_branch(self) -> None:
        head = head_commit(self.repository)
        assert head is not None
        name = f"branch{len(self.model.branches)}"
        create_branch(self.repository, name, head)
        branch = Branch(self.history.state(self.head), self.head)
        self.log(replace(self.model, branches={**self.model.branches, name: branch}))

    @rule(data=st.data())
    def switch(self, data: st.DataObject) -> None:
        self.switch_to(data.draw(st.sampled_from(sorted(self.model.branches))))

    def switch_to(self, name: str) -> None:
        switch_branch(self.repository, name)
        self.log(replace(self.model, current=name))

    @precondition(lambda self: len(self.model.branches) > 1)
    @rule(data=st.data(), strategy=strategies, crossing=st.booleans())
    def part_and_merge(self, data: st.DataObject, strategy: Strategy, crossing: bool) -> None:
        """Something is done on another branch, something here, and then they come together. Crossing, the other branch
        merges this one too, as it was: the next merge of the two has several bases."""
        here = self.model.current
        there = data.draw(st.sampled_from(sorted(self.model.branches.keys() - {here})))
        for name in (there, here):
            self.switch_to(name)
            for _ in range(data.draw(st.integers(1, 5))):
                self.do_something(data)
            self.commit()
        ours, theirs = (self.model.branches[name].head for name in (here, there))
        if ours is None or theirs is None:
            return
        if crossing:
            self.switch_to(there)
            self.merge_with(ours, Strategy.UNION, fast_forward=False)
            self.switch_to(here)
        self.merge_with(theirs, strategy, fast_forward=True)

    @precondition(lambda self: self.head is not None)
    @rule(data=st.data(), strategy=strategies, fast_forward=st.booleans())
    def merge(self, data: st.DataObject, strategy: Strategy, fast_forward: bool) -> None:
        """Any commit that a branch leads to."""
        self.merge_with(self.any_commit(data), strategy, fast_forward=fast_forward)

    def merge_with(self, theirs: int, strategy: Strategy, *, fast_forward: bool) -> None:

        def action() -> MergeReport:
            return merge_commit(
                self.repository, self.ids[theirs], "merge", strategy=strategy, fast_forward=fast_forward
            )

        if not self.begins(action):
            return
        assert self.head is not None
        report = action()
        if theirs in self.history.reached(self.head):
            assert report.outcome is Outcome.UP_TO_DATE
        elif fast_forward and self.head in self.history.reached(theirs):
            assert report.outcome is Outcome.FAST_FORWARD
            self.log(self.model.with_branch(Branch(self.history.state(theirs), theirs)))
        else:
            bases = self.history.bases(self.head, theirs)
            event(f"merge with {len(bases)} bases")
            base = self.history.base(self.head, theirs)
            state, conflicts = self.history.merged(base, self.work, self.history.state(theirs), strategy.value)
            self.came(report, Sides(base, self.work, self.history.state(theirs)), state, conflicts, theirs)

    @precondition(lambda self: self.head is not None)
    @rule(data=st.data(), strategy=strategies, backwards=st.booleans())
    def do_again(self, data: st.DataObject, strategy: Strategy, backwards: bool) -> None:
        """Cherry-pick a commit, or revert it."""
        number = self.any_commit(data)
        parents = self.history.commits[number].parents
        parent = data.draw(st.integers(1, len(parents))) if len(parents) > 1 else None
        before, after = self.history.state(parents[(parent or 1) - 1] if parents else None), self.history.state(number)
        if backwards:
            before, after = after, before

        def action() -> MergeReport:
            do = revert if backwards else cherry_pick
            return do(self.repository, self.ids[number], parent=parent, strategy=strategy)

        if not self.begins(action):
            return
        state, conflicts = self.history.merged(before, self.work, after, strategy.value)
        if state == self.work and not conflicts:
            with pytest.raises(StateError):
                action()
        else:
            self.came(action(), Sides(before, self.work, after), state, conflicts, None)

    def begins(self, action: Callable[[], object]) -> bool:
        """Whether the working state lets a merge begin; what is uncommitted is committed first."""
        if self.is_clean:
            return True
        with pytest.raises(StateError):
            action()
        self.commit()
        return self.is_clean

    def came(self, report: MergeReport, sides: Sides, state: State, conflicts: set[Place], parent: int | None) -> None:
        """A merge is over, with conflicts or without."""
        for conflict in conflicts:
            event(f"conflict: {conflict[0]}")
        assert set(report.conflicts) == {as_place(one) for one in conflicts}
        if conflicts:
            assert report.outcome is Outcome.CONFLICTS
            work = in_conflict(state, parent, conflicts)
            self.begun = work, sides
            self.log(self.model.with_branch(Branch(work, self.head)))
        else:
            assert report.outcome is Outcome.COMMITTED
            self.made_commit(state, (self.head, parent), report.commit)

    @precondition(lambda self: self.work.merging)
    @rule()
    def abort(self) -> None:
        abort_merge(self.repository)
        self.log(self.model.with_branch(Branch(self.history.state(self.head), self.head)))

    @precondition(lambda self: self.begun is not None and self.work == self.begun[0])
    @rule(side=st.sampled_from([Side.OURS, Side.THEIRS, Side.BASE]))
    def settle(self, side: Side) -> None:
        """All conflicts as one side has them: that is what the merge would have given with the strategy of the name.
        Declarations that come back are numbered by the repository."""
        assert self.begun is not None
        assert self.work.merging is not None
        merged, _ = self.history.merged(*self.begun[1], side.value)
        merged = self.with_contested(merged, side)
        resolve(self.repository, Chosen(paths=[ROOT]), side)
        tree = self.repository.working_tree().tree
        labels = tuple((one.name, one.number) for one in tree.labels)
        variables = tuple(one.name for one in tree.variables)
        assert dict(labels).keys() >= dict(merged.labels).keys()
        assert {*variables} >= {*merged.variables}
        work = replace(merged, labels=labels, variables=variables)
        self.log(self.model.with_branch(Branch(in_conflict(work, self.work.merging.parent, set()), self.head)))

    def with_contested(self, merged: State, side: Side) -> State:
        """The same with files that are in conflict whole, and that another conflict, about a directory, brings back:
        they are as that side has them, and stay where the merge had left them, too. Directories stay that one of them
        leaves empty."""
        assert self.begun is not None
        assert self.work.merging is not None
        known = {"ours": self.begun[1].ours, "theirs": self.begun[1].theirs, "base": self.begun[1].base}[side.value]
        whole = {file for kind, *place in self.work.merging.conflicts if kind == "file" for file in place}
        back = whole & merged.files.keys() & known.files.keys()
        places = {path: name for path, name in self.work.entries.items() if name in whole}
        inside = {one for path in places for one in parents(path)} - merged.entries.keys()
        return replace(
            merged,
            entries={**{path: name for path, name in places.items() if name in back}, **merged.entries},
            directories=merged.directories | inside,
            files={**merged.files, **{name: known.files[name] for name in back}},
        )

    @precondition(lambda self: self.work.merging and self.work.merging.conflicts)
    @rule()
    def leave_as_it_is(self) -> None:
        resolve(self.repository, Chosen(paths=[ROOT]), Side.AS_IS)
        merging = self.work.merging
        assert merging is not None
        work = in_conflict(self.work, merging.parent, set())
        self.log(self.model.with_branch(Branch(work, self.head)))

    def others(self) -> list[int]:
        """The newest commits of all branches."""
        return [branch.head for _, branch in sorted(self.model.branches.items()) if branch.head is not None]

    def any_commit(self, data: st.DataObject) -> int:
        return data.draw(st.sampled_from(sorted(set().union(*map(self.history.reached, self.others())))))

    @rule()
    def undo(self) -> None:
        if not self.done:
            with pytest.raises(StateError):
                undo_newest(self.repository)
            return
        undo_newest(self.repository)
        self.undone.append(self.done.pop())
        self.model = self.undone[-1][0]

    @rule()
    def redo(self) -> None:
        if not self.undone:
            with pytest.raises(StateError):
                redo_newest(self.repository)
            return
        redo_newest(self.repository)
        self.done.append(self.undone.pop())
        self.model = self.done[-1][1]

    @rule()
    def collect_garbage(self) -> None:
        """What the log leads to stays."""
        collect_garbage(self.repository)

    @precondition(lambda self: len(self.trees) > 1)
    @rule(data=st.data())
    def diff(self, data: st.DataObject) -> None:
        before, after = (data.draw(st.sampled_from(list(self.trees))) for _ in range(2))
        changes = diff_trees(self.repository.tree(before), self.repository.tree(after))
        assert [(one.kind.value, one.path, one.file, one.source) for one in changes] == [
            (kind, path, file_id(name), source)
            for kind, path, name, source in naive_diff(self.trees[before], self.trees[after])
        ]
        for limit in (0, 2, len(changes)):
            sides = (DiffSide(self.repository.tree(tree)) for tree in (before, after))
            with Difference(*sides) as difference:
                assert difference.counts == Counter(one.kind for one in changes)
                assert list(islice(difference, limit)) == changes[:limit]
        for one in changes:
            assert (one.old, one.new) == tuple(
                self.repository.tree(tree).find_record(one.file) for tree in (before, after)
            )

    @invariant()
    def every_branch_is_as_the_model_says(self) -> None:
        found = list_branches(self.repository)
        assert [(one.name, one.is_current) for one in found] == [
            (name, name == self.model.current) for name in sorted(self.model.branches)
        ]
        for one in found:
            branch = self.model.branches[one.name]
            assert one.has_uncommitted == (branch.work != self.history.state(branch.head))
            reader = self.repository.tree(self.repository.work(one.name))
            assert_equal(reader, branch.work)
            conflicts = {conflict.place for conflict in iter_conflicts(self.repository.objects, reader.tree)}
            merging = branch.work.merging
            assert (reader.tree.merging is None) == (merging is None)
            assert conflicts == {as_place(place) for place in (merging.conflicts if merging else ())}
            history = [] if one.commit is None else list(iter_history(self.repository, one.commit))
            assert [id_ for id_, _ in history] == [
                self.ids[number] for number in sorted(self.history.reached(branch.head), reverse=True)
            ]
            for id_, commit in history[:1]:
                numbers = self.history.commits[self.ids.index(id_)].parents
                assert commit.parents == tuple(self.ids[number] for number in numbers)
                assert_equal(self.repository.tree(commit.tree), self.history.state(branch.head))
        self.trees[self.repository.working_tree().id] = self.work

    @invariant()
    def the_repository_is_sound(self) -> None:
        assert_sound(self.repository)


TestRepository = RepositoryMachine.TestCase
TestRepository.settings = settings(max_examples=settings.default.max_examples * 2 // 5, stateful_step_count=25)
