"""Whatever bytes claim to be an object: decoding gives a value or an error of the hierarchy, and no two byte strings
give the same value."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import model_strategies as some

from dvcore.encoding import decode, encode
from dvcore.errors import CorruptError, NeedsNewerError
from dvcore.ids import NodeId
from dvcore.model.annotations import decode_annotations, encode_annotations
from dvcore.model.commit import decode_commit, encode_commit
from dvcore.model.files import decode_record, encode_record
from dvcore.model.manifest import (
    decode_exported,
    decode_manifest,
    decode_reason,
    encode_exported,
    encode_manifest,
    encode_reason,
)
from dvcore.model.tree import Directory, Tree, decode_entry, decode_tree, encode_entry, encode_tree
from dvcore.prolly.node import Node, decode_node, encode_node
from dvcore.store.chunk_list import decode_chunk_list

Codec = tuple[Callable[[Any], bytes], Callable[[bytes], Any], st.SearchStrategy[Any]]

CODECS: dict[str, Codec] = {
    "record": (encode_record, decode_record, some.records),
    "annotations": (encode_annotations, decode_annotations, some.annotation_sets),
    "entry": (encode_entry, decode_entry, some.entries),
    "tree": (encode_tree, decode_tree, some.trees),
    "commit": (encode_commit, decode_commit, some.commits),
    "exported": (encode_exported, decode_exported, some.exported),
    "manifest": (encode_manifest, decode_manifest, some.manifests),
    "reason": (encode_reason, decode_reason, some.texts),
}
codec = pytest.mark.parametrize(("write", "read", "values"), CODECS.values(), ids=CODECS)
REFUSED = (CorruptError, NeedsNewerError)


@codec
@given(st.data())
def test_objects_are_read_back(write: Any, read: Any, values: Any, data: st.DataObject) -> None:
    value = data.draw(values)
    assert read(write(value)) == value
    assert write(read(write(value))) == write(value)


@codec
@given(st.data())
def test_an_object_with_one_thing_changed_is_another_or_is_refused(
    write: Any, read: Any, values: Any, data: st.DataObject
) -> None:
    damaged = encode(mutated(decode(write(data.draw(values))), data))
    try:
        value = read(damaged)
    except REFUSED:
        return
    assert write(value) == damaged


@codec
@given(st.data())
def test_an_object_with_bytes_changed_is_another_or_is_refused(
    write: Any, read: Any, values: Any, data: st.DataObject
) -> None:
    damaged = bytearray(write(data.draw(values)))
    damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        value = read(bytes(damaged))
    except REFUSED:
        return
    assert write(value) == damaged


@codec
@given(st.binary(max_size=64) | some.encodable.map(encode))
def test_any_other_bytes_are_refused(write: Any, read: Any, values: Any, data: bytes) -> None:
    try:
        value = read(data)
    except REFUSED:
        return
    assert write(value) == data


@pytest.mark.parametrize("read", [decode_node, decode_chunk_list])
@given(st.data())
def test_nodes_and_chunk_lists_are_refused_in_the_same_way(read: Any, data: st.DataObject) -> None:
    valid = encode_node(Node(0, (b"a", b"b"), (b"1", b"2")))
    mutation = encode(mutated(decode(valid), data)) if data.draw(st.booleans()) else data.draw(st.binary(max_size=64))
    try:
        node = read(mutation)
    except REFUSED:
        return
    assert encode_node(node) == mutation


def mutated(value: Any, data: st.DataObject) -> Any:
    """The value with one thing in it, at any depth, replaced, removed or added."""
    if isinstance(value, list | dict) and value and data.draw(st.integers(0, 3), label="go deeper"):
        copy: Any = value.copy()
        key = data.draw(st.sampled_from(range(len(value)) if isinstance(value, list) else sorted(value)))
        copy[key] = mutated(copy[key], data)
        return copy
    if isinstance(value, list) and data.draw(st.booleans(), label="length"):
        return [*value, data.draw(some.scalars)] if data.draw(st.booleans()) else value[:-1]
    if isinstance(value, dict) and data.draw(st.booleans(), label="length"):
        gone = data.draw(st.sampled_from([None, *sorted(value)]))
        more = {data.draw(some.texts): data.draw(some.scalars)} if gone is None else {}
        return {**{name: one for name, one in value.items() if name != gone}, **more}
    near = [False, True, 0, 1, 1.0, -1, 2**62, [], {}, "", b"", None]
    return data.draw(st.sampled_from(near) | some.encodable, label="instead")


@pytest.mark.parametrize(
    "more",
    [
        {"annotated": False},
        {"annotated": None},
        {"annotations": None},
        {"facts": None},
        {"facts": [1, 1, "JPEG", "RGB", True, 8]},
        {"facts": [0, 1, "JPEG", "RGB", None, 8]},
        {"facts": [1, 1, "JPEG", "RGB", None]},
        {"facts": [1, 1, "JPEG", "RGB", None, 0]},
        {"facts": [1, 1, "JPEG", "RGB", None, True]},
        {"facts": [1, 1, "JPEG", "RGB", None, 8, 8]},
        {"size": True},
        {"size": -1},
        {"split": bytes(32)},
        {"variables": {}},
        {"variables": {"dpi": None}},
        {"variables": {"dpi": [1]}},
    ],
    ids=str,
)
def test_a_record_says_nothing_in_two_ways(more: dict[str, Any]) -> None:
    fields = {"blob": bytes(32), "size": 5}
    assert decode_record(encode(["file", 1, fields])).size == 5
    with pytest.raises(CorruptError):
        decode_record(encode(["file", 1, {**fields, **more}]))


BOX = ["box", 1.0, 2.0, 3.0, 4.0]
RING = [0.0, 0.0, 1.0, 0.0, 1.0, 1.0]


@pytest.mark.parametrize(
    "fields",
    [
        {"instances": []},
        {"instances": None},
        {"instances": {}},
        {"instances": [None]},
        {"variables": {}},
        {"variables": None},
        {"variables": {"ripe": None}},
    ],
    ids=str,
)
def test_an_annotation_set_says_nothing_in_two_ways(fields: dict[str, Any]) -> None:
    assert decode_annotations(encode(["annotations", 1, {}])).is_empty
    with pytest.raises(CorruptError):
        decode_annotations(encode(["annotations", 1, fields]))


@pytest.mark.parametrize(
    "said",
    [
        [None, BOX, {}],
        ["nut", None, {}],
        ["nut", [*BOX[:-1], 4], {}],
        ["nut", [*BOX, 5.0], {}],
        ["nut", ["polygon", []], {}],
        ["nut", ["polygon", [[]]], {}],
        ["nut", ["polygon", [[RING[:4]]]], {}],
        ["nut", ["polygon", [[[*RING, 0.0]]]], {}],
        ["nut", ["polygon", [[RING]], []], {}],
        ["nut", ["mask", 0, 1, b"1"], {}],
        ["nut", ["mask", True, 1, b"1"], {}],
        ["nut", ["mask", 1, 1, "1"], {}],
        ["nut", BOX, None],
        ["nut", BOX, []],
        ["nut", BOX],
        ["nut", BOX, {}, None],
        ["nut", BOX, {"attributes": {}}],
        ["nut", BOX, {"attributes": None}],
        ["nut", BOX, {"attributes": {"ripe": None}}],
        ["nut", BOX, {"box": None}],
        ["nut", BOX, {"box": []}],
        ["nut", BOX, {"source": None}],
        ["nut", BOX, {"source": 7}],
    ],
    ids=str,
)
def test_an_instance_says_nothing_in_two_ways(said: list[Any]) -> None:
    sound = [bytes(32), "nut", BOX, {}]
    assert len(decode_annotations(encode(["annotations", 1, {"instances": [sound]}])).instances) == 1
    for id_, rest in ((bytes(32), said), (bytes(31), sound[1:]), (None, sound[1:])):
        with pytest.raises(CorruptError):
            decode_annotations(encode(["annotations", 1, {"instances": [[id_, *rest]]}]))


@pytest.mark.parametrize("ids", [(2, 1), (1, 1)], ids=["out of order", "twice"])
def test_instances_are_in_the_order_of_their_ids(ids: tuple[int, int]) -> None:
    instances = [[bytes([id_] * 32), "dog", ["box", 1.0, 2.0, 3.0, 4.0], {}] for id_ in ids]
    with pytest.raises(CorruptError, match="not in order"):
        decode_annotations(encode(["annotations", 1, {"instances": instances}]))


def test_labels_and_variables_declared_twice_are_refused() -> None:
    plain = decode(encode_tree(some_tree()))
    for field, twin in (("variables", {"name": "dpi", "type": "int"}), ("labels", {"name": "dog", "number": 0})):
        twice = [plain[0], plain[1], {**plain[2], field: [twin, twin]}]
        with pytest.raises(CorruptError, match="twice"):
            decode_tree(encode(twice))
    same_number = [{"name": "dog", "number": 0}, {"name": "cat", "number": 0}]
    with pytest.raises(CorruptError, match="twice"):
        decode_tree(encode([plain[0], plain[1], {**plain[2], "labels": same_number}]))


def test_what_later_versions_write_is_never_dropped() -> None:
    tree = decode(encode_tree(some_tree()))
    variable = {"name": "size", "type": "colour"}
    cases = [
        (decode_tree, [tree[0], 4, tree[2]]),
        (decode_tree, [tree[0], 1, {**tree[2], "views": []}]),
        (decode_tree, [tree[0], 1, {**tree[2], "variables": [variable]}]),
        (decode_tree, [tree[0], 1, {**tree[2], "labels": [{"name": "dog", "number": 0, "symmetry": []}]}]),
        (decode_entry, [2, "somewhere else"]),
        (decode_annotations, ["annotations", 1, {"instances": [[bytes(32), "dog", ["ellipse", 1.0], {}]]}]),
        (
            decode_annotations,
            ["annotations", 1, {"instances": [[bytes(32), "dog", ["box", *[1.0] * 4], {"score": 1.0}]]}],
        ),
    ]
    for read, value in cases:
        with pytest.raises(NeedsNewerError, match="newer dset"):
            read(encode(value))


def some_tree() -> Tree:
    return Tree(Directory(NodeId(bytes(32)), 0), NodeId(bytes(32)))
