"""Entries against records, held against what sets say: of one tree, and of trees one after the other."""

from contextlib import closing

from hypothesis import given
from hypothesis import strategies as st
from support.prolly_nodes import MemoryNodes

from dvcore.ids import FileId, digest
from dvcore.model.tree import Directory, FileEntry, Tree, encode_entry
from dvcore.prolly import build
from dvcore.repo.fsck.holding import Holding

Files = frozenset[int]
FILES = st.frozensets(st.integers(0, 9))
TREES = st.lists(st.tuples(FILES, FILES, FILES, st.booleans()), min_size=1, max_size=4)


def file_id(number: int) -> FileId:
    return FileId(digest(b"%d" % number))


def saved(nodes: MemoryNodes, outer: Files, inner: Files, recorded: Files, *, is_mirrored: bool) -> Tree:
    """Files in the root, files in a directory, which may be there twice, and records."""

    def entries(files: Files) -> dict[bytes, bytes]:
        return {b"%d" % file: encode_entry(FileEntry(file_id(file))) for file in files}

    below = Directory(build(nodes, sorted(entries(inner).items())), len(inner))
    names = [b"a", b"b"] if is_mirrored else [b"a"]
    held = entries(outer) | dict.fromkeys(names, encode_entry(below))
    root = Directory(build(nodes, sorted(held.items())), len(outer) + len(names) * len(inner), len(names))
    return Tree(root, build(nodes, sorted((file_id(file), b"record") for file in recorded)))


def expected(held: Files, recorded: Files, changed: Files) -> str | None:
    """What is said of the files that came or went since the tree before."""
    said = []
    for what, files in (
        ("an entry but no record", (held - recorded) & changed),
        ("a record but no entry", (recorded - held) & changed),
    ):
        if files:
            said.append(f"files with {what}: {len(files)}, such as {min(map(file_id, files)).hex()[:12]}")
    return "; ".join(said) or None


@given(TREES)
def test_what_is_said_is_what_differs(trees: list[tuple[Files, Files, Files, bool]]) -> None:
    nodes = MemoryNodes()
    before: tuple[Files, Files] = (frozenset(), frozenset())
    with closing(Holding(nodes, None)) as holding:
        for outer, inner, recorded, is_mirrored in trees:
            held = outer | inner
            changed = held ^ before[0] | recorded ^ before[1] if before[0] else held | recorded
            tree = saved(nodes, outer, inner, recorded, is_mirrored=is_mirrored)
            assert holding.find_disagreement(tree) == expected(held, recorded, changed)
            before = held, recorded
