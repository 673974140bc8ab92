"""Finds the files under a folder: the same list in the same order on every run, however the disk keeps them.

Links to files and to folders are followed; a link to a folder that it lies in is not. Hidden files and folders are
passed over. What cannot be listed, named or opened is a fault of its own.
"""

import os
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path as FolderPath
from typing import Final

from dvcore.errors import Fault, InvalidInputError
from dvcore.formats.disk.source_files import stat_source
from dvcore.formats.disk.source_folder import SourceFolder, by_path, merge_packed, pack_file, pack_state
from dvcore.formats.wording import format_count, format_place, format_reason
from dvcore.model.names import MAX_DEPTH, ROOT, Path, normalize_name

_BLOCK_FILES: Final = 16_384
"""Files that are held one by one while a folder is listed; the rest is packed."""
_MAX_LINKED_FOLDERS: Final = 10_000
"""Links beside links multiply: forty pairs of them can make a folder of a million million files out of nothing."""


IsNamed = Callable[[str], bool]
"""Whether the name of a file is one of those."""


@dataclass(slots=True)
class Walk:
    """What was found so far: folders that hold wanted files or annotation files, and what is to be said of the rest."""

    folders: list[SourceFolder] = field(default_factory=list)
    annotations: list[SourceFolder] = field(default_factory=list)
    """The files that are read for what they say."""
    faults: list[Fault] = field(default_factory=list)
    passed_over: int = 0
    json_files: int = 0
    loops: int = 0
    linked: int = 0
    newest: int = 0
    """The last change of any file, nanoseconds since 1970."""
    devices: set[int] = field(default_factory=set)
    """Those that the files are on."""

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


def no_name(_: str) -> bool:
    """Whether a file is wanted where none is."""
    return False


def walk(source: FolderPath, is_wanted: IsNamed, is_annotation: IsNamed = no_name) -> Walk:
    """The files whose names are wanted, or those of annotation files, at and under `source`: a folder's own in the
    order of the names' UTF-8 bytes, then those of its folders in theirs.

    Raises NotFoundError where there is nothing at `source`, InvalidInputError where the links in it never end.
    """
    found = Walk()
    wanted = _Wanted(is_wanted, is_annotation)
    status = stat_source(source)
    if stat.S_ISDIR(status.st_mode):
        _walk_folder(os.fspath(source), ROOT, (_identity(status),), wanted, found)
    else:
        _walk_file(source, wanted, found)
    return found


def drop_collisions(folders: Sequence[SourceFolder]) -> tuple[list[SourceFolder], list[Fault]]:
    """The folders without the files whose destinations are not their own; a fault for each name that two names on the
    disk come to."""
    kept: list[SourceFolder] = []
    faults: list[Fault] = []
    for group in by_path(folders):
        shared = _shared_names(group)
        kept.extend(folder.without(shared) for folder in group)
        faults.extend(_collision(group, name) for name in sorted(shared))
    return kept, faults


def _shared_names(group: Sequence[SourceFolder]) -> set[str]:
    """Names that several files of one directory come to. Names in ASCII of one folder on the disk cannot."""
    if len(group) == 1 and group[0].is_ascii():
        return set()
    counts = Counter(name for folder in group for name in folder.iter_names())
    return {name for name, count in counts.items() if count > 1}


def _collision(group: Iterable[SourceFolder], name: str) -> Fault:
    first, *others = [format_place(place) for folder in group for place in folder.places_of(name)]
    return Fault(first, "is named, in normal form C, like " + " and ".join(others))


Identity = tuple[int, int]
"""Device and inode: which folder it is, whatever way led there."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """By their names: files that come in, and of the others those that are read for what they say."""

    takes: IsNamed
    takes_annotations: IsNamed


def _walk_file(source: FolderPath, wanted: _Wanted, found: Walk) -> None:
    files = _Files(wanted, found)
    files.take(os.fspath(source), source.absolute().name, source.stat)
    files.close(os.fspath(source.parent), ROOT, is_single=True)


def _walk_folder(folder: str, path: Path, above: tuple[Identity, ...], wanted: _Wanted, found: Walk) -> None:
    files = _Files(wanted, found)
    inner: list[tuple[os.DirEntry[str], Identity]] = []
    try:
        with os.scandir(folder) as listing:
            for entry in listing:
                if entry.name.startswith("."):
                    found.passed_over += 1
                elif (identity := _folder_identity(entry)) is None:
                    files.take(entry.path, entry.name, entry.stat)
                else:
                    inner.append((entry, identity))
    except OSError as error:
        found.faults.append(Fault(format_place(folder), f"cannot be listed: {format_reason(error)}"))
        return
    files.close(folder, path)
    for entry, identity in sorted(inner, key=lambda one: os.fsencode(one[0].name)):
        if identity in above:
            found.loops += 1
        elif (directory := _entered(entry, path, found)) is not None:
            _walk_folder(entry.path, directory, (*above, identity), wanted, found)


class _Packing:
    """Packed files of one folder, in sorted blocks."""

    def __init__(self) -> None:
        self.count = 0
        self._open: list[bytes] = []
        self._blocks: list[bytes] = []

    def add(self, packed: bytes) -> None:
        """Add a file."""
        self._open.append(packed)
        self.count += 1
        if len(self._open) == _BLOCK_FILES:
            self._close_block()

    def packed(self) -> bytes:
        """All of them, in the order of their names."""
        self._close_block()
        return self._blocks[0] if len(self._blocks) == 1 else merge_packed(self._blocks)

    def _close_block(self) -> None:
        self._blocks.append(b"".join(sorted(self._open)))
        self._open.clear()


class _Files:
    """Gathers the files of one folder, which the system lists in any order."""

    def __init__(self, wanted: _Wanted, found: Walk) -> None:
        self._wanted = wanted
        self._found = found
        self._images = _Packing()
        self._annotations = _Packing()
        self._faults: list[Fault] = []

    def take(self, place: str, name: str, stat_file: Callable[[], os.stat_result]) -> None:
        """Take a file, count it as passed over, or name its fault."""
        if self._wanted.takes(name):
            packing = self._images
        elif self._wanted.takes_annotations(name):
            packing = self._annotations
        else:
            self._found.passed_over += 1
            self._found.json_files += name.lower().endswith(".json")
            return
        try:
            status = stat_file()
            normalize_name(name)
        except InvalidInputError as error:
            self._faults.append(Fault(format_place(place), error.message))
        except OSError as error:
            self._faults.append(Fault(format_place(place), f"cannot be opened: {format_reason(error)}"))
        else:
            self._pack(packing, place, name, status)

    def close(self, folder: str, path: Path, *, is_single: bool = False) -> None:
        """Add what was taken to the walk."""
        self._found.faults.extend(sorted(self._faults, key=lambda one: one.where))
        place = folder.rstrip("/") + "/"
        for packing, folders in ((self._images, self._found.folders), (self._annotations, self._found.annotations)):
            if packing.count:
                folders.append(SourceFolder(place, path, packing.packed(), packing.count, is_single=is_single))

    def _pack(self, packing: _Packing, place: str, name: str, status: os.stat_result) -> None:
        if not stat.S_ISREG(status.st_mode):
            self._faults.append(Fault(format_place(place), "is no regular file"))
            return
        self._found.newest = max(self._found.newest, status.st_mtime_ns, status.st_ctime_ns)
        self._found.devices.add(status.st_dev)
        packing.add(pack_file(name, pack_state(status)))


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


def _folder_identity(entry: os.DirEntry[str]) -> Identity | None:
    try:
        return _identity(entry.stat()) if entry.is_dir() else None
    except OSError:  # a link that leads nowhere, or a folder that just went: opening it as a file says so
        return None


def _identity(status: os.stat_result) -> Identity:
    return status.st_dev, status.st_ino
