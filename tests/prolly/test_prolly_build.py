from statistics import mean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.prolly_content import hashed, heavy_key, heavy_value, numbered, reference_root
from support.prolly_nodes import MemoryNodes

from dvcore.errors import InvalidInputError
from dvcore.ids import NodeId
from dvcore.prolly import MAX_ENTRY_BYTES, MAX_KEY_BYTES, ProllyMap, build, iter_nodes, verify
from dvcore.prolly.build import BATCH
from dvcore.prolly.node import decode_node


@pytest.mark.parametrize(
    ("count", "root"),
    [
        (0, "d515036846e54260e258ddea4390fa1161c94c9daa6769135a72a68244a732af"),
        (1, "23433a227eb718f38d507aff6a674ae9af32d6eeebf2541b8891f7f98e80300a"),
        (12_345, "33f465eb03b01cb4490709fd4ab89bf774d4795995268c07efbcfa54ff9efc07"),
        (100_000, "15345e9d081774e9a50625ec17b3e12ab026d86c8362d55fbf0aaf7169e9a67c"),
    ],
)
def test_roots_are_pinned(count: int, root: str) -> None:
    assert build(MemoryNodes(), numbered(count)).hex() == root


@pytest.mark.parametrize("count", [0, 1, 2, BATCH - 1, BATCH, BATCH + 1, 5 * BATCH, 20_000])
def test_the_root_is_the_one_of_the_specification(count: int) -> None:
    items = hashed(count)
    nodes = MemoryNodes()
    root = build(nodes, items.items())
    assert root == reference_root(items)
    assert len(ProllyMap(nodes, root)) == count
    verify(nodes, root)


@settings(max_examples=25, deadline=None)
@given(st.sets(st.integers(0, 5000), max_size=400), st.integers(0, 1000))
def test_three_levels_of_uneven_entries_are_those_of_the_specification(numbers: set[int], seed: int) -> None:
    items = {heavy_key(number): heavy_value(number + seed) for number in numbers}
    nodes = MemoryNodes()
    root = build(nodes, sorted(items.items()))
    assert root == reference_root(items)
    assert dict(ProllyMap(nodes, root).iter_items()) == items


@pytest.mark.parametrize("keys", [(b"b", b"a"), (b"a", b"a"), (b"", b"")])
def test_keys_that_do_not_ascend_are_refused(keys: tuple[bytes, ...]) -> None:
    with pytest.raises(InvalidInputError, match="directly after"):
        build(MemoryNodes(), [(key, b"") for key in keys])


@pytest.mark.parametrize("at", [BATCH - 1, BATCH, BATCH + 1])
def test_order_is_checked_across_batches(at: int) -> None:
    items = numbered(2 * BATCH)
    items[at] = items[at - 1]
    with pytest.raises(InvalidInputError, match="directly after"):
        build(MemoryNodes(), items)


def test_the_largest_key_and_entry_are_taken_and_larger_ones_refused() -> None:
    nodes = MemoryNodes()
    key, value = b"k" * MAX_KEY_BYTES, b"v" * (MAX_ENTRY_BYTES - MAX_KEY_BYTES)
    assert ProllyMap(nodes, build(nodes, [(key, value)])).get(key) == value
    with pytest.raises(InvalidInputError, match="1025 bytes"):
        build(nodes, [(key + b"k", b"")])
    with pytest.raises(InvalidInputError, match="262145 bytes"):
        build(nodes, [(key, value + b"v")])


def test_children_are_put_before_their_parents() -> None:
    nodes = MemoryNodes()
    build(nodes, hashed(40_000).items())
    levels = [decode_node(data).level for data in nodes.data.values()]
    assert levels == sorted(levels)
    assert levels[-1] == 1


def sizes_by_level(nodes: MemoryNodes, root: NodeId) -> list[list[int]]:
    """Bytes of each node but the last of its level, from the leaves up."""
    sizes: dict[int, list[int]] = {}
    for node_id, level in iter_nodes(nodes, root):
        sizes.setdefault(level, []).append(len(nodes.data[node_id]))
    return [sizes[level][:-1] for level in sorted(sizes)]


def test_many_small_entries_make_a_low_tree_of_nodes_of_32_kib() -> None:
    nodes = MemoryNodes()
    leaves, branches, top = sizes_by_level(nodes, build(nodes, hashed(300_000).items()))
    assert 26_000 < mean(leaves) < 36_000
    assert len(leaves) / 600 < len(branches) + 1 < len(leaves) / 200
    assert top == []


def test_levels_are_cut_independently() -> None:
    """Were the salt missing, every key that ends a leaf would be a boundary again and branches stay at the minimum."""
    nodes = MemoryNodes()
    items = ((heavy_key(number), b"") for number in range(30_000))
    leaves, branches, top, *_ = sizes_by_level(nodes, build(nodes, items))
    assert 26_000 < mean(leaves) < 36_000
    assert len(branches) > 20
    assert 26_000 < mean(branches) < 36_000
    assert top == []
