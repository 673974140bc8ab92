"""A map is sound where it is the one that `build` makes: each test hands the judge one that is nearly so."""

import re
from collections.abc import Iterator

import pytest
from support.prolly_content import heavy_key
from support.prolly_nodes import MemoryNodes

from dvcore.errors import CorruptError
from dvcore.ids import FileId, NodeId, digest
from dvcore.model.files import FileRecord
from dvcore.model.manifest import encode_reason
from dvcore.model.names import MAX_DEPTH
from dvcore.model.tree import Directory, FileEntry, encode_entry
from dvcore.prolly import build
from dvcore.prolly.node import Node, decode_node, encode_node, encode_reference, reference_id
from dvcore.repo.fsck.faults import Faults
from dvcore.repo.fsck.judging import check_root, judge_node
from dvcore.repo.fsck.summaries import Summary
from dvcore.repo.links import Kind, Link

REASON = encode_reason("label")
LIGHT = b"%06d"


class Nodes(MemoryNodes):
    """Nodes of a map of what was left out, its plainest kind."""

    def built(self, keys: list[bytes]) -> NodeId:
        return build(self, [(key, REASON) for key in keys])

    def load(self, id_: bytes) -> Node:
        return decode_node(self.read(id_))

    def save(self, node: Node) -> bytes:
        return self.put(encode_node(node))

    def leaf(self, keys: tuple[bytes, ...]) -> bytes:
        return self.save(Node(0, keys, (REASON,) * len(keys)))

    def branch(self, *children: bytes) -> bytes:
        nodes = list(map(self.load, children))
        values = (encode_reference(id_, node.count) for id_, node in zip(children, nodes, strict=True))
        return self.save(Node(nodes[0].level + 1, tuple(node.keys[-1] for node in nodes), tuple(values)))

    def children(self, id_: bytes) -> list[bytes]:
        return [reference_id(value) for value in self.load(id_).values]

    def judged(self, id_: bytes) -> Summary:
        """Of the map with this root. Raises CorruptError."""
        root = self._judged(Link(Kind.LEFT_OUT, id_))
        check_root(root)
        return root

    def _judged(self, link: Link) -> Summary:
        return judge_node(link.kind, self.load(link.id), self._judged, Faults(), no_faults)


def no_faults(_: FileRecord) -> Iterator[int]:
    raise AssertionError("a map of files was not asked for")


def is_refused(message: str) -> pytest.RaisesExc[CorruptError]:
    return pytest.raises(CorruptError, match=re.escape(message))


@pytest.mark.parametrize("count", [0, 1, 500, 5_000, 60_000])
def test_what_build_makes_is_sound(count: int) -> None:
    nodes = Nodes()
    assert nodes.judged(nodes.built([LIGHT % number for number in range(count)])).count == count


def test_three_levels_are_sound() -> None:
    nodes = Nodes()
    root = nodes.judged(nodes.built(list(map(heavy_key, range(3_000)))))
    assert (root.level, root.count, root.first, root.last) == (2, 3_000, heavy_key(0), heavy_key(2_999))


def test_a_node_that_goes_on_behind_a_boundary() -> None:
    nodes = Nodes()
    first, second, *rest = nodes.children(nodes.built([LIGHT % number for number in range(5_000)]))
    joined = nodes.leaf(nodes.load(first).keys + nodes.load(second).keys)
    with is_refused("does not end where the rule for boundaries says"):
        nodes.judged(nodes.branch(joined, *rest))


def test_a_node_that_ends_before_a_boundary() -> None:
    nodes = Nodes()
    first, *rest = nodes.children(nodes.built([LIGHT % number for number in range(5_000)]))
    keys = nodes.load(first).keys
    with is_refused("within a map does not end at a boundary"):
        nodes.judged(nodes.branch(nodes.leaf(keys[:100]), nodes.leaf(keys[100:]), *rest))


def test_a_branch_within_a_map_whose_last_leaf_ends_before_a_boundary() -> None:
    """Its own end is a boundary of its level all the same: leaf and branch have to be looked at both."""
    nodes = Nodes()
    first, *rest = nodes.children(nodes.built(list(map(heavy_key, range(3_000)))))
    *leaves, last = nodes.children(first)
    cut = nodes.branch(*leaves, nodes.leaf(nodes.load(last).keys[-5:]))
    assert nodes.load(cut).keys == nodes.load(first).keys
    with is_refused("within a map does not end at a boundary"):
        nodes.judged(nodes.branch(cut, *rest))


def test_a_branch_within_a_map_that_ends_before_a_boundary() -> None:
    """Its last leaf ends at one."""
    nodes = Nodes()
    first, *rest = nodes.children(nodes.built(list(map(heavy_key, range(3_000)))))
    leaves = nodes.children(first)
    with is_refused("within a map does not end at a boundary"):
        nodes.judged(nodes.branch(nodes.branch(*leaves[:3]), nodes.branch(*leaves[3:]), *rest))


def test_leaves_that_overlap() -> None:
    nodes = Nodes()
    first, second, *rest = nodes.children(nodes.built([LIGHT % number for number in range(0, 10_000, 2)]))
    end = int(nodes.load(first).keys[-1])

    def with_least(number: int) -> bytes:
        return nodes.branch(first, nodes.leaf((LIGHT % number, *nodes.load(second).keys[1:])), *rest)

    nodes.judged(with_least(end + 1))
    for number in (1, end):
        with is_refused("nodes of a map overlap"):
            nodes.judged(with_least(number))


def test_a_root_that_could_be_lower() -> None:
    nodes = Nodes()
    leaf = nodes.leaf((b"a", b"b"))
    nodes.judged(leaf)
    with is_refused("the root of a map has a single child"):
        nodes.judged(nodes.branch(leaf))


@pytest.mark.parametrize(("level", "key", "count"), [(2, b"b", 2), (1, b"c", 2), (1, b"b", 3)])
def test_a_child_that_is_not_the_one_referred_to(level: int, key: bytes, count: int) -> None:
    nodes = Nodes()
    leaf = nodes.leaf((b"a", b"b"))
    with is_refused("is not the child that its parent refers to"):
        nodes.judged(nodes.save(Node(level, (key,), (encode_reference(leaf, count),))))


def judged_directory(below: Summary) -> Summary:
    """Of a directory that holds a file, and a directory which this is known of."""
    inner = Directory(NodeId(digest(b"inner")), below.files, below.directories)
    entries = [(b"a", encode_entry(FileEntry(FileId(bytes(32))))), (b"b", encode_entry(inner))]
    keys, values = zip(*entries, strict=True)
    return judge_node(Kind.DIRECTORY, Node(0, keys, values), lambda _: below, Faults(), no_faults)


def test_what_is_counted_of_a_directory() -> None:
    found = judged_directory(Summary(count=3, files=7, directories=MAX_DEPTH - 1, depth=MAX_DEPTH - 1))
    assert (found.count, found.files, found.directories, found.depth) == (2, 8, MAX_DEPTH, MAX_DEPTH)


def test_what_is_counted_of_a_directory_of_many_nodes() -> None:
    known = {
        b"1" * 32: Summary(count=5, first=b"a", last=b"e", files=3, directories=2, depth=2),
        b"2" * 32: Summary(count=1, first=b"f", last=b"f", files=0, directories=4, depth=4),
        b"3" * 32: Summary(count=1, first=b"g", last=b"g", files=1, directories=0, depth=0),
    }
    keys, values = zip(*((one.last, encode_reference(id_, one.count)) for id_, one in known.items()), strict=True)
    found = judge_node(Kind.DIRECTORY, Node(1, keys, values), lambda link: known[link.id], Faults(), no_faults)
    assert (found.count, found.files, found.directories, found.depth) == (7, 4, 6, 4)


def test_directories_that_are_nested_too_deep() -> None:
    with is_refused(f"nested deeper than {MAX_DEPTH}"):
        judged_directory(Summary(count=1, directories=MAX_DEPTH, depth=MAX_DEPTH))
