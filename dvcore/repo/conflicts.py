"""The conflicts of a merge that a working state holds: read, looked for, taken out."""

from collections.abc import Collection, Iterator
from dataclasses import replace

from dvcore.encoding import check_id
from dvcore.ids import FileId
from dvcore.model.conflicts import Conflict, Merging, decode_conflict
from dvcore.model.tree import Tree
from dvcore.prolly import NodeReader, NodeWriter, ProllyMap, edit
from dvcore.repo.objects import Objects


def iter_conflicts(objects: Objects, tree: Tree, file: FileId | None = None) -> Iterator[Conflict]:
    """All conflicts, those of one file together, or those of `file` alone; none where no merge has begun.

    Raises CorruptError, NeedsNewerError.
    """
    if tree.merging is not None:
        for _, value in ProllyMap(objects, tree.merging.conflicts).iter_items(prefix=file or b""):
            yield decode_conflict(objects.read(check_id(value, "map of conflicts", "value")))


def has_conflicts(objects: NodeReader, tree: Tree, keys: Collection[bytes]) -> bool:
    """Whether all of these are still to be settled."""
    if not keys:
        return True
    if tree.merging is None:
        return False
    found = ProllyMap(objects, tree.merging.conflicts).get_many(sorted(keys))
    return all(value is not None for _, value in found)


def without_conflicts(writer: NodeWriter, tree: Tree, keys: Collection[bytes]) -> Merging | None:
    """The state of the merge once these, which it has, are settled."""
    merging = tree.merging
    if merging is None or not keys:
        return merging
    root = edit(writer, merging.conflicts, [(key, None) for key in keys])
    return replace(merging, conflicts=root, number=merging.number - len(keys))
