"""The quick way to read annotation sets and records gives what the decoder gives, and refuses what it refuses."""

from collections.abc import Callable
from typing import Any

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.model_strategies import annotation_sets, floats, raw_ids, records

from dvcore.errors import CorruptError, DsetError
from dvcore.ids import AnnotationsId, BlobId, InstanceId
from dvcore.model.annotations import AnnotationSet, Instance, encode_annotations
from dvcore.model.files import FileRecord, ImageFacts, encode_record
from dvcore.model.geometry import Box, Mask, Polygon
from dvcore.query import recorded, stated
from dvcore.query.recorded import read_recorded
from dvcore.query.stated import read_stated

PLAIN = AnnotationSet(
    {"kind": "fig"},
    (
        Instance(InstanceId(b"a" * 32), "nut", Box(0.0, 1.5, 20.0, 3.0), None, "17", {"crowd": False, "score": 0.25}),
        Instance(InstanceId(b"b" * 32), "nut", Box(3.0, 1.5, 20.0, 3.0)),
        Instance(InstanceId(b"c" * 32), "fig", Box(3.0, 1.5, 20.0, 3.0), None, None, {"pose": "left", "track_id": 7}),
        Instance(InstanceId(b"d" * 32), "fig", Box(3.0, 1.5, 20.0, 3.0), None, "x"),
    ),
)
WORDS = st.sampled_from(["nut", "fig", "a b", ""])
PLAIN_VALUES = st.dictionaries(WORDS, st.booleans() | st.integers(-9, 2**63 - 1) | floats | WORDS, max_size=3)
PLAIN_INSTANCES = st.builds(
    Instance,
    raw_ids.map(InstanceId),
    WORDS,
    st.builds(Box, *[st.floats(0, 1e300) | st.just(-0.0)] * 4),
    st.none(),
    st.none() | WORDS,
    PLAIN_VALUES,
)
PLAIN_SETS = st.builds(
    AnnotationSet.with_instances,
    st.builds(AnnotationSet, PLAIN_VALUES),
    st.lists(PLAIN_INSTANCES, max_size=4, unique_by=lambda one: one.id),
)
RECORD = FileRecord(
    BlobId(b"b" * 32),
    7,
    BlobId(b"s" * 32),
    ImageFacts(640, 480, "JPEG", "RGB", 6),
    AnnotationsId(b"a" * 32),
    {"kind": "fig"},
    True,
)
PLAIN_RECORDS = st.builds(
    FileRecord,
    raw_ids.map(BlobId),
    st.integers(0, 2**63 - 1),
    raw_ids.map(BlobId),
    st.none() | st.just(RECORD.facts),
    st.none() | raw_ids.map(AnnotationsId),
    PLAIN_VALUES,
    st.booleans(),
)


def outcome(read: Callable[[bytes], Any], data: bytes) -> object:
    """What it gives, or how it refuses. NaN, which is the width between two infinities, is equal to itself here."""
    try:
        return repr(read(data))
    except DsetError as error:
        return type(error), str(error)


def assert_same(data: bytes) -> None:
    assert outcome(read_stated, data) == outcome(stated._decode, data)
    assert outcome(read_recorded, data) == outcome(recorded._decode, data)


def test_plain_sets_need_no_decoder() -> None:
    found = stated._find_plain(encode_annotations(PLAIN))
    assert found is not None
    assert found.variables == {"kind": "fig"}
    assert found.instances[0] == (b"a" * 32, "nut", "box", 0.0, 1.5, 20.0, 3.0, 60.0, {"crowd": False, "score": 0.25})
    assert stated._find_plain(encode_annotations(AnnotationSet({"kind": "fig"}))) is not None


def test_plain_records_need_no_decoder() -> None:
    found = recorded._find_plain(encode_record(RECORD))
    assert found == (RECORD.blob, 7, (640, 480, "JPEG", "RGB"), RECORD.annotations, {"kind": "fig"}, True)
    bare = FileRecord(BlobId(b"b" * 32), 0, BlobId(b"b" * 32))
    assert recorded._find_plain(encode_record(bare)) == (bare.blob, 0, (None,) * 4, None, {}, False)


ENCODED = (annotation_sets | PLAIN_SETS).map(encode_annotations) | (records | PLAIN_RECORDS).map(encode_record)


@settings(deadline=None, max_examples=200)
@given(ENCODED)
def test_agrees_with_the_decoder(encoded: bytes) -> None:
    assert_same(encoded)


@settings(deadline=None, max_examples=600)
@given(ENCODED.map(bytearray), st.data())
def test_agrees_about_damaged_bytes(encoded: bytearray, data: st.DataObject) -> None:
    for _ in range(data.draw(st.integers(1, 2))):
        encoded[data.draw(st.integers(0, len(encoded) - 1))] = data.draw(st.integers(0, 255))
    assert_same(bytes(encoded))


def pack(value: Any) -> bytes:
    packed: bytes = msgpack.packb(value, use_bin_type=True)
    return packed


ONE = [b"a" * 32, "nut", ["box", 1.0, 2.0, 3.0, 4.0], {}]


@pytest.mark.parametrize(
    "instance",
    [
        [b"a" * 31, *ONE[1:]],
        ["a" * 32, *ONE[1:]],
        [b"a" * 32, 7, *ONE[2:]],
        [b"a" * 32, "u\u0308", *ONE[2:]],
        [*ONE[:2], ["box", 1.0, 2.0, 3.0], {}],
        *[
            [*ONE[:2], ["box", *(wrong if place == at else 1.0 for place in range(4))], {}]
            for wrong in (float("nan"), float("inf"), float("-inf"), -0.0, 1, True)
            for at in range(4)
        ],
        [*ONE[:2], ["ball", 1.0, 2.0, 3.0, 4.0], {}],
        [*ONE[:2], "boxes", {}],
        [*ONE[:3], []],
        [*ONE[:3], {"source": 7}],
        [*ONE[:3], {"source": "u\u0308"}],
        [*ONE[:3], {"attributes": {}}],
        [*ONE[:3], {"attributes": {"b": 1, "a": 1}}],
        [*ONE[:3], {"attributes": {"b": None}}],
        [*ONE[:3], {"attributes": {"b": float("nan")}}],
        [*ONE[:3], {"attributes": {"b": 2**63}}],
        [*ONE[:3], {"attributes": {"b": [1]}}],
        [*ONE[:3], {"source": "1", "attributes": {"a": 1}}],
        [*ONE[:3], {"unknown": 1}],
        ONE[:3],
        {"a": 1, "b": 2, "c": 3, "d": 4},
        7,
        None,
    ],
)
def test_what_is_wrong_is_left_to_the_decoder(instance: Any) -> None:
    for value in (["annotations", 1, {"instances": [instance]}], ["annotations", 1, {"instances": [ONE, instance]}]):
        assert stated._find_plain(pack(value)) is None
        with pytest.raises(DsetError):
            read_stated(pack(value))


@pytest.mark.parametrize(
    "value",
    [
        ["annotations", 1, {"instances": []}],
        ["annotations", 1, {"instances": [ONE, ONE]}],
        ["annotations", 1, {"variables": {}}],
        ["annotations", 1, {"variables": {"a": 1}, "instances": [ONE]}],
        ["annotations", 1, {"instances": [ONE], "more": 1}],
        ["annotations", 2, {"instances": [ONE]}],
        ["annotations", 9, {"instances": [ONE]}],
        ["file", 1, {"instances": [ONE]}],
        ["annotations", 1],
        {"annotations": 1},
    ],
)
def test_a_set_that_is_wrong_as_a_whole(value: Any) -> None:
    assert stated._find_plain(pack(value)) is None
    with pytest.raises(DsetError):
        read_stated(pack(value))


FIELDS = {"blob": b"b" * 32, "facts": [4, 3, "PNG", "L", None, 8], "size": 7}


@pytest.mark.parametrize(
    "wrong",
    [
        {"blob": b"b" * 31},
        {"blob": None},
        {"size": -1},
        {"size": True},
        {"size": 2**63},
        {"size": 7.0},
        {"facts": None},
        {"facts": []},
        {"facts": [0, 3, "PNG", "L", None, 8]},
        {"facts": [4, True, "PNG", "L", None, 8]},
        {"facts": [4, 3, b"PNG", "L", None, 8]},
        {"facts": [4, 3, "PNG", 7, None, 8]},
        {"facts": [4, 3, "PNG", "L", -1, 8]},
        {"facts": [4, 3, "PNG", "L", None, 0]},
        {"facts": [4, 3, "PNG", "L", None]},
        {"split": b"b" * 32},
        {"split": b"s"},
        {"variables": {}},
        {"variables": {"b": 1, "a": 1}},
        {"annotated": False},
        {"annotated": 1},
        {"annotations": None},
        {"annotations": b"a"},
        {"unknown": 1},
    ],
)
def test_a_record_that_is_wrong_is_left_to_the_decoder(wrong: dict[str, Any]) -> None:
    fields = {**FIELDS, **wrong}
    in_order = {name: fields[name] for name in sorted(fields)}
    assert recorded._find_plain(pack(["file", 1, in_order])) is None
    with pytest.raises(DsetError):
        read_recorded(pack(["file", 1, in_order]))


def test_a_record_whose_fields_are_out_of_order() -> None:
    assert recorded._find_plain(pack(["file", 1, FIELDS])) is not None
    with pytest.raises(CorruptError):
        read_recorded(pack(["file", 1, dict(reversed(FIELDS.items()))]))


def test_bytes_in_a_longer_form_than_need_be() -> None:
    data = pack(["annotations", 1, {"instances": [ONE]}])
    assert stated._find_plain(data) is not None
    with pytest.raises(CorruptError):
        read_stated(data.replace(b"\xa3nut", b"\xd9\x03nut"))
    with pytest.raises(CorruptError):
        read_stated(data + b"\x00")


def test_other_geometries_have_the_box_of_their_source_or_their_bounds() -> None:
    polygon = Polygon((((1.0, 1.0, 5.0, 1.0, 5.0, 4.0),),))
    sets = [
        AnnotationSet({}, (Instance(InstanceId(b"a" * 32), "nut", polygon, box),))
        for box in (None, Box(0.5, 1.0, 6.0, 7.0))
    ]
    ((_, _, kind, *place, area, _),) = read_stated(encode_annotations(sets[0])).instances
    assert (kind, place, area) == ("polygon", [1.0, 1.0, 4.0, 3.0], 6.0)
    ((_, _, kind, *place, area, _),) = read_stated(encode_annotations(sets[1])).instances
    assert (kind, place, area) == ("polygon", [0.5, 1.0, 6.0, 7.0], 6.0)


def test_a_mask_whose_code_is_none_is_damage() -> None:
    broken = Instance(InstanceId(b"a" * 32), "nut", Mask(3, 3, b"\xff\xff"))
    with pytest.raises(CorruptError, match="geometry of an instance is none"):
        read_stated(encode_annotations(AnnotationSet({}, (broken,))))
