"""What changed, as the JSON that scripts rely on."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from dset.instances import format_instance
from dvcore.history.annotations import AnnotationChange, InstanceChange
from dvcore.history.declaration_changes import Declaration, DeclarationChange
from dvcore.history.definition_changes import DefinitionChange
from dvcore.history.diff import FileChange, Kind
from dvcore.ids import format_id
from dvcore.model.declarations import VariableDeclaration, pack_label, pack_variable
from dvcore.model.names import Path, format_path


def change_json(change: FileChange, annotations: AnnotationChange, *, instances: bool) -> dict[str, Any]:
    """A file; with its instances one by one if wanted."""
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
        result["instance_differences"] = [_differences_json(one) for one in annotations.instances]
    return result


def directory_json(kind: Kind, path: Path) -> dict[str, Any]:
    """A directory without files that came or went."""
    return {"change": kind.value, "path": format_path(path), "directory": True}


def declarations_json(changes: Sequence[DeclarationChange]) -> dict[str, Any]:
    """How many variables and labels came, went and changed, and each of them."""
    return {
        **{f"{what}s": _count_declarations(changes, what) for what in ("variable", "label")},
        "declarations": [
            {
                "change": one.kind.value,
                one.what: one.name,
                "declared": [None if side is None else _declaration_json(side) for side in (one.old, one.new)],
            }
            for one in changes
        ],
    }


def definitions_json(changes: Sequence[DefinitionChange]) -> dict[str, list[str | None]]:
    """Old and new by part."""
    return {one.part: [one.old, one.new] for one in changes}


def _differences_json(one: InstanceChange) -> dict[str, Any] | None:
    """None of an instance that came or went. The shift is in pixels, to the right and down."""
    if one.old is None or one.new is None:
        return None
    found: dict[str, Any] = {"fields": list(one.fields)}
    if "geometry" in one.fields:
        found |= {"iou": one.overlap(), "shift": list(one.shift())}
    if one.attributes:
        found["attributes"] = {name: list(values) for name, values in one.attributes.items()}
    return found


def _count_declarations(changes: Sequence[DeclarationChange], what: str) -> dict[str, int]:
    return dict(Counter(one.kind.value for one in changes if one.what == what))


def _declaration_json(one: Declaration) -> dict[str, Any]:
    return pack_variable(one) if isinstance(one, VariableDeclaration) else pack_label(one)
