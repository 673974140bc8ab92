"""What settling conflicts as one side has it changes in the working state, as edits."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from dvcore.encoding import encode
from dvcore.errors import InvalidInputError
from dvcore.history.free_names import FreeNames
from dvcore.ids import FileId, TreeId
from dvcore.model.annotations import AnnotationSet, decode_instance
from dvcore.model.conflicts import Conflict, Merging, Subject
from dvcore.model.declarations import VariableDeclaration, decode_label, decode_variable
from dvcore.model.files import FileRecord, decode_record
from dvcore.model.names import Path, parse_path
from dvcore.model.tree import Directory, Entry, FileEntry, decode_entry_or_none
from dvcore.model.values import ValueType, decode_value
from dvcore.repo.edits import Change, Edits, apply_edits
from dvcore.repo.objects import Objects, save_annotations
from dvcore.repo.treereader import TreeReader
from dvcore.store import ObjectDraft


class Side(Enum):
    """What a conflict becomes."""

    OURS = "ours"
    THEIRS = "theirs"
    BASE = "base"
    """As it was before either side changed it."""
    AS_IS = "as it is"
    """Whatever the working state has now, edited or not."""


@dataclass(slots=True)
class Resolution:
    """Settles conflicts of the working state `reader` as `side` has them, whose tree is `tree`: first which files are
    where, then what is said of them, then the declarations."""

    reader: TreeReader
    tree: TreeReader
    draft: ObjectDraft
    side: Side
    edits: Edits = field(default_factory=Edits)
    _displaced: set[FileId] = field(default_factory=set)

    def settle(self, conflicts: Sequence[Conflict]) -> Edits:
        """The edits.

        Raises InvalidInputError for a declaration that values in files, or labels of instances, do not fit.
        """
        settlers: dict[Subject, Callable[[Conflict, bytes | None], None]] = {
            Subject.FILE: self._settle_file,
            Subject.ENTRY: self._settle_entry,
            Subject.VARIABLE: self._settle_variable,
            Subject.INSTANCE: self._settle_instance,
            Subject.VARIABLE_DECLARATION: self._declare_variable,
            Subject.LABEL_DECLARATION: self._declare_label,
        }
        for subject, action in settlers.items():
            for one in conflicts:
                if one.place.subject is subject:
                    action(one, self._wanted(one))
        self._drop_displaced()
        self._declare_used()
        if self.edits.variables or self.edits.labels:
            _check_declared(TreeReader(Objects(self.draft), apply_edits(self.draft, self.reader, self.edits)))
        return self.edits

    def _wanted(self, conflict: Conflict) -> bytes | None:
        sides = conflict.sides
        return {Side.OURS: sides.ours, Side.THEIRS: sides.theirs, Side.BASE: sides.base}[self.side]

    def _settle_entry(self, conflict: Conflict, wanted: bytes | None) -> None:
        path = parse_path(conflict.place.name)
        before, after = self.reader.find_entry(path), decode_entry_or_none(wanted)
        if before == after:
            return
        self._displaced.update(file for _, file in _iter_files(self.reader, path, before))
        self._put(path, Change(before, after))
        for _, file in _iter_files(self.tree, path, after):
            if self._record(file) is None:
                self._set(file, self.tree.record(file))

    def _settle_file(self, conflict: Conflict, wanted: bytes | None) -> None:
        file = _file_of(conflict)
        after = None if wanted is None else decode_record(wanted)
        if after is None:
            for path in self.reader.certain_paths_of([file])[file]:
                self._put(path, Change(FileEntry(file), None))
        elif self._record(file) is None:
            for path in FreeNames(self.reader).places(self.tree.certain_paths_of([file])[file]):
                self._put(path, Change(None, FileEntry(file)))
        self._set(file, after)

    def _settle_variable(self, conflict: Conflict, wanted: bytes | None) -> None:
        name = conflict.place.name
        record = self._record(_file_of(conflict))
        if record is None:
            return  # removed since, and what was said of it with it
        present = self._annotations(record)
        stated = present.variables.get(name, record.variables.get(name))
        if (None if stated is None else encode(stated)) == wanted:
            return
        others = {key: value for key, value in present.variables.items() if key != name}
        entered = dict(record.variables)
        if wanted is None:
            entered.pop(name, None)
        else:
            others[name] = decode_value(wanted)
        self._say(conflict, replace(record, variables=entered), replace(present, variables=others))

    def _settle_instance(self, conflict: Conflict, wanted: bytes | None) -> None:
        record = self._record(_file_of(conflict))
        if record is None:
            return
        present = self._annotations(record)
        kept = [one for one in present.instances if one.id.hex() != conflict.place.name]
        added = [] if wanted is None else [decode_instance(wanted)]
        self._say(conflict, record, present.with_instances([*kept, *added]))

    def _say(self, conflict: Conflict, record: FileRecord, annotations: AnnotationSet) -> None:
        self._set(_file_of(conflict), replace(record, annotations=save_annotations(self.draft, annotations)))

    def _declare_variable(self, conflict: Conflict, wanted: bytes | None) -> None:
        name = conflict.place.name
        before = self.reader.tree.find_variable(name)
        after = None if wanted is None else decode_variable(wanted)
        if before is not None and after is not None and before.type is after.type is ValueType.ENUM:
            after = replace(after, choices=tuple(dict.fromkeys((*after.choices, *before.choices))))
        if after != before:
            self.edits.variables[name] = Change(before, after)

    def _declare_label(self, conflict: Conflict, wanted: bytes | None) -> None:
        name = conflict.place.name
        before = self.reader.tree.find_label(name)
        after = None if wanted is None else decode_label(wanted)
        if after is not None:
            after = replace(after, number=self._next_number() if before is None else before.number)
        if after != before:
            self.edits.labels[name] = Change(before, after)

    def _drop_displaced(self) -> None:
        """Take records out whose last entry went."""
        held = {file for file in self._displaced if self._record(file) is not None}
        if not held:
            return
        result = TreeReader(Objects(self.draft), apply_edits(self.draft, self.reader, self.edits))
        for file, paths in result.certain_paths_of(held).items():
            if not paths:
                self._set(file, None)

    def _declare_used(self) -> None:
        """What records that came from the other tree use, and the merge had let go."""
        tree = self.reader.tree
        came = [one.after for one in self.edits.files.values() if one.after is not None]
        for record in came:
            annotations = self._annotations(record)
            for name, value in (*record.variables.items(), *annotations.variables.items()):
                self._want_variable(name, value)
            for label in {one.label for one in annotations.instances}:
                declared = self.tree.tree.find_label(label)
                if tree.find_label(label) is None and label not in self.edits.labels and declared is not None:
                    self.edits.labels[label] = Change(None, replace(declared, number=self._next_number()))

    def _want_variable(self, name: str, value: object) -> None:
        before = self.reader.tree.find_variable(name)
        planned = self.edits.variables[name].after if name in self.edits.variables else before
        declared = planned or self.tree.tree.find_variable(name)
        if declared is None:
            return
        if declared.type is ValueType.ENUM and isinstance(value, str) and value not in declared.choices:
            declared = replace(declared, choices=(*declared.choices, value))
        if declared != before:
            self.edits.variables[name] = Change(before, declared)

    def _next_number(self) -> int:
        planned = [one.after.number for one in self.edits.labels.values() if one.after is not None]
        return max((*planned, *(one.number for one in self.reader.tree.labels)), default=-1) + 1

    def _record(self, file: FileId) -> FileRecord | None:
        planned = self.edits.files.get(file)
        return self.reader.find_record(file) if planned is None else planned.after

    def _annotations(self, record: FileRecord) -> AnnotationSet:
        return Objects(self.draft).load_annotations(record.annotations)

    def _set(self, file: FileId, record: FileRecord | None) -> None:
        before = self.reader.find_record(file)
        self.edits.files[file] = Change(before, record)
        if record == before:
            del self.edits.files[file]

    def _put(self, path: Path, change: Change[Entry]) -> None:
        self.edits.entries[path] = change
        self.edits.exact = True  # that no other entry holds a file is true of this tree, not of a later one


def side_tree(reader: TreeReader, merging: Merging, ours: TreeId, side: Side) -> TreeReader:
    """The tree of a side."""
    ids = {Side.OURS: ours, Side.THEIRS: merging.theirs, Side.BASE: merging.base}
    return TreeReader(reader.objects, ids[side])


def _iter_files(reader: TreeReader, path: Path, entry: Entry | None) -> Iterable[tuple[Path, FileId]]:
    if isinstance(entry, FileEntry):
        return [(path, entry.file)]
    return reader.iter_files(path) if isinstance(entry, Directory) else []


def _file_of(conflict: Conflict) -> FileId:
    file = conflict.place.file
    assert file is not None, "it is decoded so"
    return file


def _check_declared(reader: TreeReader) -> None:
    """Raises InvalidInputError where a value does not fit its declaration, or a label has none. Looks at every file."""
    declared: dict[str, VariableDeclaration] = {one.name: one for one in reader.tree.variables}
    labels = {one.name for one in reader.tree.labels}
    for _, record in reader.iter_records():
        for name, value in reader.stated_variables(record).items():
            if name not in declared:
                raise InvalidInputError(f"files have values of the variable {name!r}", hint="unset them first")
            declared[name].check(value)
        for one in reader.annotations(record).instances:
            if one.label not in labels:
                raise InvalidInputError(f"instances have the label {one.label!r}", hint="relabel them first")
