"""The labels that a CVAT task or project declares in its `<meta>`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from dvcore.errors import InvalidInputError
from dvcore.formats.stated.attributes import plain_value
from dvcore.formats.stated.findings import label_name
from dvcore.formats.texts.plain_text import parse_number
from dvcore.formats.texts.xml_files import Element, parse_xml
from dvcore.model.declarations import LabelDeclaration
from dvcore.model.values import Value

_COLOR: Final = re.compile("#[0-9a-f]{6}")
_TEXTS: Final = frozenset({"text", "select", "radio"})
"""Kinds of attributes whose values are texts, whatever they look like."""


@dataclass(slots=True)
class Labels:
    """`declared` are those of instances, `keypoints` the names of the points of each skeleton, `inputs` the kinds of
    the attributes by label and name."""

    declared: dict[str, LabelDeclaration] = field(default_factory=dict)
    keypoints: dict[str, tuple[str, ...]] = field(default_factory=dict)
    inputs: dict[tuple[str, str], str] = field(default_factory=dict)

    def value(self, label: str, name: str, text: str) -> Value | None:
        """The value of an attribute; None where it is empty. What is not declared is read as it looks."""
        kind = self.inputs.get((label, name))
        if not text or kind in _TEXTS:
            return text or None
        return _number(text) if kind == "number" else plain_value(text)


def read_labels(meta: Element) -> Labels:
    """The labels of the task, project or job that `<meta>` is about. Tags are none: they are of images.

    Raises InvalidInputError where one has a name that cannot be a label's.
    """
    labels = Labels()
    elements = [one for owner in meta.children if (found := owner.find("labels")) for one in found.named("label")]
    points = _points(elements)
    for element in elements:
        if element.find_text("parent"):
            continue
        name = _name(element)
        _read_attributes(element, name, labels)
        if element.find_text("type") != "tag":
            labels.keypoints[name] = tuple(points.get(name, ()))
            labels.declared[name] = _declaration(name, element, labels.keypoints[name])
    return labels


def _number(text: str) -> Value:
    """Also one that no program would write so: `2.50`."""
    value = plain_value(text)
    try:
        return parse_number(text) if isinstance(value, str) else value
    except InvalidInputError:
        return text


def _name(element: Element) -> str:
    try:
        return label_name(element.find_text("name"))
    except InvalidInputError as error:
        raise InvalidInputError(f"declares a label at line {element.line}: {error.message}") from None


def _points(elements: list[Element]) -> Mapping[str, dict[str, None]]:
    """The points of skeletons, by the skeleton's label: labels with a parent, or inside their parent."""
    points: dict[str, dict[str, None]] = {}
    for element in elements:
        parent = element.find_text("parent")
        if parent:
            points.setdefault(parent, {})[element.find_text("name") or ""] = None
        inner = element.find("sublabels")
        for one in inner.named("label") if inner else ():
            points.setdefault(element.find_text("name") or "", {})[one.find_text("name") or ""] = None
    return points


def _read_attributes(element: Element, label: str, labels: Labels) -> None:
    declared = element.find("attributes")
    for attribute in declared.named("attribute") if declared else ():
        name, kind = attribute.find_text("name"), attribute.find_text("input_type")
        if name and kind:
            labels.inputs[label, name] = kind


def _declaration(name: str, element: Element, keypoints: tuple[str, ...]) -> LabelDeclaration:
    color = (element.find_text("color") or "").lower()
    skeleton = _skeleton(element.find_text("svg"), keypoints)
    return LabelDeclaration(
        name, 0, color=color if _COLOR.fullmatch(color) else None, keypoints=keypoints, skeleton=skeleton
    )


def _skeleton(svg: str | None, keypoints: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
    """The lines of the drawing that CVAT keeps of a skeleton: its circles bear the names of the points and the ids that
    its lines go between. A drawing that is none has no lines."""
    try:
        drawing = parse_xml(f"<svg>{svg or ''}</svg>".encode())
    except InvalidInputError:
        return ()
    places = {name: index for index, name in enumerate(keypoints)}
    nodes = {
        one.attributes.get("data-node-id"): places.get(one.attributes.get("data-label-name", ""))
        for one in drawing.named("circle")
    }
    edges = [
        tuple(nodes.get(one.attributes.get(f"data-node-{end}")) for end in ("from", "to"))
        for one in drawing.named("line")
    ]
    return tuple((a, b) for a, b in edges if a is not None and b is not None)
