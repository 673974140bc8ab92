"""Random edits, one path under another, give the tree that plain nested dicts give."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dvcore.ids import FileId, digest
from dvcore.model.names import Path
from dvcore.model.tree import Directory, Entry, FileEntry, Tree, encode_entry
from dvcore.prolly import NodeWriter, build
from dvcore.repo import edits as edits_module
from dvcore.repo.edits import Change, Edits, apply_edits, spilling_edits
from dvcore.repo.objects import Objects, save_tree
from dvcore.repo.treereader import TreeReader
from dvcore.store import MemoryStore, ObjectDraft, spilling

Node = dict[str, "Node"] | FileId

names = st.sampled_from(["a", "b", "ä", "c.jpg"])
some_paths = st.lists(names, min_size=1, max_size=4).map(tuple)
files = st.integers(0, 5).map(lambda number: FileId(digest(bytes([number]))))
nodes = st.recursive(files, lambda inner: st.dictionaries(names, inner, max_size=3), max_leaves=6)
trees = st.dictionaries(names, nodes, max_size=4)
wanted = st.dictionaries(some_paths, st.one_of(st.none(), nodes), max_size=8)


def entry_of(writer: NodeWriter, node: Node) -> Entry:
    """What the tree holds of a nested dict."""
    if isinstance(node, bytes):
        return FileEntry(node)
    inner = {name: entry_of(writer, one) for name, one in node.items()}
    below = [one for one in inner.values() if isinstance(one, Directory)]
    return Directory(
        build(writer, sorted((name.encode(), encode_entry(one)) for name, one in inner.items())),
        sum(one.files for one in below) + len(inner) - len(below),
        sum(one.directories for one in below) + len(below),
    )


def find(tree: dict[str, Node], path: Path) -> Node | None:
    node: Node | None = tree
    for name in path:
        node = node.get(name) if isinstance(node, dict) else None
    return node


def put(tree: dict[str, Node], path: Path, node: Node | None) -> bool:
    """Set or remove what is at a path; False where a file is in the way."""
    for name in path[:-1]:
        below = tree.setdefault(name, {})
        if not isinstance(below, dict):
            return False
        tree = below
    if node is None:
        tree.pop(path[-1])
    else:
        tree[path[-1]] = copied(node)
    return True


def copied(node: Node) -> Node:
    return {name: copied(one) for name, one in node.items()} if isinstance(node, dict) else node


def plan(writer: NodeWriter, tree: dict[str, Node], changes: dict[Path, Node | None], edits: Edits) -> None:
    """Both the edits and what they make of the tree, outer paths first."""
    for path in sorted(changes, key=len):
        before, after = find(tree, path), changes[path]
        is_there = all(not isinstance(find(tree, path[:depth]), bytes) for depth in range(len(path)))
        if not is_there or (before is None and after is None):
            continue
        change = [None if one is None else entry_of(writer, one) for one in (before, after)]
        assert put(tree, path, after)
        edits.entries[path] = Change(*change)


@pytest.mark.parametrize("is_spilled", [False, True])
@pytest.mark.parametrize("chunk", [1, 2, 1 << 20])
@settings(max_examples=60, deadline=None)
@given(trees, wanted)
def test_nested_edits_are_changes_of_nested_dicts(
    chunk: int, is_spilled: bool, tree: dict[str, Node], changes: dict[Path, Node | None]
) -> None:
    with MemoryStore() as store, pytest.MonkeyPatch.context() as patch:
        patch.setattr(edits_module, "CHUNK", chunk)
        patch.setattr(spilling.SpillingMap.__init__, "__kwdefaults__", {"memory_bytes": 0})
        draft = ObjectDraft(store)
        edits = spilling_edits(None) if is_spilled else Edits()
        root = entry_of(draft, tree)
        assert isinstance(root, Directory)
        reader = TreeReader(Objects(draft), save_tree(draft, Tree(root, build(draft, ()))))
        plan(draft, tree, changes, edits)
        result = TreeReader(Objects(draft), apply_edits(draft, reader, edits))
        edits.close()
        assert result.tree.root == entry_of(draft, tree)
        assert result.tree.root.files == sum(1 for _ in result.iter_files())
        assert result.tree.root.directories == sum(1 for _ in result.iter_directories()) - 1
