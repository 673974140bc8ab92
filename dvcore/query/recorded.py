"""What the index needs of a file's record, straight from its bytes where they are plain: at a third of the time."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from dvcore.ids import AnnotationsId, BlobId
from dvcore.model.files import KIND, decode_record
from dvcore.model.values import Value
from dvcore.query.plain import NO_VALUES, find_plain_fields, find_plain_values, is_plain_id

_FIELDS: Final = ["annotated", "annotations", "blob", "facts", "size", "split", "variables"]
"""In the order in which they are written."""
_MOST: Final = 2**63


class Recorded(NamedTuple):
    """`facts` are width, height, format and mode of an image; `variables` were given on entry."""

    blob: BlobId
    size: int
    facts: tuple[int | str | None, ...]
    annotations: AnnotationsId | None
    variables: Mapping[str, Value]
    annotated: bool


_NO_FACTS: Final = (None, None, None, None)


def read_recorded(data: bytes) -> Recorded:
    """What an encoded record says.

    Raises CorruptError, NeedsNewerError.
    """
    return _find_plain(data) or _decode(data)


def _decode(data: bytes) -> Recorded:
    record = decode_record(data)
    facts = record.facts
    shown = _NO_FACTS if facts is None else (facts.width, facts.height, facts.format, facts.mode)
    return Recorded(record.blob, record.size, shown, record.annotations, record.variables, record.annotated)


def _find_plain(data: bytes) -> Recorded | None:
    """None where it takes the decoder to tell."""
    fields = find_plain_fields(data, KIND)
    if fields is None or list(fields) != [name for name in _FIELDS if name in fields]:
        return None
    blob: Any = fields.get("blob")
    size: Any = fields.get("size")
    annotations: Any = fields.get("annotations")
    facts = _plain_facts(fields["facts"]) if "facts" in fields else _NO_FACTS
    variables = find_plain_values(fields["variables"]) if "variables" in fields else NO_VALUES
    if facts is None or variables is None or not is_plain_id(blob) or not _is_number(size, 0):
        return None
    if ("annotations" in fields and not is_plain_id(annotations)) or fields.get("annotated", True) is not True:
        return None
    if "split" in fields and (not is_plain_id(fields["split"]) or fields["split"] == blob):
        return None
    return Recorded(blob, size, facts, annotations, variables, "annotated" in fields)


def _plain_facts(raw: Any) -> tuple[int | str | None, ...] | None:
    try:
        width, height, format_, mode, orientation, bits = raw
    except (TypeError, ValueError):
        return None
    is_plain = (
        type(raw) is list
        and _is_number(width, 1)
        and _is_number(height, 1)
        and (type(format_) is type(mode) is str)
        and format_.isascii()
        and mode.isascii()
        and (orientation is None or _is_number(orientation, 0))
        and _is_number(bits, 1)
    )
    return (width, height, format_, mode) if is_plain else None


def _is_number(value: Any, least: int) -> bool:
    return type(value) is int and least <= value < _MOST
