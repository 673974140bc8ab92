import math
from collections.abc import Callable
from typing import Any

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.model_strategies import encodable

from dvcore import encoding
from dvcore.encoding import MAX_DEPTH, decode, decode_object, encode, encode_object, peek_kind
from dvcore.errors import CorruptError, InvalidInputError, NeedsNewerError


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def same(left: Any, right: Any) -> bool:
    """Equality that tells True from 1 and 1 from 1.0."""
    if type(left) is not type(right):
        return False
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    return bool(left == right)


@given(encodable)
def test_what_is_encoded_is_read_back(value: Any) -> None:
    assert same(decode(encode(value)), value)


@given(st.binary(max_size=40))
def test_bytes_that_are_read_are_those_that_would_be_written(data: bytes) -> None:
    try:
        value = decode(data)
    except CorruptError:
        return
    assert encode(value) == data


@given(st.dictionaries(st.text("abyzÄ€\U0001f330", max_size=3), st.integers(0, 9), max_size=6), st.randoms())
def test_the_order_of_a_map_does_not_matter(value: dict[str, int], random: Any) -> None:
    value = {key: number for key, number in value.items() if key.isascii() or encodes(key)}
    shuffled = list(value.items())
    random.shuffle(shuffled)
    assert encode(dict(shuffled)) == encode(value)
    assert list(decode(encode(value))) == sorted(value, key=lambda key: key.encode())


def encodes(text: str) -> bool:
    try:
        encode(text)
    except InvalidInputError:
        return False
    return True


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "c0"),
        (True, "c3"),
        (0, "00"),
        (127, "7f"),
        (128, "cc80"),
        (-1, "ff"),
        (-33, "d0df"),
        (2**63 - 1, "cf7fffffffffffffff"),
        (-(2**63), "d38000000000000000"),
        (1.0, "cb3ff0000000000000"),
        (-0.0, "cb0000000000000000"),
        ("nüss", "a56ec3bc7373"),
        (b"\x00\xff", "c40200ff"),
        ([1, [2.5]], "920191cb4004000000000000"),
        ((1, 2), "920102"),
        ({"b": 1, "a": {}}, "82a16180a16201"),
    ],
)
def test_golden_bytes(value: object, expected: str) -> None:
    assert encode(value).hex() == expected


def test_negative_zero_becomes_zero_wherever_it_is() -> None:
    zero = decode(encode({"box": [-0.0]}))["box"][0]
    assert math.copysign(1, zero) == 1


@pytest.mark.parametrize(
    "value",
    [
        math.nan,
        math.inf,
        -math.inf,
        2**63,
        -(2**63) - 1,
        "u\u0308",
        "\ud800",
        {1: 2},
        {"u\u0308": 1},
        {b"a": 1},
        {1, 2},
        object(),
        nested(MAX_DEPTH + 1),
        [[[math.nan]]],
    ],
)
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(InvalidInputError):
        encode(value)


def test_a_number_too_long_to_be_shown_is_refused_all_the_same() -> None:
    with pytest.raises(InvalidInputError, match="does not fit into 64"):
        encode(10**5000)


def test_values_may_be_nested_as_deep_as_the_limit() -> None:
    assert decode(encode(nested(MAX_DEPTH))) == nested(MAX_DEPTH)


def pack(value: object) -> bytes:
    return bytes(msgpack.packb(value, use_bin_type=True))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x01\x02",
        b"\x92\x01",
        b"\xc1",
        b"\xcc\x01",  # 1 in two bytes
        b"\xd9\x01a",  # a short text with a long head
        b"\xca\x3f\x80\x00\x00",  # 32-bit float
        b"\xa1\xff",  # no UTF-8
        b"\xd4\x05\x00",  # extension
        b"\xd6\xff\x00\x00\x00\x00",  # timestamp
        b"\xdf\xff\xff\xff\xff",  # a map that claims four thousand million entries
        b"\x82\xa1a\x01\xa1a\x02",  # a key twice
        b"\x82\xa1b\x01\xa1a\x02",  # keys out of order
        pack({b"a": 1}),
        pack(math.nan),
        pack([math.inf]),
        pack(-0.0),
        pack(2**63),
        pack("u\u0308"),
        pack({"u\u0308": 1}),
        pack(nested(MAX_DEPTH + 1)),
        b"\x91" * 100_000,
    ],
    ids=lambda data: data[:12].hex(),
)
def test_bytes_that_the_encoder_never_writes_are_corrupt(data: bytes) -> None:
    with pytest.raises(CorruptError):
        decode(data)


def test_an_object_leaves_fields_without_a_value_out() -> None:
    data = encode_object("nut", 1, {"kind": "almond", "weight": None})
    assert decode(data) == ["nut", 1, {"kind": "almond"}]
    fields = decode_object(data, "nut", newest=1)
    assert (fields.text("kind"), fields.text_or_none("weight")) == ("almond", None)
    fields.end()


@pytest.mark.parametrize(
    "value", [[], ["nut"], ["nut", 1], ["nut", 0, {}], ["nut", True, {}], ["nut", 1, []], ["seed", 1, {}], 5]
)
def test_another_object_is_corrupt(value: object) -> None:
    with pytest.raises(CorruptError):
        decode_object(encode(value), "nut", newest=1)


def test_what_a_later_version_wrote_is_told_from_damage() -> None:
    with pytest.raises(NeedsNewerError, match="newer dset"):
        decode_object(encode(["nut", 2, {"kind": "almond"}]), "nut", newest=1)
    with pytest.raises(NeedsNewerError, match="newer dset"):
        decode_object(encode(["nut", 2, "another shape"]), "nut", newest=1)
    fields = decode_object(encode(["nut", 1, {"kind": "almond", "shell": True}]), "nut", newest=1)
    fields.text("kind")
    with pytest.raises(NeedsNewerError, match="'shell'"):
        fields.end()


@pytest.mark.parametrize(
    ("method", "bad"),
    [
        ("text", 1),
        ("integer", True),
        ("integer", 1.0),
        ("integer", -1),
        ("flag", 1),
        ("flag", False),
        ("id", b"short"),
        ("id_or_none", "text"),
        ("array", {}),
        ("array_or_empty", []),
        ("map", []),
        ("map_or_empty", {}),
    ],
)
def test_a_field_of_another_type_is_corrupt(method: str, bad: object) -> None:
    fields = decode_object(encode_object("nut", 1, {"field": bad}), "nut", newest=1)
    with pytest.raises(CorruptError, match="'field' of a nut"):
        getattr(fields, method)("field")


@pytest.mark.parametrize("method", ["text", "integer", "id", "array", "map"])
def test_a_field_that_is_missing_is_corrupt(method: str) -> None:
    fields = decode_object(encode_object("nut", 1, {}), "nut", newest=1)
    with pytest.raises(CorruptError, match="a nut lacks 'field'"):
        getattr(fields, method)("field")


def test_the_kind_of_any_object_can_be_told() -> None:
    assert peek_kind(encode_object("nut", 7, {"a": 1})) == "nut"
    with pytest.raises(CorruptError):
        peek_kind(encode({"nut": 1}))


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**65), 2**65)
    | st.floats()
    | st.text("aé\u0301\ud800ß", max_size=3)
    | st.binary(max_size=4)
    | st.just(object),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text("aé\u0301\ud800", max_size=2) | st.integers(0, 1), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=500)
@given(anything)
def test_the_quick_way_to_encode_gives_what_the_careful_one_gives(value: Any) -> None:
    """What is plain is packed as it is; for all of it, and what is refused, the careful way decides."""
    assert outcome(lambda: encode(value)) == outcome(lambda: encoding._pack(encoding._canonical(value, 0)))


def outcome(action: Callable[[], bytes]) -> bytes | str:
    try:
        return action()
    except InvalidInputError as error:
        return str(error)
