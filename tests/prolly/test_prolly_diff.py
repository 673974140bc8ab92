from collections.abc import Mapping
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.prolly_content import Items, hashed, heavy_key, heavy_value
from support.prolly_nodes import MemoryNodes

from dvcore.prolly import Difference, build, diff, edit

HEAVY = {heavy_key(2 * number): heavy_value(number) for number in range(300)}


def expected(old: Items, new: Items) -> list[Difference]:
    keys = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
    return [Difference(key, old.get(key), new.get(key)) for key in keys]


def check(old: Items, new: Items) -> None:
    nodes = MemoryNodes()
    roots = build(nodes, sorted(old.items())), build(nodes, sorted(new.items()))
    assert list(diff(nodes, *roots)) == expected(old, new)
    assert list(diff(nodes, *reversed(roots))) == expected(new, old)


def test_equal_maps_do_not_differ_and_only_the_root_is_read() -> None:
    nodes = MemoryNodes()
    root = build(nodes, HEAVY.items())
    assert list(diff(nodes, root, root)) == []
    assert nodes.reads <= 1


@pytest.mark.parametrize(
    "other",
    [
        {},
        {b"": b""},
        {b"\xff": b""},
        dict(list(HEAVY.items())[:1]),
        dict(list(HEAVY.items())[-1:]),
        dict(list(HEAVY.items())[7:]),
        dict(list(HEAVY.items())[:-7]),
        dict(list(HEAVY.items())[::2]),
        {key + b"+": value for key, value in HEAVY.items()},
        dict.fromkeys(HEAVY, b""),
        {key: value + b"+" for key, value in HEAVY.items()},
    ],
    ids=["empty", "before", "after", "first", "last", "tail", "head", "half", "disjoint", "emptied", "all"],
)
def test_maps_of_any_height(other: Items) -> None:
    check(HEAVY, other)


def test_both_empty() -> None:
    check({}, {})


@settings(max_examples=60, deadline=None)
@given(
    st.sets(st.integers(0, 300), max_size=300),
    st.dictionaries(st.integers(0, 300), st.none() | st.integers(0, 50), max_size=40),
)
def test_any_two_three_level_maps(present: set[int], changes: dict[int, int | None]) -> None:
    old = {heavy_key(number): heavy_value(number) for number in present}
    new = old | {heavy_key(number): b"" if seed is None else heavy_value(seed) for number, seed in changes.items()}
    check(old, {key: value for key, value in new.items() if value})


def test_ten_changes_in_200_000_entries_read_tens_of_nodes() -> None:
    items = hashed(200_000)
    nodes = MemoryNodes()
    root = build(nodes, items.items())
    chosen = Random(3).sample(sorted(items), 10)
    changes: list[Mapping[bytes, bytes | None]] = [
        dict.fromkeys(chosen, b"changed"),
        {key + b"+": b"added" for key in chosen},
        dict.fromkeys(chosen),
    ]
    for change in changes:
        edited = edit(nodes, root, change.items())
        nodes.reads = 0
        found = list(diff(nodes, root, edited))
        assert [(difference.key, difference.new) for difference in found] == sorted(change.items())
        assert nodes.reads < 60
