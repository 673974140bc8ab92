"""Writers take the lowest version that holds what is said: what an older dset can read stays readable for it."""

from typing import Any

import pytest

from dvcore.encoding import decode, decode_object, encode
from dvcore.errors import CorruptError, NeedsNewerError
from dvcore.ids import InstanceId, NodeId, digest
from dvcore.model.annotations import AnnotationSet, Instance, decode_annotations, encode_annotations
from dvcore.model.declarations import LabelDeclaration
from dvcore.model.geometry import Box, Geometry, Keypoints, Mask, Point, Polygon, Polyline, RotatedBox
from dvcore.model.tree import Directory, Tree, decode_tree, encode_tree

FIRST = [Box(1, 2, 3, 4), Polygon((((0.0, 0.0, 1.0, 0.0, 1.0, 1.0),),)), Mask(2, 3, b"06")]
SECOND = [
    RotatedBox(50, 40, 20, 10, 33),
    Polyline(((0.0, 0.0, 1.5, 2.5),)),
    Point(1, 2.5),
    Keypoints(((0.0, 0.0, 0), (1.0, 2.0, 1), (3.0, 4.5, 2))),
]
NOSE = LabelDeclaration("person", 0, 1, "animal", None, ("nose", "left eye", "right eye"), ((0, 1), (0, 2)))


def set_of(*geometries: Geometry) -> AnnotationSet:
    return AnnotationSet(
        {}, tuple(Instance(InstanceId(bytes([n] * 32)), "nut", one) for n, one in enumerate(geometries))
    )


def tree_of(*labels: LabelDeclaration) -> Tree:
    return Tree(Directory(NodeId(bytes(32)), 0), NodeId(bytes(32)), (), labels)


@pytest.mark.parametrize("geometry", SECOND, ids=lambda one: type(one).__name__)
def test_a_set_with_a_newer_kind_of_geometry_has_the_next_version(geometry: Geometry) -> None:
    data = encode_annotations(set_of(*FIRST, geometry))
    assert decode(data)[1] == 2
    assert decode_annotations(data) == set_of(*FIRST, geometry)
    with pytest.raises(NeedsNewerError, match="newer dset"):
        decode_object(data, "annotations", newest=1)


def test_sets_and_trees_without_anything_new_keep_their_version() -> None:
    assert decode(encode_annotations(set_of(*FIRST)))[1] == 1
    assert decode(encode_tree(tree_of(LabelDeclaration("person", 0, 1, "animal", "#aa0000"))))[1] == 1


def test_a_tree_whose_labels_have_keypoints_has_the_next_version() -> None:
    data = encode_tree(tree_of(NOSE))
    assert decode(data)[1] == 2
    assert decode_tree(data) == tree_of(NOSE)
    with pytest.raises(NeedsNewerError, match="newer dset"):
        decode_object(data, "tree", newest=1)


@pytest.mark.parametrize("geometries", [FIRST, SECOND], ids=["first", "second"])
def test_a_set_of_another_version_than_it_needs_is_damaged(geometries: list[Geometry]) -> None:
    kind, version, fields = decode(encode_annotations(set_of(*geometries)))
    with pytest.raises(CorruptError, match="should have version"):
        decode_annotations(encode([kind, 3 - version, fields]))


@pytest.mark.parametrize("label", [LabelDeclaration("nut", 0), NOSE], ids=["first", "second"])
def test_a_tree_of_another_version_than_it_needs_is_damaged(label: LabelDeclaration) -> None:
    kind, version, fields = decode(encode_tree(tree_of(label)))
    with pytest.raises(CorruptError, match="should have version"):
        decode_tree(encode([kind, 3 - version, fields]))


@pytest.mark.parametrize(
    "more",
    [
        {"keypoints": []},
        {"keypoints": [1]},
        {"keypoints": ["nose", "nose"]},
        {"keypoints": "nose"},
        {"keypoints": ["nose"], "skeleton": []},
        {"keypoints": ["nose"], "skeleton": [[0]]},
        {"keypoints": ["nose"], "skeleton": [[0, 1]]},
        {"keypoints": ["nose"], "skeleton": [[0, -1]]},
        {"keypoints": ["nose"], "skeleton": [[0, False]]},
        {"skeleton": [[0, 0]]},
    ],
    ids=str,
)
def test_keypoints_that_are_none_are_damage(more: dict[str, Any]) -> None:
    kind, _, fields = decode(encode_tree(tree_of(LabelDeclaration("person", 0))))
    label = {"name": "person", "number": 0}
    sound = decode_tree(encode([kind, 2, {**fields, "labels": [{**label, "keypoints": ["nose"]}]}]))
    assert sound.labels[0].keypoints == ("nose",)
    with pytest.raises(CorruptError):
        decode_tree(encode([kind, 2, {**fields, "labels": [{**label, **more}]}]))


def test_golden_bytes() -> None:
    assert (
        encode_annotations(set_of(*SECOND[:1])).hex()
        == (
            "93ab616e6e6f746174696f6e73"  # array of 3: annotations
            "0281a9696e7374616e63657391"  # version 2, map of 1: instances, array of 1
            "94c420" + "00" * 32 + "a36e7574"  # array of 4: id, nut
            "96ab726f74617465645f626f78"  # array of 6: rotated_box
            "cb4049000000000000cb4044000000000000cb4034000000000000cb4024000000000000cb4040800000000000"
            "80"  # no more
        )
    )
    assert (
        digest(encode_annotations(set_of(*SECOND))).hex()
        == "b2158f272c0edc2d278890b87c3dbb6180e0edc2fd3e9a7f5bd0b2b46f3ce11b"
    )
    assert (
        digest(encode_tree(tree_of(NOSE))).hex() == "b7766613cbb36d9f59cf3cd5290af3d3c126784112ef2fe8b5c98d11148a301d"
    )
