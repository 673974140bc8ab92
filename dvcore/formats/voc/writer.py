"""Writes Pascal VOC: `JPEGImages/`, an xml for each annotated image under `Annotations/`, the splits as lists under
`ImageSets/Main/`. `docs/exporting.md` has what is kept."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from dvcore.formats.export.exported import Exported, with_suffix
from dvcore.formats.export.exporting import Export, Exporter
from dvcore.formats.export.losses import Losses
from dvcore.formats.texts.decimals import format_decimal
from dvcore.formats.texts.xml_text import UNHELD, escape_xml, is_xml
from dvcore.model.annotations import Instance
from dvcore.model.declarations import LabelDeclaration
from dvcore.model.files import ImageFacts
from dvcore.model.geometry import Box
from dvcore.model.names import format_path
from dvcore.model.values import Value, format_value

_IMAGES: Final = "JPEGImages"
_ANNOTATIONS: Final = "Annotations"
_LISTS: Final = ("ImageSets", "Main")
_FLAGS: Final = frozenset({"truncated", "difficult", "occluded"})
_NO_POSE: Final = "Unspecified"
_CHANNELS: Final = {"1": 1, "L": 1, "I;16": 1, "F": 1, "LA": 2, "RGBA": 4, "CMYK": 4}
_USUAL_CHANNELS: Final = 3


def write_voc(export: Export) -> None:
    """Write all files.

    Raises FaultyFilesError for names that XML cannot hold.
    """
    export.refuse_labels(is_xml, UNHELD)
    export.out.write_text(("labelmap.txt",), _labelmap(export.labels))
    documents = _Documents(export.losses)

    def write(file: Exported) -> None:
        path = file.below()
        export.put_image(file, (_IMAGES, *path))
        if file.annotated:
            text = documents.format(file, format_path((_IMAGES, *path[:-1])))
            export.out.write_text((_ANNOTATIONS, *with_suffix(path, ".xml")), text)
        if file.split is not None:
            export.out.add_text((*_LISTS, f"{file.split}.txt"), f"{format_path(with_suffix(path, ''))}\n")

    export.each(write)
    if documents.narrow:
        export.notes.append(f"boxes of at most one pixel, which some programs take for mistakes: {documents.narrow}")


def _labelmap(labels: Iterable[LabelDeclaration]) -> str:
    """The labels in their order, with the colours of those that have one: `name:red,green,blue:parts:actions`. It has
    no way to write a name with a colon."""
    lines = ["# label:color_rgb:parts:actions"]
    for label in labels:
        if ":" not in label.name and not label.name.startswith("#"):
            color = "" if label.color is None else ",".join(map(str, bytes.fromhex(label.color[1:])))
            lines.append(f"{label.name}:{color}::")
    return "".join(f"{line}\n" for line in lines)


@dataclass(slots=True)
class _Documents:
    """Makes the xml files; `narrow` counts the boxes that are at most a pixel wide or high."""

    losses: Losses
    narrow: int = 0

    def format(self, file: Exported, folder: str) -> str:
        """The xml of an image, which lies in a folder."""
        facts = file.facts
        objects = "".join(self._object(instance, facts) for instance in file.instances)
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

    def _object(self, instance: Instance, facts: ImageFacts) -> str:
        """The element, or nothing for an instance that has no box."""
        box, losses = self.losses.box(instance, facts), self.losses
        if box is None:
            return ""
        attributes = dict(instance.attributes)
        pose = _take_pose(attributes, losses)
        occluded = (
            f"\n\t\t<occluded>{losses.flag(attributes, 'occluded'):d}</occluded>" if "occluded" in attributes else ""
        )
        return f"""	<object>
		<name>{escape_xml(instance.label)}</name>
		<pose>{escape_xml(pose)}</pose>
		<truncated>{losses.flag(attributes, "truncated"):d}</truncated>
		<difficult>{losses.flag(attributes, "difficult"):d}</difficult>{occluded}
		<bndbox>
{self._corners(box)}
		</bndbox>
{_more(attributes, losses)}	</object>
"""

    def _corners(self, box: Box) -> str:
        """Pixels counted from 1, the last one within the box: one that is narrower than a pixel becomes as wide."""
        least = min(box.width, box.height)
        self.narrow += least <= 1
        if least < 1:
            self.losses.converted["box narrower than a pixel as one pixel"] += 1
        right, bottom = box.x + max(box.width, 1), box.y + max(box.height, 1)
        corners = {"xmin": box.x + 1, "ymin": box.y + 1, "xmax": right, "ymax": bottom}
        return "\n".join(f"\t\t\t<{name}>{format_decimal(value)}</{name}>" for name, value in corners.items())


def _take_pose(attributes: dict[str, Value], losses: Losses) -> str:
    """Take the pose out, where it is a text: a blank one, and what says that nobody knows, are none."""
    pose = attributes.get("pose")
    if not isinstance(pose, str):
        return _NO_POSE
    del attributes["pose"]
    if is_xml(pose) and pose.strip() and pose.lower() != _NO_POSE.lower():
        return pose
    losses.lose("attribute pose")
    return _NO_POSE


def _more(attributes: Mapping[str, Value], losses: Losses) -> str:
    """What VOC has no elements for, as CVAT and others write it."""
    items = []
    for name, value in attributes.items():
        text = format_value(value)
        if name in _FLAGS:
            continue
        if not is_xml(name + text) or not text.strip():
            losses.lose(f"attribute {name}")
            continue
        items.append(f"<attribute><name>{escape_xml(name)}</name><value>{escape_xml(text)}</value></attribute>")
    return f"\t\t<attributes>{''.join(items)}</attributes>\n" if items else ""


VOC_EXPORTER: Final = Exporter("voc", write_voc, label_fields=frozenset({"color"}))
