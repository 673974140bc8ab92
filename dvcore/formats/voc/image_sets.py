"""The published splits of VOC: lists of names under `ImageSets/`.

`Main/` has those for detection; where it has none, the lists directly under `ImageSets/`, then those for segmentation,
layout and action are taken. The name of a list is the split, but lists of one class (`cat_train.txt`) say nothing about
splits.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from dvcore.errors import Fault, InvalidInputError
from dvcore.formats.disk.annotation_files import AnnotationFile, AnnotationFiles
from dvcore.formats.disk.pairing import Pairing
from dvcore.formats.reader.per_image import Layout
from dvcore.formats.stated.annotations import StatedAnnotations
from dvcore.formats.stated.file_names import parse_file_name
from dvcore.formats.stated.findings import Findings
from dvcore.formats.stated.splits import SPLIT_FOLDERS, SPLIT_VARIABLE
from dvcore.formats.texts.plain_text import decode_text, iter_lines
from dvcore.formats.wording import format_count
from dvcore.model.names import Path

FOLDER: Final = "imagesets"
_KINDS: Final = ("main", "", "segmentation", "layout", "action")
"""The first that has lists is taken."""
_WHOLE: Final = "trainval"
"""Holds what two other lists hold: an image that is in none of them is of this split."""
_PER_CLASS: Final = tuple(f"_{split}" for split in (*SPLIT_FOLDERS, _WHOLE))


@dataclass(slots=True)
class ImageSets:
    """What came of the lists: the splits that images have, how many lists were not taken, and notes for people."""

    splits: tuple[str, ...] = ()
    passed_over: int = 0
    notes: list[str] = field(default_factory=list)


def is_list(file: AnnotationFile) -> bool:
    """Whether a file is one of the lists, by its name."""
    return file.path[-1].lower().endswith(".txt") and any(name.lower() == FOLDER for name in file.path[:-1])


def read_image_sets(
    files: AnnotationFiles, lists: Sequence[AnnotationFile], layout: Layout, pairing: Pairing, findings: Findings
) -> ImageSets:
    """Give the images the variable `split`. A list that cannot be read is a fault."""
    sets = ImageSets()
    taken = _chosen(lists)
    sets.passed_over = len(lists) - len(taken)
    found: set[str] = set()
    doubled: Counter[str] = Counter()
    for file in taken:
        try:
            text = decode_text(files.read(file))
        except InvalidInputError as error:
            findings.faults.append(Fault(file.where, error.message))
            continue
        split, missing = _split_of(file), list[str]()
        for image in _images(text, file.path, layout, pairing, missing):
            before = findings.stated.get(image)
            if before is None:
                findings.put(image, StatedAnnotations(file.where, None, (), {SPLIT_VARIABLE: split}, False))
                found.add(split)
            elif split != _WHOLE and before.variables[SPLIT_VARIABLE] != split:
                doubled[f"both {before.where} and {file.where}"] += 1
        sets.notes.extend(_missing_notes(file, missing))
    sets.notes.extend(f"{format_count(n, 'image')} in {both}: the former counts" for both, n in doubled.items())
    sets.splits = tuple(sorted(found, key=_rank))
    return sets


def _chosen(lists: Sequence[AnnotationFile]) -> list[AnnotationFile]:
    """Those that say which split images are of, of one kind under each `ImageSets`, the one that counts first."""
    kinds: dict[Path, set[str]] = {}
    splits = [file for file in lists if not _split_of(file).endswith(_PER_CLASS) and _kind(file) in _KINDS]
    for file in splits:
        kinds.setdefault(_root(file), set()).add(_kind(file))
    best = {root: next(kind for kind in _KINDS if kind in found) for root, found in kinds.items()}
    return sorted((file for file in splits if _kind(file) == best[_root(file)]), key=lambda one: _rank(_split_of(one)))


def _rank(split: str) -> tuple[int, str]:
    """Where it stands among the splits: an image that is in several lists is of the first one's."""
    known = SPLIT_FOLDERS.index(split) if split in SPLIT_FOLDERS else len(SPLIT_FOLDERS)
    return known + (split == _WHOLE), split


def _images(text: str, path: Path, layout: Layout, pairing: Pairing, missing: list[str]) -> Iterator[Path]:
    root = path[: _index(path)]
    for _, line in iter_lines(text):
        if not line.startswith("#"):
            image = _find(line, root, layout, pairing)
            if image is None:
                missing.append(line)
            else:
                yield image


def _find(line: str, root: Path, layout: Layout, pairing: Pairing) -> Path | None:
    """The image that a line names: it may hold spaces, or a number behind the name."""
    for text in dict.fromkeys((line, line.rsplit(maxsplit=1)[0])):
        try:
            named = parse_file_name(text.strip("\"'"))
            annotation = (*root, "annotations", *named[:-1], f"{named[-1]}.xml")
            image = pairing.find_image(annotation, layout.folders(annotation))
        except InvalidInputError:  # no name of a file, or one of several images: `missing` names it
            continue
        if image is not None:
            return image
    return None


def _missing_notes(file: AnnotationFile, missing: Sequence[str]) -> Iterable[str]:
    if missing:
        more = ", …" if len(missing) > 3 else ""
        names = ", ".join(map(ascii, missing[:3]))
        yield f"{file.where}: no image of these names: {names}{more} ({len(missing)})"


def _index(path: Path) -> int:
    return max(index for index, name in enumerate(path[:-1]) if name.lower() == FOLDER)


def _root(file: AnnotationFile) -> Path:
    return file.path[: _index(file.path)]


def _kind(file: AnnotationFile) -> str:
    return "/".join(file.path[_index(file.path) + 1 : -1]).lower()


def _split_of(file: AnnotationFile) -> str:
    stem = file.path[-1].rpartition(".")[0]
    return stem.lower() if stem.lower() in {*SPLIT_FOLDERS, _WHOLE} else stem
