"""Writes Pascal VOC: `JPEGImages/`, an xml for each annotated image under `Annotations/`, the splits as lists under
`ImageSets/Main/`. `docs/exporting.md` has what is kept."""

from collections.abc import Iterable, Mapping
from typing import Final

from dvcore.formats.decimals import format_decimal
from dvcore.formats.exported import Exported, with_suffix
from dvcore.formats.exporting import Export, Exporter
from dvcore.formats.losses import Losses
from dvcore.formats.xml_text import escape_xml, is_xml
from dvcore.model.annotations import Instance
from dvcore.model.declarations import LabelDeclaration
from dvcore.model.geometry import Box
from dvcore.model.names import format_path
from dvcore.model.values import Value, format_value

_IMAGES: Final = "JPEGImages"
_ANNOTATIONS: Final = "Annotations"
_LISTS: Final = ("ImageSets", "Main")
_HELD: Final = frozenset({"pose", "truncated", "difficult", "occluded"})
_CHANNELS: Final = {"1": 1, "L": 1, "I;16": 1, "F": 1, "LA": 2, "RGBA": 4, "CMYK": 4}
_USUAL_CHANNELS: Final = 3


def write_voc(export: Export) -> None:
    """Write all files.

    Raises InvalidInputError for names that XML cannot hold.
    """
    export.out.write_text(("labelmap.txt",), _labelmap(export.labels))
    for file in export.iter_files():
        path = file.below()
        export.put_image(file, (_IMAGES, *path))
        if file.annotated:
            place = _ANNOTATIONS, *with_suffix(path, ".xml")
            export.out.write_text(place, _document(file, format_path((_IMAGES, *path[:-1])), export.losses))
        if file.split is not None:
            export.out.add_text((*_LISTS, f"{file.split}.txt"), f"{format_path(with_suffix(path, ''))}\n")


def _labelmap(labels: Iterable[LabelDeclaration]) -> str:
    """The labels in their order, with the colours of those that have one: `name:red,green,blue:parts:actions`. It has
    no way to write a name with a colon."""
    lines = ["# label:color_rgb:parts:actions"]
    for label in labels:
        if ":" not in label.name and not label.name.startswith("#"):
            color = "" if label.color is None else ",".join(map(str, bytes.fromhex(label.color[1:])))
            lines.append(f"{label.name}:{color}::")
    return "".join(f"{line}\n" for line in lines)


def _document(file: Exported, folder: str, losses: Losses) -> str:
    facts = file.facts
    objects = "".join(_object(instance, losses) for instance in file.instances)
    return f"""<annotation>
	<folder>{escape_xml(folder)}</folder>
	<filename>{escape_xml(file.path[-1])}</filename>
	<size>
		<width>{facts.width}</width>
		<height>{facts.height}</height>
		<depth>{_CHANNELS.get(facts.mode, _USUAL_CHANNELS)}</depth>
	</size>
	<segmented>0</segmented>
{objects}</annotation>
"""


def _object(instance: Instance, losses: Losses) -> str:
    """The element, or nothing for an instance that has no box."""
    box = losses.box(instance)
    if box is None:
        return ""
    attributes = instance.attributes
    occluded = f"\n\t\t<occluded>{losses.flag(attributes, 'occluded'):d}</occluded>" if "occluded" in attributes else ""
    return f"""	<object>
		<name>{escape_xml(instance.label)}</name>
		<pose>{escape_xml(str(attributes.get("pose", "Unspecified")))}</pose>
		<truncated>{losses.flag(attributes, "truncated"):d}</truncated>
		<difficult>{losses.flag(attributes, "difficult"):d}</difficult>{occluded}
		<bndbox>
{_corners(box, losses)}
		</bndbox>
{_more(attributes, losses)}	</object>
"""


def _more(attributes: Mapping[str, Value], losses: Losses) -> str:
    """What VOC has no elements for, as CVAT and others write it."""
    items = []
    for name, value in attributes.items():
        text = format_value(value)
        if name in _HELD:
            continue
        if not is_xml(name + text) or not text.strip():
            losses.lose(f"attribute {name}")
            continue
        items.append(f"<attribute><name>{escape_xml(name)}</name><value>{escape_xml(text)}</value></attribute>")
    return f"\t\t<attributes>{''.join(items)}</attributes>\n" if items else ""


def _corners(box: Box, losses: Losses) -> str:
    """Pixels counted from 1, the last one within the box: one that is narrower than a pixel becomes as wide."""
    if min(box.width, box.height) < 1:
        losses.converted["box narrower than a pixel as one pixel"] += 1
    right, bottom = box.x + max(box.width, 1), box.y + max(box.height, 1)
    corners = {"xmin": box.x + 1, "ymin": box.y + 1, "xmax": right, "ymax": bottom}
    return "\n".join(f"\t\t\t<{name}>{format_decimal(value)}</{name}>" for name, value in corners.items())


VOC_EXPORTER: Final = Exporter("voc", write_voc, label_fields=frozenset({"color"}))
