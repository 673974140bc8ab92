"""Finds the files under a folder: the same list in the same order on every run, however the disk keeps them.

Links to files and to folders are followed; a link to a folder that it lies in is not. Hidden files and folders are
passed over. What cannot be listed, named or opened is a fault of its own.
"""

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path as FolderPath
from typing import Final

from dvcore.errors import Fault, InvalidInputError
from dvcore.formats.source import SourceFile, format_count, format_place, format_reason, stat_source
from dvcore.model.names import MAX_DEPTH, ROOT, Path, normalize_name

_MAX_LINKED_FOLDERS: Final = 10_000
"""Links beside links multiply: forty pairs of them can make a folder of a million million files out of nothing."""


@dataclass(slots=True)
class Walk:
    """What was found so far."""

    files: list[SourceFile] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    passed_over: int = 0
    json_files: int = 0
    loops: int = 0
    linked: int = 0

    @property
    def notes(self) -> list[str]:
        """What people should know of the walk."""
        if self.loops == 1:
            return ["1 link to a folder that it lies in was not followed"]
        return [f"{self.loops} links to folders that they lie in were not followed"] if self.loops else []

    @property
    def json_notes(self) -> list[str]:
        """What people should know where nobody looked for annotations."""
        if not self.json_files:
            return []
        advice = "if one holds annotations, name it with --annotations, or import the folder that it lies in"
        return [f"passed over {format_count(self.json_files, 'json file')}; {advice}"]


def walk(source: FolderPath, is_wanted: Callable[[str], bool]) -> Walk:
    """The files whose names are wanted at and under `source`; of each folder in the order of the names' UTF-8 bytes.

    Raises NotFoundError where there is nothing at `source`, InvalidInputError where the links in it never end.
    """
    found = Walk()
    status = stat_source(source)
    if stat.S_ISDIR(status.st_mode):
        _walk_folder(os.fspath(source), ROOT, (_identity(status),), is_wanted, found)
    else:
        _take_file(os.fspath(source), ROOT, source.absolute().name, is_wanted, found)
    return found


def drop_collisions(files: list[SourceFile]) -> tuple[list[SourceFile], list[Fault]]:
    """The files whose destinations are their own; a fault for each name that two names on the disk come to."""
    by_path: dict[Path, list[SourceFile]] = {}
    for file in files:
        by_path.setdefault(file.path, []).append(file)
    faults = [
        Fault(format_place(first.place), "is named, in normal form C, like " + " and ".join(_places(others)))
        for first, *others in by_path.values()
        if others
    ]
    return [only for only, *others in by_path.values() if not others], faults


Identity = tuple[int, int]
"""Device and inode: which folder it is, whatever way led there."""


def _walk_folder(
    folder: str, path: Path, above: tuple[Identity, ...], is_wanted: Callable[[str], bool], found: Walk
) -> None:
    try:
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: os.fsencode(entry.name))
    except OSError as error:
        found.faults.append(Fault(format_place(folder), f"cannot be listed: {format_reason(error)}"))
        return
    for entry in entries:
        if entry.name.startswith("."):
            found.passed_over += 1
        elif (identity := _folder_identity(entry)) is None:
            _take_file(entry.path, path, entry.name, is_wanted, found, known=entry.is_file(follow_symlinks=False))
        elif identity in above:
            found.loops += 1
        elif (inner := _entered(entry, path, found)) is not None:
            _walk_folder(entry.path, inner, (*above, identity), is_wanted, found)


def _entered(entry: os.DirEntry[str], path: Path, found: Walk) -> Path | None:
    """The path inside the repository of a folder, or None and a fault where it cannot have one."""
    found.linked += entry.is_symlink()
    if found.linked > _MAX_LINKED_FOLDERS:
        raise InvalidInputError(
            f"{format_place(entry.path)!r} is one of more than {_MAX_LINKED_FOLDERS:,} links to folders",
            hint="remove links that lead into each other's folders",
        )
    if len(path) + 1 >= MAX_DEPTH:
        found.faults.append(Fault(format_place(entry.path), f"is deeper than {MAX_DEPTH} directories"))
        return None
    try:
        return (*path, normalize_name(entry.name))
    except InvalidInputError as error:
        found.faults.append(Fault(format_place(entry.path), error.message))
        return None


def _take_file(
    place: str, path: Path, name: str, is_wanted: Callable[[str], bool], found: Walk, *, known: bool = False
) -> None:
    """`known` to be a regular file: the folder's listing said so, and asking again costs a system call each."""
    if not is_wanted(name):
        found.passed_over += 1
        found.json_files += name.lower().endswith(".json")
        return
    try:
        if known or stat.S_ISREG(FolderPath(place).stat().st_mode):
            found.files.append(SourceFile((*path, normalize_name(name)), place))
        else:
            found.faults.append(Fault(format_place(place), "is no regular file"))
    except InvalidInputError as error:
        found.faults.append(Fault(format_place(place), error.message))
    except OSError as error:
        found.faults.append(Fault(format_place(place), f"cannot be opened: {format_reason(error)}"))


def _folder_identity(entry: os.DirEntry[str]) -> Identity | None:
    try:
        return _identity(entry.stat()) if entry.is_dir() else None
    except OSError:  # a link that leads nowhere, or a folder that just went: opening it as a file says so
        return None


def _identity(status: os.stat_result) -> Identity:
    return status.st_dev, status.st_ino


def _places(files: list[SourceFile]) -> list[str]:
    return [format_place(file.place) for file in files]
