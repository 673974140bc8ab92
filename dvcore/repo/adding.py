"""Bringing files into the working state: new ones, new bytes for old ones, annotations for both.

What a name and a file id mean when files come in is decided here (`docs/importing.md` tells it to users):

- the same bytes under an existing name only add what the file lacks: values that are not set, instances; other bytes
  under it are a conflict, a replacement, skipped or renamed, as the caller says;
- a replaced file keeps id, split key and annotations;
- instances that come again under a known id leave what is there, edited or not; others are added; none is removed
  unless the caller says so.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from itertools import count
from typing import Final

from dvcore.encoding import encode
from dvcore.errors import ConflictError, InvalidInputError, nearest_hint
from dvcore.ids import BlobId, FileId
from dvcore.model.annotations import AnnotationSet, Entered, Instance, derive_instances
from dvcore.model.declarations import LabelDeclaration, VariableDeclaration
from dvcore.model.files import FileRecord, ImageFacts, derive_imported_id
from dvcore.model.geometry import pack_geometry
from dvcore.model.names import Path, format_path, normalize_name
from dvcore.model.tree import Entry, FileEntry
from dvcore.model.values import Value
from dvcore.model.variable_names import check_variable_name
from dvcore.repo.annotating import label_changes
from dvcore.repo.edits import Change, Edits
from dvcore.repo.objects import Objects, save_annotations
from dvcore.repo.repository import Repository
from dvcore.repo.treereader import TreeReader
from dvcore.repo.variables import normalize_declaration
from dvcore.repo.working import change_working
from dvcore.store import ObjectDraft

_SHOWN: Final = 10
"""Paths that a conflict names before it counts the rest."""


class OnExisting(Enum):
    """What happens where other bytes come in under a name that is taken."""

    STOP = "stop"
    REPLACE = "replace"
    SKIP = "skip"
    RENAME = "rename"


@dataclass(frozen=True, slots=True)
class Addition:
    """A file that comes in. Its blob is in the store already. `entered` are the instances that its source gives: None
    where the source says nothing of this file, empty where it says that there is nothing on it."""

    path: Path
    blob: BlobId
    size: int
    facts: ImageFacts | None = None
    variables: Mapping[str, Value] = field(default_factory=dict)
    entered: tuple[Entered, ...] | None = None


@dataclass(frozen=True, slots=True)
class Declared:
    """What the source declares. Choices of an enum are added to those that the tree has; labels' numbers are ignored,
    the tree gives them."""

    variables: tuple[VariableDeclaration, ...] = ()
    labels: tuple[LabelDeclaration, ...] = ()


@dataclass(frozen=True, slots=True)
class AddOptions:
    """How names that are taken, and annotations that are there, are treated."""

    on_existing: OnExisting = OnExisting.STOP
    keep_annotations: bool = False
    replace_annotations: bool = False


@dataclass(slots=True)
class AddReport:
    """Counts of files and of instances. `completed` files were there and lacked something that came in; `renamed` maps
    the path that was asked for to the one that was given; `values_kept` counts files that had another value already."""

    added: int = 0
    unchanged: int = 0
    completed: int = 0
    replaced: int = 0
    skipped: int = 0
    renamed: dict[str, str] = field(default_factory=dict)
    values_kept: int = 0
    instances_added: int = 0
    instances_present: int = 0
    instances_removed: int = 0


def add_files(
    repository: Repository, additions: Sequence[Addition], declared: Declared, options: AddOptions, description: str
) -> AddReport:
    """Bring files into the current branch's working state, in one operation.

    Raises ConflictError naming the paths where other files have the names, InvalidInputError where declarations or
    sizes do not go together. Then nothing was done.
    """
    report = AddReport()

    def plan(reader: TreeReader, draft: ObjectDraft) -> Edits:
        nonlocal report
        adding = _Adding(reader, draft, options)
        adding.declare(declared)
        for addition in additions:
            adding.add(addition)
        adding.refuse_conflicts()
        report = adding.report
        return adding.edits

    change_working(repository, description, plan)
    return report


class _Adding:
    """Collects the edits of one import on one tree."""

    def __init__(self, reader: TreeReader, draft: ObjectDraft, options: AddOptions) -> None:
        self.reader = reader
        self.draft = draft
        self.options = options
        self.edits = Edits()
        self.report = AddReport()
        self._conflicts: list[str] = []
        self._resized: list[str] = []
        self._contradictions: list[str] = []
        self._came_in: dict[FileId, Addition] = {}
        self._exists: dict[Path, bool] = {}
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

    def add(self, addition: Addition) -> None:
        """Plan one file; conflicts are collected."""
        self._check_variables(addition)
        entry = self._find_entry(addition.path)
        if entry is None:
            self._add_new(addition)
        elif not isinstance(entry, FileEntry):
            self._conflicts.append(format_path(addition.path))
        elif self._current(entry.file).blob == addition.blob:
            self._came_in.setdefault(entry.file, addition)
            self._annotate_present(entry.file, addition)
        else:
            self._add_other_bytes(entry.file, addition)

    def refuse_conflicts(self) -> None:
        """Raises ConflictError where some additions cannot be."""
        if self._conflicts:
            raise ConflictError(
                f"{_taken(len(self._conflicts))} already: {_shown(self._conflicts)}",
                hint="--on-existing replace, skip or rename says what to do",
            )
        if self._contradictions:
            raise ConflictError(
                f"one file is to get different bytes from two places: {_shown(self._contradictions)}",
                hint="where the two are mirrors, import them apart, or copy instead of mirroring",
            )
        if self._resized:
            raise ConflictError(
                f"{len(self._resized)} annotated files would change their size: {_shown(self._resized)}",
                hint="--keep-annotations replaces them all the same",
            )

    def _add_new(self, addition: Addition) -> None:
        file = self._free_id(addition)
        self._came_in[file] = addition
        record = FileRecord(addition.blob, addition.size, addition.blob, addition.facts, None, addition.variables)
        self.edits.files[file] = Change(None, self._annotated(file, record, addition))
        self.edits.entries[addition.path] = Change(None, FileEntry(file))
        self.report.added += 1

    def _annotate_present(self, file: FileId, addition: Addition) -> None:
        before = self._current(file)
        after = self._annotated(file, self._completed(before, addition), addition)
        if after == before:
            self.report.unchanged += 1
        else:
            self.report.completed += 1
        self._change(file, after)

    def _completed(self, record: FileRecord, addition: Addition) -> FileRecord:
        """With the values and facts that it lacks; what it has stays, edited or not."""
        annotated = self._objects.load_annotations(record.annotations).variables
        present = {**record.variables, **annotated}
        missing = {name: value for name, value in addition.variables.items() if name not in present}
        self.report.values_kept += any(present.get(name, value) != value for name, value in addition.variables.items())
        return replace(record, facts=record.facts or addition.facts, variables={**record.variables, **missing})

    def _add_other_bytes(self, file: FileId, addition: Addition) -> None:
        match self.options.on_existing:
            case OnExisting.STOP:
                self._conflicts.append(format_path(addition.path))
            case OnExisting.SKIP:
                self.report.skipped += 1
            case OnExisting.REPLACE:
                self._replace(file, addition)
            case OnExisting.RENAME:
                self._rename(addition)

    def _replace(self, file: FileId, addition: Addition) -> None:
        before = self._current(file)
        if self._came_in.setdefault(file, addition).blob != addition.blob:
            self._contradictions.append(f"{format_path(self._came_in[file].path)} and {format_path(addition.path)}")
            return
        same_size = _displayed(before.facts) == _displayed(addition.facts)
        if before.annotated and not same_size and not self.options.keep_annotations:
            self._resized.append(format_path(addition.path))
            return
        after = replace(
            before,
            blob=addition.blob,
            size=addition.size,
            facts=addition.facts,
            variables={**before.variables, **addition.variables},
        )
        self._change(file, self._annotated(file, after, addition))
        self.report.replaced += 1

    def _rename(self, addition: Addition) -> None:
        """To `name-2.jpg`, `name-3.jpg` …: the first that is free, or that has these bytes already."""
        for path in _iter_other_names(addition.path):
            entry = self._find_entry(path)
            if entry is None or self._has_bytes(entry, addition.blob):
                break
        self.report.renamed[format_path(addition.path)] = format_path(path)
        self.add(replace(addition, path=path))

    def _annotated(self, file: FileId, record: FileRecord, addition: Addition) -> FileRecord:
        if addition.entered is None:
            return record
        before = self._objects.load_annotations(record.annotations)
        after = self._with_instances(file, before, addition.entered)
        annotations = save_annotations(self.draft, after) if after != before else record.annotations
        return replace(record, annotations=annotations, annotated=True)

    def _with_instances(self, file: FileId, before: AnnotationSet, entered: Sequence[Entered]) -> AnnotationSet:
        """Those that are there stay, others are added. Without their source's ids, as in a copied file, instances are
        known again by what they are."""
        derived = derive_instances(file, entered)
        known = {one.id: one for one in before.instances}
        again = {one.id for one in derived if one.id in known}
        alike: dict[bytes, list[Instance]] = {}
        for one in before.instances:
            if one.id not in again:
                alike.setdefault(_content(one), []).append(one)
        matched = [
            one if one.id in again or not alike.get(_content(one)) else alike[_content(one)].pop() for one in derived
        ]
        came = {one.id: one for one in matched}
        added = came.keys() - known.keys()
        self.report.instances_added += len(added)
        self.report.instances_present += len(came) - len(added)
        if self.options.replace_annotations:
            self.report.instances_removed += len(known.keys() - came.keys())
            return before.with_instances(came.values())
        return before.with_instances({**came, **known}.values())

    def _free_id(self, addition: Addition) -> FileId:
        """The first derived id that no file of the tree has or gets."""
        counter = 0
        while True:
            file = derive_imported_id(addition.path[:-1], addition.path[-1], addition.blob, counter)
            if file not in self.edits.files and self.reader.files.get(file) is None:
                return file
            counter += 1

    def _current(self, file: FileId) -> FileRecord:
        """A file's record with what is planned for it so far."""
        planned = self.edits.files.get(file)
        return planned.after if planned and planned.after else self.reader.record(file)

    def _change(self, file: FileId, after: FileRecord) -> None:
        planned = self.edits.files.get(file)
        before = planned.before if planned else self.reader.record(file)
        if after != before:
            self.edits.files[file] = Change(before, after)
        else:
            self.edits.files.pop(file, None)

    def _has_bytes(self, entry: Entry, blob: BlobId) -> bool:
        return isinstance(entry, FileEntry) and self._current(entry.file).blob == blob

    def _find_entry(self, path: Path) -> Entry | None:
        """What a path leads to when all that is planned so far is done."""
        planned = self.edits.entries.get(path)
        if planned:
            return planned.after
        directory = path[:-1]
        if directory not in self._exists:
            self._exists[directory] = self.reader.find_entry(directory) is not None
        return self.reader.find_entry(path) if self._exists[directory] else None

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


def _taken(names: int) -> str:
    return "1 name is taken" if names == 1 else f"{names} names are taken"


def _shown(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return ", ".join(paths[:_SHOWN]) + more


def _content(instance: Instance) -> bytes:
    """What an instance is, apart from its id."""
    return encode([instance.source, instance.label, pack_geometry(instance.geometry)])
