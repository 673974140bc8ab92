"""Files as JSON and as lines."""

from typing import Any

from dset.instances import format_instance
from dset.output import json_values
from dvcore.ids import FileId, format_id
from dvcore.model.names import Path, format_path
from dvcore.model.values import format_value
from dvcore.repo.treereader import TreeReader


def file_json(reader: TreeReader, path: Path, file: FileId) -> dict[str, Any]:
    """What scripts rely on: path, ids, size, variables, number of instances."""
    record = reader.record(file)
    facts = record.facts
    return {
        "path": format_path(path),
        "id": format_id(file),
        "blob": format_id(record.blob),
        "bytes": record.size,
        "width": facts.width if facts else None,
        "height": facts.height if facts else None,
        "format": facts.format if facts else None,
        "variables": json_values(reader.variables(record)),
        "annotated": record.annotated,
        "instances": len(reader.annotations(record).instances),
    }


def whole_file_json(reader: TreeReader, path: Path, file: FileId) -> dict[str, Any]:
    """The file with its instances, its other paths and what its header says."""
    record = reader.record(file)
    facts = record.facts
    return {
        **file_json(reader, path, file),
        "paths": [format_path(one) for one in reader.paths_of([file])[file]],
        "mode": facts.mode if facts else None,
        "bits": facts.bits if facts else None,
        "orientation": facts.orientation if facts else None,
        "split_key": format_id(record.split_key),
        "instances": [format_instance(one) for one in reader.annotations(record).instances],
    }


def file_line(reader: TreeReader, path: Path, file: FileId) -> str:
    """Path, size, variables, instances."""
    record = reader.record(file)
    parts = [f"{record.facts.width}x{record.facts.height}"] if record.facts else []
    parts += [f"{name}={format_value(value)}" for name, value in sorted(reader.variables(record).items())]
    instances = len(reader.annotations(record).instances)
    if record.annotated:
        parts.append(f"{instances} instance{'' if instances == 1 else 's'}")
    return f"{format_path(path)}  {', '.join(parts)}".rstrip()
