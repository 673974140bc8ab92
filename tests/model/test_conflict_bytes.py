"""Conflicts and the working states that hold them, as they are stored."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.model_strategies import raw_ids, texts

from dvcore.encoding import encode
from dvcore.errors import CorruptError, NeedsNewerError
from dvcore.ids import CommitId, FileId, NodeId, TreeId, digest
from dvcore.model.conflicts import (
    Conflict,
    Merging,
    Place,
    Sides,
    Subject,
    conflict_key,
    decode_conflict,
    encode_conflict,
    entry_place,
)
from dvcore.model.tree import Directory, Tree, decode_tree, encode_tree

FILE = FileId(bytes([7] * 32))
PLAIN = Tree(Directory(NodeId(bytes(32))), NodeId(bytes(32)))
MERGING = Merging(
    CommitId(bytes([1] * 32)),
    "merge b",
    TreeId(bytes([2] * 32)),
    TreeId(bytes([3] * 32)),
    NodeId(bytes([4] * 32)),
    3,
)
sides = st.none() | st.binary(max_size=9)


@given(st.sampled_from(Subject), raw_ids.map(FileId), texts, st.builds(Sides, sides, sides, sides))
def test_a_conflict_is_read_back(subject: Subject, file: FileId, name: str, held: Sides) -> None:
    of_file = subject in {Subject.FILE, Subject.VARIABLE, Subject.INSTANCE}
    conflict = Conflict(Place(subject, file if of_file else None, name), held)
    if held.ours != held.theirs:
        assert decode_conflict(encode_conflict(conflict)) == conflict


def test_the_conflicts_of_one_file_stand_together_and_those_of_none_first() -> None:
    other = FileId(bytes([8] * 32))
    places = [Place(subject, file, "a") for subject in (Subject.VARIABLE, Subject.FILE) for file in (other, FILE)]
    keys = {conflict_key(place): place.file for place in (*places, entry_place(("a",)))}
    assert [keys[key] for key in sorted(keys)] == [None, FILE, FILE, other, other]
    assert {len(key) for key in keys} == {64}


def test_a_path_of_any_length_has_a_key() -> None:
    assert len(conflict_key(entry_place(("a" * 255,) * 64))) == 64


def test_bytes() -> None:
    place = entry_place(("nuts", "a.jpg"))
    assert conflict_key(place) == bytes(32) + digest(bytes.fromhex("92a5656e747279aa6e7574732f612e6a7067"))
    assert encode_conflict(Conflict(place, Sides(None, b"o", b"t"))).hex() == (
        "93a8636f6e666c6963740184"  # conflict, version 1, map of 4
        "a46e616d65aa6e7574732f612e6a7067"
        "a46f757273c4016f"
        "a77375626a656374a5656e747279"
        "a6746865697273c40174"
    )
    assert encode_tree(replace(PLAIN, merging=MERGING)).hex() == (
        "93a4747265650383"  # version 3, map of 3
        + "a566696c6573c420"
        + "00" * 32
        + "a76d657267696e6796c420"
        + "01" * 32
        + "a76d657267652062"
        + "".join("c420" + f"{at:02x}" * 32 for at in (2, 3, 4))
        + "03"
        + "a4726f6f7493c420"
        + "00" * 32
        + "0000"
    )


def test_a_tree_without_a_merge_is_written_as_ever() -> None:
    assert b"merging" not in encode_tree(PLAIN)
    assert decode_tree(encode_tree(PLAIN)).merging is None


GOOD = {"subject": "file", "file": FILE, "name": "", "ours": b"o"}


@pytest.mark.parametrize(
    "changes",
    [
        {"file": None},  # of no file
        {"subject": "entry"},  # of a path, and of a file
        {"file": b"short"},
        {"name": None},
        {"ours": None},  # as theirs
        {"ours": "text"},
    ],
)
def test_a_damaged_conflict_is_named(changes: dict[str, Any]) -> None:
    assert decode_conflict(encode(["conflict", 1, GOOD])).place.file == FILE
    fields = {name: value for name, value in (GOOD | changes).items() if value is not None}
    with pytest.raises(CorruptError):
        decode_conflict(encode(["conflict", 1, fields]))


def test_an_unknown_subject_or_version_is_not_dropped() -> None:
    with pytest.raises(NeedsNewerError, match="'split'"):
        decode_conflict(encode(["conflict", 1, GOOD | {"subject": "split"}]))
    with pytest.raises(NeedsNewerError, match="version 2"):
        decode_conflict(encode(["conflict", 2, GOOD]))


@pytest.mark.parametrize("at", range(6))
def test_a_damaged_merge_is_named(at: int) -> None:
    raw: list[Any] = [None, "m", bytes(32), bytes(32), bytes(32), 0]
    fields = {"files": bytes(32), "root": [bytes(32), 0, 0]}
    assert decode_tree(encode(["tree", 3, fields | {"merging": raw}])).merging is not None
    for value in ([], b"x", -1):
        with pytest.raises(CorruptError):
            decode_tree(encode(["tree", 3, fields | {"merging": [*raw[:at], value, *raw[at + 1 :]]}]))
