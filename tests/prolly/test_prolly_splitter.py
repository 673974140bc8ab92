from statistics import mean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.prolly_content import hashed

from dvcore.prolly.node import MAX_ENTRY_BYTES, MAX_KEY_BYTES, Node, encode_node
from dvcore.prolly.splitter import MAX_WEIGHT, MIN_WEIGHT, Splitter, is_boundary


def weight(node: Node) -> int:
    return sum(len(key) + len(value) + 8 for key, value in zip(node.keys, node.values, strict=True))


def split(level: int, keys: tuple[bytes, ...], values: tuple[bytes, ...]) -> list[Node]:
    splitter = Splitter(level)
    return splitter.feed(keys, values) + splitter.finish()


def test_boundaries_are_pinned() -> None:
    keys = [b"%d" % number for number in range(2000)]
    assert [number for number in range(2000) if is_boundary(0, keys[number], 80)] == [
        101,
        262,
        498,
        553,
        788,
        837,
        1270,
        1319,
        1454,
        1505,
        1571,
        1712,
    ]
    assert [number for number in range(2000) if is_boundary(1, keys[number], 80)] == [24, 164, 896, 1421, 1498, 1860]


@pytest.mark.parametrize("size", [0, 40, 400, 4000])
def test_nodes_are_between_minimum_and_maximum_and_near_32_kib(size: int) -> None:
    keys = tuple(hashed(30_000 if size < 4000 else 6_000))
    nodes = split(0, keys, (bytes(size),) * len(keys))
    weights = [weight(node) for node in nodes[:-1]]
    assert min(weights) >= MIN_WEIGHT
    assert max(weights) < MAX_WEIGHT + size + 40
    assert 26_000 < mean(weights) < 38_000
    assert tuple(key for node in nodes for key in node.keys) == keys


def test_an_entry_over_16_kib_always_ends_a_node() -> None:
    nodes = split(0, (b"a", b"b", b"c"), (bytes(MIN_WEIGHT),) * 3)
    assert [node.keys for node in nodes] == [(b"a",), (b"b",), (b"c",)]


def test_a_node_may_end_at_exactly_the_minimum() -> None:
    """An entry as heavy as the minimum is a boundary whatever its hash, so only the minimum can hold it open."""
    assert len(Splitter(0).feed((b"k",), (bytes(MIN_WEIGHT - 9),))) == 1
    assert [len(Splitter(0).feed((b"%d" % number,), (bytes(MIN_WEIGHT - 10),))) for number in range(9)] == [0] * 9


def test_keys_without_a_boundary_are_cut_at_the_maximum() -> None:
    keys = tuple(key for key in hashed(3000) if not is_boundary(0, key, 80))
    nodes = split(0, keys, (bytes(40),) * len(keys))
    assert {weight(node) for node in nodes[:-1]} == {MAX_WEIGHT // 80 * 80 + 80}


def test_the_largest_node_stays_under_321_kib() -> None:
    tiny = tuple(key for key in (b"%05d" % number for number in range(40_000)) if not is_boundary(0, key, 13))
    fill = tiny[: (MAX_WEIGHT - 1) // 13]
    last = b"9" * MAX_KEY_BYTES
    values = (b"",) * len(fill) + (bytes(MAX_ENTRY_BYTES - MAX_KEY_BYTES),)
    (node,) = Splitter(0).feed((*fill, last), values)
    assert len(encode_node(node)) < 321 * 1024


@settings(max_examples=30)
@given(st.lists(st.integers(0, 700), max_size=12), st.integers(0, 1))
def test_nodes_do_not_depend_on_how_entries_are_fed(cuts: list[int], level: int) -> None:
    keys = tuple(hashed(2000))
    values = tuple(key * (key[0] // 8) for key in keys)
    fed: list[Node] = []
    splitter = Splitter(level)
    start = 0
    for end in [*sorted(cuts), len(keys)]:
        fed += splitter.feed(keys[start:end], values[start:end])
        start = end
    assert fed + splitter.finish() == split(level, keys, values)


def test_a_cut_leaves_the_splitter_fresh() -> None:
    keys = tuple(hashed(2000))
    values = (bytes(40),) * len(keys)
    first = split(0, keys, values)[0]
    splitter = Splitter(0)
    fresh = [splitter.is_fresh]
    assert splitter.feed(first.keys[:-1], first.values[:-1]) == []
    fresh.append(splitter.is_fresh)
    assert splitter.feed(first.keys[-1:], first.values[-1:]) == [first]
    fresh.append(splitter.is_fresh)
    assert fresh == [True, False, True]
    assert splitter.finish() == []
