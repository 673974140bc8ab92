"""The seam of the formats: what a reader is given, and what it says that a source holds."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path as FolderPath

from dvcore.errors import Fault
from dvcore.formats.disk.source_files import SourceFile
from dvcore.formats.disk.source_folder import SourceFolder, count_files
from dvcore.formats.disk.walking import IsNamed, Walk, no_name
from dvcore.formats.reader.request import Request
from dvcore.formats.stated.by_image import StatedMap
from dvcore.model.declarations import LabelDeclaration, VariableDeclaration


@dataclass(frozen=True, slots=True)
class EmbeddedFiles:
    """Files that lie inside others, such as the images in record files: how many, and what gives them one at a time,
    with their bytes. The `place` of each is only what messages call it."""

    count: int
    iter_files: Callable[[], Iterator[tuple[SourceFile, bytes]]]


@dataclass(frozen=True, slots=True)
class Contents:
    """What a source holds: files in folders, and such as lie inside others. `annotations` are what it says of files.
    `faults` are files that cannot come in, `left_out` instances, each of them; `refused_instances` counts those of
    files in `faults`, and `repeated_instances` those that the source has twice. `passed_over` counts files that were
    not meant; `notes` are for people. `are_as_listed`: whether the annotation files that the walk found were read in
    the states that it found them in; `annotation_state` is the one that the annotation file named by
    `Format.find_annotations` was in when it was read."""

    folders: Sequence[SourceFolder]
    annotations: StatedMap = field(default_factory=StatedMap)
    faults: tuple[Fault, ...] = ()
    left_out: tuple[Fault, ...] = ()
    refused_instances: int = 0
    repeated_instances: int = 0
    passed_over: int = 0
    variables: tuple[VariableDeclaration, ...] = ()
    labels: tuple[LabelDeclaration, ...] = ()
    notes: tuple[str, ...] = ()
    are_as_listed: bool = True
    annotation_state: bytes | None = None
    embedded: EmbeddedFiles | None = None

    @property
    def count(self) -> int:
        """How many files there are."""
        return count_files(self.folders) + (self.embedded.count if self.embedded else 0)


@dataclass(frozen=True, slots=True)
class Format:
    """A reader of one format; of a walk over its source it takes the files whose names `takes` wants, and reads those
    that `takes_annotations` wants for what they say. `are_images` is False where files come in as they are.

    `find` looks at a source and says why it is of this format, or gives None; a format without it is used only when it
    is asked for. Where the request names an annotation file, it says whether that one is. `find_annotations` gives the
    one annotation file, or folder of such, that `read` will open, wherever it lies, for formats that can be told it.
    All raise DsetError and nothing else, whatever the source holds.
    """

    name: str
    takes: IsNamed
    read: Callable[[Request, Walk], Contents]
    find: Callable[[Request], str | None] | None = None
    find_annotations: Callable[[Request], FolderPath | None] | None = None
    takes_annotations: IsNamed = no_name
    are_images: bool = True
