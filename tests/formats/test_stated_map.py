"""What a source says of images, kept packed: the same comes out, at once or bit by bit, in memory or beyond."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.sources import imported, put_coco, put_pictures, reasons, records

from dvcore.errors import FaultyFilesError, InvalidInputError
from dvcore.formats.stated import lists
from dvcore.formats.stated.annotations import StatedAnnotations, StatedInstance
from dvcore.formats.stated.by_image import StatedMap
from dvcore.model.annotations import Entered
from dvcore.model.declarations import VariableDeclaration
from dvcore.model.geometry import Box, Keypoints, Mask, Point, Polygon, Polyline, RotatedBox
from dvcore.model.values import ValueType
from dvcore.repo.repository import Repository
from dvcore.repo.variables import add_variable

numbers = st.floats(allow_nan=False) | st.integers(-(2**40), 2**40).map(float)
rings = st.lists(numbers, min_size=2, max_size=8).map(tuple)
geometries = st.one_of(
    st.builds(Box, numbers, numbers, numbers, numbers),
    st.builds(RotatedBox, numbers, numbers, numbers, numbers, st.floats(0, 359)),
    st.lists(st.lists(rings, min_size=1, max_size=2).map(tuple), min_size=1, max_size=2).map(tuple).map(Polygon),
    st.builds(Mask, st.integers(1, 99), st.integers(1, 99), st.binary(max_size=5)),
    st.lists(rings, min_size=1, max_size=2).map(tuple).map(Polyline),
    st.builds(Point, numbers, numbers),
    st.lists(st.tuples(numbers, numbers, st.integers(0, 2)), max_size=3).map(tuple).map(Keypoints),
)
values = st.booleans() | st.integers(-9, 9) | numbers | st.text(max_size=3)
entered = st.builds(
    Entered,
    st.text(max_size=3),
    geometries,
    st.none() | st.builds(Box, numbers, numbers, numbers, numbers),
    st.none() | st.text(max_size=3),
    st.dictionaries(st.text(max_size=3), values, max_size=2),
)
instances = st.lists(st.builds(StatedInstance, st.text(max_size=5), entered), max_size=3).map(tuple)
stated = st.builds(
    StatedAnnotations,
    st.text(max_size=5),
    st.none() | st.tuples(st.integers(1, 99), st.integers(1, 99)),
    instances,
    st.dictionaries(st.text(max_size=3), values, max_size=2),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
paths = st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map(tuple)


@given(stated)
def test_what_was_put_comes_out(one: StatedAnnotations) -> None:
    with StatedMap() as found:
        found.put(("a", "b"), one)
        assert found.get(("a", "b")) == one
        assert (found.get(("b",)), ("b",) in found, len(found)) == (None, False, 1)


steps = st.one_of(
    st.tuples(st.just("put"), paths, stated),
    st.tuples(st.just("add"), paths, st.builds(StatedInstance, st.text(max_size=5), entered)),
    st.tuples(st.just("give"), paths, st.tuples(st.text(max_size=3), values)),
)


@settings(deadline=None)
@given(st.lists(steps, max_size=25), st.sampled_from([0, 400, 1 << 20]))
def test_a_map_behaves_like_dicts(done: list[Any], memory: int) -> None:
    whole: dict[Any, StatedAnnotations] = {}
    added: dict[Any, list[StatedInstance]] = {}
    given: dict[Any, dict[str, Any]] = {}
    with pytest.MonkeyPatch.context() as patch, StatedMap() as found:
        patch.setattr(lists, "MEMORY_BYTES", memory)
        for step, path, what in done:
            match step:
                case "put":
                    found.put(path, what)
                    whole[path] = what
                case "add":
                    found.add(path, what)
                    added.setdefault(path, []).append(what)
                case _:
                    found.give(path, *what)
                    given.setdefault(path, {})[what[0]] = what[1]
        for path, one in whole.items():
            got = found.get(path)
            assert got is not None
            assert got.instances == (*one.instances, *added.get(path, ()))
            assert got.variables == {**one.variables, **given.get(path, {})}
            assert (got.where, got.size, got.is_annotated) == (one.where, one.size, one.is_annotated)
        for path in {*added, *given} - set(whole):
            assert found.get(path) is None, "somebody has to put the rest"
        assert len(found) == len(whole)
        assert found.instances == sum(len(one.instances) for one in whole.values()) + sum(map(len, added.values()))


def test_closing_twice_is_no_error() -> None:
    found = StatedMap()
    found.add(("a",), StatedInstance("x", Entered("nut", Point(1.0, 2.0))))
    found.close()
    found.close()


# Variables that a source gives to one image and not to another.


@pytest.fixture
def repository() -> Repository:
    return Repository.in_memory()


def put_captions(folder: Path) -> Path:
    put_pictures(folder, "a.png", "b.png")
    listed = [{"id": 1, "file_name": "a.png"}, {"id": 2, "file_name": "b.png"}]
    said = [{"id": 1, "image_id": 1, "caption": "a nut"}]
    return put_coco(folder, {"images": listed, "annotations": said, "categories": []}, "captions_val.json")


def test_variables_of_one_image_are_given_to_it_alone(repository: Repository, tmp_path: Path) -> None:
    add_variable(repository, VariableDeclaration("place", ValueType.TEXT))
    imported(repository, put_captions(tmp_path), set={"place": "Reute"})
    assert {path: dict(one.variables) for path, one in records(repository).items()} == {
        "nuts/a.png": {"caption": "a nut", "place": "Reute", "split": "val"},
        "nuts/b.png": {"place": "Reute", "split": "val"},
    }


def test_what_is_said_of_an_image_goes_before_what_its_folder_says(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "train/a.png", "val/a.png")
    listed = [{"id": 1, "file_name": "train/a.png"}]
    put_coco(tmp_path, {"images": listed, "annotations": [], "categories": []}, "instances_val.json")
    (tmp_path / "a.png").unlink()
    imported(repository, tmp_path)
    found = {path: one.variables["split"] for path, one in records(repository).items()}
    assert found == {"nuts/train/a.png": "val", "nuts/val/a.png": "val"}


def test_a_required_variable_is_required_of_each_file(repository: Repository, tmp_path: Path) -> None:
    add_variable(repository, VariableDeclaration("caption", ValueType.TEXT, required=True))
    put_captions(tmp_path)
    before = repository.working_tree().id
    with pytest.raises(FaultyFilesError) as error:
        imported(repository, tmp_path)
    assert reasons(error.value.faults) == f"{tmp_path / 'b.png'}: has no value for the required variable 'caption'"
    assert repository.working_tree().id == before
    imported(repository, tmp_path, skip_bad=True)
    assert sorted(records(repository)) == ["nuts/a.png"]


def test_a_required_variable_that_nothing_gives(repository: Repository, tmp_path: Path) -> None:
    add_variable(repository, VariableDeclaration("place", ValueType.TEXT, required=True))
    with pytest.raises(InvalidInputError, match="the variable 'place' is required; give it with --set place=VALUE"):
        imported(repository, put_captions(tmp_path))


def test_a_variable_that_the_source_gives_cannot_be_set(repository: Repository, tmp_path: Path) -> None:
    add_variable(repository, VariableDeclaration("caption", ValueType.TEXT))
    with pytest.raises(InvalidInputError, match="the source gives the variable 'caption' already"):
        imported(repository, put_captions(tmp_path), set={"caption": "x"})
