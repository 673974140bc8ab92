"""The difference of two trees as a page to look at: counts, declarations, and each changed file before and after."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from dvcore.history.annotations import AnnotationChange, InstanceChange, diff_annotations
from dvcore.history.declaration_changes import DeclarationChange
from dvcore.history.definition_changes import DefinitionChange
from dvcore.history.diff import Difference, FileChange, Kind
from dvcore.history.entry_changes import Side
from dvcore.history.page import Card, Mark, MarkKind, Section, Table, changes_page
from dvcore.history.pictures import bring_pictures, picture_of
from dvcore.markup import Cell
from dvcore.model.annotations import Instance
from dvcore.model.files import FileRecord
from dvcore.model.names import format_path
from dvcore.repo.repository import Repository
from dvcore.repo.treereader import TreeReader

MOST: Final = 100
"""Files of a section that are shown: with 20 kB each, a page of some MB, which a browser opens at once."""

_ADDED, _REMOVED, _MOVED, _REPLACED, _OTHER = "Added", "Removed", "Moved", "Other bytes", "Other annotations"
_WHOLE: Final = {Kind.ADDED: _ADDED, Kind.REMOVED: _REMOVED, Kind.MOVED: _MOVED}

Describe: TypeAlias = Callable[[FileChange, AnnotationChange], Sequence[str]]
"""A change in words, a line each."""


_Shown: TypeAlias = tuple[FileChange, AnnotationChange]


@dataclass(slots=True)
class _Found:
    """What is counted, and the first files of each section."""

    files: Counter[str] = field(default_factory=Counter)
    instances: Counter[str] = field(default_factory=Counter)
    shown: dict[str, list[_Shown]] = field(default_factory=dict)


def tree_changes_page(
    repository: Repository,
    title: str,
    sides: tuple[Side, Side],
    describe: Describe,
    *,
    declarations: Sequence[DeclarationChange] = (),
    definition: Sequence[DefinitionChange] = (),
    most: int = MOST,
) -> str:
    """The page; of each kind of change `most` files are shown.

    Raises CorruptError, StorageError.
    """
    before, after = (side.reader for side in sides)
    found = _Found()
    with Difference(*sides) as difference:
        for change in difference:
            annotations = diff_annotations(before, after, change)
            section = _section_of(change)
            found.files[section] += 1
            found.instances.update(dict(zip(("added", "removed", "modified"), annotations.counts(), strict=True)))
            if found.files[section] <= most:
                found.shown.setdefault(section, []).append((change, annotations))
    bring_pictures(repository, _records(change for shown in found.shown.values() for change, _ in shown))
    order = (_ADDED, _REMOVED, _MOVED, _REPLACED, _OTHER)
    sections = []
    for name in (name for name in order if name in found.shown):
        cards = tuple(_card(repository, (before, after), *one, describe) for one in found.shown[name])
        sections.append(Section(name, found.files[name], cards))
    about = ["; ".join((_sentence("files", found.files), _sentence("instances", found.instances)))]
    return changes_page(title, about, _tables(declarations, definition), sections)


def _section_of(change: FileChange) -> str:
    if change.kind is Kind.MODIFIED:
        return _REPLACED if change.is_replaced else _OTHER
    return _WHOLE[change.kind]


def _sentence(what: str, counted: Counter[str]) -> str:
    numbers = ", ".join(f"{number:,} {name.lower()}" for name, number in counted.items() if number)
    return f"{what}: {numbers or 'none changed'}"


def _tables(declarations: Iterable[DeclarationChange], definition: Iterable[DefinitionChange]) -> list[Table]:
    declared: list[tuple[Cell, ...]] = [
        (one.what, one.name, one.kind.value, ", ".join(f"{name}: {old} -> {new}" for name, (old, new) in _shown(one)))
        for one in declarations
    ]
    defined: list[tuple[Cell, ...]] = [(one.part, one.old or "", one.new or "") for one in definition]
    tables = (
        Table("Variables and labels", ("what", "name", "", "difference"), tuple(declared)),
        Table("Definition", ("part", "before", "after"), tuple(defined)),
    )
    return [table for table in tables if table.rows]


def _shown(change: DeclarationChange) -> list[tuple[str, tuple[str, str]]]:
    def text(value: object) -> str:
        return str(getattr(value, "value", value))

    return [(name, (text(old), text(new))) for name, (old, new) in change.fields.items()]


def _card(
    repository: Repository,
    trees: tuple[TreeReader, TreeReader],
    change: FileChange,
    annotations: AnnotationChange,
    describe: Describe,
) -> Card:
    """How a file looked, and looks; of one that came or went only the side that holds it."""
    old, new = _sides(change)
    is_both = old is not None and new is not None
    changed = annotations.instances if is_both else ()
    before, after = (
        None if record is None else picture_of(repository, record, _marks(tree, record, changed, is_old=is_old))
        for tree, record, is_old in zip(trees, (old, new), (True, False), strict=True)
    )
    return Card(format_path(change.path), tuple(describe(change, annotations)), before, after)


def _records(changes: Iterable[FileChange]) -> Iterator[FileRecord]:
    return (record for change in changes for record in _sides(change) if record is not None)


def _sides(change: FileChange) -> tuple[FileRecord | None, FileRecord | None]:
    return (
        None if change.kind is Kind.ADDED else change.old,
        None if change.kind is Kind.REMOVED else change.new,
    )


def _marks(
    tree: TreeReader, record: FileRecord, changed: Sequence[InstanceChange], *, is_old: bool
) -> tuple[Mark, ...]:
    """Each instance by what became of it, or where it came from."""
    kinds = {}
    for one in changed:
        own, other = (one.old, one.new) if is_old else (one.new, one.old)
        if own is not None:
            alone = MarkKind.REMOVED if is_old else MarkKind.ADDED
            kinds[own.id] = alone if other is None else MarkKind.CHANGED
    return tuple(_mark(one, kinds.get(one.id, MarkKind.SAME)) for one in tree.annotations(record).instances)


def _mark(one: Instance, kind: MarkKind) -> Mark:
    return Mark(one.geometry, kind, one.label)
