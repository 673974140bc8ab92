"""Writes CVAT's xml for images, version 1.1: `images/` and `annotations.xml`.

`docs/exporting.md` has what is kept.
"""

from typing import Final

from dvcore.formats.cvat.elements import Elements
from dvcore.formats.cvat.meta import format_meta
from dvcore.formats.exported import Exported, ExportOptions
from dvcore.formats.exporting import Export, Exporter
from dvcore.formats.splits import SPLIT_VARIABLE
from dvcore.formats.xml_text import escape_xml
from dvcore.model.names import format_path
from dvcore.model.values import Value

_IMAGES: Final = "images"
_DOCUMENT: Final = ("annotations.xml",)


def write_cvat(export: Export) -> None:
    """Write all files.

    Raises InvalidInputError for names that XML cannot hold.
    """
    labels = {one.name: one for one in export.labels}
    elements = Elements(labels, export.losses)
    survey = export.survey
    splits = sorted(one for one in survey.splits if isinstance(one, str))
    head = format_meta(labels.values(), sorted(survey.tags), survey.attributes, splits)
    export.out.add_text(_DOCUMENT, '<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n')
    export.out.add_text(_DOCUMENT, "".join(head))
    listed = 0
    for file in export.iter_files():
        path = file.below()
        export.put_image(file, (_IMAGES, *path))
        if file.annotated:
            export.out.add_text(_DOCUMENT, _image(file, listed, format_path(path), elements))
            listed += 1
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
