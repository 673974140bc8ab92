"""A repository beside the model of it: what people do to files, as one rule. Both do it, or both refuse."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from dvcore.errors import DsetError
from dvcore.ids import BlobId, FileId, InstanceId, digest
from dvcore.model.annotations import Instance, derive_instances, rederive_instances
from dvcore.model.conflicts import Place, Subject
from dvcore.model.declarations import VariableDeclaration
from dvcore.model.files import derive_copied_id, derive_imported_id
from dvcore.model.geometry import Box
from dvcore.model.names import format_path
from dvcore.model.values import ValueType
from dvcore.repo.adding import OnExisting
from dvcore.repo.annotating import Annotation, GivenInstance, annotate
from dvcore.repo.copying import CopyOptions, copy
from dvcore.repo.entries import move, remove
from dvcore.repo.mirroring import mirror
from dvcore.repo.repository import Repository
from dvcore.repo.treereader import TreeReader
from dvcore.repo.variables import add_variable, remove_variable
from support.history_model import History
from support.repositories import box, label, put, ticking
from support.repository_model import Everything, File, Name, Path, Refused, Shape, State

names = st.sampled_from(["a", "b", "c"])
paths = st.lists(names, max_size=3).map(tuple)
labels = st.sampled_from(["dog", "cat", "nut"])
shapes = st.tuples(labels, st.integers(0, 1))
variables = st.sampled_from(["v", "w"])
contents = st.sampled_from(["x", "y", "z"])
values = st.none() | st.integers(1, 2)

SAYING = ["annotate", "draw", "edit", "set"]
DOINGS = [*SAYING, *SAYING, "add", "add", "copy", "declare", "look", "mirror", "move", "remove", "remove", "undeclare"]


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
    _, file, label, place, counter = name
    return derive_instances(file_id(file), [box(label, float(place))] * (counter + 1))[counter].id


class EditingMachine(RuleBasedStateMachine):
    """`done` and `undone` are what undo and redo go through: everything before and after each operation."""

    def __init__(self) -> None:
        super().__init__()
        self.repository = Repository.in_memory(clock=ticking())
        self.history = History(file_id)
        self.model = Everything()
        self.done: list[tuple[Everything, Everything]] = []
        self.undone: list[tuple[Everything, Everything]] = []

    def teardown(self) -> None:
        self.repository.close()

    @property
    def work(self) -> State:
        return self.model.branch.work

    def change(self, expected: Callable[[State], State], action: Callable[[], object]) -> None:
        """Both do it, or both refuse."""
        try:
            work = expected(self.work)
        except Refused:
            with pytest.raises(DsetError):
                action()
            return
        action()
        self.log(self.model.with_branch(replace(self.model.branch, work=work)))

    def log(self, after: Everything) -> None:
        if after != self.model:
            self.done.append((self.model, after))
            self.undone.clear()
            self.model = after

    @initialize()
    def begin(self) -> None:
        """With two files in two directories each, and something said of them: few, so that sides meet."""
        self.add(("a", "a"), "x", replacing=False)
        self.add(("a", "b"), "x", replacing=False)
        self.declare("v")
        self.set_value(("a", "a"), "v", 1)
        self.annotate(("a",), ("dog", "cat"))
        self.mirror(("a",), ("b",))

    def add(self, path: Path, data: str, *, replacing: bool) -> None:
        way = OnExisting.REPLACE if replacing else OnExisting.STOP
        self.change(
            lambda state: state.add(path, data, replacing=replacing),
            lambda: put(self.repository, format_path(path), data=data, on_existing=way),
        )

    def mirror(self, source: Path, destination: Path) -> None:
        self.change(
            lambda state: state.mirror(source, destination), lambda: mirror(self.repository, [source], destination)
        )

    def copy(self, source: Path, destination: Path, *, instances: bool) -> None:
        self.change(
            lambda state: state.copy(source, destination, instances=instances),
            lambda: copy(self.repository, [source], destination, options=CopyOptions(instances)),
        )

    def move(self, source: Path, destination: Path) -> None:
        self.change(lambda state: state.move(source, destination), lambda: move(self.repository, [source], destination))

    def remove(self, path: Path) -> None:
        self.change(lambda state: state.remove(path), lambda: remove(self.repository, [path]))

    def annotate(self, path: Path, labels: tuple[str, ...]) -> None:
        action = lambda: label(self.repository, format_path(path), *labels)  # noqa: E731
        self.change(lambda state: state.annotate(path, labels), action)

    def draw(self, path: Path, shape: Shape) -> None:
        added = Annotation(add=[GivenInstance(box(shape[0], float(shape[1])))])
        self.change(lambda state: state.draw(path, shape), lambda: annotate(self.repository, [path], added))

    def edit(self, data: st.DataObject, shape: Shape | None) -> None:
        """Make another instance of one, or remove it."""
        path = data.draw(st.sampled_from([one for one in sorted(self.work.entries) if self.file(one).instances]))
        instance, _ = data.draw(st.sampled_from(sorted(self.file(path).instances, key=str)))
        id_ = instance_id(instance)
        if shape is None:
            annotation = Annotation(remove=[id_])
        else:
            annotation = Annotation(add=[GivenInstance(box(shape[0], float(shape[1])), id_)])
        self.change(
            lambda state: state.edit(state.entries[path], instance, shape),
            lambda: annotate(self.repository, [path], annotation),
        )

    def look_again(self, path: Path) -> None:
        """What changes nothing is not logged: `undo` would show it."""
        if self.work.exists(path):
            annotate(self.repository, [path], Annotation())

    def declare(self, name: str) -> None:
        declaration = VariableDeclaration(name, ValueType.INT)
        self.change(lambda state: state.declare(name), lambda: add_variable(self.repository, declaration))

    def undeclare(self, name: str) -> None:
        self.change(lambda state: state.undeclare(name), lambda: remove_variable(self.repository, name, force=True))

    def set_value(self, path: Path, name: str, value: int | None) -> None:
        said = Annotation(unset=[name]) if value is None else Annotation(set={name: value})
        self.change(lambda state: state.set_value(path, name, value), lambda: annotate(self.repository, [path], said))

    @rule(data=st.data())
    def do_something(self, data: st.DataObject) -> None:
        """Mostly about what is there."""
        there = st.sampled_from(sorted([*self.work.entries, *self.work.directories]))
        path = data.draw(there | there | paths)
        match data.draw(st.sampled_from(DOINGS)):
            case "add":
                self.add(path or ("a",), data.draw(contents), replacing=data.draw(st.booleans()))
            case "mirror":
                self.mirror(path, data.draw(there | paths))
            case "copy":
                self.copy(path, data.draw(there | paths), instances=data.draw(st.booleans()))
            case "move":
                self.move(path, data.draw(there | paths))
            case "remove":
                self.remove(path)
            case "annotate":
                self.annotate(path, data.draw(st.lists(labels, max_size=2).map(tuple)))
            case "edit" if any(file.instances for file in self.work.files.values()):
                self.edit(data, data.draw(st.none() | shapes))
            case "edit" | "draw":
                self.draw(path, data.draw(shapes))
            case "look":
                self.look_again(path)
            case "declare":
                self.declare(data.draw(variables))
            case "undeclare":
                self.undeclare(data.draw(variables))
            case "set":
                self.set_value(path, data.draw(variables), data.draw(values))

    def file(self, path: Path) -> File:
        return self.work.files[self.work.entries[path]]


def assert_equal(reader: TreeReader, state: State) -> None:
    """The tree is as the model says, and so is what is in conflict."""
    assert dict(reader.iter_files()) == {path: file_id(name) for path, name in state.entries.items()}
    assert {path for path, _ in reader.iter_directories()} == state.directories
    assert {id_ for id_, _ in reader.iter_records()} == {file_id(name) for name in state.files}
    assert [(one.name, one.number) for one in reader.tree.labels] == list(state.labels)
    assert [one.name for one in reader.tree.variables] == list(state.variables)
    for name, file in state.files.items():
        assert_equal_file(reader, name, file)


def assert_equal_file(reader: TreeReader, name: Name, file: File) -> None:
    record = reader.record(file_id(name))
    assert (record.blob, record.split_key) == (digest(file.data.encode()), digest(file.split_key.encode()))
    assert record.annotated == file.annotated
    said = reader.annotations(record)
    assert dict(said.variables) == dict(file.values)
    assert {one.id: (one.label, one.geometry) for one in said.instances} == {
        instance_id(name): (label, box(label, float(place)).geometry) for name, (label, place) in file.instances
    }


def as_place(place: tuple[Any, ...]) -> Place:
    """The place of a conflict of the model."""
    subject = Subject(place[0])
    match subject:
        case Subject.ENTRY:
            return Place(subject, None, format_path(place[1]))
        case Subject.FILE:
            return Place(subject, file_id(place[1]), "")
        case Subject.VARIABLE:
            return Place(subject, file_id(place[1]), place[2])
        case Subject.INSTANCE:
            return Place(subject, file_id(place[1]), instance_id(place[2]).hex())
    return Place(subject, None, place[1])
