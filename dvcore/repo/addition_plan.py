"""The plan of one import on one tree: what becomes of each file that comes in.

What a name and a file id mean when files come in is decided here (`docs/importing.md` tells it to users):

- the same bytes under an existing name only add what the file lacks: values that are not set, instances; other bytes
  under it are a conflict, a replacement, skipped or renamed, as the caller says;
- a replaced file keeps id, split key and annotations;
- instances that come again under a known id leave what is there, edited or not; others are added; none is removed
  unless the caller says so: then they become what the source says, each edited one under the id that it has.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Final

from dvcore.errors import InvalidInputError, nearest_hint
from dvcore.ids import BlobId, FileId
from dvcore.model.annotations import AnnotationSet
from dvcore.model.declarations import VariableDeclaration
from dvcore.model.files import FileRecord, ImageFacts, decode_record, derive_imported_id, encode_record
from dvcore.model.names import ROOT, Path, format_path, normalize_name
from dvcore.model.tree import Directory, Entry, FileEntry, decode_entry_or_none
from dvcore.model.variable_names import check_variable_name
from dvcore.prolly import ProllyMap
from dvcore.repo.add_conflicts import AddConflicts
from dvcore.repo.add_options import AddOptions, AddReport, Declared, OnExisting
from dvcore.repo.additions import Addition
from dvcore.repo.annotating import label_changes
from dvcore.repo.edits import Change, Edits, iter_found
from dvcore.repo.entering import known_again, known_edited
from dvcore.repo.objects import EMPTY_ANNOTATIONS, Objects, save_annotations
from dvcore.repo.records import find_records
from dvcore.repo.treereader import TreeReader
from dvcore.repo.variables import normalize_declaration
from dvcore.store import ObjectDraft
from dvcore.store.spilling import SpillingMap

_RENAMED_KEPT: Final = 1_000
"""New names that a report gives."""


@dataclass(frozen=True, slots=True)
class _Known:
    """A file's record as the tree has it, None where it has no such file, and with what is planned so far."""

    before: FileRecord | None
    after: FileRecord


class AdditionPlan:
    """Collects the edits of one import on one tree.

    Files are taken many at a time, so that the records of those that are there are looked up in the order of their ids.
    Whether the tree has a file of a derived id already is not looked up one by one, at random places of a large map,
    but for all in their order when the plan is made (`note_taken`). Some id is taken only where a file of the same
    origin was moved away; then the plan is made again, passing over it.
    """

    def __init__(
        self,
        reader: TreeReader,
        draft: ObjectDraft,
        options: AddOptions,
        edits: Edits,
        *,
        taken: SpillingMap,
        came_in: SpillingMap,
    ) -> None:
        self.reader = reader
        self.draft = draft
        self.options = options
        self.edits = edits
        self.report = AddReport()
        self._taken = taken
        self._came_in = came_in
        self.conflicts = AddConflicts()
        self._records: dict[FileId, bytes] = {}  # of the batch, as the tree has them
        self._directory: tuple[Path, ProllyMap | None] = ROOT, reader.names(reader.tree.root)
        self._declared = {one.name: one for one in reader.tree.variables}
        self._objects = Objects(draft)

    def declare(self, declared: Declared) -> None:
        """Add what the tree lacks."""
        tree = self.reader.tree
        self.edits.labels = label_changes(tree, declared.labels)
        for wanted in map(normalize_declaration, declared.variables):
            present = self._declared.get(wanted.name)
            after = _merged(present, wanted) if present else wanted
            check_variable_name(after.name, self._declared)
            self._declared[after.name] = after
            before = tree.find_variable(after.name)
            if after != before:
                self.edits.variables[after.name] = Change(before, after)

    def take(self, additions: Sequence[Addition]) -> None:
        """Plan files; conflicts are collected."""
        there = [self._entry_in_tree(one.path) for one in additions]
        self._records = find_records(self.reader, {one.file for one in there if isinstance(one, FileEntry)})
        for addition, entry in zip(additions, there, strict=True):
            planned = self.edits.entries.get(addition.path)
            self._add(addition, planned.after if planned else entry)

    def note_taken(self) -> bool:
        """Whether files of the tree have ids that were derived for new ones; they are noted."""
        found = False
        if not len(self.reader.files):
            return found
        for file, before, present in iter_found(self.reader, self.edits.files):
            if before is None and present is not None:
                self._taken.put(file, b"")
                found = True
        return found

    def _add(self, addition: Addition, entry: Entry | None) -> None:
        self._check_variables(addition)
        if entry is None:
            self._add_new(addition)
        elif not isinstance(entry, FileEntry):
            self.conflicts.taken.add(format_path(addition.path))
        elif self._is_as_it_came(entry.file, addition):
            self._note_source(entry.file, addition)
            self.report.unchanged += 1
        else:
            self._add_to_present(entry.file, addition)

    def _add_new(self, addition: Addition) -> None:
        file = self._free_id(addition)
        self._note_source(file, addition)
        record = self._with_instances(file, _new_record(addition), EMPTY_ANNOTATIONS, addition)
        self.edits.files[file] = Change(None, record)
        self.edits.entries[addition.path] = Change(None, FileEntry(file))
        self.report.added += 1

    def _is_as_it_came(self, file: FileId, addition: Addition) -> bool:
        """Whether the tree has the very record that would come in, which costs less to tell than decoding it."""
        if addition.entered is not None or file in self.edits.files:
            return False
        return self._records.get(file) == encode_record(_new_record(addition))

    def _add_to_present(self, file: FileId, addition: Addition) -> None:
        known = self._known(file)
        if known.after.blob != addition.blob:
            self._add_other_bytes(file, known, addition)
            return
        self._note_source(file, addition)
        annotations = self._objects.load_annotations(known.after.annotations)
        completed = self._completed(known.after, annotations, addition)
        after = self._with_instances(file, completed, annotations, addition)
        if after == known.after:
            self.report.unchanged += 1
        else:
            self.report.completed += 1
            self._change(file, known, after)

    def _completed(self, record: FileRecord, annotations: AnnotationSet, addition: Addition) -> FileRecord:
        """With the values and facts that it lacks; what it has stays, edited or not."""
        present = {**record.variables, **annotations.variables}
        missing = {name: value for name, value in addition.variables.items() if name not in present}
        self.report.values_kept += any(present.get(name, value) != value for name, value in addition.variables.items())
        return replace(record, facts=record.facts or addition.facts, variables={**record.variables, **missing})

    def _add_other_bytes(self, file: FileId, known: _Known, addition: Addition) -> None:
        match self.options.on_existing:
            case OnExisting.STOP:
                self.conflicts.taken.add(format_path(addition.path))
            case OnExisting.SKIP:
                self.report.skipped += 1
            case OnExisting.REPLACE:
                self._replace(file, known, addition)
            case OnExisting.RENAME:
                self._rename(addition)

    def _replace(self, file: FileId, known: _Known, addition: Addition) -> None:
        before = known.after
        other = self._note_source(file, addition)
        if other is not None:
            self.conflicts.contradictions.add(f"{other} and {format_path(addition.path)}")
            return
        same_size = _displayed(before.facts) == _displayed(addition.facts)
        if before.annotated and not same_size and not self.options.keep_annotations:
            self.conflicts.resized.add(format_path(addition.path))
            return
        after = replace(
            before,
            blob=addition.blob,
            size=addition.size,
            facts=addition.facts,
            variables={**before.variables, **addition.variables},
        )
        annotations = self._objects.load_annotations(before.annotations)
        self._change(file, known, self._with_instances(file, after, annotations, addition))
        self.report.replaced += 1

    def _rename(self, addition: Addition) -> None:
        """To `name-2.jpg`, `name-3.jpg` …: the first that is free, or that has these bytes already."""
        for path in _iter_other_names(addition.path):
            entry = self._find_entry(path)
            if entry is None or self._has_bytes(entry, addition.blob):
                break
        self.report.renamed += 1
        if len(self.report.new_names) < _RENAMED_KEPT:
            self.report.new_names[format_path(addition.path)] = format_path(path)
        self._add(replace(addition, path=path), entry)

    def _with_instances(
        self, file: FileId, record: FileRecord, before: AnnotationSet, addition: Addition
    ) -> FileRecord:
        """Those that are there stay, others are added. `before` is the record's annotation set."""
        if addition.entered is None:
            return record
        is_replaced = self.options.replace_annotations
        came = (known_edited if is_replaced else known_again)(file, before.instances, addition.entered)
        present = {one.id: one for one in before.instances}
        known = came.keys() & present.keys()
        edited = sum(came[id_] != present[id_] for id_ in known) if is_replaced else 0
        self.report.instances_added += len(came) - len(known)
        self.report.instances_present += len(known) - edited
        self.report.instances_edited += edited
        self.report.instances_removed += len(present) - len(known) if is_replaced else 0
        after = before.with_instances((came if is_replaced else {**came, **present}).values())
        annotations = save_annotations(self.draft, after) if after != before else record.annotations
        return replace(record, annotations=annotations, annotated=True)

    def _free_id(self, addition: Addition) -> FileId:
        """The first derived id that no file gets, or is known to have."""
        counter = 0
        while True:
            file = derive_imported_id(addition.path[:-1], addition.path[-1], addition.blob, counter)
            if file not in self.edits.files and self._taken.get(file) is None:
                return file
            counter += 1

    def _known(self, file: FileId) -> _Known:
        """The record that the tree has of a file, and what is planned to become of it so far."""
        planned = self.edits.files.get(file)
        if planned and planned.after:
            return _Known(planned.before, planned.after)
        data = self._records.get(file)
        record = self.reader.record(file) if data is None else decode_record(data)
        return _Known(record, record)

    def _change(self, file: FileId, known: _Known, after: FileRecord) -> None:
        if after != known.before:
            self.edits.files[file] = Change(known.before, after)
        else:
            self.edits.files.pop(file, None)

    def _has_bytes(self, entry: Entry, blob: BlobId) -> bool:
        return isinstance(entry, FileEntry) and self._known(entry.file).after.blob == blob

    def _find_entry(self, path: Path) -> Entry | None:
        """What a path leads to when all that is planned so far is done."""
        planned = self.edits.entries.get(path)
        return planned.after if planned else self._entry_in_tree(path)

    def _entry_in_tree(self, path: Path) -> Entry | None:
        names = self._names(path[:-1])
        value = None if names is None else names.get(path[-1].encode())
        return decode_entry_or_none(value)

    def _names(self, path: Path) -> ProllyMap | None:
        """The map of a directory, if there is one. Additions mostly come directory by directory."""
        if path != self._directory[0]:
            entry = self.reader.find_entry(path)
            self._directory = path, self.reader.names(entry) if isinstance(entry, Directory) else None
        return self._directory[1]

    def _note_source(self, file: FileId, addition: Addition) -> str | None:
        """Note the bytes that a file comes with first. Where they were others, the path that they came from."""
        if self.options.on_existing is not OnExisting.REPLACE:
            return None  # they cannot be others
        noted = self._came_in.get(file)
        if noted is None:
            noted = addition.blob + format_path(addition.path).encode()
            self._came_in.put(file, noted)
        return None if noted.startswith(addition.blob) else noted[len(addition.blob) :].decode()

    def _check_variables(self, addition: Addition) -> None:
        for name, value in addition.variables.items():
            declaration = self._declared.get(name)
            if declaration is None:
                raise InvalidInputError(f"no variable {name!r} is declared", hint=nearest_hint(name, self._declared))
            declaration.check(value)


def _iter_other_names(path: Path) -> Iterator[Path]:
    """`name-2.jpg`, `name-3.jpg` and so on beside `name.jpg`."""
    stem, dot, suffix = path[-1].rpartition(".")
    for number in count(2):
        yield *path[:-1], normalize_name(f"{stem}-{number}{dot}{suffix}" if stem else f"{path[-1]}-{number}")


def _merged(before: VariableDeclaration, wanted: VariableDeclaration) -> VariableDeclaration:
    if before.type is not wanted.type:
        raise InvalidInputError(
            f"the variable {before.name!r} is declared as {before.type.value}, the source has {wanted.type.value}",
            hint="import under another name with --variable",
        )
    return replace(before, choices=tuple(dict.fromkeys((*before.choices, *wanted.choices))))


def _displayed(facts: ImageFacts | None) -> tuple[int, int] | None:
    return None if facts is None else (facts.width, facts.height)


def _new_record(addition: Addition) -> FileRecord:
    """What a file has that nobody has annotated yet."""
    return FileRecord(addition.blob, addition.size, addition.blob, addition.facts, None, addition.variables)
