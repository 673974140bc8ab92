"""Examples in forms that this project does not write itself."""

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvcore.errors import CorruptError
from dvcore.tfrecord.example import BytesList, FloatList, Int64List, encode_example
from dvcore.tfrecord.parsing import parse_example
from dvcore.tfrecord.wire import delimited, varint


def example(*entries: tuple[str, bytes]) -> bytes:
    return delimited(
        1, b"".join(delimited(1, delimited(1, key.encode()) + delimited(2, value)) for key, value in entries)
    )


def test_what_is_written_here_is_read() -> None:
    features = {"a": BytesList((b"x", b"")), "b": FloatList((0.5, -2.0)), "c": Int64List((1, -1, 2**40))}
    assert parse_example(encode_example(features)) == features


def test_lists_that_are_not_packed() -> None:
    floats = b"".join(varint(1 << 3 | 5) + struct.pack("<f", one) for one in (0.5, 2.0))
    numbers = b"".join(varint(1 << 3) + varint(one) for one in (7, -7))
    found = parse_example(example(("b", delimited(2, floats)), ("a", delimited(3, numbers))))
    assert found == {"b": FloatList((0.5, 2.0)), "a": Int64List((7, -7))}


def test_unknown_fields_are_passed_over() -> None:
    unknown = varint(9 << 3) + varint(300) + varint(10 << 3 | 1) + bytes(8) + varint(11 << 3 | 5) + bytes(4)
    data = unknown + example(("a", unknown + delimited(1, delimited(1, b"x") + unknown))) + delimited(7, b"y")
    assert parse_example(data) == {"a": BytesList((b"x",))}


def test_the_later_feature_of_one_name_counts_and_one_without_a_kind_is_empty() -> None:
    data = example(("a", delimited(1, delimited(1, b"x"))), ("a", delimited(1, delimited(1, b"y"))), ("b", b""))
    assert parse_example(data) == {"a": BytesList((b"y",)), "b": BytesList(())}


def test_no_bytes_are_an_example_without_features() -> None:
    assert parse_example(b"") == {}


def test_floats_that_are_no_numbers_are_read() -> None:
    found = parse_example(example(("a", delimited(2, delimited(1, struct.pack("<f", math.nan))))))
    (value,) = found["a"].values
    assert isinstance(value, float)
    assert math.isnan(value)


@pytest.mark.parametrize(
    "data",
    [
        b"\x0a",
        b"\x0a\x05a",
        b"\x0b",  # a group
        b"\x0d\x00",  # half of four bytes
        b"\xff" * 11,
        example(("a", delimited(2, delimited(1, b"abc")))),
        delimited(1, delimited(1, delimited(1, b"\xff"))),
    ],
)
def test_bytes_that_are_no_example(data: bytes) -> None:
    with pytest.raises(CorruptError):
        parse_example(data)


@given(st.binary(max_size=60))
def test_no_other_error_escapes(data: bytes) -> None:
    try:
        parse_example(data)
    except CorruptError:
        return
