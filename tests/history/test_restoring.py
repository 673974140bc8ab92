"""Restoring, against what a reader of both states would put together by hand."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.repositories import (
    assert_sound,
    box,
    descriptions,
    file_at,
    is_annotated,
    label,
    labels_at,
    paths,
    put,
    values_at,
)

from dvcore.errors import ConflictError, DsetError, InvalidInputError, NotFoundError
from dvcore.history.restoring import Only, RestoreReport, restore
from dvcore.ids import FileId, TreeId
from dvcore.model.declarations import VariableDeclaration
from dvcore.model.files import FileRecord, ImageFacts
from dvcore.model.names import Path, parse_path
from dvcore.model.tree import Directory
from dvcore.model.values import ValueType
from dvcore.repo.adding import OnExisting
from dvcore.repo.annotating import Annotation, GivenInstance, annotate
from dvcore.repo.entries import move, remove
from dvcore.repo.mirroring import mirror
from dvcore.repo.repository import Repository
from dvcore.repo.treereader import TreeReader
from dvcore.repo.variable_edits import VariableEdit, edit_variable
from dvcore.repo.variables import add_variable, remove_variable

DPI = VariableDeclaration("dpi", ValueType.INT)

names = st.sampled_from(["a", "b", "c"])
some_paths = st.lists(names, max_size=2).map(tuple)
file_paths = st.lists(names, min_size=1, max_size=3).map(tuple)
steps = st.one_of(
    st.tuples(st.just("put"), file_paths, st.sampled_from(["x", "y"])),
    st.tuples(st.just("remove"), file_paths, st.none()),
    st.tuples(st.just("move"), file_paths, some_paths),
    st.tuples(st.just("mirror"), some_paths, some_paths),
    st.tuples(st.just("label"), some_paths, st.sampled_from(["dog", "cat"])),
    st.tuples(st.just("value"), some_paths, st.sampled_from(["1", "2"])),
)


def state(repository: Repository) -> TreeId:
    return repository.working_tree().id


def take(repository: Repository, step: tuple[str, Path, object]) -> None:
    verb, path, more = step
    text = "/".join(path)
    match verb:
        case "put":
            put(repository, text, data=str(more), on_existing=OnExisting.REPLACE)
        case "remove":
            remove(repository, [path])
        case "move":
            move(repository, [path], more)  # type: ignore[arg-type]
        case "mirror":
            mirror(repository, [path], more)  # type: ignore[arg-type]
        case "label":
            label(repository, text, str(more))
        case _:
            annotate(repository, [path], Annotation(set={"dpi": str(more)}))


def entries(reader: TreeReader) -> dict[Path, FileId]:
    return dict(reader.iter_files())


def records(reader: TreeReader) -> dict[FileId, FileRecord]:
    return dict(reader.iter_records())


@settings(max_examples=150)
@given(st.lists(steps, max_size=8), st.lists(steps, max_size=8), some_paths, st.sampled_from([None, *Only]))
def test_any_two_states(
    before: list[tuple[str, Path, object]], after: list[tuple[str, Path, object]], path: Path, only: Only | None
) -> None:
    with Repository.in_memory() as repository:
        add_variable(repository, DPI)
        for step in before:
            with suppress(DsetError):
                take(repository, step)
        there = repository.working_tree()
        for step in after:
            with suppress(DsetError):
                take(repository, step)
        here = repository.working_tree()
        try:
            report = restore(repository, there.id, path, only=only)
        except NotFoundError:
            assert there.find_entry(path) is None
            return
        except ConflictError:
            in_the_way = [here.find_entry(path[:depth]) for depth in range(len(path))]
            assert any(entry is not None and not isinstance(entry, Directory) for entry in in_the_way)
            return
        result = repository.working_tree()
        assert_restored(here, there, result, path, only)
        assert_counted(here, result, report)
        assert_sound(repository)
        assert only is not None or path or result.id == there.id


def assert_restored(here: TreeReader, there: TreeReader, result: TreeReader, path: Path, only: Only | None) -> None:
    def is_under(one: Path) -> bool:
        return one[: len(path)] == path

    source = {one: file for one, file in entries(there).items() if is_under(one)}
    expected = entries(here)
    if only in (None, Only.FILES):
        expected = {one: file for one, file in expected.items() if not is_under(one)} | source
        assert result.find_entry(path) == there.find_entry(path)
    assert entries(result) == expected
    old, new = records(here), records(there)
    assert records(result).keys() == set(expected.values())
    for file, record in records(result).items():
        wanted = new[file] if file in source.values() else old[file]
        assert_combined(result, record, old.get(file), wanted, only)


def assert_combined(
    reader: TreeReader, record: FileRecord, old: FileRecord | None, wanted: FileRecord, only: Only | None
) -> None:
    said, drawn, data = (
        wanted if old is None or only in (None, one) else old for one in (Only.VARIABLES, Only.INSTANCES, Only.FILES)
    )
    assert record.blob == data.blob
    assert (record.annotated, reader.annotations(record).instances) == (
        drawn.annotated,
        reader.annotations(drawn).instances,
    )
    assert reader.stated_variables(record) == reader.stated_variables(said)


def assert_counted(here: TreeReader, result: TreeReader, report: RestoreReport) -> None:
    old, new = entries(here), entries(result)
    assert report.came == sum(old.get(one) != file for one, file in new.items())
    assert report.went == sum(new.get(one) != file for one, file in old.items())
    before, after = records(here), records(result)
    assert report.changed == sum(file in after and after[file] != record for file, record in before.items())
    assert report.gone == len(before.keys() - after.keys())


def test_what_came_since_goes_and_what_went_comes(repository: Repository) -> None:
    put(repository, "nuts/a.jpg", "nuts/b.jpg", "other/c.jpg")
    label(repository, "nuts/a.jpg", "walnut")
    before = state(repository)
    label(repository, "nuts/a.jpg", "almond")
    remove(repository, [parse_path("nuts/b.jpg")])
    put(repository, "nuts/new.jpg", "other/new.jpg")
    report = restore(repository, before, ("nuts",), said="v1:nuts")
    assert report == RestoreReport(came=1, went=1, changed=1, gone=1)
    assert paths(repository) == ["nuts/a.jpg", "nuts/b.jpg", "other/c.jpg", "other/new.jpg"]
    assert labels_at(repository, "nuts/a.jpg") == ["walnut"]
    assert descriptions(repository)[0] == "restore: v1:nuts"


def test_what_is_as_it_was_leaves_no_trace(repository: Repository) -> None:
    put(repository, "nuts/a.jpg")
    before = state(repository)
    put(repository, "other/a.jpg")
    log = descriptions(repository)
    assert restore(repository, before, ("nuts",)) == RestoreReport()
    assert descriptions(repository) == log


def test_a_mirrored_file_is_restored_wherever_it_is(repository: Repository) -> None:
    put(repository, "nuts/a.jpg")
    mirror(repository, [("nuts",)], ("all",))
    before = state(repository)
    label(repository, "all/a.jpg", "walnut")
    restore(repository, before, ("nuts",))
    assert labels_at(repository, "all/a.jpg") == []


def test_a_file_that_another_directory_holds_stays_there(repository: Repository) -> None:
    put(repository, "nuts/a.jpg")
    before = state(repository)
    put(repository, "nuts/b.jpg")
    mirror(repository, [("nuts",)], ("all",))
    assert restore(repository, before, ("nuts",)).gone == 0
    assert paths(repository) == ["all/a.jpg", "all/b.jpg", "nuts/a.jpg"]


def test_one_file_and_its_missing_directories(repository: Repository) -> None:
    put(repository, "a/b/c.jpg", "a/b/d.jpg")
    before, file = state(repository), file_at(repository, "a/b/c.jpg")
    remove(repository, [("a",)])
    restore(repository, before, ("a", "b", "c.jpg"))
    assert paths(repository) == ["a/b/c.jpg"]
    assert file_at(repository, "a/b/c.jpg") == file


def test_parts_leave_the_rest(repository: Repository) -> None:
    add_variable(repository, DPI)
    put(repository, "a.jpg", "gone.jpg")
    label(repository, "a.jpg", "walnut")
    annotate(repository, [("a.jpg",)], Annotation(set={"dpi": "1"}))
    before = state(repository)
    label(repository, "a.jpg", "almond")
    annotate(repository, [("a.jpg",)], Annotation(set={"dpi": "2"}))
    remove(repository, [("gone.jpg",)])
    assert restore(repository, before, (), only=Only.VARIABLES) == RestoreReport(changed=1)
    assert (labels_at(repository, "a.jpg"), values_at(repository, "a.jpg")) == (["almond"], {"dpi": 1})
    assert restore(repository, before, (), only=Only.INSTANCES) == RestoreReport(changed=1)
    assert labels_at(repository, "a.jpg") == ["walnut"]
    assert paths(repository) == ["a.jpg"]
    annotate(repository, [("a.jpg",)], Annotation(set={"dpi": "3"}))
    assert restore(repository, before, (), only=Only.FILES) == RestoreReport(came=1)
    assert values_at(repository, "a.jpg") == {"dpi": 3}


def test_whether_somebody_looked_goes_with_the_instances(repository: Repository) -> None:
    put(repository, "a.jpg")
    before = state(repository)
    annotate(repository, [("a.jpg",)], Annotation(done=True))
    restore(repository, before, (), only=Only.VARIABLES)
    assert is_annotated(repository, "a.jpg")
    restore(repository, before, (), only=Only.INSTANCES)
    assert not is_annotated(repository, "a.jpg")


def test_bytes_of_another_size_do_not_come_under_instances(repository: Repository) -> None:
    put(repository, "a.jpg", data="small", facts=ImageFacts(10, 10, "JPEG", "RGB"))
    before = state(repository)
    put(repository, "a.jpg", data="large", on_existing=OnExisting.REPLACE)
    restore(repository, before, (), only=Only.FILES)
    put(repository, "a.jpg", data="large", on_existing=OnExisting.REPLACE)
    label(repository, "a.jpg", "walnut")
    drawn = state(repository)
    with pytest.raises(ConflictError, match=r"'a.jpg' has another size there"):
        restore(repository, before, (), only=Only.FILES)
    restore(repository, before, ())
    with pytest.raises(ConflictError, match="has another size there"):
        restore(repository, drawn, (), only=Only.INSTANCES)
    restore(repository, drawn, ())
    assert labels_at(repository, "a.jpg") == ["walnut"]


def test_what_files_need_is_declared_again(repository: Repository) -> None:
    put(repository, "a/x.jpg", "b/y.jpg")
    before = state(repository)
    add_variable(repository, VariableDeclaration("kind", ValueType.ENUM, ("nut", "seed")))
    annotate(repository, [("a",)], Annotation(set={"kind": "seed"}))
    label(repository, "a/x.jpg", "walnut")
    annotated = state(repository)
    restore(repository, before, ())
    assert state(repository) == before
    label(repository, "b/y.jpg", "almond")
    restore(repository, annotated, ("a",))
    tree = repository.working_tree().tree
    assert [(one.name, one.number) for one in tree.labels] == [("almond", 0), ("walnut", 1)]
    assert values_at(repository, "a/x.jpg") == {"kind": "seed"}
    restore(repository, before, ("a",))
    edit_variable(repository, "kind", VariableEdit(rename_choices={"seed": "nut"}))
    restore(repository, annotated, ("a",), only=Only.VARIABLES)
    assert repository.working_tree().variable("kind").choices == ("nut", "seed")


def test_values_given_on_entry_are_variables_too(repository: Repository) -> None:
    add_variable(repository, DPI)
    put(repository, "a.jpg", variables={"dpi": 3})
    before = state(repository)
    remove_variable(repository, "dpi", force=True)
    assert restore(repository, before, (), only=Only.VARIABLES) == RestoreReport(changed=1)
    assert state(repository) == before


def test_values_that_no_longer_fit(repository: Repository) -> None:
    put(repository, "a.jpg", "b.jpg")
    add_variable(repository, DPI)
    annotate(repository, [("a.jpg",)], Annotation(set={"dpi": "1"}))
    before = state(repository)
    remove_variable(repository, "dpi", force=True)
    add_variable(repository, VariableDeclaration("dpi", ValueType.TEXT))
    with pytest.raises(InvalidInputError, match="variable 'dpi' is text, not '1'"):
        restore(repository, before, ("a.jpg",))
    restore(repository, before, ("b.jpg",))
    restore(repository, before, ())
    assert state(repository) == before


def test_places_that_cannot_be_restored(repository: Repository) -> None:
    put(repository, "a/b.jpg")
    before = state(repository)
    remove(repository, [("a",)])
    put(repository, "a")
    with pytest.raises(NotFoundError, match=r"no file or directory 'c'"):
        restore(repository, before, ("c",))
    with pytest.raises(ConflictError, match="'a' is a file"):
        restore(repository, before, ("a", "b.jpg"))
    restore(repository, before, ("a",))
    assert paths(repository) == ["a/b.jpg"]


def test_an_instance_keeps_its_id(repository: Repository) -> None:
    put(repository, "a.jpg", entered=[box("walnut")])
    before = repository.working_tree()
    annotate(repository, [("a.jpg",)], Annotation(instances=[GivenInstance(box("walnut", 9.0))]))
    restore(repository, before.id, ("a.jpg",), only=Only.INSTANCES)
    assert records(repository.working_tree()) == records(before)
