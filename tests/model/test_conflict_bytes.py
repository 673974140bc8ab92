"""Conflicts and the working states that hold them, as they are stored."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.model_strategies import raw_ids, texts

from dvcore.encoding import encode
from dvcore.errors import CorruptError, NeedsNewerError
from dvcore.ids import CommitId, FileId, NodeId
from dvcore.model.conflicts import (
    Merging,
    Place,
    Sides,
    Subject,
    decode_place,
    decode_sides,
    encode_place,
    encode_sides,
    entry_place,
)
from dvcore.model.tree import Directory, Tree, decode_tree, encode_tree

FILE = FileId(bytes([7] * 32))
PLAIN = Tree(Directory(NodeId(bytes(32))), NodeId(bytes(32)))
sides = st.none() | st.binary(max_size=9)


@given(st.sampled_from([Subject.FILE, Subject.VARIABLE, Subject.INSTANCE]), raw_ids.map(FileId), texts)
def test_the_place_of_a_files_conflict_is_read_back(subject: Subject, file: FileId, name: str) -> None:
    place = Place(subject, file, name)
    assert decode_place(encode_place(place)) == place


def test_the_places_of_one_file_stand_together() -> None:
    other = FileId(bytes([8] * 32))
    places = [Place(subject, file, "a") for subject in (Subject.VARIABLE, Subject.FILE) for file in (FILE, other)]
    found = [decode_place(key).file for key in sorted(map(encode_place, places))]
    assert found == [FILE, FILE, other, other]


@given(sides, sides, sides)
def test_sides_are_read_back(base: bytes | None, ours: bytes | None, theirs: bytes | None) -> None:
    if ours != theirs:
        assert decode_sides(encode_sides(Sides(base, ours, theirs))) == Sides(base, ours, theirs)


def test_bytes() -> None:
    assert encode_place(entry_place(("nuts", "a.jpg"))).hex() == "93c400a5656e747279aa6e7574732f612e6a7067"
    assert encode_sides(Sides(None, b"o", b"t")).hex() == "93c0c4016fc40174"
    merging = Merging(CommitId(bytes([1] * 32)), NodeId(bytes([2] * 32)), 3)
    assert encode_tree(replace(PLAIN, merging=merging)).hex() == (
        "93a4747265650383"  # version 3, map of 3
        + "a566696c6573c420"
        + "00" * 32
        + "a76d657267696e6793c420"
        + "01" * 32
        + "c420"
        + "02" * 32
        + "03"
        + "a4726f6f7493c420"
        + "00" * 32
        + "0000"
    )


def test_a_tree_without_a_merge_is_written_as_ever() -> None:
    assert b"merging" not in encode_tree(PLAIN)
    assert decode_tree(encode_tree(PLAIN)).merging is None


@pytest.mark.parametrize(
    "key",
    [
        ["", "entry", "a"],
        [b"", "file", ""],  # of no file
        [FILE, "entry", "a"],  # of a path, and of a file
        [b"short", "file", ""],
        [b"", "entry"],
    ],
)
def test_a_damaged_place_is_named(key: list[object]) -> None:
    with pytest.raises(CorruptError):
        decode_place(encode(key))


def test_an_unknown_subject_is_not_dropped() -> None:
    with pytest.raises(NeedsNewerError, match="'split'"):
        decode_place(encode([b"", "split", "train"]))


@pytest.mark.parametrize("value", [[None, b"a"], [None, b"a", b"a"], [None, "a", b"b"], 7])
def test_damaged_sides_are_named(value: object) -> None:
    with pytest.raises(CorruptError):
        decode_sides(encode(value))
