"""The published split of a YOLO data set: folders and lists of images that its description names."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from dvcore.errors import Fault, InvalidInputError
from dvcore.formats.disk.annotation_files import AnnotationFile, AnnotationFiles
from dvcore.formats.disk.pairing import Pairing
from dvcore.formats.disk.source_folder import SourceFolder
from dvcore.formats.stated.annotations import StatedAnnotations
from dvcore.formats.stated.by_image import StatedMap
from dvcore.formats.stated.splits import SPLIT_VARIABLE
from dvcore.formats.texts.plain_text import decode_text, iter_lines
from dvcore.formats.wording import format_count
from dvcore.formats.yolo.description import Description
from dvcore.formats.yolo.layout import ends_of
from dvcore.model.names import Path, format_path


@dataclass(slots=True)
class SplitLists:
    """What came of the description's splits: those that have images, in their order; the folders that are wholly of
    one; the lists that were read."""

    splits: list[str] = field(default_factory=list)
    folders: dict[Path, str] = field(default_factory=dict)
    used: set[Path] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)
    missing: Counter[str] = field(default_factory=Counter)
    shared: int = 0

    def notes(self) -> Iterator[str]:
        """What people should know of it."""
        for what, count in sorted(self.missing.items()):
            yield f"{what}: {count} of its images are not there" if count else f"{what} is not there"
        if self.shared:
            yield f"{format_count(self.shared, 'image')} in more than one split: the first counts"

    def with_splits(self, folders: Sequence[SourceFolder]) -> list[SourceFolder]:
        """The folders with the variable set in those of a split."""
        return [self._with_split(folder) for folder in folders]

    def _with_split(self, folder: SourceFolder) -> SourceFolder:
        split = next((self.folders[path] for path in _above(folder.path) if path in self.folders), None)
        return folder if split is None else folder.with_variable(SPLIT_VARIABLE, split)


def read_splits(
    described: Description, folders: Sequence[SourceFolder], files: AnnotationFiles, pairing: Pairing, into: StatedMap
) -> SplitLists:
    """Find what the splits name. Images of lists get theirs in `into`, as images of which nothing else is said."""
    result = SplitLists()
    reading = _Reading(described, {p for one in folders for p in _above(one.path)}, files, pairing, into, result)
    for split, entries in described.config.splits.items():
        if sum(reading.read(split, entry) for entry in entries):
            result.splits.append(split)
    return result


@dataclass(frozen=True, slots=True)
class _Reading:
    described: Description
    folders: set[Path]
    files: AnnotationFiles
    pairing: Pairing
    into: StatedMap
    result: SplitLists

    def read(self, split: str, entry: str) -> bool:
        """Whether an entry leads to any image."""
        meant = list(ends_of(f"{self.described.config.root}/{entry}", self.described.folder))
        if entry.lower().endswith(".txt"):
            lists: Mapping[Path, AnnotationFile] = {file.path: file for file in self.files if file.path in set(meant)}
            found = next((lists[path] for path in meant if path in lists), None)
            if found is not None:
                return self._read_list(split, found)
        else:
            folder = next((path for path in meant if path in self.folders), None)
            if folder is not None:
                return self._take_folder(split, folder)
        self.result.missing[f"{self.described.where}: {split}: {entry}"] += 0
        return False

    def _take_folder(self, split: str, folder: Path) -> bool:
        if self.result.folders.setdefault(folder, split) == split:
            return True
        self.result.missing[f"{self.described.where}: {split}: {format_path(folder)}, which another split has,"] += 0
        return False

    def _read_list(self, split: str, file: AnnotationFile) -> bool:
        self.result.used.add(file.path)
        try:
            text = decode_text(self.files.read(file))
        except InvalidInputError as error:
            self.result.faults.append(Fault(file.where, error.message))
            return False
        return sum(self._take_image(split, file, line) for _, line in iter_lines(text)) > 0

    def _take_image(self, split: str, file: AnnotationFile, line: str) -> bool:
        image = next(self._images(line, file.path[:-1]), None)
        if image is None:
            self.result.missing[file.where] += 1
            return False
        before = self.into.get(image)
        if before is None:
            self.into.put(image, StatedAnnotations(file.where, None, (), {SPLIT_VARIABLE: split}, is_annotated=False))
        elif before.variables[SPLIT_VARIABLE] != split:
            self.result.shared += 1
        return True

    def _images(self, line: str, folder: Path) -> Iterator[Path]:
        for meant in ends_of(line, folder):
            image = self.pairing.find_named(meant[-1], [meant[:-1]])
            if image is not None:
                yield image


def _above(path: Path) -> Iterator[Path]:
    """The folder and those that it lies in, the innermost first."""
    return (path[:end] for end in range(len(path), -1, -1))
