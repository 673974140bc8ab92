"""Finds the COCO json files of a source, and which of them belong together.

They do where their names say what each holds (`instances_train2017.json`, `captions_val2017.json`), and where there is
one in each of several folders, under one name (`train/_annotations.coco.json`, `valid/_annotations.coco.json`).
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path as FolderPath
from typing import Final

from dvcore.errors import InvalidInputError
from dvcore.formats.coco.naming import Kind, Naming, parse_naming
from dvcore.formats.disk.annotation_files import AnnotationFiles
from dvcore.formats.reader.request import Request
from dvcore.formats.wording import format_place, format_reason
from dvcore.model.names import ROOT, Path

SUFFIX: Final = ".json"
ANNOTATIONS_FOLDER: Final = "annotations"
_READ_BYTES: Final = 1 << 20
_LONGEST: Final = 64
"""Bytes of a section's name and the beginning of its list, white space included."""
_IMAGES: Final = re.compile(rb'"images"\s*:\s*\[')
_ANNOTATIONS: Final = re.compile(rb'"(?:annotations|categories)"\s*:\s*\[')
_NO_NAMING: Final = Naming(None, None)
_DEPTH: Final = 2
_MOST: Final = 100
"""Files of one folder that are looked into, if their names say nothing: where there are more, each is of one image."""


@dataclass(frozen=True, slots=True)
class DocumentFile:
    """A COCO json: what messages call it, where it is on the disk, and the folder under the source that it lies in."""

    where: str
    place: FolderPath
    folder: Path
    naming: Naming

    @property
    def masks(self) -> FolderPath:
        """The folder of its panoptic masks, as COCO names it."""
        return self.place.with_suffix("")

    def __lt__(self, other: "DocumentFile") -> bool:
        return (_rank(self), self.where) < (_rank(other), other.where)


def _rank(document: DocumentFile) -> int:
    kind = document.naming.kind
    return list(Kind).index(Kind.INSTANCES if kind is None else kind)


def is_document_name(name: str) -> bool:
    """Whether a file may be a COCO json."""
    return name.lower().endswith(SUFFIX)


def find_documents(request: Request) -> tuple[DocumentFile, ...]:
    """The files with COCO's sections that a look at the source shows, or where a file or a folder is named, there.

    Raises InvalidInputError where there are several of which nothing says that they belong together.
    """
    if request.annotations is not None:
        return _chosen(_named(request.source, request.annotations))
    look = request.look()
    return _chosen(_document(path, look.place(path)) for path in _likely(look.iter_files(SUFFIX)))


def read_documents(request: Request, files: AnnotationFiles) -> tuple[DocumentFile, ...]:
    """The same files, of those that the walk has found, if none is named. Raises as `find_documents` does. A file that
    is named is given whatever is in it: whoever reads it says why it is none."""
    if request.annotations is not None:
        named = _named(request.source, request.annotations)
        return _chosen(named) if request.annotations.is_dir() else tuple(named)
    places = {file.path: file.place for file in files if len(file.path) <= _DEPTH}
    return _chosen(_document(path, FolderPath(places[path])) for path in _likely(places))


def _named(source: FolderPath, named: FolderPath) -> list[DocumentFile]:
    places = _jsons_in(named) if named.is_dir() else [named]
    return [_document(_path_under(source, place), place) for place in places]


def _jsons_in(folder: FolderPath) -> list[FolderPath]:
    try:
        return sorted(place for place in folder.iterdir() if is_document_name(place.name) and place.is_file())
    except OSError as error:
        raise InvalidInputError(f"{format_place(folder)!r} cannot be listed: {format_reason(error)}") from None


def _path_under(source: FolderPath, place: FolderPath) -> Path:
    absolute, root = place.absolute(), source.absolute()
    return absolute.relative_to(root).parts if absolute.is_relative_to(root) else (place.name,)


def _document(path: Path, place: FolderPath) -> DocumentFile:
    return DocumentFile(format_place("/".join(path)), place, path[:-1], parse_naming(_stem(place.name)))


def _stem(name: str) -> str:
    return name[: -len(SUFFIX)]


def _likely(paths: Iterable[Path]) -> list[Path]:
    """Those at the top of the source, or in a folder there, but for those that are one of too many."""
    near = [path for path in paths if len(path) <= _DEPTH]
    counts = Counter(path[:-1] for path in near)
    return [path for path in near if counts[path[:-1]] <= _MOST or parse_naming(_stem(path[-1])) != _NO_NAMING]


def _chosen(documents: Iterable[DocumentFile]) -> tuple[DocumentFile, ...]:
    """Those that have COCO's sections, in the order in which they are read."""
    found = sorted(one for one in documents if _has_sections(one.place))
    if len(found) > 1 and not _belong_together(found):
        names = ", ".join(one.where for one in found)
        raise InvalidInputError(
            f"there are several COCO files, and nothing says that they belong together: {names}",
            hint="name the one to import with --annotations, or give --format images",
        )
    return tuple(found)


def _belong_together(found: Sequence[DocumentFile]) -> bool:
    """Whether each says what it holds, another thing than the others; or each lies in a folder of its own, and all have
    one name."""
    if len({one.place.name for one in found}) == 1:
        return all(one.folder not in (ROOT, (ANNOTATIONS_FOLDER,)) for one in found)
    namings = {(one.folder, one.naming.kind, one.naming.part) for one in found}
    return len(namings) == len(found) and all(one.naming != _NO_NAMING for one in found)


def _has_sections(place: FolderPath) -> bool:
    """Whether the file is an object, and the beginnings of two lists of COCO's stand in it: cheap, and good enough to
    choose by."""
    missing, tail = {_IMAGES, _ANNOTATIONS}, b""
    try:
        with place.open("rb") as file:
            while missing and (piece := file.read(_READ_BYTES)):
                if not tail and not _begins_object(piece):
                    return False
                missing = {section for section in missing if not section.search(tail + piece)}
                tail = (tail + piece)[-_LONGEST:]
    except OSError:  # whoever reads it says so
        return False
    return not missing


def _begins_object(piece: bytes) -> bool:
    return piece.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{"
