"""A LabelMe json: what it says of its image."""

from collections.abc import Mapping
from typing import Any, Final

from dvcore.errors import Fault, InvalidInputError
from dvcore.formats.disk.annotation_files import AnnotationFile, AnnotationFiles
from dvcore.formats.labelme.shapes import Size, read_shape
from dvcore.formats.reader.per_image import FileParse, stated_path
from dvcore.formats.stated.annotations import StatedAnnotations, StatedInstance
from dvcore.formats.stated.attributes import keep_attribute
from dvcore.formats.stated.findings import Findings, label_name
from dvcore.formats.stated.variables import StatedVariables
from dvcore.formats.texts.json_files import find_size, format_value, parse_json, take_object, take_text
from dvcore.model.annotations import Entered
from dvcore.model.values import Value

_KNOWN: Final = frozenset(
    {"version", "flags", "shapes", "imagePath", "imageData", "imageHeight", "imageWidth", "lineColor", "fillColor"}
)
_SHAPE: Final = frozenset({"label", "points", "shape_type", "mask", "line_color", "fill_color"})
"""What is geometry, or how the program draws it; `description`, `score` and others are attributes."""


def parse_document(
    file: AnnotationFile, *, files: AnnotationFiles, findings: Findings, flags: StatedVariables
) -> FileParse | None:
    """None for json of another kind.

    Raises InvalidInputError where the file is broken.
    """
    document = parse_json(files.read(file))
    if not isinstance(document, dict) or not isinstance(document.get("shapes"), list):
        return None
    size = find_size(document, "imageWidth", "imageHeight")
    instances: list[StatedInstance] = []
    left_out: list[Fault] = []
    for index, item in enumerate(document["shapes"]):
        where = f"{file.where}: shapes[{index}]"
        try:
            instances.append(StatedInstance(where, _entered(take_object(item), size, findings)))
        except InvalidInputError as error:
            left_out.append(Fault(where, error.message))
    findings.lost.update(f"{format_value(key)} of images" for key in document.keys() - _KNOWN)
    variables = _variables(document.get("flags"), flags)
    path = document.get("imagePath")
    named = stated_path(file, path if isinstance(path, str) else None)
    return FileParse(named, StatedAnnotations(file.where, size, tuple(instances), variables), tuple(left_out))


def _entered(shape: Mapping[str, Any], size: Size | None, findings: Findings) -> Entered:
    label, geometry = label_name(take_text(shape, "label")), read_shape(shape, size)
    if shape.get("shape_type") == "circle":
        findings.converted["circle"] += 1
    return Entered(label, geometry, attributes=_attributes(shape, findings))


def _attributes(shape: Mapping[str, Any], findings: Findings) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for key, value in shape.items():
        if key == "group_id":
            keep_attribute(values, "group", value, findings.lost)
        elif key in {"flags", "attributes"} and isinstance(value, dict):
            for name, inner in value.items():
                keep_attribute(values, name, inner, findings.lost)
        elif key not in _SHAPE and value not in ("", [], {}):
            keep_attribute(values, key, value, findings.lost)
    return values


def _variables(raw: object, flags: StatedVariables) -> dict[str, Value]:
    """The flags of the image. Those that are no bools are lost."""
    values: dict[str, Value] = {}
    for name, value in raw.items() if isinstance(raw, dict) else ():
        if isinstance(value, bool):
            flags.put(values, name, value)
        else:
            flags.lost[f"{format_value(name)} of images"] += 1
    return values
