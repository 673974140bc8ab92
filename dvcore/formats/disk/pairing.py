"""Which image an annotation file is about, where the two are paired by the stems of their names: `a/7.xml`, `b/7.jpg`.

An annotation file has one image, and an image one annotation file; whatever is not so is a fault, worded to follow the
name of the annotation file. Memory does not grow with the number of files.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path as FolderPath
from typing import Final, Self

from dvcore.errors import InvalidInputError
from dvcore.formats.disk.source_folder import SourceFolder
from dvcore.ids import digest
from dvcore.model.names import Path, format_path
from dvcore.store.spilling import SpillingMap

_BETWEEN: Final = "/"
"""Joins names in a value: none holds it."""


def image_folders(path: Path, own: Collection[str], images: Iterable[str]) -> Iterator[Path]:
    """Folders in which the image of the annotation file at `path` may be, the likeliest first: beside it; then, for a
    folder on its way that is called one of `own`, in the same place under one of `images` instead, the innermost first;
    then above that folder. Names of folders are given in lower case; those that come out may differ in case."""
    yield path[:-1]
    for index in reversed(range(len(path) - 1)):
        if path[index].lower() in own:
            for name in images:
                yield *path[:index], name, *path[index + 1 : -1]
            yield *path[:index], *path[index + 1 : -1]


class Pairing:
    """The images of a source, found by folder and stem, and which of them annotation files claim. Close it, or use it
    in a `with`.

    `scratch` is where private files are made for many images, None for the system's. Raises StorageError.
    """

    def __init__(self, folders: Sequence[SourceFolder], scratch: FolderPath | None = None) -> None:
        self._folders = folders
        self._names = SpillingMap(scratch)  # of the images, by folder and stem
        self._claims = SpillingMap(scratch)  # what annotation files are called, by image
        self._refused: dict[Path, set[str]] = {}
        self._spellings: dict[Path, list[Path]] = {}
        for path in dict.fromkeys(folder.path for folder in folders):
            self._spellings.setdefault(_folded(path), []).append(path)
        for folder in folders:
            for name in folder.iter_names():
                key = _key((*folder.path, _stem(name)))
                held = self._names.get(key)
                self._names.put(key, name.encode() if held is None else held + f"{_BETWEEN}{name}".encode())

    def image_of(self, annotation: Path, folders: Iterable[Path], named: str = "") -> Path:
        """The image with the stem of the annotation file in the first of the folders that has any. Where all images are
        in one folder, that is the last one looked at. `7.jpg.xml` is about `7.jpg`, too. `named` is what the annotation
        file calls its image, which decides where the stem does not.

        Raises InvalidInputError where there is none, or more than one.
        """
        found = self.find_image(annotation, tuple(folders), named)
        if found is None:
            raise InvalidInputError(f"has no image: none is called {_stem(annotation[-1])!r} where it should be")
        return found

    def find_image(self, annotation: Path, folders: Sequence[Path], named: str = "") -> Path | None:
        """As `image_of`, or None where there is none."""
        stem = _stem(annotation[-1])
        for folder in self._existing(folders):
            names = self._named(folder, stem)
            if len(names) > 1 and named not in names:
                images = " and ".join(format_path((*folder, name)) for name in names)
                raise InvalidInputError(f"could be about {images}")
            if names:
                return *folder, named if len(names) > 1 else names[0]
            if self._has(folder, stem):
                return *folder, stem
        return self.find_named(named, folders)

    def find_named(self, name: str, folders: Iterable[Path]) -> Path | None:
        """The image of this very name in the first of the folders that has it, or None."""
        return next(((*folder, name) for folder in self._existing(folders) if self._has(folder, name)), None)

    def claim(self, image: Path, by: str) -> None:
        """Say that an image is the one that the annotation file `by` is about.

        Raises InvalidInputError where another is, too; the image is then refused.
        """
        key = _key(image)
        before = self._claims.get(key)
        if before is not None:
            self.refuse(image)
            raise InvalidInputError(f"is about {format_path(image)}, as {before.decode()} is")
        self._claims.put(key, by.encode(errors="backslashreplace"))

    def refuse(self, image: Path) -> None:
        """Keep an image out: what is said of it cannot be used."""
        self._refused.setdefault(image[:-1], set()).add(image[-1])

    def kept(self) -> list[SourceFolder]:
        """The folders without the images that are refused."""
        return [folder.without(self._refused.get(folder.path, ())) for folder in self._folders]

    def iter_refused(self) -> Iterator[Path]:
        """The images that are refused."""
        return ((*folder, name) for folder, names in self._refused.items() for name in names)

    def close(self) -> None:
        """Give the room back. Closing twice is no error."""
        self._names.close()
        self._claims.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _existing(self, folders: Iterable[Path]) -> Iterator[Path]:
        """Those of the folders that hold images: as they are spelled, then in other cases; then the only one."""
        for folder in folders:
            spellings = self._spellings.get(_folded(folder), ())
            yield from sorted(spellings, key=lambda one: one != folder)
        if len(self._spellings) == 1:
            (only,) = self._spellings.values()
            yield from only

    def _named(self, folder: Path, stem: str) -> list[str]:
        held = self._names.get(_key((*folder, stem)))
        return [] if held is None else held.decode().split(_BETWEEN)

    def _has(self, folder: Path, name: str) -> bool:
        return name in self._named(folder, _stem(name))


def _stem(name: str) -> str:
    return name.rpartition(".")[0] or name


def _folded(path: Path) -> Path:
    return tuple(name.casefold() for name in path)


def _key(path: Path) -> bytes:
    # Paths may be longer than a key; no name holds a slash.
    return digest(format_path(path).encode())
