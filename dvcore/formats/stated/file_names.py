"""Names of image files as annotation files and tables state them: paths that a stranger wrote."""

from collections.abc import Callable, Iterable

from dvcore.errors import InvalidInputError
from dvcore.model.names import Path, normalize_name


def parse_file_name(text: str) -> Path:
    """The path that a text is, with slashes of either kind: files that came from Windows have the other one.

    Raises InvalidInputError, worded to follow a name, where it is absolute or leads out of its folder.
    """
    if text.startswith(("/", "\\")) or text[1:2] == ":":
        raise InvalidInputError("has an absolute path as its file_name")
    names = [name for name in text.replace("\\", "/").split("/") if name not in ("", ".")]
    if ".." in names or not names:
        raise InvalidInputError("has a file_name that leads out of the folder")
    return tuple(normalize_name(name) for name in names)


def find_under(stated: Path, folders: Iterable[Path], is_there: Callable[[Path], bool]) -> Path | None:
    """The path under the first of the folders that has it, or None."""
    return next((path for folder in folders if is_there(path := (*folder, *stated))), None)
