"""The folder that an export fills: every file is new, lies inside it, and is written once.

Files are not forced to the disk one by one: an export can be made again, and doing so would take as long as all the
rest.
"""

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path as FolderPath
from typing import Final, Self, TextIO

from dvcore.errors import ConflictError, InvalidInputError
from dvcore.formats.export.write_behind import WriteBehind
from dvcore.model.names import MAX_NAME_BYTES, Path, format_path
from dvcore.store.folders import storage_errors

_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_MODE: Final = 0o666
"""Before the process's umask."""
_REMEMBERED: Final = 1024
"""Folders that are known to be there; asking the system again is what more of them cost."""
_BUFFER: Final = 1 << 18


class OutFolder:
    """Paths are tuples of names that are fit to be names of files; see `dvcore.model.names`. `about` is the image that
    is at work, for messages. To be used in a `with`, and closed where all went well.

    Methods raise ConflictError where there is a file already, InvalidInputError for a name that is too long,
    StorageError where the disk has no room or is read-only. What fails behind is raised by a later call of
    `write_behind`, or by `close`.
    """

    def __init__(self, root: FolderPath) -> None:
        self.root = root
        self.about: Path | None = None
        self._behind = WriteBehind()
        self._there: set[Path] = set()
        self._open: dict[Path, TextIO] = {}

    def write_behind(self, path: Path, read: Callable[[], Iterable[bytes]]) -> None:
        """Write a file whole; what it holds is read when it is written, by another thread."""
        place, about = self._place(path), self.about
        self._behind.submit(lambda: self._write(place, path, about, read()))

    def write_bytes(self, path: Path, data: bytes) -> None:
        """Write a file at once: what was worked out may be large, and must not wait in memory."""
        self._write(self._place(path), path, self.about, (data,))

    def write_text(self, path: Path, text: str) -> None:
        """Write a small file as UTF-8, at once: handing it over would take as long."""
        self.write_bytes(path, text.encode())

    def add_text(self, path: Path, text: str) -> None:
        """Write on at the end of a file that stays open, UTF-8; the first time it is made. Line ends stay what they
        are."""
        file = self._open.get(path)
        with storage_errors(self._name(path)):
            if file is None:
                descriptor = _create(self._place(path), path, self.about)
                file = self._open[path] = os.fdopen(descriptor, "w", _BUFFER, "utf-8", newline="")
            file.write(text)

    def close(self) -> None:
        """Write out all that is left; with this, all is written."""
        self._behind.finish()
        for path, file in self._open.items():
            with storage_errors(self._name(path)):
                file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self._behind.__exit__(kind, error, trace)
        for file in self._open.values():
            with suppress(OSError):  # the folder is about to be removed
                file.close()

    def _place(self, path: Path) -> str:
        """Raises InvalidInputError, worded to follow the name of the image."""
        folder = path[:-1]
        if len(path[-1].encode()) > MAX_NAME_BYTES:
            raise InvalidInputError(f"would become {path[-1]!r}, which is longer than {MAX_NAME_BYTES} bytes")
        if folder not in self._there:
            with storage_errors(self.root.joinpath(*folder)):
                self._make(folder, path)
            if len(self._there) == _REMEMBERED:
                self._there.clear()
            self._there.add(folder)
        return self._name(path)

    def _name(self, path: Path) -> str:
        return os.path.join(self.root, *path)  # noqa: PTH118 - a path object for each file takes as long as writing it

    def _write(self, place: str, path: Path, about: Path | None, pieces: Iterable[bytes]) -> None:
        with storage_errors(place):
            descriptor = _create(place, path, about)
            try:
                for piece in pieces:
                    _write_all(descriptor, piece)
            finally:
                os.close(descriptor)

    def _make(self, folder: Path, path: Path) -> None:
        try:
            self.root.joinpath(*folder).mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise _conflict(path, self.about) from None


def _create(place: str, path: Path, about: Path | None) -> int:
    try:
        return os.open(place, _FLAGS, _MODE)
    except FileExistsError:
        raise _conflict(path, about) from None


def _conflict(path: Path, about: Path | None) -> ConflictError:
    where = "" if about is None else f"{format_path(about)}: "
    return ConflictError(
        f"{where}another file has become {format_path(path)!r} already, or a folder of it",
        hint="give one of the two another name, or export them apart",
    )


def _write_all(descriptor: int, piece: bytes) -> None:
    """The system may take less than it is given: 2 GiB at most, and less when the disk is nearly full."""
    left = memoryview(piece)
    while left:
        left = left[os.write(descriptor, left) :]
