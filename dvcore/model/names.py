"""Names and paths inside the repository.

A name is NFC-normalised UTF-8 of 1 to 255 bytes without `/` and control characters, and neither `.` nor `..`, so that
any tree can be written out under any folder without leaving it. A path is a tuple of names; the empty one is the root.
"""

from collections.abc import Sequence
from typing import Final
from unicodedata import category, is_normalized, normalize

from dvcore.errors import CorruptError, InvalidInputError

MAX_NAME_BYTES: Final = 255
MAX_DEPTH: Final = 64
"""Names in a path; deeper ones are refused."""

_NAMED: Final = 3

_FAULTY_SIGNS: Final = {"Cs": "is not UTF-8", "Cc": "contains a control character"}
"""By category. Half surrogates (Cs) are how Python spells bytes of a file's name that it cannot decode."""

Path = tuple[str, ...]
ROOT: Final[Path] = ()


def normalize_name(text: str) -> str:
    """The name in normal form C.

    Raises InvalidInputError where it cannot be one.
    """
    name = text if text.isascii() else normalize("NFC", text)
    reason = _name_fault(name)
    if reason:
        raise InvalidInputError(f"{text!r} cannot be a name: it {reason}")
    return name


def _name_fault(name: str) -> str | None:
    if not name:
        return "is empty"
    if name in {".", ".."}:
        return "means a folder relative to another"
    if "/" in name:
        return "contains '/'"
    if not name.isprintable():
        kinds = set(map(category, name))
        if reason := next((reason for kind, reason in _FAULTY_SIGNS.items() if kind in kinds), None):
            return reason
    if len(name.encode()) > MAX_NAME_BYTES:
        return f"is longer than {MAX_NAME_BYTES} bytes"
    return None


def decode_name(raw: bytes) -> str:
    """The name that a directory's map holds as a key.

    Raises CorruptError where it is none, such as `..`: a tree may come from somebody who means harm.
    """
    try:
        name = raw.decode()
    except UnicodeDecodeError:
        raise CorruptError(f"a directory holds the name {raw!r}, which is no UTF-8") from None
    reason = _name_fault(name)
    if reason or not is_normalized("NFC", name):
        raise CorruptError(f"a directory holds {name!r}, which cannot be a name: it {reason or 'is not in form C'}")
    return name


def parse_path(text: str) -> Path:
    """The path that `nuts/200dpi` names; `""`, `.` and `/` name the root, a `/` at either end is ignored.

    Raises InvalidInputError where a part cannot be a name.
    """
    stripped = text.strip("/")
    if stripped in {"", "."}:
        return ROOT
    try:
        path = tuple(normalize_name(part) for part in stripped.split("/"))
    except InvalidInputError as error:
        raise error if stripped.count("/") == 0 else InvalidInputError(f"{text!r}: {error.message}") from None
    if len(path) > MAX_DEPTH:
        raise InvalidInputError(f"{text!r} is deeper than {MAX_DEPTH} directories")
    return path


def format_path(path: Path) -> str:
    """The path as commands take it."""
    return "/".join(path)


def name_paths(paths: Sequence[Path]) -> str:
    """Paths for a sentence: the first few, and how many more."""
    shown = ", ".join(format_path(path) or "/" for path in paths[:_NAMED])
    return shown if len(paths) <= _NAMED else f"{shown} and {len(paths) - _NAMED} more"


def path_sort_key(path: Path) -> bytes:
    """Orders paths by the UTF-8 bytes of their text."""
    return format_path(path).encode()
