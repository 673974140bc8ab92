"""What rows of Open Images' tables say of an instance."""

import math
from collections.abc import Collection
from typing import Final

from dvcore.errors import InvalidInputError
from dvcore.formats.openimages.tables import Row
from dvcore.formats.texts.plain_text import parse_number, shown
from dvcore.model.geometry import Box
from dvcore.model.values import Value

_FLAGS: Final = {
    "IsOccluded": "occluded",
    "IsTruncated": "truncated",
    "IsGroupOf": "crowd",
    "IsDepiction": "depiction",
    "IsInside": "inside",
}
_YES, _NO, _UNKNOWN = "1", "0", ("-1", "")
_SURE: Final = 1.0

BOX_COLUMNS: Final = frozenset(
    {"ImageID", "Source", "LabelName", "Confidence", "XMin", "XMax", "YMin", "YMax", *_FLAGS}
)
MASK_COLUMNS: Final = frozenset(
    {"MaskPath", "ImageID", "LabelName", "BoxXMin", "BoxXMax", "BoxYMin", "BoxYMax", "PredictedIoU"}
)


def read_box(row: Row, prefix: str = "") -> Box:
    """The box in the columns `XMin` …, or those with a prefix, in fractions of the image's sides."""
    left, right, top, bottom = (parse_number(_cell(row, prefix + name)) for name in ("XMin", "XMax", "YMin", "YMax"))
    return Box(left, top, right - left, bottom - top)


def read_box_attributes(row: Row) -> dict[str, Value]:
    """Flags that are known, the way in which the box was made, and the confidence where it is not 1."""
    values: dict[str, Value] = {}
    for column, name in _FLAGS.items():
        said = row.get(column, "").strip()
        if said in (_YES, _NO):
            values[name] = said == _YES
        elif said not in _UNKNOWN:
            raise InvalidInputError(f"has {shown(said)} as its {column}")
    if row.get("Source"):
        values["source"] = row["Source"]
    if row.get("Confidence") and (confidence := read_finite(row, "Confidence")) != _SURE:
        values["score"] = confidence
    return values


def read_mask_attributes(row: Row) -> dict[str, Value]:
    """How near the mask is said to be to the truth."""
    return {"predicted_iou": read_finite(row, "PredictedIoU")} if row.get("PredictedIoU") else {}


def read_finite(row: Row, column: str) -> float:
    """A finite number."""
    number = parse_number(_cell(row, column))
    if not math.isfinite(number):
        raise InvalidInputError(f"has {number:g} as its {column}")
    return number


def lost_columns(row: Row, kept: Collection[str]) -> Collection[str]:
    """Columns that say something which is not kept."""
    return [column for column, cell in row.items() if cell and column not in kept]


def _cell(row: Row, column: str) -> str:
    try:
        return row[column]
    except KeyError:
        raise InvalidInputError(f"has no {column}") from None
