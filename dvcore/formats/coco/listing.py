"""The `images` of a COCO json, matched to the files of the source.

An entry that cannot be matched to one file, alone, is a fault of that file.
"""

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, Final

from dvcore.errors import Fault, InvalidInputError
from dvcore.formats.coco.documents import ANNOTATIONS_FOLDER, DocumentFile
from dvcore.formats.stated.file_names import find_under, parse_file_name
from dvcore.formats.texts.json_files import find_key, find_size, format_value, take_key, take_object, take_text
from dvcore.model.names import ROOT, Path

_KNOWN_KEYS: Final = frozenset({"id", "file_name", "width", "height"})
_IMAGE_FOLDER: Final = "images"


@dataclass(frozen=True, slots=True)
class ListedImage:
    """An entry: where it is in the json, the path of the file that it means, and the size that it gives, if it does."""

    where: str
    path: Path
    size: tuple[int, int] | None


@dataclass(slots=True)
class Listing:
    """The entries of one json. `images` are those that can be used, by id, once all are added and it is closed;
    `refused` are the ids of those that cannot. `lost` counts keys that are not kept. `claimed` are the paths of all
    files that some entry means, sound or not."""

    where: str
    folders: Sequence[Path]
    paths: Set[Path]
    images: dict[str, ListedImage] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)
    claimed: set[Path] = field(default_factory=set)
    lost: Counter[str] = field(default_factory=Counter)
    _holders: dict[Path, str] = field(default_factory=dict)

    def add(self, index: int, item: object) -> None:
        """Match an entry to its file: `file_name` under the first of the folders that has it."""
        where = self._name_entry(index, item)
        try:
            fields = take_object(item)
            for key in fields.keys() - _KNOWN_KEYS:
                self.lost[format_value(key)] += 1
            image = self._read_entry(where, fields)
            key = take_key(fields, "id")
        except InvalidInputError as error:
            self.faults.append(Fault(where, error.message))
            self._refuse(item)
            return
        self._take(key, image)

    def close(self) -> None:
        """Drop what later entries have made ambiguous."""
        for key in self.refused:
            self.images.pop(key, None)
        self._holders.clear()

    @property
    def refused_paths(self) -> Set[Path]:
        """Files that only refused entries mean."""
        return self.claimed - {image.path for image in self.images.values()}

    def _take(self, key: str, image: ListedImage) -> None:
        other = self.images.setdefault(key, image)
        if other is not image:
            self.faults.append(Fault(image.where, f"has the id of {other.where}"))
            self.refused.add(key)
        holder = self._holders.setdefault(image.path, key)
        if holder != key:
            self.faults.append(Fault(self.images[holder].where, f"is listed again under the id {key}"))
            self.refused.update((holder, key))

    def _name_entry(self, index: int, item: object) -> str:
        file_name = item.get("file_name") if isinstance(item, dict) else None
        said = f" ({format_value(file_name)})" if isinstance(file_name, str) else ""
        return f"{self.where}: images[{index}]{said}"

    def _read_entry(self, where: str, fields: Mapping[str, Any]) -> ListedImage:
        stated = parse_file_name(take_text(fields, "file_name"))
        path = find_under(stated, self.folders, self.paths.__contains__)
        if path is None:
            raise InvalidInputError(f"is missing: the folder has no such image, nor has its {_IMAGE_FOLDER}/")
        self.claimed.add(path)
        return ListedImage(where, path, find_size(fields))

    def _refuse(self, item: object) -> None:
        """Keep the id of an entry that cannot be used, so that its annotations are not said to belong to nothing."""
        try:
            key = find_key(take_object(item), "id")
        except InvalidInputError:
            return
        if key is not None:
            self.refused.add(key)


def image_folders(document: DocumentFile, folders: Sequence[Path]) -> list[Path]:
    """The folders under which a json's images are looked for, the likeliest first: its own, those called like its part
    of the data, the source, its `images/`, and where all images of the source are in one folder, that one."""
    found: list[Path] = []
    if document.folder not in (ROOT, (ANNOTATIONS_FOLDER,)):
        found += [document.folder, (*document.folder, _IMAGE_FOLDER)]
    if document.naming.part is not None:
        found += [(_IMAGE_FOLDER, document.naming.part), (document.naming.part,)]
    found += [ROOT, (_IMAGE_FOLDER,)]
    return found + list(folders) if len(folders) == 1 else found
