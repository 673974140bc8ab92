"""The image of a task: Label Studio knows it by a URL, or by the name under which it was uploaded."""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path as FolderPath
from typing import Final, Self
from urllib.parse import parse_qs, unquote, urlsplit

from dvcore.errors import InvalidInputError
from dvcore.formats.disk.source_folder import SourceFolder
from dvcore.formats.texts.plain_text import shown
from dvcore.ids import digest
from dvcore.model.names import Path, format_path, normalize_name, parse_path
from dvcore.store.spilling import SpillingMap

_UPLOADED: Final = re.compile("[0-9a-f]{8}-(.+)")
"""Label Studio puts 8 digits before the names of files that are uploaded."""
_BETWEEN: Final = "\n"
"""Joins paths in a value: no name holds it."""


class ImagesByName:
    """The images of a source by their names, wherever they lie. Close it, or use it in a `with`.

    `scratch` is where a private file is made for many, None for the system's. Raises StorageError.
    """

    def __init__(self, folders: Sequence[SourceFolder], scratch: FolderPath | None) -> None:
        self._paths = SpillingMap(scratch)
        for folder in folders:
            for path in folder.iter_paths():
                key, text = digest(path[-1].encode()), format_path(path)
                held = self._paths.get(key)
                self._paths.put(key, text.encode() if held is None else held + f"{_BETWEEN}{text}".encode())

    def find(self, urls: Iterable[str]) -> Path:
        """The image that the first of the URLs means that means any; of several of its name, the one whose folders are
        most like the URL's.

        Raises InvalidInputError where there is none, or more than one.
        """
        said = list(urls)
        for url in said:
            for stated in _iter_stated(url):
                held = self._paths.get(digest(stated[-1].encode()))
                if held is not None:
                    return _likest(stated, [parse_path(text) for text in held.decode().split(_BETWEEN)])
        names = " or ".join(shown(url) for url in said[:3]) or "nothing"
        raise InvalidInputError(f"is about an image that is missing: it is called {names}")

    def close(self) -> None:
        """Give the room back. Closing twice is no error."""
        self._paths.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _iter_stated(url: str) -> Iterator[Path]:
    """Paths that a URL may mean: what follows `?d=`, where local files are served; its path; the path as it was before
    the upload."""
    try:
        parts = urlsplit(url)
    except ValueError:  # brackets that are no address
        return
    for text in (*parse_qs(parts.query).get("d", ()), unquote(parts.path)):
        *above, last = text.replace("\\", "/").split("/")
        uploaded = _UPLOADED.fullmatch(last)
        for name in (last, uploaded[1]) if uploaded else (last,):
            try:
                yield *above, normalize_name(name)
            except InvalidInputError:  # no name of any file
                continue


def _likest(stated: Path, paths: Sequence[Path]) -> Path:
    likeness = {path: _common_end(stated[:-1], path[:-1]) for path in paths}
    best = [path for path in paths if likeness[path] == max(likeness.values())]
    if len(best) > 1:
        images = " and ".join(map(format_path, best[:3]))
        raise InvalidInputError(f"could be about {images}")
    return best[0]


def _common_end(a: Path, b: Path) -> int:
    """How many names the ends of two paths have in common."""
    common = 0
    for one, other in zip(reversed(a), reversed(b), strict=False):
        if one != other:
            break
        common += 1
    return common
