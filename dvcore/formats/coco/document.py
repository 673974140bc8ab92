"""Finds and opens a COCO json, and takes values out of it without trusting any of its shapes.

Every check raises InvalidInputError with a message that follows a name: "annotation 7" + "has no category_id".
"""

import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path as FolderPath
from typing import Any, Final

from dvcore.errors import InvalidInputError, NotFoundError
from dvcore.formats.source import Request, format_place, format_reason
from dvcore.formats.steady import opened_steady

_SECTIONS: Final = ("images", "annotations", "categories")
_QUOTED: Final = tuple(f'"{name}"'.encode() for name in _SECTIONS)
_READ_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Document:
    """An annotation file that has the three sections; what their items are is still anybody's guess. `state` is the one
    that the file was in when it held them."""

    name: str
    state: bytes
    images: Sequence[Any]
    annotations: Sequence[Any]
    categories: Sequence[Any]
    other_sections: tuple[str, ...]


def find_document(request: Request) -> FolderPath | None:
    """The annotation file: the one that was named, or the one json with COCO's sections in the folder or its
    `annotations/`.

    Raises InvalidInputError where there are several, naming them.
    """
    if request.annotations is not None:
        return request.annotations
    folders = (request.source, request.source / "annotations")
    found = [place for folder in folders for place in _jsons(folder) if _has_sections(place)]
    if len(found) > 1:
        names = ", ".join(format_place(place.relative_to(request.source)) for place in found)
        raise InvalidInputError(
            f"{format_place(request.source)!r} has several annotation files: {names}",
            hint="name the one to import with --annotations, or give --format images",
        )
    return found[0] if found else None


def open_document(place: FolderPath) -> Document:
    """Parse the file.

    Raises NotFoundError where there is none, InvalidInputError where it is no COCO json.
    """
    name = format_place(place.name)
    try:
        with opened_steady(os.fspath(place)) as (file, state):
            content = file.readall()
        top = json.loads(content)
    except (FileNotFoundError, NotADirectoryError):
        raise NotFoundError(f"there is no annotation file {format_place(place)!r}") from None
    except OSError as error:
        raise InvalidInputError(f"{format_place(place)!r} cannot be read: {format_reason(error)}") from None
    except InvalidInputError as error:
        raise InvalidInputError(f"{format_place(place)!r} {error.message}") from None
    except RecursionError:
        raise InvalidInputError(f"{name}: is nested too deeply for an annotation file") from None
    except ValueError as error:  # also undecodable text and numbers of thousands of digits
        raise InvalidInputError(f"{name}: is no json: {error}") from None
    if not isinstance(top, dict):
        raise InvalidInputError(f"{name}: is no COCO json: it holds no object", hint="see docs/formats/coco.md")
    images, annotations, categories = (_section(name, top, key) for key in _SECTIONS)
    others = tuple(sorted(format_value(key) for key in top if key not in _SECTIONS))
    return Document(name, state, images, annotations, categories, others)


def _section(name: str, top: Mapping[str, Any], key: str) -> Sequence[Any]:
    section = top.get(key)
    if not isinstance(section, list):
        raise InvalidInputError(f"{name}: is no COCO json: it has no list {key!r}", hint="see docs/formats/coco.md")
    return section


def _jsons(folder: FolderPath) -> list[FolderPath]:
    try:
        return sorted(place for place in folder.iterdir() if place.suffix.lower() == ".json" and place.is_file())
    except OSError:  # no such folder, or none that can be listed: the walk says so
        return []


def _has_sections(place: FolderPath) -> bool:
    """Whether the names of the three sections stand somewhere in the file: cheap, and good enough to choose by."""
    missing, tail = set(_QUOTED), b""
    try:
        with place.open("rb") as file:
            while missing and (piece := file.read(_READ_BYTES)):
                missing = {name for name in missing if name not in tail + piece}
                tail = (tail + piece)[-max(map(len, _QUOTED)) :]
    except OSError:
        return False
    return not missing


def take_object(value: object) -> Mapping[str, Any]:
    """The value, if it is a json object."""
    if not isinstance(value, dict):
        raise InvalidInputError("is no object")
    return value


def take_text(item: Mapping[str, Any], key: str) -> str:
    """A text that is not empty."""
    value = item.get(key)
    if value is None:
        raise InvalidInputError(f"has no {key}")
    if not isinstance(value, str) or not value:
        raise InvalidInputError(f"has {format_value(value)} as its {key}")
    if not is_unicode(value):
        raise InvalidInputError(f"has a {key} that is no valid Unicode")
    return value


def take_key(item: Mapping[str, Any], key: str) -> str:
    """An id as a text. Tools write ids as numbers and as texts, and mix them: 7, 7.0 and "7" are one id."""
    found = find_key(item, key)
    if found is None:
        raise InvalidInputError(f"has no {key}")
    return found


def find_key(item: Mapping[str, Any], key: str) -> str | None:
    """As `take_key`, or None where there is no id."""
    value = item.get(key)
    if type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is int and -(2**63) <= value < 2**63:
        return str(value)
    if type(value) is str and value and len(value) <= 255 and is_unicode(value):
        return value
    if value is None:
        return None
    raise InvalidInputError(f"has {format_value(value)} as its {key}")


def take_numbers(value: object, what: str) -> tuple[float, ...]:
    """A list of finite numbers."""
    if not isinstance(value, list):
        raise InvalidInputError(f"has {what} that is no list")
    if not all(type(item) is float or (type(item) is int and abs(item) < 2**63) for item in value):
        raise InvalidInputError(f"has {what} with a value that is no finite number")
    numbers = tuple(map(float, value))
    if not all(map(math.isfinite, numbers)):
        raise InvalidInputError(f"has {what} with a value that is no finite number")
    return numbers


def take_lengths(value: object, what: str) -> tuple[int, ...]:
    """A list of whole numbers."""
    if not isinstance(value, list) or not all(type(item) is int for item in value):
        raise InvalidInputError(f"has {what} that is no list of whole numbers")
    return tuple(value)


def is_unicode(text: str) -> bool:
    """Whether a text can be written as UTF-8: json can spell half a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def format_value(value: object) -> str:
    """A value for messages: short, in ASCII."""
    text = ascii(value)
    return text if len(text) <= 60 else text[:57] + "..."
