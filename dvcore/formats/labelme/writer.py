"""Writes LabelMe: the images as they lie in the repository, and beside each that is annotated a json of its name.

`docs/exporting.md` has what is kept.
"""

import json
from typing import Any, Final

from dvcore.formats.export.exported import Exported, ExportOptions, with_suffix
from dvcore.formats.export.exporting import Export, Exporter
from dvcore.formats.labelme.shape_records import ShapeRecords
from dvcore.model.values import Value

_VERSION: Final = "5.5.0"
"""Of the program that the form is of; it warns of other main versions."""


def write_labelme(export: Export) -> None:
    """Write all files."""
    records = ShapeRecords(export.losses)

    def write(file: Exported) -> None:
        export.put_image(file, file.path)
        if file.annotated:
            text = json.dumps(_document(file, records), ensure_ascii=False, indent=2)
            export.out.write_text(with_suffix(file.path, ".json"), f"{text}\n")

    export.each(write)


def _document(file: Exported, records: ShapeRecords) -> dict[str, Any]:
    return {
        "version": _VERSION,
        "flags": {name: value for name, value in file.variables.items() if isinstance(value, bool)},
        "shapes": [record for instance in file.instances for record in records.iter_records(instance, file.facts)],
        "imagePath": file.path[-1],
        "imageData": None,
        "imageHeight": file.facts.height,
        "imageWidth": file.facts.width,
    }


def _holds(_name: str, value: Value, _options: ExportOptions) -> bool:
    return isinstance(value, bool)


LABELME_EXPORTER: Final = Exporter("labelme", write_labelme, holds_splits=False, holds_variable=_holds)
