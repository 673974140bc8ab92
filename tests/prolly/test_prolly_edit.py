from collections.abc import Mapping
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.prolly_content import Items, hashed, heavy_key, heavy_value
from support.prolly_nodes import MemoryNodes

from dvcore.errors import InvalidInputError
from dvcore.prolly import MAX_KEY_BYTES, ProllyMap, build, edit, verify

SMALL = hashed(3000)
HEAVY = {heavy_key(2 * number): heavy_value(number) for number in range(300)}


def applied(items: Items, edits: Mapping[bytes, bytes | None]) -> Items:
    merged = {**items, **edits}
    return {key: value for key, value in sorted(merged.items()) if value is not None}


def check(items: Items, edits: Mapping[bytes, bytes | None]) -> None:
    """The edited map has the root that a rebuild has, and both it and the old map are whole."""
    nodes = MemoryNodes()
    old = build(nodes, items.items())
    root = edit(nodes, old, edits.items())
    wanted = applied(items, edits)
    assert root == build(MemoryNodes(), wanted.items())
    assert list(ProllyMap(nodes, root).iter_items()) == list(wanted.items())
    verify(nodes, root)
    verify(nodes, old)


def leaf_ends(items: Items) -> list[bytes]:
    nodes = MemoryNodes()
    return [leaf.keys[-1] for leaf in ProllyMap(nodes, build(nodes, items.items())).iter_leaves()]


@pytest.mark.parametrize("items", [{}, {b"": b""}, SMALL, HEAVY], ids=["empty", "one", "small", "heavy"])
@pytest.mark.parametrize(
    "new",
    [
        {b"": b"first"},
        {b"\xff" * MAX_KEY_BYTES: b"last"},
        {b"\0a": b"", b"\0b": bytes(20_000), b"\xff": bytes(100_000)},
        hashed(4000),
        {b"\xff%05d" % number + bytes(500): b"appended" for number in range(2000)},
        {b"%05d" % number + bytes(500): bytes(number) for number in range(300)},
    ],
    ids=["prepend", "append", "large", "half-known", "append-many", "prepend-many"],
)
def test_new_keys(items: Items, new: Items) -> None:
    check(items, new)


@pytest.mark.parametrize("items", [SMALL, HEAVY], ids=["small", "heavy"])
@pytest.mark.parametrize("value", [None, b"", bytes(30_000)], ids=["removed", "emptied", "enlarged"])
def test_every_end_of_a_leaf_and_its_neighbours(items: Items, value: bytes | None) -> None:
    keys = sorted(items)
    for end in leaf_ends(items)[::-3]:
        at = keys.index(end)
        for touched in ([at], [max(at - 1, 0)], [(at + 1) % len(keys)], range(max(at - 2, 0), min(at + 3, len(keys)))):
            check(items, {keys[place]: value for place in touched})


def test_all_ends_of_leaves_removed_at_once() -> None:
    check(HEAVY, dict.fromkeys(leaf_ends(HEAVY)))


@pytest.mark.parametrize("items", [{}, SMALL, HEAVY], ids=["empty", "small", "heavy"])
def test_removing_everything_gives_the_empty_map(items: Items) -> None:
    check(items, dict.fromkeys(items))
    for kept in sorted(items)[:: max(len(items) // 7, 1)]:
        check(items, {key: None for key in items if key != kept})


def test_removing_a_range_lowers_the_tree_and_putting_it_back_restores_the_root() -> None:
    nodes = MemoryNodes()
    root = build(nodes, HEAVY.items())
    most = sorted(HEAVY)[5:]
    low = edit(nodes, root, [(key, None) for key in most])
    assert low == build(MemoryNodes(), sorted(HEAVY.items())[:5])
    assert edit(nodes, low, [(key, HEAVY[key]) for key in most]) == root


def test_edits_that_change_nothing_write_nothing() -> None:
    nodes = MemoryNodes()
    root = build(nodes, SMALL.items())
    nodes.puts = 0
    absent = [(key + b"+", None) for key in SMALL]
    assert edit(nodes, root, []) == root
    assert edit(nodes, root, [*SMALL.items(), *absent, (b"", None), (b"\xff" * 40, None)]) == root
    assert nodes.puts == 0


def test_edits_come_in_any_order() -> None:
    nodes = MemoryNodes()
    root = build(nodes, SMALL.items())
    edits = list(hashed(4000).items())
    Random(1).shuffle(edits)
    assert edit(nodes, root, edits) == build(nodes, hashed(4000).items())


@pytest.mark.parametrize("values", [(b"1", b"2"), (b"1", b"1"), (b"1", None), (None, None)])
def test_a_key_given_twice_is_refused(values: tuple[bytes | None, ...]) -> None:
    nodes = MemoryNodes()
    root = build(nodes, SMALL.items())
    with pytest.raises(InvalidInputError, match="give each key once"):
        edit(nodes, root, [(b"a", values[0]), (b"b", b""), (b"a", values[1])])


def test_keys_and_entries_over_the_limits_are_refused() -> None:
    nodes = MemoryNodes()
    root = build(nodes, [])
    for entry in ((b"k" * 1025, b""), (b"k", bytes(256 * 1024))):
        with pytest.raises(InvalidInputError, match="over"):
            edit(nodes, root, [entry])


def test_ten_edits_touch_tens_of_nodes_of_many() -> None:
    items = hashed(200_000)
    nodes = MemoryNodes()
    root = build(nodes, items.items())
    assert len(nodes.data) > 400
    chosen = Random(2).sample(sorted(items), 10)
    for change in (
        dict.fromkeys(chosen, b"changed"),
        {key + b"+": b"added" for key in chosen},
        dict.fromkeys(chosen),
    ):
        nodes.reads = nodes.puts = 0
        edited = edit(nodes, root, change.items())
        assert nodes.reads < 40
        assert nodes.puts < 40
        assert edited == build(MemoryNodes(), applied(items, change).items())


@pytest.mark.parametrize("seed", range(12))
def test_random_edits_of_20_000_entries_equal_a_rebuild(seed: int) -> None:
    chosen = Random(seed)
    items = hashed(20_000)
    keys = list(items)
    count = chosen.choice([3, 50, 1000, 15_000])
    edits: dict[bytes, bytes | None] = {}
    for key in chosen.sample(keys, count):
        kind = chosen.randrange(4)
        new = key[: chosen.randrange(1, 33)] + b"%d" % chosen.randrange(100)
        edits[key if kind < 3 else new] = None if kind == 0 else chosen.randbytes(chosen.choice([0, 8, 40, 900]))
    check(items, edits)


@settings(max_examples=60, deadline=None)
@given(
    st.sets(st.integers(0, 300), max_size=300),
    st.dictionaries(st.integers(0, 300), st.none() | st.integers(0, 50), max_size=60),
)
def test_any_edit_of_any_three_level_map_equals_a_rebuild(present: set[int], changes: dict[int, int | None]) -> None:
    items = {heavy_key(number): heavy_value(number) for number in sorted(present)}
    check(items, {heavy_key(number): None if seed is None else heavy_value(seed) for number, seed in changes.items()})
