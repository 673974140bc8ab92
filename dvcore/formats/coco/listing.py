"""The `images` of a COCO json, matched to the files of the folder.

An entry that cannot be matched to one file, alone, is a fault of that file.
"""

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, Final

from dvcore.errors import Fault, InvalidInputError
from dvcore.formats.coco.document import Document, find_key, format_value, take_key, take_object, take_text
from dvcore.model.names import Path, normalize_name

_KNOWN_KEYS: Final = frozenset({"id", "file_name", "width", "height"})
_IMAGE_FOLDER: Final = "images"


@dataclass(frozen=True, slots=True)
class ListedImage:
    """An entry: where it is in the json, the path of the file that it means, and the size that it gives, if it does."""

    where: str
    key: str
    path: Path
    size: tuple[int, int] | None


@dataclass(slots=True)
class Listing:
    """The entries that can be used, by id; `refused` are the ids of those that cannot. `lost` counts keys that are not
    kept. `claimed` are the paths of all files that some entry means, sound or not."""

    images: dict[str, ListedImage] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)
    claimed: set[Path] = field(default_factory=set)
    lost: Counter[str] = field(default_factory=Counter)


def match_images(document: Document, paths: Set[Path]) -> Listing:
    """Match each entry to its file among those at `paths`: `file_name` under the folder, then under its `images/`."""
    listing = Listing()
    holders: dict[Path, list[str]] = {}
    for index, item in enumerate(document.images):
        where = _name_entry(document.name, index, item)
        try:
            fields = take_object(item)
            listing.lost.update(format_value(key) for key in fields.keys() - _KNOWN_KEYS)
            image = _read_entry(where, fields, paths, listing)
        except InvalidInputError as error:
            listing.faults.append(Fault(where, error.message))
            _refuse(listing, item)
            continue
        holders.setdefault(image.path, []).append(image.key)
        if image.key in listing.images:
            listing.faults.append(Fault(where, f"has the id of {listing.images[image.key].where}"))
            listing.refused.add(image.key)
        listing.images.setdefault(image.key, image)
    _refuse_shared(listing, holders)
    for key in listing.refused:
        listing.images.pop(key, None)
    return listing


def _name_entry(name: str, index: int, item: object) -> str:
    file_name = item.get("file_name") if isinstance(item, dict) else None
    said = f" ({format_value(file_name)})" if isinstance(file_name, str) else ""
    return f"{name}: images[{index}]{said}"


def _read_entry(where: str, fields: Mapping[str, Any], paths: Set[Path], listing: Listing) -> ListedImage:
    stated = _parse_file_name(take_text(fields, "file_name"))
    path = next((one for one in (stated, (_IMAGE_FOLDER, *stated)) if one in paths), None)
    if path is None:
        raise InvalidInputError(f"is missing: the folder has no such image, nor has its {_IMAGE_FOLDER}/")
    listing.claimed.add(path)
    return ListedImage(where, take_key(fields, "id"), path, _size(fields))


def _parse_file_name(text: str) -> Path:
    """Slashes of either kind are separators: files that came from Windows have the other one."""
    if text.startswith(("/", "\\")) or text[1:2] == ":":
        raise InvalidInputError("has an absolute path as its file_name")
    names = [name for name in text.replace("\\", "/").split("/") if name not in ("", ".")]
    if ".." in names or not names:
        raise InvalidInputError("has a file_name that leads out of the folder")
    return tuple(normalize_name(name) for name in names)


def _size(fields: Mapping[str, Any]) -> tuple[int, int] | None:
    width, height = fields.get("width"), fields.get("height")
    if width is None or height is None:
        return None
    if not _is_side(width) or not _is_side(height):
        raise InvalidInputError(f"has {format_value(width)} x {format_value(height)} as its width and height")
    return int(width), int(height)


def _is_side(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 2**31 and value == int(value)


def _refuse(listing: Listing, item: object) -> None:
    """Keep the id of an entry that cannot be used, so that its annotations are not said to belong to nothing."""
    try:
        key = find_key(take_object(item), "id")
    except InvalidInputError:
        return
    if key is not None:
        listing.refused.add(key)


def _refuse_shared(listing: Listing, holders: Mapping[Path, Sequence[str]]) -> None:
    for keys in holders.values():
        first, *others = dict.fromkeys(keys)
        if others:
            where = listing.images[first].where
            listing.faults.append(Fault(where, f"is listed again under the id {', '.join(others)}"))
            listing.refused.update(keys)
