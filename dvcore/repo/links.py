"""What an object refers to, by kind: the one place that garbage collection and checking agree on.

A commit refers to its tree, its parents and its manifest; a tree to the maps of its root directory and of its files,
and in the midst of a merge to that commit, the trees that it compares and the map of conflicts; a node of a map to its
children, or in a leaf to what its values name; a manifest to its two maps; a conflict to what its sides name. A node's
bytes do not say which map it is part of, so the kind of a link does. Blobs and annotation sets refer to nothing.

The blobs that a manifest's examples name are those of the files in its commit's tree, which holds them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from typing import Any, Final, NamedTuple

from dvcore.encoding import check_id
from dvcore.model.commit import Commit, decode_commit
from dvcore.model.conflicts import Conflict, Merging, Subject, decode_conflict
from dvcore.model.files import FileRecord, decode_record
from dvcore.model.manifest import Manifest, decode_manifest
from dvcore.model.tree import Directory, Tree, decode_entry, decode_tree, find_file
from dvcore.prolly.node import Node, decode_node, reference_id
from dvcore.repo.cells import REFS, WORKING
from dvcore.repo.operations import CellChange, Operation


class Kind(Enum):
    """What a link leads to, each with a byte for sets of links."""

    COMMIT = b"c"
    TREE = b"t"
    DIRECTORY = b"d"
    """A node of a directory's map."""
    FILES = b"f"
    """A node of a tree's map of files."""
    MANIFEST = b"m"
    EXAMPLES = b"e"
    """A node of a manifest's map of examples."""
    LEFT_OUT = b"l"
    """A node of a manifest's map of files that were left out."""
    CONFLICTS = b"x"
    """A node of the map of a merge's conflicts."""
    CONFLICT = b"y"
    ANNOTATIONS = b"a"
    BLOB = b"b"

    @property
    def is_final(self) -> bool:
        """Whether it refers to nothing."""
        return self in _FINAL


_FINAL: Final = frozenset({Kind.ANNOTATIONS, Kind.BLOB})
MAPS: Final = frozenset({Kind.DIRECTORY, Kind.FILES, Kind.EXAMPLES, Kind.LEFT_OUT, Kind.CONFLICTS})


class Link(NamedTuple):
    """An object, all of which but blobs are in OBJECTS, and what it is meant to be."""

    kind: Kind
    id: bytes


def iter_reachable(
    read: Callable[[bytes], bytes], starts: Iterable[Link], enter: Callable[[Link], bool]
) -> Iterator[Link]:
    """What the starts lead to, themselves included.

    `enter` is asked once for each link to something that refers further, and says whether it is new: what it has seen
    is the caller's to keep, so that what many trees share is read once. Links to annotation sets and blobs are given
    without asking, as often as they are met. Memory is bounded by how deep directories are nested, not by what is
    there. Raises what `read` raises, and CorruptError or NeedsNewerError for an object that is not of its kind.
    """
    for start in starts:
        pending = [start]
        while pending:
            link = pending.pop()
            if link.kind.is_final:
                yield link
            elif enter(link):
                yield link
                pending += links(link.kind, read(link.id))


def links(kind: Kind, data: bytes) -> Iterator[Link]:
    """What an object of this kind refers to.

    Raises CorruptError, NeedsNewerError where it is none.
    """
    if kind in MAPS:
        return node_links(kind, decode_node(data))
    if kind is Kind.COMMIT:
        return commit_links(decode_commit(data))
    if kind is Kind.TREE:
        return tree_links(decode_tree(data))
    if kind is Kind.MANIFEST:
        return manifest_links(decode_manifest(data))
    if kind is Kind.CONFLICT:
        return conflict_links(decode_conflict(data))
    return iter(())


def commit_links(commit: Commit) -> Iterator[Link]:
    """Parents come first, so that who takes the last one first is through with a commit before it turns to them."""
    for parent in commit.parents:
        yield Link(Kind.COMMIT, parent)
    yield Link(Kind.TREE, commit.tree)
    if commit.manifest is not None:
        yield Link(Kind.MANIFEST, commit.manifest)


def tree_links(tree: Tree) -> Iterator[Link]:
    """The roots of its maps, and what a merge that is not committed yet still needs."""
    if tree.merging is not None:
        yield from merging_links(tree.merging)
    yield Link(Kind.DIRECTORY, tree.root.root)
    yield Link(Kind.FILES, tree.files)


def merging_links(merging: Merging) -> Iterator[Link]:
    """The commit that is merged, the trees of its base and of the other side, the root of its map of conflicts."""
    if merging.parent is not None:
        yield Link(Kind.COMMIT, merging.parent)
    yield Link(Kind.TREE, merging.base)
    yield Link(Kind.TREE, merging.theirs)
    yield Link(Kind.CONFLICTS, merging.conflicts)


def manifest_links(manifest: Manifest) -> Iterator[Link]:
    """The roots of its maps."""
    yield Link(Kind.EXAMPLES, manifest.examples)
    yield Link(Kind.LEFT_OUT, manifest.left_out)


def node_links(kind: Kind, node: Node) -> Iterator[Link]:
    """Children of a branch; of a leaf, what its values name."""
    if node.level > 0:
        return (Link(kind, reference_id(reference)) for reference in node.values)
    if kind is Kind.DIRECTORY:
        others = (decode_entry(value) for value in node.values if find_file(value) is None)
        return (Link(kind, one.root) for one in others if isinstance(one, Directory))
    if kind is Kind.FILES:
        return (link for value in node.values for link in record_links(decode_record(value)))
    if kind is Kind.CONFLICTS:
        return (Link(Kind.CONFLICT, check_id(value, "map of conflicts", "value")) for value in node.values)
    return iter(())


def conflict_links(conflict: Conflict) -> Iterator[Link]:
    """What the sides of a conflict name."""
    for record in conflict_records(conflict):
        yield from record_links(record)
    for side in conflict.sides:
        if side is not None and conflict.place.subject is Subject.ENTRY:
            entry = decode_entry(side)
            if isinstance(entry, Directory):
                yield Link(Kind.DIRECTORY, entry.root)


def conflict_records(conflict: Conflict) -> Iterator[FileRecord]:
    """The records that the sides of a conflict are."""
    if conflict.place.subject is Subject.FILE:
        yield from (decode_record(side) for side in conflict.sides if side is not None)


def record_links(record: FileRecord) -> Iterator[Link]:
    """Blob and annotations of a file. The split key is the id of a blob, but not one that has to be there."""
    yield Link(Kind.BLOB, record.blob)
    if record.annotations is not None:
        yield Link(Kind.ANNOTATIONS, record.annotations)


def cell_links(cell: str, value: Any) -> Iterator[Link]:
    """What the value of a cell leads to; nothing where it is None, or the cell is of another kind.

    Raises CorruptError where the value is no id.
    """
    kind = Kind.COMMIT if cell.startswith(REFS) else Kind.TREE if cell.startswith(WORKING) else None
    if kind is not None and value is not None:
        yield Link(kind, check_id(value, f"cell {cell!r}", "value"))


def operation_links(operation: Operation) -> Iterator[Link]:
    """What undoing or redoing an operation may bring back.

    Raises CorruptError.
    """
    for change in operation.changes:
        yield from change_links(change)


def change_links(change: CellChange) -> Iterator[Link]:
    """What a cell led to before and leads to after."""
    yield from cell_links(change.cell, change.before)
    yield from cell_links(change.cell, change.after)
