"""Printing what changed between two trees."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from dset.geometries import describe_geometry
from dset.instances import format_instance
from dset.output import count, counts, say, say_json
from dvcore.history.annotations import AnnotationChange, InstanceChange, diff_annotations
from dvcore.history.diff import FileChange, Kind, diff_directories, diff_trees, summarize_changes
from dvcore.ids import format_id, format_short
from dvcore.model.names import format_path
from dvcore.model.values import format_value
from dvcore.repo.treereader import TreeReader

_DECLARED: Final = ("variables", "labels")
_SIGNS: Final = {Kind.ADDED: "+", Kind.REMOVED: "-", Kind.MODIFIED: "~", Kind.MOVED: ">"}


def say_changes(
    before: TreeReader, after: TreeReader, *, as_json: bool, instances: bool = False, limit: int | None = None
) -> None:
    """Every change a line, counts last; with a limit, only so many lines for people."""
    if as_json:
        for change in diff_trees(before, after):
            say_json(_as_json(change, diff_annotations(before, after, change), instances=instances))
        for kind, paths in zip(("added", "removed"), diff_directories(before, after), strict=True):
            for path in paths:
                say_json({"change": kind, "path": format_path(path), "directory": True})
        return
    if limit is None:
        shown = diff_trees(before, after)
        kinds = Counter(change.kind for change in shown)
    else:
        summary = summarize_changes(before, after, limit)
        shown, kinds = summary.shown, summary.counts
    for change in shown:
        _say_change(change, diff_annotations(before, after, change), instances=instances)
    if kinds.total() > len(shown):
        say(f"… and {kinds.total() - len(shown):,} more; 'dset diff' lists all")
    _say_directories(before, after)
    _say_declarations(before, after)
    if shown or before.id == after.id:
        say(_summary(kinds))


def say_stat(before: TreeReader, after: TreeReader, *, as_json: bool) -> None:
    """Counts of files and instances."""
    changes = diff_trees(before, after)
    totals = [0, 0, 0]
    for change in changes:
        for place, number in enumerate(diff_annotations(before, after, change).counts()):
            totals[place] += number
    if as_json:
        files = Counter(change.kind.value for change in changes)
        instances = dict(zip(("added", "removed", "modified"), totals, strict=True))
        declared = {what: dict(Counter(kind for kind, _ in _declarations(before, after, what))) for what in _DECLARED}
        say_json({"files": {kind.value: files[kind.value] for kind in Kind}, "instances": instances, **declared})
        return
    _say_directories(before, after)
    _say_declarations(before, after)
    say(_summary(Counter(change.kind for change in changes)))
    say(f"instances: {counts(zip(totals, ('added', 'removed', 'modified'), strict=True))}")


def _summary(kinds: Counter[Kind]) -> str:
    return f"{count(kinds.total(), 'change')}: {counts((kinds[kind], kind.value) for kind in Kind)}"


def _as_json(change: FileChange, annotations: AnnotationChange, *, instances: bool) -> dict[str, Any]:
    added, removed, modified = annotations.counts()
    result: dict[str, Any] = {
        "change": change.kind.value,
        "path": format_path(change.path),
        "file": format_id(change.file),
        "blob": [format_id(record.blob) if record else None for record in (change.old, change.new)],
        "variables": {name: list(values) for name, values in annotations.variables.items()},
        "instances": {"added": added, "removed": removed, "modified": modified},
        "annotated": [record.annotated if record else None for record in (change.old, change.new)],
    }
    if change.source is not None:
        result["from"] = format_path(change.source)
    if instances:
        result["instance_changes"] = [
            [format_instance(side) if side else None for side in (one.old, one.new)] for one in annotations.instances
        ]
    return result


def _say_change(change: FileChange, annotations: AnnotationChange, *, instances: bool) -> None:
    source = f"{format_path(change.source)} -> " if change.source is not None else ""
    details = _details(change, annotations)
    say(f"{_SIGNS[change.kind]} {source}{format_path(change.path)}{f'  ({details})' if details else ''}")
    if instances:
        for one in annotations.instances:
            say(f"    {_instance_line(one)}")


def _details(change: FileChange, annotations: AnnotationChange) -> str:
    added, removed, modified = annotations.counts()
    parts = []
    if change.kind is Kind.MODIFIED:
        parts += [
            f"{name}: {format_value(old) or 'unset'} -> {format_value(new) or 'unset'}"
            for name, (old, new) in annotations.variables.items()
        ]
        if change.old and change.new and change.old.blob != change.new.blob:
            parts.append(f"bytes {format_short(change.old.blob)} -> {format_short(change.new.blob)}")
        if change.old and change.new and change.old.annotated != change.new.annotated:
            parts.append("annotated" if change.new.annotated else "no longer annotated")
    numbers = [(added, "added"), (removed, "removed"), (modified, "modified")]
    if any(number for number, _ in numbers):
        parts.append(f"instances: {counts(numbers)}")
    return "; ".join(parts)


def _instance_line(change: InstanceChange) -> str:
    if change.old is None or change.new is None:
        one = change.new or change.old
        assert one is not None, "a change has at least one side"
        return f"{'-' if change.new is None else '+'} {one.label} {describe_geometry(one.geometry)}"
    labels = change.new.label if change.old.label == change.new.label else f"{change.old.label} -> {change.new.label}"
    places = [describe_geometry(side.geometry) for side in (change.old, change.new)]
    return f"~ {labels} {' -> '.join(dict.fromkeys(places))}"


def _say_directories(before: TreeReader, after: TreeReader) -> None:
    for sign, paths in zip("+-", diff_directories(before, after), strict=True):
        for path in paths:
            say(f"{sign} {format_path(path)}/  (empty)")


def _say_declarations(before: TreeReader, after: TreeReader) -> None:
    for what in _DECLARED:
        for kind, name in _declarations(before, after, what):
            say(f"{_SIGNS[Kind(kind)]} {what.removesuffix('s')} {name}")


def _declarations(before: TreeReader, after: TreeReader, what: str) -> Iterator[tuple[str, str]]:
    """What happened to which declaration."""
    old = {one.name: one for one in getattr(before.tree, what)}
    new = {one.name: one for one in getattr(after.tree, what)}
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            kind = Kind.ADDED if name not in old else Kind.REMOVED if name not in new else Kind.MODIFIED
            yield kind.value, name
