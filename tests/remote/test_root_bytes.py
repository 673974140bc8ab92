"""The root: what was stored is read, and what cannot be, or goes back in time, is refused by name."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvcore.encoding import encode_object
from dvcore.errors import CorruptError, DsetError, InvalidInputError, NeedsNewerError, StateError
from dvcore.ids import CommitId, digest
from dvcore.remote.packs.names import IndexRef, PackKind, PackRef
from dvcore.remote.roots.format import decode_root, encode_root
from dvcore.remote.roots.root import FORMAT, KEPT_WRITES, Root, Tombstone, new_root
from dvcore.remote.roots.seen import Seen, check_seen, seen_of, unpack_seen

COMMIT = CommitId(bytes([7] * 32))
TOMBSTONE = Tombstone(PackRef(PackKind.BLOBS, bytes(32), 1000), datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC))
FULL = Root(
    identity=bytes(32),
    serial=2,
    writes=(bytes([1] * 16), bytes([2] * 16)),
    refs={"heads/main": COMMIT, "projects/nuts": COMMIT, "snapshots/nuts/1": COMMIT, "tags/v1/a": COMMIT},
    head="main",
    counters={"nuts": 3},
    indexes=(IndexRef(bytes([3] * 32), 118, 1),),
    tombstones=(TOMBSTONE,),
)


def sealed(payload: bytes, *, reader: int = 1) -> bytes:
    """A root whose checksum fits, whatever it holds: what a remote that lies would give."""
    number = reader.to_bytes(4, "big")
    return b"dsetroot" + number + digest(number + payload) + payload


def fields(**changes: Any) -> bytes:
    """A root with other fields; None leaves one out."""
    good = {
        "counters": {"nuts": 3},
        "head": "main",
        "identity": bytes(32),
        "indexes": [[bytes([3] * 32), 118, 1]],
        "refs": {"heads/main": COMMIT},
        "serial": 2,
        "tombstones": [["blobs", bytes(32), 1000, 1_700_000_000_000_000]],
        "writes": [bytes([1] * 16), bytes([2] * 16)],
    }
    return sealed(encode_object("root", 1, good | changes))


names = st.text("abc-_.", min_size=1, max_size=8).filter(lambda name: name[0] not in "-." and name != "HEAD")
ids = st.binary(min_size=32, max_size=32)
refs = st.dictionaries(
    st.one_of(
        names.map("heads/{}".format),
        names.map("tags/{}".format),
        names.map("projects/{}".format),
        st.builds("snapshots/{}/{}".format, names, st.integers(1, 10**17)),
    ),
    ids,
)
roots = st.builds(
    Root,
    identity=ids,
    serial=st.just(3),
    writes=st.lists(st.binary(min_size=16, max_size=16), min_size=3, max_size=3, unique=True).map(tuple),
    refs=refs,
    head=st.none() | names,
    counters=st.dictionaries(names, st.integers(1, 2**40)),
    indexes=st.lists(
        st.builds(IndexRef, ids, st.integers(1, 96 << 20), st.integers(1, 1 << 20)), unique_by=lambda one: one.id
    ).map(tuple),
    tombstones=st.lists(
        st.builds(
            Tombstone,
            st.builds(PackRef, st.sampled_from(PackKind), ids, st.integers(100, 72 << 20)),
            st.datetimes(datetime(1970, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC)),
        ),
        unique_by=lambda one: one.pack.id,
    ).map(tuple),
)


@given(roots)
def test_what_was_encoded_is_decoded(root: Root) -> None:
    data = encode_root(root)
    assert decode_root(data) == root
    assert encode_root(decode_root(data)) == data


LIES: dict[str, dict[str, Any]] = {
    "no identity": {"identity": None},
    "short identity": {"identity": b"x"},
    "serial of 0": {"serial": 0},
    "serial of 2**62": {"serial": 2**62},
    "fewer writes than states": {"writes": [bytes(16)]},
    "more writes than states": {"writes": [bytes([one] * 16) for one in range(3)]},
    "a write twice": {"writes": [bytes(16), bytes(16)]},
    "a write that is none": {"writes": [bytes(16), "x"]},
    "path in a branch": {"refs": {"heads/../../etc": COMMIT}},
    "absolute path": {"refs": {"heads//etc": COMMIT}},
    "empty name": {"refs": {"heads/": COMMIT}},
    "option as name": {"refs": {"heads/--force": COMMIT}},
    "reserved name": {"refs": {"heads/WORK": COMMIT}},
    "control character": {"refs": {"heads/a\x1b[2J": COMMIT}},
    "long name": {"refs": {"heads/" + "a" * 300: COMMIT}},
    "snapshot 0": {"refs": {"snapshots/nuts/0": COMMIT}},
    "snapshot 01": {"refs": {"snapshots/nuts/01": COMMIT}},
    "snapshot without project": {"refs": {"snapshots/1": COMMIT}},
    "snapshot of terabytes": {"refs": {"snapshots/nuts/" + "1" * 5000: COMMIT}},
    "folder in a project": {"refs": {"projects/a/b": COMMIT}},
    "short commit": {"refs": {"heads/main": b"x"}},
    "commit that is a text": {"refs": {"heads/main": "x" * 32}},
    "head that is a path": {"head": "../main"},
    "counter of 0": {"counters": {"nuts": 0}},
    "counter of true": {"counters": {"nuts": True}},
    "counter of a path": {"counters": {"a/b": 1}},
    "index twice": {"indexes": [[bytes(32), 118, 1]] * 2},
    "index of terabytes": {"indexes": [[bytes(32), 1 << 40, 1]]},
    "index of a trillion entries": {"indexes": [[bytes(32), 118, 1 << 40]]},
    "index of nothing": {"indexes": [[bytes(32), 0, 0]]},
    "index of size true": {"indexes": [[bytes(32), True, 1]]},
    "short index": {"indexes": [[b"x", 118, 1]]},
    "tombstone twice": {"tombstones": [["blobs", bytes(32), 1000, 1]] * 2},
    "tombstone of another kind": {"tombstones": [["../x", bytes(32), 1000, 1]]},
    "tombstone of a far day": {"tombstones": [["blobs", bytes(32), 1000, 2**62]]},
    "tombstone of terabytes": {"tombstones": [["blobs", bytes(32), 1 << 40, 1]]},
    "empty refs": {"refs": {}},
}


def test_the_root_that_the_lies_differ_from_is_good() -> None:
    assert decode_root(fields()).serial == 2


@pytest.mark.parametrize("lie", LIES)
def test_a_root_that_lies_is_refused(lie: str) -> None:
    with pytest.raises(CorruptError):
        decode_root(fields(**LIES[lie]))


def test_what_newer_versions_write_asks_for_one() -> None:
    newer = [
        fields(locks=[]),
        fields(refs={"notes/main": COMMIT}),
        sealed(encode_object("root", 2, {"anything": 1})),
        sealed(b"another encoding altogether", reader=FORMAT + 1),
    ]
    for data in newer:
        with pytest.raises(NeedsNewerError, match="it needs a newer dset"):
            decode_root(data)


@given(st.data())
def test_no_flipped_bit_and_no_cut_gets_through(data: st.DataObject) -> None:
    good = encode_root(FULL)
    assert decode_root(good) == FULL
    damaged = bytearray(good)
    bit = data.draw(st.integers(0, len(good) * 8 - 1))
    damaged[bit // 8] ^= 1 << bit % 8
    for bad in (bytes(damaged), good[: bit // 8]):
        with pytest.raises(CorruptError):
            decode_root(bad)


plain = st.none() | st.booleans() | st.integers(-5, 2**62) | st.text(max_size=5) | st.binary(max_size=33)
nested = st.recursive(plain, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner))


@given(
    st.dictionaries(st.sampled_from(["counters", "head", "indexes", "refs", "serial", "tombstones", "writes"]), nested)
)
def test_whatever_the_fields_are_only_errors_of_the_tree_come(changes: dict[str, Any]) -> None:
    try:
        data = fields(**changes)
    except InvalidInputError:  # not even the encoder takes it
        return
    try:
        decode_root(data)
    except DsetError:
        return


def test_what_no_reader_would_take_is_not_written() -> None:
    with pytest.raises(InvalidInputError, match="cannot be the state of a remote"):
        encode_root(replace(FULL, refs={"heads/../x": COMMIT}))
    with pytest.raises(InvalidInputError, match="names 2 writes"):
        encode_root(replace(FULL, serial=9))


def test_only_the_last_writes_are_kept() -> None:
    root = new_root()
    for number in range(100):
        root = root.written(number.to_bytes(16, "big"))
    assert root.serial == 100
    assert [int.from_bytes(write, "big") for write in root.writes] == list(range(100 - KEPT_WRITES, 100))
    assert decode_root(encode_root(root)) == root


def history(count: int) -> list[Root]:
    root, found = new_root(), []
    for number in range(count):
        root = root.written(number.to_bytes(16, "big"))
        found.append(root)
    return found


def test_a_root_that_goes_on_from_what_was_seen_is_taken() -> None:
    states = history(100)
    for seen in (states[0], states[30], states[40], states[99]):
        check_seen(states[99], seen_of(seen), "there")


def test_a_root_that_goes_back_in_time_is_refused() -> None:
    states = history(10)
    with pytest.raises(CorruptError, match="there is at state 4, and was at 10 before"):
        check_seen(states[3], seen_of(states[9]), "there")


def test_a_root_that_went_back_and_on_another_way_is_refused() -> None:
    states = history(10)
    for length in (6, 3):
        other = states[3]
        for number in range(length):
            other = other.written((200 + number).to_bytes(16, "big"))
        seen = states[6]
        with pytest.raises(CorruptError, match="the state 7 of there is not the one"):
            check_seen(other, seen_of(seen), "there")
    with pytest.raises(StateError, match="there is not the remote that it was"):
        check_seen(replace(states[9], identity=bytes(32)), seen_of(states[8]), "there")


@given(st.builds(Seen, ids, st.integers(1, 2**50), st.binary(min_size=16, max_size=16)))
def test_what_was_seen_is_remembered(seen: Seen) -> None:
    assert unpack_seen(seen.pack()) == seen


@pytest.mark.parametrize("raw", [None, [], [bytes(32), -1, b""], [b"x", 1, b""], [bytes(32), 1, "x"], [bytes(32), 1]])
def test_a_damaged_memory_is_refused(raw: object) -> None:
    with pytest.raises(CorruptError):
        unpack_seen(raw)
