"""Names of record files, and of the images in them."""

import re
from typing import Final

from dvcore.errors import InvalidInputError
from dvcore.formats.stated.splits import SPLIT_FOLDERS
from dvcore.image.names import is_image_name
from dvcore.model.names import Path, normalize_name
from dvcore.tfrecord.example import BytesList, Feature

_RECORDS: Final = re.compile(
    r"(?P<base>.+?)(?:[-_.]\d+-of-\d+)?\.(?:tfrecords?|tfrec|record)(?:-\d+-of-\d+)?", re.IGNORECASE
)
_SUFFIXES: Final = {b"jpeg": ".jpg", b"jpg": ".jpg", b"png": ".png", b"gif": ".gif", b"bmp": ".bmp", b"webp": ".webp"}
_WORDS: Final = re.compile(r"[-_.\s]")


def is_record_name(name: str) -> bool:
    """Whether a file is named like one of records, or like a shard of such: `train.record-00001-of-00010`."""
    return _RECORDS.fullmatch(name) is not None


def record_base(name: str) -> str:
    """What the shards of one data set have in common: the name without suffix and number."""
    found = _RECORDS.fullmatch(name)
    return found["base"] if found else name


def split_of(base: str) -> str | None:
    """The published split that the name of a data set ends in, if it does: `nuts-train`, `val`."""
    last = _WORDS.split(base)[-1].lower()
    return last if last in SPLIT_FOLDERS else None


def image_path(features: dict[str, Feature], number: int) -> Path:
    """Where the image of a record lands: its `image/filename`, or else `image/source_id`, or the record's number, with
    a suffix. A path that is absolute or leads out of its folder is another machine's: its last name counts.

    Raises InvalidInputError where it cannot be a name.
    """
    text = _text(features, "image/filename") or _text(features, "image/source_id") or f"{number:06}"
    names = [name for name in text.replace("\\", "/").split("/") if name not in ("", ".")]
    if not names or ".." in names or text.startswith(("/", "\\")) or text[1:2] == ":":
        names = names[-1:] if names and names[-1] != ".." else [f"{number:06}"]
    path = tuple(map(normalize_name, names))
    return path if is_image_name(path[-1]) else (*path[:-1], normalize_name(path[-1] + _suffix(features)))


def _suffix(features: dict[str, Feature]) -> str:
    match features.get("image/format"):
        case BytesList((bytes(kind),)):
            return _SUFFIXES.get(kind.lower(), "")
        case _:
            return ""


def _text(features: dict[str, Feature], key: str) -> str:
    match features.get(key):
        case BytesList((bytes(data),)):
            try:
                return data.decode().strip()
            except UnicodeDecodeError:
                raise InvalidInputError(f"has an {key} that is no text") from None
        case _:
            return ""
