"""A bounded look at a source: enough names to tell what format it is of, and no more.

Nothing is opened. Folders are listed level by level, so that what lies near the top is always seen; what cannot be
listed is left to the walk, which names it as a fault.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path as FolderPath
from typing import Final

from dvcore.image.names import is_image_name
from dvcore.model.names import ROOT, Path

_DEPTH: Final = 3
"""`kitti/training/label_2` and `VOCdevkit/VOC2007/ImageSets`: folders below the source whose files are seen."""
_FOLDERS: Final = 1_000
_FOLDER_ENTRIES: Final = 50_000
_ENTRIES: Final = 200_000
"""Listing these takes 0.2 s and 20 MB."""
_FEW: Final = 16


@dataclass(frozen=True, slots=True)
class Look:
    """The names of the files of each folder, as they are on the disk and in their order; `root` is the folder that the
    paths begin at. A source that is a file is one name."""

    root: FolderPath
    names: Mapping[Path, tuple[str, ...]]

    def iter_files(self, *suffixes: str) -> Iterator[Path]:
        """The files whose names end in one of these, in either case; folders near the top first."""
        for folder, names in self.names.items():
            for name in names:
                if name.lower().endswith(suffixes):
                    yield *folder, name

    def iter_few(self, *suffixes: str) -> Iterator[Path]:
        """As `iter_files`, but only the first few of each folder, to be opened: many files of one folder do not hide
        what lies in another."""
        for folder, names in self.names.items():
            few = islice((name for name in names if name.lower().endswith(suffixes)), _FEW)
            yield from ((*folder, name) for name in few)

    def iter_named(self, *names: str) -> Iterator[Path]:
        """The files that have one of these names, written in lower case, whatever theirs is."""
        return (path for path in self.iter_files(*names) if path[-1].lower() in names)

    def iter_folders(self, *names: str) -> Iterator[Path]:
        """The folders that have one of these names, written in lower case, whatever theirs is."""
        return (path for path in self.names if path and path[-1].lower() in names)

    def iter_paired(self, suffix: str, folders_of: Callable[[Path], Iterable[Path]]) -> Iterator[Path]:
        """The files of this suffix that an image of the same stem is for, in one of the folders that `folders_of` gives
        for the file; their names may differ in case."""
        stems = {
            tuple(map(str.casefold, folder)): {_stem(name) for name in names if is_image_name(name)}
            for folder, names in self.names.items()
        }
        for path in self.iter_files(suffix):
            folders = (stems.get(tuple(map(str.casefold, folder)), ()) for folder in folders_of(path))
            if any(_stem(path[-1]) in folder for folder in folders):
                yield path

    def place(self, path: Path) -> FolderPath:
        """Where a file or folder is on the disk."""
        return self.root.joinpath(*path)


def _stem(name: str) -> str:
    return name.rpartition(".")[0]


def look_at(source: FolderPath) -> Look:
    """What lies at the source: within bounds, the same whatever the disk's order is."""
    if not source.is_dir():
        return Look(source.parent, {ROOT: (source.name,)})
    found: dict[Path, tuple[str, ...]] = {}
    level, left = [ROOT], _ENTRIES
    for _ in range(_DEPTH + 1):
        below: list[Path] = []
        for folder in level[: _FOLDERS - len(found)]:
            files, inner = _list(source.joinpath(*folder), min(left, _FOLDER_ENTRIES))
            left -= len(files) + len(inner)
            found[folder] = tuple(sorted(files))
            below.extend((*folder, name) for name in sorted(inner))
        level = below
    return Look(source, found)


def _list(folder: FolderPath, most: int) -> tuple[list[str], list[str]]:
    """Names of files and of folders; hidden ones are passed over."""
    files: list[str] = []
    folders: list[str] = []
    try:
        with os.scandir(folder) as listing:
            for entry in islice(listing, most):
                if not entry.name.startswith("."):
                    (folders if _is_folder(entry) else files).append(entry.name)
    except OSError:  # no such folder, or none that can be listed: the walk says so
        return files, folders
    return files, folders


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a loop
        return False
