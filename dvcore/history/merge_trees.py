"""Three-way merge of trees: files, directories, variables and instances each on their own.

It costs what the sides changed. Where both sides changed the same thing otherwise, the result has our side, and the
conflict is a value beside it. Without conflicts it does not matter who merges whom: the result is the same tree.
`docs/merging.md` has the rules.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Final

from dvcore.history.declarations_in_use import UseCollector
from dvcore.history.entry_moves import Moves, find_moves
from dvcore.history.merge_presence import Presence, Suspects
from dvcore.history.merge_records import MapMerger
from dvcore.history.merging_annotations import RecordMerger
from dvcore.history.merging_declarations import merge_labels, merge_variables
from dvcore.history.merging_entries import EntryMerger
from dvcore.history.settling import Settler, Strategy
from dvcore.ids import FileId, TreeId
from dvcore.model.conflicts import Place, Sides
from dvcore.model.names import Path, format_path
from dvcore.repo.edits import apply_edits
from dvcore.repo.objects import Objects, save_tree
from dvcore.repo.treereader import TreeReader
from dvcore.store import ObjectDraft

_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class MergedTrees:
    """The tree that came of a merge, without the state of the merge itself; what could not be settled, by place; and
    notes on what nobody may have meant, a line each."""

    tree: TreeId
    conflicts: dict[Place, Sides]
    notes: tuple[str, ...]


def merge_trees(
    draft: ObjectDraft, base: TreeId, ours: TreeId, theirs: TreeId, *, strategy: Strategy = Strategy.STOP
) -> MergedTrees:
    """Merge what came of `base` on two sides; all three are read from, and the result is written into, the draft.

    1. Merge the directories name by name, and the records file by file.
    2. See which files the result holds, and which it has records of; bring the two together.
    3. Merge the declarations, with what changed files use of them.

    Raises ConflictError where a variable has two types, and files have values of both; CorruptError, NeedsNewerError.
    """
    objects = Objects(draft)
    readers = TreeReader(objects, base), TreeReader(objects, ours), TreeReader(objects, theirs)
    trees = readers[0].tree, readers[1].tree, readers[2].tree
    settler = Settler(strategy)
    use = UseCollector(objects, *trees)

    entries = EntryMerger(*readers, draft, settler)  # 1
    records = RecordMerger(objects, draft, settler)
    files = MapMerger(readers[1].nodes, draft, records, use.note)
    merged = replace(trees[1], root=entries.merge(), files=files.merge(*trees), merging=None)

    result = TreeReader(objects, save_tree(draft, merged))  # 2
    disputed = {file for side, path in entries.disputed for _, file in side.iter_files(path)}
    clashes = {path for _, path in entries.disputed}
    moves = find_moves(*readers, files.contested | disputed)
    suspects = Suspects(files.contested, disputed, clashes, *moves)
    presence = Presence(*readers, result, records, use.note)
    edits = presence.settle(suspects)
    if edits:
        merged = objects.load_tree(apply_edits(draft, result, edits))

    declared = replace(  # 3
        merged,
        variables=merge_variables(settler, *trees, use.found),
        labels=merge_labels(settler, *trees, use.found),
    )
    notes = tuple(_iter_notes(_spread(*moves), presence.names.beside))
    return MergedTrees(save_tree(draft, declared), settler.conflicts, notes)


def _iter_notes(spread: Collection[Path], beside: Collection[Path]) -> Iterator[str]:
    if spread:
        yield f"in more directories than either side had them in: {_named(spread)}"
    if beside:
        yield f"put beside others of the same name: {_named(beside)}"


def _spread(ours: Moves, theirs: Moves) -> list[Path]:
    """Files that end in more directories than either side had them in, each by a path."""
    return [
        min(ours.came[file])
        for file in ours.came.keys() & theirs.came.keys()
        if _gained(theirs, ours, file) > 0 and _gained(ours, theirs, file) > 0
    ]


def _gained(mover: Moves, other: Moves, file: FileId) -> int:
    """By how many entries of the file the result is more than what the other side has."""
    came = mover.came.get(file, set()) - other.came.get(file, set())
    left = mover.left.get(file, set()) - other.left.get(file, set())
    return len(came) - len(left)


def _named(paths: Collection[Path]) -> str:
    return ", ".join(map(format_path, sorted(paths)[:_NAMED])) + (", …" if len(paths) > _NAMED else "")
