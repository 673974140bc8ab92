"""Writes CVAT's xml for images, version 1.1: `images/` and `annotations.xml`.

`docs/exporting.md` has what is kept.
"""

from itertools import count
from typing import Final

from dvcore.formats.cvat.elements import Elements
from dvcore.formats.cvat.meta import format_meta
from dvcore.formats.export.exported import Exported, ExportOptions
from dvcore.formats.export.exporting import Export, Exporter
from dvcore.formats.stated.splits import SPLIT_VARIABLE
from dvcore.formats.texts.xml_text import UNHELD, escape_xml, is_xml
from dvcore.model.names import format_path
from dvcore.model.values import Value

_IMAGES: Final = "images"
_DOCUMENT: Final = ("annotations.xml",)


def write_cvat(export: Export) -> None:
    """Write all files.

    Raises FaultyFilesError for labels and paths that XML cannot hold, InvalidInputError for other such names.
    """
    export.refuse_labels(is_xml, UNHELD)
    labels = {one.name: one for one in export.labels if is_xml(one.name)}
    elements = Elements(labels, export.losses)
    survey = export.survey
    splits = sorted(one for one in survey.splits if isinstance(one, str))
    head = format_meta(labels.values(), sorted(survey.tags), survey.attributes, splits)
    export.out.add_text(_DOCUMENT, '<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n')
    export.out.add_text(_DOCUMENT, "".join(head))
    numbers = count()

    def write(file: Exported) -> None:
        path = file.below()
        export.put_image(file, (_IMAGES, *path))
        if file.annotated:
            export.out.add_text(_DOCUMENT, _image(file, next(numbers), format_path(path), elements))

    export.each(write)
    export.out.add_text(_DOCUMENT, "</annotations>\n")


def _image(file: Exported, number: int, name: str, elements: Elements) -> str:
    subset = "" if file.split is None else f' subset="{escape_xml(file.split)}"'
    size = f'width="{file.facts.width}" height="{file.facts.height}"'
    tags = "".join(
        f'    <tag label="{escape_xml(name)}" source="manual"></tag>\n'
        for name, value in file.variables.items()
        if _is_tag(name, value)
    )
    shapes = "".join(elements.format(instance, file.facts) for instance in file.instances)
    return f'  <image id="{number}" name="{escape_xml(name)}"{subset} {size}>\n{tags}{shapes}  </image>\n'


def _is_tag(name: str, value: Value) -> bool:
    return value is True and name != SPLIT_VARIABLE


def _holds(_name: str, value: Value, _options: ExportOptions) -> bool:
    return isinstance(value, bool)


CVAT_EXPORTER: Final = Exporter(
    "cvat", write_cvat, holds_variable=_holds, label_fields=frozenset({"color", "keypoint names"})
)
