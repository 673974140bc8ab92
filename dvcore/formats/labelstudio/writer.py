"""Writes Label Studio's JSON: `images/`, and `tasks.json` with a task for each image. `docs/exporting.md` has
what is kept."""

import json
from itertools import count
from typing import Any, Final
from urllib.parse import quote

from dvcore.formats.export.exported import Exported, ExportOptions
from dvcore.formats.export.exporting import Export, Exporter
from dvcore.formats.labelstudio.records import ResultRecords
from dvcore.ids import format_short
from dvcore.model.annotations import Instance
from dvcore.model.names import Path, format_path
from dvcore.model.values import Value

_IMAGES: Final = "images"
_TASKS: Final = ("tasks.json",)
_LOCAL: Final = "/data/local-files/?d="
"""Where Label Studio serves files of its own machine, by their paths under its document root."""
_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def write_label_studio(export: Export) -> None:
    """Write all files."""
    records = ResultRecords(export.losses)
    numbers = count(1)

    def write(file: Exported) -> None:
        number, path = next(numbers), (_IMAGES, *file.below())
        export.put_image(file, path)
        export.out.add_text(_TASKS, f"{'[' if number == 1 else ','}\n{_encode(_task(number, path, file, records))}")

    export.each(write)
    export.out.add_text(_TASKS, "\n]\n")


def _task(number: int, path: Path, file: Exported, records: ResultRecords) -> dict[str, Any]:
    """Without annotations where nobody has looked at the image."""
    data = {**file.variables, "image": f"{_LOCAL}{quote(format_path(path))}"}
    annotations = [{"id": number, "result": _results(file, records)}] if file.annotated else []
    return {"id": number, "data": data, "annotations": annotations, "predictions": []}


def _results(file: Exported, records: ResultRecords) -> list[dict[str, Any]]:
    taken: set[str] = set()
    results: list[dict[str, Any]] = []
    for instance in file.instances:
        region = _region_id(instance, taken)
        taken.add(region)
        results.extend(records.iter_records(instance, region, file.facts))
    return results


def _region_id(instance: Instance, taken: set[str]) -> str:
    """The id that it had in its source, if no other instance of the image has it."""
    source = instance.source
    return source if source and source not in taken else format_short(instance.id)


def _holds(name: str, _value: Value, _options: ExportOptions) -> bool:
    return name != "image"


LABEL_STUDIO_EXPORTER: Final = Exporter("labelstudio", write_label_studio, holds_splits=False, holds_variable=_holds)
