"""Writes KITTI's object labels: `image_2/` and beside it `label_2/`, in a folder for each split.

`docs/exporting.md` has what is kept; the columns are those of `rows`.
"""

from collections.abc import Mapping
from typing import Final

from dvcore.formats.export.exported import Exported, with_suffix
from dvcore.formats.export.exporting import Export, Exporter
from dvcore.formats.export.losses import Losses
from dvcore.formats.kitti.rows import DIMENSIONS, LOCATION, ROTATION
from dvcore.formats.texts.decimals import format_decimal
from dvcore.model.annotations import Instance
from dvcore.model.files import ImageFacts
from dvcore.model.geometry import Box
from dvcore.model.values import Value

_IMAGES: Final = "image_2"
_LABELS: Final = "label_2"
_DIGITS: Final = 9
_IN_SPACE: Final = (*DIMENSIONS, *LOCATION, ROTATION)
_NOWHERE: Final = ("-1", "-1", "-1", "-1000", "-1000", "-1000", "-10")
"""What the development kit writes of an object that nobody has measured."""


def write_kitti(export: Export) -> None:
    """Write all files.

    Raises FaultyFilesError for labels with a space in them.
    """
    export.refuse_labels(_is_one_word, "has a space")

    def write(file: Exported) -> None:
        split = () if file.split is None else (file.split,)
        path = file.below(*split)
        export.put_image(file, (*split, _IMAGES, *path))
        if file.annotated:
            lines = "".join(_line(instance, file.facts, export.losses) for instance in file.instances)
            export.out.write_text((*split, _LABELS, *with_suffix(path, ".txt")), lines)

    export.each(write)


def _line(instance: Instance, facts: ImageFacts, losses: Losses) -> str:
    """The line of an instance, or nothing for one that has no box."""
    box = losses.box(instance, facts)
    if box is None:
        return ""
    attributes = dict(instance.attributes)
    truncated = _take_number(attributes, "truncated", "-1", losses)
    occluded = _take_number(attributes, "occluded", "-1", losses, is_whole=True)
    alpha = _take_number(attributes, "alpha", "-10", losses)
    columns = [instance.label, truncated, occluded, alpha, *_corners(box), *_take_place(attributes)]
    if "score" in attributes:
        columns += filter(None, [_take_number(attributes, "score", "", losses)])
    losses.lose_attributes(attributes)
    return f"{' '.join(columns)}\n"


def _is_one_word(label: str) -> bool:
    return label.split() == [label]


def _corners(box: Box) -> list[str]:
    return [format_decimal(c, _DIGITS) for c in (box.x, box.y, box.x + box.width, box.y + box.height)]


def _take_number(
    attributes: dict[str, Value], name: str, unknown: str, losses: Losses, *, is_whole: bool = False
) -> str:
    """Take an attribute out, as far as its column can hold it: a yes becomes 1. What it cannot stays where it is."""
    value = attributes.get(name)
    if value is None or isinstance(value, str) or (is_whole and value != int(value)):
        return unknown
    if isinstance(value, bool):
        losses.converted[f"attribute {name} as a number"] += 1
    del attributes[name]
    return str(int(value)) if is_whole else _format(value)


def _take_place(attributes: dict[str, Value]) -> tuple[str, ...]:
    """Where the object is in space: all of it, or nothing."""
    if not _is_measured(attributes):
        return _NOWHERE
    return tuple(_format(attributes.pop(name)) for name in _IN_SPACE)


def _is_measured(attributes: Mapping[str, Value]) -> bool:
    return all(isinstance(attributes.get(name), int | float) for name in _IN_SPACE)


def _format(value: Value) -> str:
    return repr(float(value))


KITTI_EXPORTER: Final = Exporter("kitti", write_kitti)
