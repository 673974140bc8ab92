"""Three-way merge of trees: files, directories, variables and instances each on their own.

It costs what the sides changed. Where both sides changed the same thing otherwise, the result has our side, and the
conflict is a value beside it. Without conflicts it does not matter who merges whom: the result is the same tree.
`docs/merging.md` has the rules.
"""

from collections.abc import Collection, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path as FolderPath

from dvcore.history.merge_files import FileMerger
from dvcore.history.merging_annotations import RecordMerger
from dvcore.history.merging_declarations import Declaration, merge_labels, merge_variables
from dvcore.history.merging_entries import EntryMerger
from dvcore.history.settling import Settler, Strategy
from dvcore.ids import TreeId
from dvcore.model.conflicts import Place, Sides
from dvcore.model.files import FileRecord
from dvcore.model.tree import Directory, Tree
from dvcore.repo.edits import Change, Edits, apply_edits, spilling_edits
from dvcore.repo.objects import Objects, save_tree
from dvcore.repo.treereader import TreeReader
from dvcore.store import ObjectDraft


@dataclass(frozen=True, slots=True)
class MergedTrees:
    """The tree that came of a merge, without the state of the merge itself; what could not be settled, by place; and
    notes on what nobody may have meant, a line each."""

    tree: TreeId
    conflicts: dict[Place, Sides]
    notes: tuple[str, ...]


def merge_trees(
    draft: ObjectDraft,
    base: TreeId,
    ours: TreeId,
    theirs: TreeId,
    *,
    strategy: Strategy = Strategy.STOP,
    scratch: FolderPath | None = None,
) -> MergedTrees:
    """Merge what came of `base` on two sides; all three are read from, and the result is written into, the draft.
    `scratch` is a folder for private files, where there is much to do.

    Raises CorruptError, NeedsNewerError.
    """
    objects = Objects(draft)
    with closing(spilling_edits(scratch)) as edits:
        merge = _Merge(
            draft,
            TreeReader(objects, base),
            TreeReader(objects, ours),
            TreeReader(objects, theirs),
            Settler(strategy),
            edits,
        )
        return merge.run()


@dataclass(slots=True)
class _Merge:
    draft: ObjectDraft
    base: TreeReader
    ours: TreeReader
    theirs: TreeReader
    settler: Settler
    edits: Edits

    def run(self) -> MergedTrees:
        trees = (self.base.tree, self.ours.tree, self.theirs.tree)
        used = _Used(self.ours.objects, is_wanted=_lacks_declaration(*trees))
        entries = EntryMerger(self.base, self.ours, self.theirs, self.draft, self.settler, self.edits.entries)
        entries.merge()
        records = RecordMerger(self.ours.objects, self.draft, self.settler)
        files = FileMerger(self.base, self.ours, self.theirs, records, self.edits, used.note)
        files.merge()
        variables, labels = merge_variables(self.settler, *trees), merge_labels(self.settler, *trees)
        made = self._cleared(apply_edits(self.draft, self.ours, self.edits), entries)
        tree = replace(
            made,
            variables=_with_used(variables, self.base.tree.variables, used.variables),
            labels=_with_used(labels, self.base.tree.labels, used.labels),
            merging=None,
        )
        return MergedTrees(save_tree(self.draft, tree), self.settler.conflicts, tuple(files.notes))

    def _cleared(self, made: TreeId, entries: EntryMerger) -> Tree:
        """The tree without directories that were to go, and without files that no directory holds."""
        if not entries.emptied and not entries.displaced:
            return self.ours.objects.load_tree(made)
        reader = TreeReader(self.ours.objects, made)
        edits = Edits()
        for path in entries.emptied:
            there = reader.find_entry(path)
            if isinstance(there, Directory) and not there.files:
                edits.entries[path] = Change(there, None)
        displaced = {file for side, path in entries.displaced for _, file in side.iter_files(path)}
        for file, paths in reader.certain_paths_of(displaced).items():
            record = reader.find_record(file)
            if record is not None and not paths:
                edits.files[file] = Change(record, None)
        return self.ours.objects.load_tree(apply_edits(self.draft, reader, edits))


class _Used:
    """The variables and labels that changed records of the result use, where anybody wants to know."""

    def __init__(self, objects: Objects, *, is_wanted: bool) -> None:
        self.variables: set[str] = set()
        self.labels: set[str] = set()
        self._objects = objects
        self._is_wanted = is_wanted

    def note(self, record: FileRecord) -> None:
        """Look into one."""
        if not self._is_wanted:
            return
        annotations = self._objects.load_annotations(record.annotations)
        self.variables.update(record.variables, annotations.variables)
        self.labels.update(one.label for one in annotations.instances)


def _lacks_declaration(base: Tree, *sides: Tree) -> bool:
    """Whether a side no longer declares something."""
    return any(not _declared(base) <= _declared(side) for side in sides)


def _declared(tree: Tree) -> set[tuple[str, str]]:
    return {("variable", one.name) for one in tree.variables} | {("label", one.name) for one in tree.labels}


def _with_used(
    declared: Sequence[Declaration], base: Sequence[Declaration], used: Collection[str]
) -> tuple[Declaration, ...]:
    """The declarations, with those of the base that one side removed while the other side used them anew."""
    names = {one.name for one in declared}
    missing = [one for one in base if one.name in used and one.name not in names]
    return (*declared, *missing)
