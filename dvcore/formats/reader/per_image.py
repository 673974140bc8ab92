"""Formats that have an annotation file for each image, which lies beside it or in a folder of its own."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from dvcore.errors import Fault, InvalidInputError
from dvcore.formats.disk.annotation_files import AnnotationFile, AnnotationFiles
from dvcore.formats.disk.pairing import Pairing, image_folders
from dvcore.formats.reader.label_files import MAX_LABEL_BYTES
from dvcore.formats.stated.annotations import StatedAnnotations
from dvcore.formats.stated.findings import Findings
from dvcore.model.names import Path, normalize_name


@dataclass(frozen=True, slots=True)
class FileParse:
    """What one annotation file says: the path of its image as it names it, empty where it does not, what it states of
    it, and its instances that cannot be used."""

    named: Path
    stated: StatedAnnotations
    left_out: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Layout:
    """Names of folders, in lower case: those of annotation files, and those in which their images may be instead."""

    own: tuple[str, ...]
    images: tuple[str, ...]

    def folders(self, annotation: Path) -> tuple[Path, ...]:
        """Where the image of an annotation file may be."""
        return tuple(image_folders(annotation, self.own, self.images))


def read_per_image(
    files: Iterable[AnnotationFile],
    parse: Callable[[AnnotationFile], FileParse | None],
    layout: Layout,
    pairing: Pairing,
    findings: Findings,
) -> None:
    """Read each annotation file and put what it says to its image.

    `parse` gives None for a file that is not of the format, and raises InvalidInputError for one that is broken, which
    is a fault and keeps out the image that goes with it by name.
    """
    for file in files:
        folders = layout.folders(file.path)
        try:
            parsed = parse(file)
        except InvalidInputError as error:
            findings.faults.append(Fault(file.where, error.message))
            _refuse(pairing, file.path, folders)
            continue
        if parsed is None:
            findings.foreign.append(file.where)
            continue
        try:
            image = _image_of(pairing, file.path, folders, parsed.named)
            pairing.claim(image, file.where)
        except InvalidInputError as error:
            findings.faults.append(Fault(file.where, error.message))
            findings.refused += len(parsed.stated.instances) + len(parsed.left_out)
        else:
            findings.put(image, parsed.stated, parsed.left_out)


def read_small(files: AnnotationFiles, file: AnnotationFile) -> bytes:
    """The bytes of a file that is parsed as a whole, which takes some 20 times its size.

    Raises InvalidInputError, worded as a fault of the file.
    """
    if file.size > MAX_LABEL_BYTES:
        raise InvalidInputError(f"is too large for the annotations of an image: {file.size >> 20} MiB")
    return files.read(file)


def stated_name(file: AnnotationFile, text: str | None) -> Path:
    """The path of an image that an annotation file names, in its own folder: whatever folder it states is another
    machine's. Empty where it names none."""
    try:
        return *file.path[:-1], normalize_name((text or "").replace("\\", "/").rpartition("/")[2])
    except InvalidInputError:
        return ()


def stated_path(file: AnnotationFile, text: str | None) -> Path:
    """As `stated_name`, but in the folder that it states, from that of the annotation file, where that is under the
    source."""
    folder = list(file.path[:-1])
    *above, _ = (text or "").replace("\\", "/").split("/")
    for name in above:
        if name == ".." and folder:
            folder.pop()
        elif name not in {"", "."}:
            folder.append(name)
    named = stated_name(file, text)
    return (*folder, named[-1]) if named else ()


def _image_of(pairing: Pairing, annotation: Path, folders: tuple[Path, ...], named: Path) -> Path:
    if not named:
        return pairing.image_of(annotation, folders)
    return pairing.image_of(annotation, (*folders, named[:-1]), named[-1])


def _refuse(pairing: Pairing, annotation: Path, folders: tuple[Path, ...]) -> None:
    try:
        image = pairing.find_image(annotation, folders)
    except InvalidInputError:  # it could be about several, and what it would have said is not known
        return
    if image is not None:
        pairing.refuse(image)
