"""Any sequence of operations does to a repository what it does to a model of dicts and tuples."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from support.naive_diff import naive_diff
from support.repositories import assert_sound, box, label, put, ticking
from support.repository_model import Branch, Everything, File, Name, Path, Refused, State

from dvcore.errors import DsetError, StateError
from dvcore.history.diff import diff_trees, summarize_changes
from dvcore.ids import BlobId, FileId, InstanceId, TreeId, digest
from dvcore.model.annotations import Instance, derive_instances, rederive_instances
from dvcore.model.files import derive_copied_id, derive_imported_id
from dvcore.model.geometry import Box
from dvcore.model.names import format_path
from dvcore.repo.annotating import Annotation, annotate
from dvcore.repo.branches import create_branch, list_branches, switch_branch
from dvcore.repo.commits import commit_working, head_commit, iter_history
from dvcore.repo.copying import CopyOptions, copy
from dvcore.repo.entries import move, remove
from dvcore.repo.mirroring import mirror
from dvcore.repo.operations import redo, undo
from dvcore.repo.repository import Repository
from dvcore.repo.treereader import TreeReader

names = st.sampled_from(["a", "b", "c"])
paths = st.lists(names, max_size=3).map(tuple)
file_paths = st.lists(names, min_size=1, max_size=3).map(tuple)
labels = st.lists(st.sampled_from(["dog", "cat", "nut"]), max_size=2).map(tuple)


@cache
def file_id(name: Name) -> FileId:
    """The id that a file of the model must have."""
    kind, directory, last, of, counter = name
    if kind == "imported":
        return derive_imported_id(directory, last, BlobId(digest(of.encode())), counter)
    return derive_copied_id(file_id(of), directory, last, counter)


@cache
def instance_id(name: Name) -> InstanceId:
    """The id that an instance of the model must have."""
    if name[0] == "copied":
        _, copy, original = name
        return rederive_instances(file_id(copy), [Instance(instance_id(original), "", Box(0, 0, 0, 0))])[0].id
    _, file, label, place = name
    return derive_instances(file_id(file), [box(label, float(place))])[0].id


class RepositoryMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.repository = Repository.in_memory(clock=ticking())
        self.model = Everything()
        self.done: list[tuple[Everything, Everything]] = []
        self.undone: list[tuple[Everything, Everything]] = []
        self.trees: dict[TreeId, State] = {}

    def teardown(self) -> None:
        self.repository.close()

    def change(self, expected: Callable[[State], State], action: Callable[[], object]) -> None:
        """Both do it, or both refuse."""
        branch = self.model.branch
        try:
            work = expected(branch.work)
        except Refused:
            with pytest.raises(DsetError):
                action()
            return
        action()
        self.log(self.model.with_branch(replace(branch, work=work)))

    def log(self, after: Everything) -> None:
        if after != self.model:
            self.done.append((self.model, after))
            self.undone.clear()
            self.model = after

    @rule(path=file_paths, data=st.sampled_from(["x", "y"]))
    def add(self, path: Path, data: str) -> None:
        self.change(lambda state: state.add(path, data), lambda: put(self.repository, format_path(path), data=data))

    @rule(source=paths, destination=paths)
    def mirror(self, source: Path, destination: Path) -> None:
        self.change(
            lambda state: state.mirror(source, destination), lambda: mirror(self.repository, [source], destination)
        )

    @rule(source=paths, destination=paths, instances=st.booleans())
    def copy(self, source: Path, destination: Path, instances: bool) -> None:
        self.change(
            lambda state: state.copy(source, destination, instances=instances),
            lambda: copy(self.repository, [source], destination, options=CopyOptions(instances)),
        )

    @rule(source=paths, destination=paths)
    def move(self, source: Path, destination: Path) -> None:
        self.change(lambda state: state.move(source, destination), lambda: move(self.repository, [source], destination))

    @rule(path=paths)
    def remove(self, path: Path) -> None:
        self.change(lambda state: state.remove(path), lambda: remove(self.repository, [path]))

    @rule(path=paths, labels=labels)
    def annotate(self, path: Path, labels: tuple[str, ...]) -> None:
        action = lambda: label(self.repository, format_path(path), *labels)  # noqa: E731
        self.change(lambda state: state.annotate(path, labels), action)

    @rule(path=paths)
    def look_again(self, path: Path) -> None:
        """What changes nothing is not logged: `undo` would show it."""
        if self.model.branch.work.exists(path):
            annotate(self.repository, [path], Annotation())

    @rule()
    def commit(self) -> None:
        branch = self.model.branch
        if branch.is_clean:
            with pytest.raises(StateError):
                commit_working(self.repository, "nothing")
        else:
            commit_working(self.repository, "some")
            self.log(self.model.with_branch(Branch(branch.work, (*branch.commits, branch.work))))

    @precondition(lambda self: self.model.branch.commits and len(self.model.branches) < 3)
    @rule()
    def create_branch(self) -> None:
        head = head_commit(self.repository)
        assert head is not None
        name = f"branch{len(self.model.branches)}"
        create_branch(self.repository, name, head)
        commits = self.model.branch.commits
        self.log(replace(self.model, branches={**self.model.branches, name: Branch(commits[-1], commits)}))

    @rule(data=st.data())
    def switch(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.model.branches)))
        switch_branch(self.repository, name)
        self.log(replace(self.model, current=name))

    @rule()
    def undo(self) -> None:
        action = lambda: self.repository.store.update(lambda one: undo(one, self.repository.who()))  # noqa: E731
        if not self.done:
            with pytest.raises(StateError):
                action()
            return
        action()
        self.undone.append(self.done.pop())
        self.model = self.undone[-1][0]

    @rule()
    def redo(self) -> None:
        action = lambda: self.repository.store.update(lambda one: redo(one, self.repository.who()))  # noqa: E731
        if not self.undone:
            with pytest.raises(StateError):
                action()
            return
        action()
        self.done.append(self.undone.pop())
        self.model = self.done[-1][1]

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
            summary = summarize_changes(self.repository.tree(before), self.repository.tree(after), limit)
            assert summary.counts == Counter(one.kind for one in changes)
            assert len(summary.shown) == min(limit, len(changes))
            assert [one for one in changes if one in summary.shown] == summary.shown
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
            assert one.has_uncommitted == (not branch.is_clean)
            assert_equal(self.repository.tree(self.repository.work(one.name)), branch.work)
            history = [] if one.commit is None else list(iter_history(self.repository, one.commit))
            assert len(history) == len(branch.commits)
            if branch.commits:
                assert_equal(self.repository.tree(history[0][1].tree), branch.commits[-1])
        self.trees[self.repository.working_tree().id] = self.model.branch.work

    @invariant()
    def the_repository_is_sound(self) -> None:
        assert_sound(self.repository)


def assert_equal(reader: TreeReader, state: State) -> None:
    assert dict(reader.iter_files()) == {path: file_id(name) for path, name in state.entries.items()}
    assert {path for path, _ in reader.iter_directories()} == state.directories
    assert {id_ for id_, _ in reader.iter_records()} == {file_id(name) for name in state.files}
    assert [one.name for one in reader.tree.labels] == list(state.labels)
    for name, file in state.files.items():
        assert_equal_file(reader, name, file)


def assert_equal_file(reader: TreeReader, name: Name, file: File) -> None:
    record = reader.record(file_id(name))
    assert (record.blob, record.split_key) == (digest(file.data.encode()), digest(file.split_key.encode()))
    assert record.annotated == file.annotated
    instances = reader.annotations(record).instances
    assert {one.id: one.label for one in instances} == {instance_id(one): label for one, label in file.instances}


TestRepository = RepositoryMachine.TestCase
TestRepository.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
