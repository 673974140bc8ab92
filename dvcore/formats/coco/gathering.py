"""What all COCO files of a source say, gathered by image, in memory that grows with the images only.

Several files may be about one image as long as they say different things: outlines, keypoints, captions. An instance
that two of them have, with the same id and label, is one instance; COCO's own keypoints repeat its instances so.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path as FolderPath
from typing import Final

from dvcore.errors import Fault, InvalidInputError
from dvcore.formats.coco.documents import DocumentFile
from dvcore.formats.coco.listing import ListedImage, Listing
from dvcore.formats.coco.naming import OF_INSTANCES, Kind
from dvcore.formats.stated.annotations import StatedAnnotations, StatedInstance
from dvcore.formats.stated.by_image import StatedMap
from dvcore.formats.stated.splits import SPLIT_VARIABLE
from dvcore.ids import digest
from dvcore.model.annotations import Entered
from dvcore.model.declarations import VariableDeclaration
from dvcore.model.geometry import Box
from dvcore.model.names import Path, format_path
from dvcore.model.values import Value, ValueType
from dvcore.store.spilling import SpillingMap

_ID_BYTES: Final = 4
"""Of a document's number, before the ids of its annotations."""
_BOX: Final = b"b"
_NO_BOX: Final = b"n"


@dataclass(slots=True)
class _Known:
    """What is said of an image, and by which files."""

    listed: ListedImage
    documents: list[DocumentFile]
    split: str | None
    is_annotated: bool = False


class Gathering:
    """`stated` has the instances as they come, and all the rest when it is finished. `faults` are of files that are
    then in `refused`. `repeated` counts instances that were there before, `lost` what they have and those do not.
    Close it when all is taken out."""

    def __init__(self, scratch: FolderPath | None, documents: Sequence[DocumentFile]) -> None:
        self.stated = StatedMap(scratch)
        self.faults: list[Fault] = []
        self.refused: set[Path] = set()
        self.repeated = 0
        self.lost: Counter[str] = Counter()
        self._images: dict[Path, _Known] = {}
        self._ids = SpillingMap(scratch)
        self._prefixes = {one.where: number.to_bytes(_ID_BYTES) for number, one in enumerate(documents)}
        kinds = {document.naming.kind or Kind.INSTANCES for document in documents}
        self._can_repeat = len(kinds & OF_INSTANCES) > 1
        self._values: Counter[tuple[Path, str]] = Counter()
        self._most: Counter[str] = Counter()

    def list_images(self, document: DocumentFile, listing: Listing) -> None:
        """Take the images of a file.

        Raises InvalidInputError where another is about one of them and nothing says how they belong together.
        """
        for image in listing.images.values():
            known = self._images.get(image.path)
            if known is None:
                self._images[image.path] = _Known(image, [document], document.naming.split)
            else:
                self._list_again(known, document, image)

    def add_id(self, document: DocumentFile, source: str) -> bool:
        """Whether the file has had no annotation of this id before."""
        key = self._prefixes[document.where] + _short(source)
        is_new = self._ids.get(key) is None
        if is_new:
            self._ids.put(key, b"")
        return is_new

    def add(self, path: Path, instance: StatedInstance) -> None:
        """An instance of an image that is listed."""
        source = instance.entered.source
        if source is not None and self._can_repeat:
            key = digest("\0".join((instance.entered.label, source, *path)).encode())
            said, first = _digest_attributes(instance.entered), self._ids.get(key)
            if first is not None:
                self._repeat(instance.entered, said, first)
                return
            self._ids.put(key, _is_box(instance.entered) + said)
        self.stated.add(path, instance)

    def _repeat(self, entered: Entered, said: bytes, first: bytes) -> None:
        """Count an instance that is there, and what only this one has."""
        self.repeated += 1
        self.lost["outline"] += first[:1] == _BOX != _is_box(entered)
        self.lost["other attributes"] += first[1:] != said

    def give(self, path: Path, name: str, value: Value) -> None:
        """A value of an image that is listed: the first is `name`, the others `name_2`, `name_3` …"""
        self._values[path, name] += 1
        number = self._values[path, name]
        self._most[name] = max(number, self._most[name])
        self.stated.give(path, _numbered(name, number), value)

    def annotate(self, listing: Listing) -> None:
        """Say that what is in the images of a file was looked for."""
        for image in listing.images.values():
            self._images[image.path].is_annotated = True

    def refuse(self, path: Path, fault: Fault) -> None:
        """Leave out an image."""
        self.faults.append(fault)
        self.refused.add(path)

    def finish(self) -> None:
        """Put what is said of the images as a whole."""
        for path, known in self._images.items():
            variables = {} if known.split is None else {SPLIT_VARIABLE: known.split}
            image = known.listed
            self.stated.put(path, StatedAnnotations(image.where, image.size, (), variables, known.is_annotated))
        self._ids.close()

    @property
    def splits(self) -> Collection[str]:
        """Those that files said by their names, in that order."""
        return dict.fromkeys(known.split for known in self._images.values() if known.split is not None)

    def declarations(self, name: str, kind: ValueType, choices: tuple[str, ...] = ()) -> list[VariableDeclaration]:
        """What declares the values that were given under this name."""
        numbers = range(1, self._most[name] + 1)
        return [VariableDeclaration(_numbered(name, number), kind, choices) for number in numbers]

    def _list_again(self, known: _Known, document: DocumentFile, image: ListedImage) -> None:
        for other in known.documents:
            _refuse_unclear(other, document, image.path)
        known.documents.append(document)
        known.split = known.split or document.naming.split
        before = known.listed
        if before.size is None:
            known.listed = image
        elif image.size not in (None, before.size):
            self.refuse(image.path, Fault(image.where, f"has another width and height than in {before.where}"))


def _refuse_unclear(first: DocumentFile, second: DocumentFile, image: Path) -> None:
    kinds, splits = ({getattr(one.naming, name) for one in (first, second)} for name in ("kind", "split"))
    kinds = {kind or Kind.INSTANCES for kind in kinds}
    same = len(kinds) == 1 or (Kind.PANOPTIC in kinds and kinds <= OF_INSTANCES)
    if same or len(splits - {None}) > 1:
        said = "where things are" if same else "a split"
        raise InvalidInputError(
            f"states {said} of {format_path(image)!r}, like {first.where}",
            hint="name the one to import with --annotations",
        )


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name}_{number}"


def _is_box(entered: Entered) -> bytes:
    return _BOX if isinstance(entered.geometry, Box) else _NO_BOX


def _digest_attributes(entered: Entered) -> bytes:
    return digest(repr(sorted(entered.attributes.items())).encode()) if entered.attributes else b""


def _short(source: str) -> bytes:
    encoded = source.encode()
    return encoded if len(encoded) < 256 else digest(encoded)
