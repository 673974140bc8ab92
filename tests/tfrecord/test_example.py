import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvcore.errors import CorruptError, InvalidInputError
from dvcore.tfrecord.example import BytesList, FloatList, Int64List, decode_example, encode_example, text_feature

float32 = st.floats(width=32, allow_nan=False, allow_infinity=False)
features = st.dictionaries(
    st.text("abä漢😀/", max_size=4),
    st.one_of(
        st.builds(BytesList, st.lists(st.binary(max_size=200), max_size=3).map(tuple)),
        st.builds(FloatList, st.lists(float32, max_size=4).map(tuple)),
        st.builds(Int64List, st.lists(st.integers(-(2**63), 2**63 - 1), max_size=4).map(tuple)),
    ),
    max_size=4,
)


def test_bytes_of_an_example_are_fixed():
    # Protobuf 7.36 writes the same in its deterministic mode.
    example = {"b": Int64List((1, -1)), "a": FloatList((0.5,)), "c": BytesList((b"x", b"")), "d": Int64List(())}
    assert encode_example(example).hex() == (
        "0a3c"
        "0a0d" "0a0161" "1208" "1206" "0a04" "0000003f"
        "0a14" "0a0162" "120f" "1a0d" "0a0b" "01" "ffffffffffffffffff01"
        "0a0c" "0a0163" "1207" "0a05" "0a0178" "0a00"
        "0a07" "0a0164" "1202" "1a00"
    )  # fmt: skip


def test_order_of_entry_does_not_matter():
    one = {"x": text_feature("1"), "ä": text_feature("2"), "b": text_feature("3")}
    assert encode_example(one) == encode_example(dict(reversed(one.items())))


@given(features)
def test_features_come_back(example):
    decoded = decode_example(encode_example(example))
    assert decoded == example
    assert encode_example(decoded) == encode_example(example)


@given(features, st.data())
def test_damaged_bytes_are_refused_or_another_example(example, data):
    encoded = bytearray(encode_example(example))
    at = data.draw(st.integers(0, len(encoded) - 1))
    encoded[at] ^= data.draw(st.integers(1, 255))
    try:
        decoded = decode_example(bytes(encoded))
    except CorruptError:
        return
    assert encode_example(decoded) == encoded


@given(st.binary(max_size=80))
def test_any_bytes_are_refused_or_canonical(data):
    try:
        decoded = decode_example(data)
    except CorruptError:
        return
    assert encode_example(decoded) == data


@pytest.mark.parametrize("value", [math.nan, math.inf, 1e39])
def test_floats_that_float32_lacks_are_refused(value):
    with pytest.raises(InvalidInputError, match="float32"):
        encode_example({"a": FloatList((value,))})


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1])
def test_integers_beyond_64_bit_are_refused(value):
    with pytest.raises(InvalidInputError, match="64 bit"):
        encode_example({"a": Int64List((value,))})


def test_another_order_of_features_is_not_canonical():
    entries = [encode_example({key: text_feature("v")})[2:] for key in "ba"]
    body = b"".join(entries)
    with pytest.raises(CorruptError, match="canonical"):
        decode_example(b"\x0a" + bytes([len(body)]) + body)
