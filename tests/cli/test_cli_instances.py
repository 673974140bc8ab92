"""Instances as JSON, both ways."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.command import Dset
from support.model_strategies import instances

from dset.instances import format_instance, list_instances
from dvcore.errors import InvalidInputError
from dvcore.ids import InstanceId
from dvcore.model.annotations import Instance
from dvcore.model.extent import has_extent
from dvcore.model.geometry import KINDS, Box, Geometry, Keypoints, Mask, Point, Polygon, Polyline, RotatedBox

NUT = "nuts/walnut/00.png"

FORMS: list[tuple[Geometry, Any]] = [
    (Box(1, 2, 3, 4), [1.0, 2.0, 3.0, 4.0]),
    (RotatedBox(1, 2, 3, 4, 5), [1.0, 2.0, 3.0, 4.0, 5.0]),
    (Polygon((((0.0, 0.0, 1.0, 0.0, 1.0, 1.0),),)), [[[0.0, 0.0, 1.0, 0.0, 1.0, 1.0]]]),
    (Mask(2, 3, b"06"), {"size": [2, 3], "counts": "06"}),
    (Polyline(((0.0, 0.0, 5.0, 5.0), (1.0, 2.0, 3.0, 4.0))), [[0.0, 0.0, 5.0, 5.0], [1.0, 2.0, 3.0, 4.0]]),
    (Point(1, 2), [1.0, 2.0]),
    (Keypoints(((1.0, 2.0, 2), (0.0, 0.0, 0))), [[1.0, 2.0, 2], [0.0, 0.0, 0]]),
]
every_kind = pytest.mark.parametrize(("geometry", "form"), FORMS, ids=[KINDS[type(one)] for one, _ in FORMS])


def read(**fields: Any) -> Geometry:
    (given,) = list_instances([{"label": "nut", **fields}], "the list")
    return given.entered.geometry


@every_kind
def test_each_kind_has_one_form_both_ways(geometry: Geometry, form: Any) -> None:
    kind = KINDS[type(geometry)]
    shown = format_instance(Instance(InstanceId(bytes(32)), "nut", geometry))
    assert shown == {"id": "00" * 32, "label": "nut", kind: form}
    assert read(**{kind: json.loads(json.dumps(form))}) == geometry


def test_every_kind_is_above() -> None:
    assert {type(geometry) for geometry, _ in FORMS} == set(KINDS)


@given(instances)
def test_what_is_shown_is_read_back(instance: Instance) -> None:
    if isinstance(instance.geometry, Mask) or not has_extent(instance.geometry):
        return
    if instance.box is not None and (isinstance(instance.geometry, Box) or not has_extent(instance.box)):
        return
    shown = {**json.loads(json.dumps(format_instance(instance))), "label": "nut", "attributes": {}}
    (given,) = list_instances([shown], "the list")
    assert given.id == instance.id
    assert given.entered.geometry == instance.geometry
    assert given.entered.box == instance.box


def test_whole_numbers_and_other_angles_are_fine() -> None:
    assert read(box=[1, 2, 3, 4]) == Box(1, 2, 3, 4)
    assert read(rotated_box=[1, 2, 3, 4, -30]) == RotatedBox(1, 2, 3, 4, 330)
    assert read(keypoints=[[1, 2, 2]]) == Keypoints(((1.0, 2.0, 2),))
    assert read(mask={"size": [2, 3], "counts": [0, 6]}) == Mask(2, 3, b"06")


def test_a_box_may_stand_beside_another_kind() -> None:
    (given,) = list_instances([{"label": "nut", "keypoints": [[1, 2, 2]], "box": [0, 0, 5, 5]}], "the list")
    assert (given.entered.geometry, given.entered.box) == (Keypoints(((1.0, 2.0, 2),)), Box(0, 0, 5, 5))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "instance 1 of the list: it has no geometry, which is one of box, rotated_box, polygon"),
        ({"point": [1, 2], "mask": {}}, "it has several geometries: mask and point"),
        ({"box": [1, 2, 3]}, "its box is not [left, top, width, height]"),
        ({"box": [1, 2, 3, "4"]}, "its box is not"),
        ({"box": [1, 2, 3, True]}, "its box is not"),
        ({"box": [1, 2, 3, None]}, "its box is not"),
        ({"box": 7}, "its box is not"),
        ({"box": [1, 2, 0, 4]}, "it has no area"),
        ({"box": [1, 2, -3, -4]}, "it has no area"),
        ({"box": [1, 2, 3, 10**400]}, "its coordinate 10000000000000000000 is beyond 1e+12"),
        ({"box": [1, 2, 3, float("inf")]}, "its coordinate inf is beyond"),
        ({"point": [1, 2], "box": [1, 2, 0, 4]}, "it has no area"),
        ({"rotated_box": [1, 2, 3, 4]}, "its rotated_box is not [cx, cy, width, height, angle]"),
        ({"rotated_box": [1, 2, 3, 0, 45]}, "it has no area"),
        ({"rotated_box": [1, 2, 3, 4, float("nan")]}, "its coordinate nan is beyond"),
        ({"polygon": [[0, 0, 1, 0, 1, 1]]}, "its polygon is not"),
        ({"polygon": [[[0, 0, 1, 0, 1]]]}, "its polygon is not"),
        ({"polygon": [[[0, 0, 1, 1, 2, 2]]]}, "it has no area"),
        ({"polygon": []}, "its polygon is not"),
        ({"mask": {"size": [2, 3]}}, "its mask is not"),
        ({"mask": {"size": [2, 3.0], "counts": "06"}}, "its mask is not"),
        ({"mask": {"size": [2, 3], "counts": "0é"}}, "its mask is not"),
        ({"mask": {"size": [2, 3], "counts": [0, -6]}}, "its mask is not"),
        ({"mask": {"size": [2, 3], "counts": "6"}}, "it has no area"),
        ({"mask": {"size": [2, 3], "counts": "07"}}, "the mask's runs total 7 pixels, its size is 3x2"),
        ({"polyline": [0, 0, 1, 1]}, "its polyline is not [[x, y, …], …]"),
        ({"polyline": [[0, 0]]}, "its polyline is not"),
        ({"polyline": [[1, 1, 1, 1]]}, "it has no length"),
        ({"point": [1]}, "its point is not [x, y]"),
        ({"keypoints": [[1, 2]]}, "its keypoints is not"),
        ({"keypoints": [[1, 2, 3]]}, "its keypoints is not"),
        ({"keypoints": [[1, 2, 0]]}, "its keypoints is not"),
        ({"keypoints": [[0, 0, 0]]}, "it has no labelled keypoint"),
        ({"keypoints": [1, 2, 2]}, "its keypoints is not"),
        ({"keypoints": [{}]}, "its keypoints is not"),
        ({"box": [1, 2, 3, 4], "id": 7}, "'7' is no id"),
        ({"box": [1, 2, 3, 4], "source": 7.5}, "its source is neither"),
        ({"box": [1, 2, 3, 4], "attributes": []}, "its attributes are not"),
        ({"box": [1, 2, 3, 4], "attributes": {"a": None}}, "its attribute 'a' is neither"),
        ({"ellipse": [1, 2, 3, 4]}, "has the unknown key 'ellipse'"),
    ],
    ids=str,
)
def test_what_is_no_instance_is_named(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError) as error:
        read(**fields)
    assert message in error.value.message


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["size", "counts", "a"]), inner),
    max_leaves=12,
)
keys = st.sampled_from([*KINDS.values(), "id", "source", "attributes", "label"])


@given(st.lists(st.dictionaries(keys, json_values, max_size=4).map(lambda one: {"label": "nut", **one}), max_size=2))
def test_any_json_is_read_or_refused(raw: list[Any]) -> None:
    with contextlib.suppress(InvalidInputError):
        list_instances(raw, "the list")


def test_people_see_every_kind(nuts: Dset) -> None:
    given = [{"label": "nut", KINDS[type(one)]: form} for one, form in FORMS if not isinstance(one, Mask)]
    given.append({"label": "nut", "mask": {"size": [8, 12], "counts": [0, 96]}})
    nuts("annotate", NUT, "--instances", "-", stdin=json.dumps(given))
    shown = nuts("show", NUT, "--json").json["instances"]
    assert len(shown) == len(FORMS)
    texts = {line.split("nut  ")[1] for line in nuts("show", NUT).out.splitlines() if "  nut  " in line}
    assert texts == {
        "box at 1,2 size 3x4",
        "rotated box around 1,2 size 3x4 at 5°",
        "polygon at 0,0 size 1x1",
        "mask 12x8",
        "polyline at 0,0 size 5x5",
        "point at 1,2",
        "keypoints at 1,2 size 0x0",
    }
    lines = nuts("diff", "--instances").out.splitlines()
    assert {line.split(" nut ")[1].split(";")[0] for line in lines if " nut " in line} == texts


def test_what_show_prints_annotates_the_same_again(nuts: Dset) -> None:
    given = [{"label": "nut", KINDS[type(one)]: form} for one, form in FORMS if not isinstance(one, Mask)]
    nuts("annotate", NUT, "--instances", "-", stdin=json.dumps(given))
    shown = nuts("show", NUT, "--json")
    assert "0 changed" in nuts("annotate", NUT, "--instances", "-", stdin=shown.out).out


@pytest.mark.parametrize("option", ["--instances", "--add-instances"])
def test_a_key_that_is_there_twice_is_refused(nuts: Dset, option: str) -> None:
    before = nuts("show", NUT, "--json").json["instances"]
    text = '{"instances": [{"label": "nut", "box": [1, 1, 2, 2]}], "instances": []}'
    failed = nuts.fails("annotate", NUT, option, "-", stdin=text)
    assert "standard input has the key 'instances' twice" in failed
    assert nuts("show", NUT, "--json").json["instances"] == before
