import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvcore.errors import CorruptError
from dvcore.tfrecord.records import frame_record, iter_records

FRAME_BYTES = 16
"""A length of eight bytes, and two checksums of four."""


def read_all(data):
    return list(iter_records(io.BytesIO(data), "a file"))


def test_bytes_of_a_record_are_fixed():
    # Written by TensorFlow's TFRecordWriter.
    assert frame_record(b"").hex() == "000000000000000029039807d8ea82a2"
    assert frame_record(b"walnut").hex() == "06000000000000007369d53777616c6e757418b368b5"


@given(st.lists(st.binary(max_size=200), max_size=5))
def test_records_come_back(records):
    data = b"".join(map(frame_record, records))
    assert read_all(data) == records
    assert len(data) == sum(len(record) + FRAME_BYTES for record in records)


@given(st.binary(max_size=60), st.data())
def test_any_damage_is_found(record, data):
    framed = bytearray(frame_record(b"first") + frame_record(record))
    at = data.draw(st.integers(0, len(framed) - 1))
    framed[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(CorruptError, match=r"record [01] of a file"):
        read_all(bytes(framed))


@given(st.binary(max_size=60), st.data())
def test_a_cut_is_found(record, data):
    framed = frame_record(record)
    length = data.draw(st.integers(1, len(framed) - 1))
    with pytest.raises(CorruptError, match="record 0 of a file is cut off"):
        read_all(framed[:length])


def test_a_huge_length_is_refused_before_anything_is_allocated():
    framed = frame_record(bytes(8))
    length = (2**62).to_bytes(8, "little")
    checksum = frame_record(length)[20:]  # what a record of these bytes ends with is their checksum
    with pytest.raises(CorruptError, match="claims"):
        read_all(length + checksum + framed[12:])


def test_every_step_th_record_is_read_and_the_others_are_passed_over():
    records = [bytes([number]) * number for number in range(10)]
    framed = b"".join(map(frame_record, records))
    for step in (1, 2, 3, 11):
        for first in range(step + 3):
            found = list(iter_records(io.BytesIO(framed), "it", first=first, step=step))
            assert found == records[first::step]


def test_damage_to_a_record_that_is_passed_over_is_not_seen_but_to_its_length_is():
    framed = bytearray(b"".join(map(frame_record, [b"one", b"two", b"six"])))
    record = len(frame_record(b"one"))
    framed[record + 12] ^= 1
    assert list(iter_records(io.BytesIO(framed), "it", step=2)) == [b"one", b"six"]
    framed[record] ^= 1
    with pytest.raises(CorruptError, match="record 1 of it is damaged"):
        list(iter_records(io.BytesIO(framed), "it", step=2))
