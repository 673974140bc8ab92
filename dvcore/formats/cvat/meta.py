"""The `<meta>` of a CVAT xml: labels with their attributes, colours and skeletons, and tags."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

from dvcore.formats.texts.xml_text import escape_xml, is_xml
from dvcore.model.declarations import LabelDeclaration

Kinds = Mapping[tuple[str, str], Collection[type]]
"""Of each attribute, by label and name, the types of its values."""

_MODE: Final = "<mode>annotation</mode>"
_BOOLS: Final = frozenset({bool})
_NUMBERS: Final = frozenset({bool, int, float})


def format_meta(
    labels: Iterable[LabelDeclaration], tags: Iterable[str], kinds: Kinds, subsets: Sequence[str]
) -> Iterator[str]:
    """The element, in pieces: of a task, or where there are subsets of a project that has a task for each.

    Raises InvalidInputError for names that XML cannot hold.
    """
    owner = "project" if subsets else "task"
    tasks = "".join(f"<task>{_MODE}<subset>{escape_xml(subset)}</subset></task>" for subset in subsets)
    yield f"  <meta>\n    <{owner}>\n      {f'<tasks>{tasks}</tasks>' if subsets else _MODE}\n      <labels>\n"
    for label in labels:
        yield from _label(label, {name: kinds[of, name] for of, name in sorted(kinds) if of == label.name})
    for tag in tags:
        yield f"        <label><name>{escape_xml(tag)}</name><type>tag</type></label>\n"
    yield f"      </labels>\n    </{owner}>\n  </meta>\n"


def _label(label: LabelDeclaration, kinds: Mapping[str, Collection[type]]) -> Iterator[str]:
    color = "" if label.color is None else f"<color>{escape_xml(label.color)}</color>"
    attributes = "".join(_attribute(name, types) for name, types in kinds.items() if is_xml(name))
    skeleton = f"<svg>{escape_xml(_drawing(label))}</svg>" if label.keypoints else ""
    kind = "skeleton" if label.keypoints else "any"
    name = escape_xml(label.name)
    yield (
        f"        <label><name>{name}</name>{color}<type>{kind}</type>"
        f"<attributes>{attributes}</attributes>{skeleton}</label>\n"
    )
    for point in label.keypoints:
        yield f"        <label><name>{escape_xml(point)}</name><type>points</type><parent>{name}</parent></label>\n"


def _attribute(name: str, types: Collection[type]) -> str:
    found = set(types)
    kind = "checkbox" if found <= _BOOLS else "number" if found <= _NUMBERS else "text"
    return (
        f"<attribute><name>{escape_xml(name)}</name><mutable>False</mutable><input_type>{kind}</input_type>"
        "<default_value></default_value><values></values></attribute>"
    )


def _drawing(label: LabelDeclaration) -> str:
    """The points on a line, as nobody has said where they are, and the lines between them."""
    step = 100 / (len(label.keypoints) + 1)
    places = [round(step * number, 2) for number in range(1, len(label.keypoints) + 1)]
    lines = (
        f'<line x1="{places[a]}" y1="50" x2="{places[b]}" y2="50" data-type="edge" '
        f'data-node-from="{a + 1}" data-node-to="{b + 1}"></line>'
        for a, b in label.skeleton
    )
    circles = (
        f'<circle r="1.5" cx="{place}" cy="50" data-type="element node" data-element-id="{number}" '
        f'data-node-id="{number}" data-label-name="{escape_xml(name)}"></circle>'
        for number, (place, name) in enumerate(zip(places, label.keypoints, strict=True), 1)
    )
    return "".join((*lines, *circles))
