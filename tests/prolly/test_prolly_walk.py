from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.prolly_content import hashed, heavy_key, heavy_value
from support.prolly_nodes import MemoryNodes

from dvcore.encoding import encode_object
from dvcore.errors import CorruptError, NeedsNewerError, NotFoundError
from dvcore.ids import NodeId
from dvcore.prolly import NodeReader, ProllyMap, build, diff, edit, iter_nodes, verify
from dvcore.prolly.node import Entry, Node, decode_node, encode_node, encode_reference, reference_count

HEAVY = {heavy_key(2 * number): heavy_value(number) for number in range(300)}


def test_all_nodes_are_walked_once_level_by_level() -> None:
    nodes = MemoryNodes()
    root = build(nodes, HEAVY.items())
    walked = list(iter_nodes(nodes, root))
    assert walked[0] == (root, 2)
    assert {node_id for node_id, _ in walked} == nodes.data.keys()
    assert len(walked) == len(nodes.data)
    assert all(decode_node(nodes.data[node_id]).level == level for node_id, level in walked)
    levels = [level for _, level in walked]
    assert levels == sorted(levels, reverse=True)


def test_nodes_can_be_fetched_while_they_are_walked() -> None:
    remote, local = MemoryNodes(), MemoryNodes()
    root = build(remote, HEAVY.items())
    local.put(remote.read(root))
    for node_id, _ in iter_nodes(local, root):
        local.put(remote.read(node_id))
    verify(local, root)


def test_leaves_are_not_read() -> None:
    nodes = MemoryNodes()
    root = build(nodes, HEAVY.items())
    branches = sum(level > 0 for _, level in iter_nodes(nodes, root))
    assert nodes.reads == branches


def test_what_is_known_is_skipped_with_all_under_it() -> None:
    nodes = MemoryNodes()
    root = build(nodes, hashed(200_000).items())
    known = {node_id for node_id, _ in iter_nodes(nodes, root)}
    edited = edit(nodes, root, [(min(hashed(1)), b"changed")])
    new = list(iter_nodes(nodes, edited, skip=known.__contains__))
    assert [level for _, level in new] == [2, 1, 0]
    assert {node_id for node_id, _ in new} == nodes.data.keys() - known


# What follows lies: nodes whose hashes are right and whose content is not, as a hostile remote could send them.


class Forger(MemoryNodes):
    """Puts nodes without asking whether they make sense; each method gives the entry that refers to the node."""

    def leaf(self, *keys: bytes, size: int = 0) -> Entry:
        return self.node(Node(0, keys, (bytes(size),) * len(keys)), len(keys))

    def branch(self, level: int, *children: Entry) -> Entry:
        keys, references = zip(*children, strict=True)
        return self.node(Node(level, keys, references), sum(map(reference_count, references)) % 2**64)

    def node(self, node: Node, count: int) -> Entry:
        return (node.keys or (b"",))[-1], encode_reference(self.put(encode_node(node)), count)


def root_of(entry: Entry) -> NodeId:
    return NodeId(entry[1][:32])


BIG = 17_000  # a leaf with one such entry has to end behind it

FORGERIES: dict[str, tuple[str, Callable[[Forger], Entry]]] = {
    "two small leaves that ought to be one": (
        "rule for boundaries",
        lambda f: f.branch(1, f.leaf(b"a"), f.leaf(b"b")),
    ),
    "one leaf that ought to be two": ("rule for boundaries", lambda f: f.leaf(b"a", b"b", size=BIG)),
    "last leaf that ought to be two": (
        "rule for boundaries",
        lambda f: f.branch(1, f.leaf(b"a", size=BIG), f.leaf(b"b", b"c", size=BIG)),
    ),
    "single child": ("single child", lambda f: f.branch(1, f.leaf(b"a", size=BIG))),
    "two levels that ought to be one": (
        "rule for boundaries",
        lambda f: f.branch(2, f.branch(1, f.leaf(b"a", size=BIG)), f.branch(1, f.leaf(b"b"))),
    ),
    "leaves that overlap": (
        "not after",
        lambda f: f.branch(1, f.leaf(b"a", b"c", size=BIG // 2), f.leaf(b"b", b"d")),
    ),
    "leaves that share a key": ("not after", lambda f: f.branch(1, f.leaf(b"a", size=BIG), f.leaf(b"a", b"b"))),
    "separator that is not the last key": (
        "not the child",
        lambda f: f.branch(1, f.leaf(b"a", size=BIG), (b"c", f.leaf(b"b")[1])),
    ),
    "empty leaf under a branch": ("not the child", lambda f: f.branch(1, f.leaf(b"a", size=BIG), (b"b", f.leaf()[1]))),
    "count too large": (
        "holds 1 entries",
        lambda f: f.branch(1, f.leaf(b"a", size=BIG), (b"b", f.leaf(b"b")[1][:32] + (2).to_bytes(8, "big"))),
    ),
    "count beyond any": (
        "claims",
        lambda f: f.branch(1, f.leaf(b"a", size=BIG), (b"b", f.leaf(b"b")[1][:32] + b"\xff" * 8)),
    ),
    "child of the wrong level": ("not the child", lambda f: f.branch(2, f.leaf(b"a", size=BIG), f.leaf(b"b"))),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_forged_maps_do_not_verify(name: str) -> None:
    fault, forge = FORGERIES[name]
    forger = Forger()
    root = root_of(forge(forger))
    with pytest.raises(CorruptError, match=fault):
        verify(forger, root)
    use_everything(forger, root, NodeId(forger.put(encode_node(Node(0, (), ())))))


def test_a_node_under_another_id_does_not_verify() -> None:
    nodes = MemoryNodes()
    root = build(nodes, HEAVY.items())
    first, second = (node_id for node_id, level in list(iter_nodes(nodes, root))[-2:])
    for victim in (root, first, second):
        broken = MemoryNodes()
        broken.data = nodes.data | {victim: nodes.data[victim] + b"\0"}
        with pytest.raises(CorruptError, match="not those it is named after"):
            verify(broken, root)


def test_an_absent_node_is_the_readers_error() -> None:
    nodes = MemoryNodes()
    root = build(nodes, HEAVY.items())
    del nodes.data[next(iter(nodes.data))]
    with pytest.raises(NotFoundError):
        verify(nodes, root)


class OwnChild:
    """Answers every question with one branch whose children are itself: a cycle, which no honest hash can make."""

    def read(self, node_id: bytes, /) -> bytes:
        reference = encode_reference(node_id, 1)
        return encode_node(Node(9, (b"a", b"b", b"c"), (reference, reference, reference)))


class Fan:
    """Node (level, n) has the last key n and as children (level - 1, 1) to (level - 1, n): separators and levels agree.

    Of (16, 6) that makes 97 nodes to store and 20,349 leaves to walk. Only that neighbours overlap gives it away.
    """

    def read(self, node_id: bytes, /) -> bytes:
        level, last = node_id[:2]
        keys = tuple(bytes([number]) for number in range(1, last + 1))
        if level == 0:
            return encode_node(Node(0, keys, keys))
        children = (encode_reference(bytes([level - 1, number]) * 16, 1) for number in range(1, last + 1))
        return encode_node(Node(level, keys, tuple(children)))


def use_everything(reader: NodeReader, root: NodeId, other: NodeId) -> None:
    opened = ProllyMap(reader, root)
    works: list[Callable[[], object]] = [
        lambda: len(opened),
        lambda: [opened.get(key) for key in (b"", b"a", b"b", b"z", heavy_key(100))],
        lambda: list(opened.get_many([b"", b"a", b"b", b"z"])),
        lambda: list(opened.iter_items()),
        opened.first_key,
        lambda: list(iter_nodes(reader, root)),
        lambda: list(diff(reader, root, other)),
        lambda: list(diff(reader, other, root)),
        lambda: verify(reader, root),
    ]
    for work in works:
        with suppress(CorruptError, NeedsNewerError, NotFoundError):
            work()


@pytest.mark.parametrize("reader", [OwnChild(), Fan()])
def test_cyclic_and_exponential_trees_end_with_an_error(reader: NodeReader) -> None:
    root, leaf = NodeId(bytes([16, 6]) * 16), NodeId(bytes([0, 6]) * 16)
    for work in (
        lambda: list(ProllyMap(reader, root).iter_items()),
        lambda: list(iter_nodes(reader, root)),
        lambda: list(diff(reader, root, leaf)),
        lambda: verify(reader, root),
    ):
        with pytest.raises(CorruptError):
            work()
    use_everything(reader, root, leaf)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damage_anywhere_gives_only_the_errors_for_it(data: st.DataObject) -> None:
    nodes = MemoryNodes()
    root = build(nodes, HEAVY.items())
    other = build(nodes, list(HEAVY.items())[::3])
    victim = data.draw(st.sampled_from([node_id for node_id, _ in iter_nodes(nodes, root)]))
    whole = bytearray(nodes.data[victim])
    for _ in range(data.draw(st.integers(1, 3))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    damaged = bytes(whole)
    if damaged != nodes.data[victim]:
        nodes.data[victim] = damaged
        with pytest.raises(CorruptError):
            verify(nodes, root)
        use_everything(nodes, root, other)
        with suppress(CorruptError, NeedsNewerError, NotFoundError):
            edit(nodes, root, [(heavy_key(number), b"new") for number in range(0, 600, 50)])


def test_an_unknown_version_in_the_middle_needs_a_newer_program() -> None:
    nodes = MemoryNodes()
    root = build(nodes, HEAVY.items())
    nodes.data[next(iter(nodes.data))] = encode_object("node", 2, {})
    with pytest.raises(NeedsNewerError):
        list(ProllyMap(nodes, root).iter_items())
