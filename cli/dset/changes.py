"""Printing what changed between two trees: counts first, then directory by directory."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby, islice

from dset.change_json import change_json, declarations_json, definitions_json, directory_json
from dset.change_lines import (
    declaration_line,
    definition_line,
    directory_line,
    file_line,
    heading,
    instance_line,
)
from dset.output import count, counts, say, say_json
from dset.styles import styled
from dvcore.history.annotations import AnnotationChange, InstanceChange, diff_annotations
from dvcore.history.declaration_changes import DeclarationChange, diff_declarations
from dvcore.history.definition_changes import DefinitionChange
from dvcore.history.diff import Difference, FileChange, Kind, diff_directories
from dvcore.history.entry_changes import Side
from dvcore.model.names import ROOT, Path
from dvcore.repo.treereader import TreeReader

_DIRECTORY_KINDS = (Kind.ADDED, Kind.REMOVED)


@dataclass(slots=True)
class Changes:
    """Two sides, and what is different beside their files."""

    before: Side
    after: Side
    definition: list[DefinitionChange] = field(default_factory=list)

    @property
    def declarations(self) -> list[DeclarationChange]:
        """Of the whole trees."""
        return diff_declarations(self.before.reader.tree, self.after.reader.tree)

    def annotations(self, change: FileChange) -> AnnotationChange:
        """Of a file."""
        return diff_annotations(self.before.reader, self.after.reader, change)

    def iter_directories(self) -> Iterator[tuple[Kind, Path]]:
        """Those without files that came or went."""
        found = diff_directories(self.before, self.after)
        return ((kind, path) for kind, paths in zip(_DIRECTORY_KINDS, found, strict=True) for path in paths)


def changes_between(before: TreeReader, after: TreeReader) -> Changes:
    """Of two whole trees."""
    return Changes(Side(before), Side(after))


def say_changes_json(changes: Changes, *, instances: bool = False) -> None:
    """A line for each file, then one for each empty directory."""
    with Difference(changes.before, changes.after) as difference:
        for change in difference:
            say_json(change_json(change, changes.annotations(change), instances=instances))
    for kind, path in changes.iter_directories():
        say_json(directory_json(kind, path))


def say_changes(changes: Changes, *, instances: bool = False, limit: int | None = None) -> None:
    """For people; with a limit, only so many files."""
    with Difference(changes.before, changes.after) as difference:
        _say_all(difference.counts, _beside(changes))
        for directory, some in groupby(islice(difference, limit), key=lambda change: change.path[:-1]):
            say()
            _say_directory(changes, directory, some, instances=instances)
        if limit is not None and difference.counts.total() > limit:
            say(f"… and {difference.counts.total() - limit:,} more; 'dset diff' lists all")


def say_stat(changes: Changes, *, as_json: bool) -> None:
    """Counts of files and instances."""
    totals = [0, 0, 0]
    replaced = 0
    with Difference(changes.before, changes.after) as difference:
        kinds = difference.counts
        for change in difference:
            replaced += change.kind is Kind.MODIFIED and change.is_replaced
            for place, number in enumerate(changes.annotations(change).counts()):
                totals[place] += number
    if as_json:
        instances = dict(zip(("added", "removed", "modified"), totals, strict=True))
        files = {kind.value: kinds[kind] for kind in Kind}
        beside = declarations_json(changes.declarations) | {"definition": definitions_json(changes.definition)}
        say_json({"files": files, "replaced": replaced, "instances": instances, **beside})
        return
    more = [f"other bytes: {count(replaced, 'file')}"] if replaced else []
    said = f"instances: {counts(zip(totals, ('added', 'removed', 'modified'), strict=True))}"
    _say_all(kinds, _beside(changes), said, *more)


def _summary(kinds: Counter[Kind]) -> str:
    total = styled(count(kinds.total(), "change"), bold=True)
    return f"{total}: {counts((kinds[kind], kind.value) for kind in Kind)}"


def _say_directory(changes: Changes, directory: Path, some: Iterable[FileChange], *, instances: bool) -> None:
    indent = ""
    if directory != ROOT:
        say(heading(directory, _note(changes, directory)))
        indent = "  "
    for change in some:
        annotations = changes.annotations(change)
        say(indent + file_line(change, annotations))
        if instances:
            for one in sorted(annotations.instances, key=_instance_order):
                say(f"{indent}    {instance_line(one)}")


def _instance_order(change: InstanceChange) -> tuple[bool, bool]:
    """Those that came, those that went, those that differ: the order of the counts."""
    return change.old is not None, change.new is not None


def _note(changes: Changes, directory: Path) -> str:
    """Whether a directory came or went."""
    if changes.before.path != changes.after.path:
        return ""
    was, now = (side.reader.find_entry(directory) is not None for side in (changes.before, changes.after))
    return "" if was and now else "new" if now else "gone"


def _beside(changes: Changes) -> list[str]:
    """A line for each thing that changed and is no file: declarations, definitions, directories without files."""
    return [
        *map(definition_line, changes.definition),
        *map(declaration_line, changes.declarations),
        *(directory_line(*one) for one in changes.iter_directories()),
    ]


def _say_all(kinds: Counter[Kind], beside: list[str], *more: str) -> None:
    """The counts, unless only other things than files changed, and those."""
    if kinds.total() or not beside:
        for line in (_summary(kinds), *more):
            say(line)
        if beside:
            say()
    for line in beside:
        say(line)
