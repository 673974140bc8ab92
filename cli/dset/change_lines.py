"""What changed, in lines for people: a heading for each directory, a line for each file and instance under it."""

from collections.abc import Iterator
from typing import Final

from dset.geometries import describe_geometry
from dset.output import counts, one_line
from dset.styles import styled
from dvcore.history.annotations import AnnotationChange, InstanceChange, ValueChanges
from dvcore.history.declaration_changes import DeclarationChange
from dvcore.history.definition_changes import DefinitionChange
from dvcore.history.diff import FileChange, Kind
from dvcore.ids import format_short
from dvcore.model.annotations import Instance
from dvcore.model.names import Path, format_path
from dvcore.model.values import Value, format_value

_SIGNS: Final = {Kind.ADDED: "+", Kind.REMOVED: "-", Kind.MODIFIED: "~", Kind.MOVED: ">"}
_COLORS: Final = {Kind.ADDED: "green", Kind.REMOVED: "red", Kind.MODIFIED: "blue", Kind.MOVED: "cyan"}


def marked(kind: Kind, text: str) -> str:
    """A text after the sign of what happened, in its colour."""
    return styled(f"{_SIGNS[kind]} {one_line(text)}", _COLORS[kind])


def heading(directory: Path, note: str) -> str:
    """The line over the changes in a directory."""
    name = styled(f"{one_line(format_path(directory))}/", bold=True)
    return f"{name}  ({note})" if note else name


def file_line(change: FileChange, annotations: AnnotationChange) -> str:
    """A file by its name, and what happened to it."""
    details = file_details(change, annotations)
    return f"{marked(change.kind, change.path[-1])}{f'  ({details})' if details else ''}"


def file_details(change: FileChange, annotations: AnnotationChange) -> str:
    """What happened to a file, without its name."""
    return "; ".join(_iter_details(change, annotations))


def directory_line(kind: Kind, path: Path) -> str:
    """A directory without files that came or went."""
    return f"{marked(kind, format_path(path) + '/')}  (empty)"


def instance_line(change: InstanceChange) -> str:
    """An instance, where it is, and what became different."""
    if change.old is None or change.new is None:
        one = change.new or change.old
        assert one is not None, "a change has at least one side"
        kind = Kind.REMOVED if change.new is None else Kind.ADDED
        return marked(kind, f"{one.label} {describe_geometry(one.geometry)}")
    details = _modified(change, change.old, change.new)
    return marked(Kind.MODIFIED, f"{_arrow(change.old.label, change.new.label)} {details}")


def declaration_line(change: DeclarationChange) -> str:
    """A variable or a label that is declared in another way."""
    fields = "; ".join(f"{name}: {_declared(old)} -> {_declared(new)}" for name, (old, new) in change.fields.items())
    line = marked(change.kind, f"{change.what} {change.name}")
    return f"{line}  ({one_line(fields)})" if fields else line


def definition_line(change: DefinitionChange) -> str:
    """A part of a project's definition."""
    if change.old is None or change.new is None:
        kind = Kind.ADDED if change.old is None else Kind.REMOVED
        return marked(kind, f"{change.part}: {change.new or change.old}")
    return marked(Kind.MODIFIED, f"{change.part}: {change.old} -> {change.new}")


def _iter_details(change: FileChange, annotations: AnnotationChange) -> Iterator[str]:
    if change.source is not None:
        yield f"from {one_line(format_path(change.source))}"
    if change.kind is Kind.MODIFIED:
        yield from map(one_line, _value_texts(annotations.variables, "unset"))
        if change.old and change.new and change.is_replaced:
            yield f"bytes {format_short(change.old.blob)} -> {format_short(change.new.blob)}"
        if change.old and change.new and change.old.annotated != change.new.annotated:
            yield "annotated" if change.new.annotated else "no longer annotated"
    numbers = list(zip(annotations.counts(), ("added", "removed", "modified"), strict=True))
    if any(number for number, _ in numbers):
        yield f"instances: {counts(numbers)}"


def _modified(change: InstanceChange, old: Instance, new: Instance) -> str:
    places = [describe_geometry(one.geometry) for one in (old, new)]
    parts = [" -> ".join(dict.fromkeys(places))]
    if "geometry" in change.fields:
        right, down = change.shift()
        parts.append(f"IoU {change.overlap():.2f}, moved {right:+.1f},{down:+.1f} px")
    parts += [f"{name} changed" for name in ("box", "source") if name in change.fields]
    parts += _value_texts(change.attributes, "none")
    return "; ".join(parts)


def _value_texts(values: ValueChanges, nothing: str) -> list[str]:
    def shown(value: Value | None) -> str:
        return format_value(value) or nothing

    return [f"{name}: {shown(old)} -> {shown(new)}" for name, (old, new) in values.items()]


def _arrow(old: str, new: str) -> str:
    return old if old == new else f"{old} -> {new}"


def _declared(value: object) -> str:
    """A value of a declaration's field: enums by their values, choices and names in a row."""
    if isinstance(value, tuple):
        return ", ".join(map(_declared, value)) or "none"
    return "none" if value is None else str(getattr(value, "value", value))
