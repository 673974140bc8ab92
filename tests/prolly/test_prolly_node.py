from contextlib import suppress
from itertools import product

import pytest
from blake3 import blake3
from hypothesis import example, given
from hypothesis import strategies as st

from dvcore.encoding import encode, encode_object
from dvcore.errors import CorruptError, NeedsNewerError
from dvcore.prolly.node import (
    MAX_ENTRY_BYTES,
    Node,
    decode_node,
    encode_node,
    encode_reference,
    reference_count,
    reference_id,
)

REFERENCE = encode_reference(bytes(range(32)), 7)


@st.composite
def nodes(draw: st.DrawFn) -> Node:
    level = draw(st.integers(0, 16))
    keys = tuple(sorted(draw(st.sets(st.binary(max_size=300), min_size=min(level, 1), max_size=30))))
    value = st.binary(max_size=70_000) if level == 0 else st.binary(min_size=40, max_size=40)
    return Node(level, keys, tuple(draw(value) for _ in keys))


def test_bytes_of_a_leaf_and_of_a_branch_are_pinned() -> None:
    leaf = Node(0, (b"a", b"b"), (b"", b"xyz"))
    assert encode_node(leaf).hex() == (
        "93a46e6f64650183a46b65797392c40161c40162a56c6576656c00a676616c75657392c400c40378797a"
    )
    branch = Node(1, (b"b",), (REFERENCE,))
    assert encode_node(branch).hex() == (
        "93a46e6f64650183"
        "a46b65797391c40162"
        "a56c6576656c01"
        "a676616c75657391c428" + bytes(range(32)).hex() + "0000000000000007"
    )
    assert blake3(encode_node(Node(0, (), ()))).hexdigest() == (
        "d515036846e54260e258ddea4390fa1161c94c9daa6769135a72a68244a732af"
    )


@given(nodes())
@example(Node(0, (b"k" * 1024,), (b"v" * (MAX_ENTRY_BYTES - 1024),)))
def test_encoding_is_the_canonical_one_and_decodes_to_the_same_node(node: Node) -> None:
    data = encode_node(node)
    assert data == encode_object("node", 1, {"level": node.level, "keys": node.keys, "values": node.values})
    assert decode_node(data) == node


def test_a_reference_keeps_id_and_count() -> None:
    assert (reference_id(REFERENCE), reference_count(REFERENCE)) == (bytes(range(32)), 7)


def of_fields(**fields: object) -> bytes:
    return encode_object("node", 1, {"level": 0, "keys": [b"a", b"b"], "values": [b"1", b"2"]} | fields)


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (of_fields(keys=[b"b", b"a"]), "directly after"),
        (of_fields(keys=[b"a", b"a"]), "directly after"),
        (of_fields(keys=[b"a"]), "1 keys and 2 values"),
        (of_fields(keys=["a", "b"]), "not made of bytes"),
        (of_fields(values=[b"1", None]), "not made of bytes"),
        (of_fields(keys=[b"a", b"b" * 1025]), "1025 bytes, over 1024"),
        (of_fields(values=[b"1", b"2" * MAX_ENTRY_BYTES]), "over 262144"),
        (of_fields(keys=None), "lacks 'keys'"),
        (of_fields(level=None), "lacks 'level'"),
        (of_fields(level=True), "no int"),
        (of_fields(level=-1), "under 0"),
        (of_fields(level=1), "reference"),
        (of_fields(level=1, values=[REFERENCE, REFERENCE[:-1]]), "reference"),
        (of_fields(level=17, values=[REFERENCE, REFERENCE]), "level 17"),
        (of_fields(level=1, keys=[], values=[]), "no children"),
        (encode_object("tree", 1, {}), "expected a node"),
        (encode([]), "no node"),
        (of_fields() + b"\0", "no msgpack"),
        (of_fields().replace(b"\xa5level\x00", b"\xa5level\xcc\x00"), "not canonically"),
        (of_fields().replace(b"\xc4\x01a", b"\xc5\x00\x01a"), "not canonically"),
        (b"", "no msgpack"),
    ],
)
def test_malformed_nodes_are_refused_and_say_why(data: bytes, fault: str) -> None:
    with pytest.raises(CorruptError, match=fault):
        decode_node(data)


@pytest.mark.parametrize("data", [encode_object("node", 2, {}), of_fields(colour="red")])
def test_later_versions_and_unknown_fields_need_a_newer_program(data: bytes) -> None:
    with pytest.raises(NeedsNewerError):
        decode_node(data)


@pytest.mark.parametrize("level", [0, 1])
def test_any_changed_byte_gives_another_node_or_one_of_two_errors(level: int) -> None:
    node = Node(level, (b"a", b"b"), (REFERENCE, REFERENCE[::-1]))
    data = encode_node(node)
    for position, change in product(range(len(data)), range(1, 256)):
        changed = data[:position] + bytes([data[position] ^ change]) + data[position + 1 :]
        with suppress(CorruptError, NeedsNewerError):
            other = decode_node(changed)
            assert other != node
            assert encode_node(other) == changed


@given(st.binary(max_size=300) | st.binary(max_size=100).map(lambda tail: encode_node(Node(0, (), ()))[:8] + tail))
def test_any_bytes_give_a_node_or_one_of_two_errors(data: bytes) -> None:
    with suppress(CorruptError, NeedsNewerError):
        assert encode_node(decode_node(data)) == data


def test_a_branch_that_claims_more_entries_than_a_count_can_hold_is_corrupt() -> None:
    huge = encode_reference(bytes(32), 2**64 - 1)
    with pytest.raises(CorruptError, match="claims"):
        _ = Node(1, (b"a", b"b"), (huge, huge)).count
