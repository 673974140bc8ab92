"""The objects of a VOC annotation: boxes with their parts and attributes."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from dvcore.errors import Fault, InvalidInputError
from dvcore.formats.reader.request import BoxConvention
from dvcore.formats.stated.annotations import StatedInstance
from dvcore.formats.stated.attributes import flag_value, keep_attribute, plain_value
from dvcore.formats.stated.findings import label_name
from dvcore.formats.texts.plain_text import parse_number
from dvcore.formats.texts.xml_files import Element
from dvcore.model.annotations import Entered
from dvcore.model.geometry import Box
from dvcore.model.values import Value

_FLAGS: Final = ("difficult", "truncated", "occluded")
_KNOWN: Final = frozenset({"name", "bndbox", "pose", "part", "actions", "attributes", *_FLAGS})
_UNSAID: Final = "unspecified"
"""What tools write that do not know, in any case; where they do not know whether, they write 0."""
_CORNERS: Final = ("xmin", "ymin", "xmax", "ymax")


@dataclass(slots=True)
class ObjectReader:
    """Reads the objects of annotations. What is not kept of them is counted in `lost`; `zeros` counts boxes that begin
    at pixel 0, which there is none where pixels are counted from 1."""

    convention: BoxConvention
    keep_degenerate: bool
    lost: Counter[str]
    zeros: int = 0

    def read(self, root: Element, where: str) -> tuple[tuple[StatedInstance, ...], tuple[Fault, ...]]:
        """The objects of an annotation and their parts, and those that cannot be used."""
        stated: list[StatedInstance] = []
        left_out: list[Fault] = []
        for number, one in enumerate(root.named("object"), start=1):
            for element, more in _with_parts(one, number):
                place = f"{where}: line {element.line}"
                try:
                    stated.append(StatedInstance(place, self._entered(element, more)))
                except InvalidInputError as error:
                    left_out.append(Fault(place, error.message))
        return tuple(stated), tuple(left_out)

    def _entered(self, element: Element, more: dict[str, Value]) -> Entered:
        label, box = label_name(element.find_text("name")), self._box(element)
        attributes = _attributes(element, self.lost)
        for name, value in more.items():
            keep_attribute(attributes, name, value, self.lost)
        return Entered(label, box, attributes=attributes)

    def _box(self, element: Element) -> Box:
        """In coordinates from 0: a pixel of VOC has the number of the point at its far corner."""
        left, top, right, bottom = (_corner(element, name) for name in _CORNERS)
        if not self.keep_degenerate and (right <= left or bottom <= top):
            raise InvalidInputError(f"has no area: it is written from {left:g}, {top:g} to {right:g}, {bottom:g}")
        if self.convention is BoxConvention.CORNERS:
            return Box(left, top, right - left, bottom - top)
        self.zeros += 0 in {left, top}
        return Box(left - 1, top - 1, right - left + 1, bottom - top + 1)


def _with_parts(element: Element, number: int) -> Iterator[tuple[Element, dict[str, Value]]]:
    """The object and its parts, with what tells that they belong together: the number of the object in its file."""
    parts = element.named("part")
    yield element, {"group": number} if parts else {}
    for part in parts:
        yield part, {"group": number, "part_of": element.find_text("name") or ""}


def _corner(element: Element, name: str) -> float:
    text = element.find_text("bndbox", name)
    if text is None:
        raise InvalidInputError(f"has no {name} of a bndbox")
    return parse_number(text)


def _attributes(element: Element, lost: Counter[str]) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for name in _FLAGS:
        text = element.find_text(name)
        if text is not None and text.lower() != _UNSAID:
            keep_attribute(values, name, flag_value(text) or None, lost)
    pose = element.find_text("pose")
    if pose is not None and pose.lower() != _UNSAID:
        keep_attribute(values, "pose", pose, lost)
    for action in _children(element, "actions"):
        keep_attribute(values, action.name, flag_value(action.text), lost)
    for attribute in _children(element, "attributes"):
        value = attribute.find_text("value")
        keep_attribute(values, attribute.find_text("name") or "", None if value is None else plain_value(value), lost)
    lost.update(f"{child.name} of objects" for child in element.children if child.name not in _KNOWN)
    return values


def _children(element: Element, name: str) -> list[Element]:
    found = element.find(name)
    return found.children if found else []
