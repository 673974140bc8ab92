import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.prolly_content import hashed, heavy_key, heavy_value
from support.prolly_nodes import MemoryNodes

from dvcore.errors import InvalidInputError
from dvcore.prolly import NodeCache, ProllyMap, build

NODES = MemoryNodes()
CONTENT = {heavy_key(2 * number): heavy_value(number) for number in range(300)}
KEYS = sorted(CONTENT)
MAP = ProllyMap(NODES, build(NODES, sorted(CONTENT.items())))
ANY_KEY = (
    st.integers(0, 601).map(heavy_key) | st.binary(max_size=6) | st.sampled_from(KEYS).map(lambda key: key + b"\0")
)


def test_every_key_is_found_and_no_other() -> None:
    for number in range(600):
        assert MAP.get(heavy_key(number)) == CONTENT.get(heavy_key(number))
    for absent in (b"", b"\xff", KEYS[0][:-1], KEYS[-1] + b"\0"):
        assert MAP.get(absent) is None


def test_length_and_ends_come_from_one_read() -> None:
    nodes = MemoryNodes()
    root = build(nodes, hashed(50_000).items())
    opened = ProllyMap(nodes, root)
    assert (len(opened), opened.last_key()) == (50_000, max(hashed(50_000)))
    assert nodes.reads == 1
    assert opened.first_key() == min(hashed(50_000))


def test_the_empty_map_reads_as_empty() -> None:
    empty = ProllyMap(NODES, build(NODES, []))
    assert len(empty) == 0
    assert empty.get(b"") is None
    assert (empty.first_key(), empty.last_key()) == (None, None)
    assert list(empty.iter_items()) == []
    assert list(empty.iter_leaves()) == []
    assert list(empty.get_many([b"a", b"b"])) == [(b"a", None), (b"b", None)]


def test_the_empty_key_and_the_empty_value_are_a_key_and_a_value() -> None:
    one = ProllyMap(NODES, build(NODES, [(b"", b"")]))
    assert one.get(b"") == b""
    assert one.first_key() == one.last_key() == b""
    assert list(one.iter_items()) == [(b"", b"")]


@given(st.lists(ANY_KEY, max_size=40))
def test_many_keys_at_once_give_what_single_ones_give(keys: list[bytes]) -> None:
    assert list(MAP.get_many(sorted(keys))) == [(key, CONTENT.get(key)) for key in sorted(keys)]


def test_many_keys_read_each_node_once() -> None:
    nodes = MemoryNodes()
    root = build(nodes, sorted(CONTENT.items()))
    assert sum(value is not None for _, value in ProllyMap(NodeCache(nodes, limit=0), root).get_many(KEYS)) == 300
    assert nodes.reads == len(nodes.data)


def test_many_keys_out_of_order_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="comes after"):
        list(MAP.get_many([b"b", b"a"]))


@given(st.none() | ANY_KEY, st.none() | ANY_KEY)
def test_ranges_are_half_open(start: bytes | None, stop: bytes | None) -> None:
    expected = [key for key in KEYS if (start is None or key >= start) and (stop is None or key < stop)]
    assert [key for key, _ in MAP.iter_items(start, stop)] == expected


@given(ANY_KEY.map(lambda key: key[:5]) | ANY_KEY, st.none() | ANY_KEY, st.none() | ANY_KEY)
def test_prefixes_narrow_a_range(prefix: bytes, start: bytes | None, stop: bytes | None) -> None:
    expected = [key for key, _ in MAP.iter_items(start, stop) if key.startswith(prefix)]
    assert [key for key, _ in MAP.iter_items(start, stop, prefix=prefix)] == expected


@given(st.sets(st.lists(st.sampled_from([0, 1, 254, 255]), max_size=4).map(bytes)))
def test_prefixes_that_end_in_the_highest_byte(keys: set[bytes]) -> None:
    some = ProllyMap(NODES, build(NODES, [(key, b"") for key in sorted(keys)]))
    for prefix in (b"", b"\xff", b"\xff\xff", b"\x01\xff", b"\xfe\xff\xff"):
        expected = [key for key in sorted(keys) if key.startswith(prefix)]
        assert [key for key, _ in some.iter_items(prefix=prefix)] == expected


def test_a_range_reads_only_its_own_nodes() -> None:
    nodes = MemoryNodes()
    root = build(nodes, hashed(50_000).items())
    list(ProllyMap(nodes, root).iter_items(b"\x80", b"\x81"))
    assert nodes.reads < 6


def test_leaves_hold_everything_in_order() -> None:
    leaves = list(MAP.iter_leaves())
    assert len(leaves) > 20
    assert [key for leaf in leaves for key in leaf.keys] == KEYS
    assert [value for leaf in leaves for value in leaf.values] == [CONTENT[key] for key in KEYS]


def test_maps_over_one_cache_share_what_is_decoded() -> None:
    nodes = MemoryNodes()
    root = build(nodes, sorted(CONTENT.items()))
    cache = NodeCache(nodes)
    for _ in range(3):
        assert len(list(ProllyMap(cache, root).iter_items())) == 300
    assert nodes.reads == len(nodes.data)


def test_a_full_cache_forgets_what_was_used_longest_ago() -> None:
    nodes = MemoryNodes()
    first, second, third = (build(nodes, [(b"%d" % number, bytes(1000))]) for number in range(3))
    cache = NodeCache(nodes, limit=2500)  # two of the three
    for root in (first, second, first, third, first):
        cache.load(root)
    assert nodes.reads == 3
    cache.load(second)
    assert nodes.reads == 4
