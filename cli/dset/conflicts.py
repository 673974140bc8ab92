"""Conflicts of a merge as lines and as JSON."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from dset.geometries import describe_geometry
from dset.instances import format_instance
from dset.output import count, one_line
from dvcore.encoding import decode
from dvcore.ids import SHORT_DIGITS, format_id, format_short
from dvcore.model.annotations import decode_instance
from dvcore.model.conflicts import Conflict, Subject
from dvcore.model.files import decode_record
from dvcore.model.names import Path, format_path
from dvcore.model.tree import FileEntry, decode_entry
from dvcore.model.values import decode_value, format_value
from dvcore.repo.treereader import TreeReader

_DECLARATIONS: Final = {Subject.VARIABLE_DECLARATION, Subject.LABEL_DECLARATION}


def conflict_json(reader: TreeReader, path: Path | None, conflict: Conflict) -> dict[str, Any]:
    """What it is about, and what each side made of it: null where it is not there. `path` is the first of the file's;
    `name` that of the variable or declaration, or the instance's id."""
    place = conflict.place
    named = place.subject not in {Subject.ENTRY, Subject.FILE}
    sides = zip(("base", "ours", "theirs"), conflict.sides, strict=True)
    return {
        "kind": place.subject.value,
        "path": None if path is None else format_path(path),
        "file": None if place.file is None else format_id(place.file),
        "name": place.name if named else None,
        **{name: None if side is None else _json(reader, place.subject, side) for name, side in sides},
    }


def conflict_line(reader: TreeReader, path: Path | None, conflict: Conflict) -> str:
    """File, what of it, and both sides."""
    where = "" if path is None else f"{format_path(path)}: "
    return f"{where}{describe_conflict(reader, conflict)}"


def describe_conflict(reader: TreeReader, conflict: Conflict) -> str:
    """What of a file, and both sides."""
    place = conflict.place
    name = {
        Subject.ENTRY: "",
        Subject.FILE: "",
        Subject.INSTANCE: f" {place.name[:SHORT_DIGITS]}",
    }.get(place.subject, f" {place.name}")
    base, ours, theirs = _texts(reader, place.subject, conflict.sides)
    return one_line(f"{place.subject.value}{name}: ours {ours}, theirs {theirs}; before {base}")


def _json(reader: TreeReader, subject: Subject, side: bytes) -> Any:
    shown: dict[Subject, Callable[[bytes], Any]] = {
        Subject.ENTRY: _entry_json,
        Subject.FILE: lambda data: _record_json(reader, data),
        Subject.VARIABLE: decode_value,
        Subject.INSTANCE: lambda data: format_instance(decode_instance(data)),
    }
    return shown.get(subject, decode)(side)


def _texts(reader: TreeReader, subject: Subject, sides: Sequence[bytes | None]) -> list[str]:
    if subject is not Subject.FILE:
        return [_text(reader, subject, side) for side in sides]
    base, *others = _record_texts([None if side is None else _record_json(reader, side) for side in sides])
    # A side that differs and would read like the base was edited in what is not said, such as an instance.
    pairs = zip(others, sides[1:], strict=True)
    return [base, *(f"{text}, edited" if text == base and side != sides[0] else text for text, side in pairs)]


def _record_texts(sides: Sequence[dict[str, Any] | None]) -> list[str]:
    """Bytes, number of instances, and the variables that are not the same wherever the file is."""
    variables = [side["variables"] for side in sides if side is not None]
    names = sorted({name for one in variables for name in one})
    varying = [name for name in names if any(one.get(name) != variables[0].get(name) for one in variables)]
    return [_record_text(side, varying) for side in sides]


def _record_text(side: dict[str, Any] | None, varying: Sequence[str]) -> str:
    if side is None:
        return "nothing"
    values = ((name, side["variables"].get(name)) for name in varying)
    said = [f"{name} {'unset' if value is None else format_value(value)}" for name, value in values]
    return ", ".join([_file_text(side), *said])


def _text(reader: TreeReader, subject: Subject, side: bytes | None) -> str:
    if side is None:
        return "unset" if subject is Subject.VARIABLE else "nothing"
    if subject is Subject.VARIABLE:
        return format_value(decode_value(side))
    if subject is Subject.INSTANCE:
        instance = decode_instance(side)
        said = [f"{name}={format_value(value)}" for name, value in sorted(instance.attributes.items())]
        return " ".join([instance.label, describe_geometry(instance.geometry), *said])
    if subject in _DECLARATIONS:
        fields = ((name, value) for name, value in decode(side).items() if name != "name")
        return ", ".join(f"{name} {_plain(value)}" for name, value in fields)
    return _file_text(_json(reader, subject, side))


def _plain(value: object) -> str:
    return "|".join(map(str, value)) if isinstance(value, list) else str(value).lower()


def _file_text(shown: dict[str, Any]) -> str:
    if "directory" in shown:
        return f"a directory of {count(shown['directory'], 'file')}"
    if "blob" not in shown:
        return f"the file {shown['file'][:SHORT_DIGITS]}"
    return f"bytes {shown['blob'][:SHORT_DIGITS]} with {count(shown['instances'], 'instance')}"


def _entry_json(data: bytes) -> dict[str, Any]:
    entry = decode_entry(data)
    return {"file": format_id(entry.file)} if isinstance(entry, FileEntry) else {"directory": entry.files}


def _record_json(reader: TreeReader, data: bytes) -> dict[str, Any]:
    record = decode_record(data)
    annotations = reader.annotations(record)
    return {
        "blob": format_id(record.blob),
        "variables": {**record.variables, **annotations.variables},
        "annotated": record.annotated,
        "instances": len(annotations.instances),
    }


def short_parent(reader: TreeReader) -> str | None:
    """The commit that is being merged, in short; None where there is no merge, or no commit in it."""
    merging = reader.tree.merging
    return None if merging is None or merging.parent is None else format_short(merging.parent)
