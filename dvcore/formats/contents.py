"""The seam of the formats: what a reader is given, and what it says that a source holds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path as FolderPath

from dvcore.errors import Fault
from dvcore.formats.source import Request, SourceFile, StatedAnnotations
from dvcore.formats.source_folder import SourceFolder, count_files
from dvcore.formats.walking import Walk
from dvcore.model.declarations import LabelDeclaration, VariableDeclaration
from dvcore.model.names import Path


@dataclass(frozen=True, slots=True)
class Contents:
    """What a source holds. `annotations` are what it says of files, by their paths. `faults` are files that cannot come
    in, `left_out` instances; `passed_over` counts files that were not meant; `notes` are for people. `annotation_state`
    is the one that the annotation file was in when it was read."""

    folders: Sequence[SourceFolder]
    annotations: Mapping[Path, StatedAnnotations] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    left_out: tuple[Fault, ...] = ()
    passed_over: int = 0
    variables: tuple[VariableDeclaration, ...] = ()
    labels: tuple[LabelDeclaration, ...] = ()
    notes: tuple[str, ...] = ()
    annotation_state: bytes | None = None

    @property
    def count(self) -> int:
        """How many files there are."""
        return count_files(self.folders)

    def file(self, folder: SourceFolder, raw: bytes, state: bytes) -> SourceFile:
        """A file of one of the folders, with what is said of it."""
        file = folder.file(raw, state)
        return replace(file, annotations=self.annotations.get(file.path)) if self.annotations else file


@dataclass(frozen=True, slots=True)
class Format:
    """A reader of one format; of a walk over its source it takes the files whose names `takes` wants. `are_images` is
    False where they come in as they are.

    `find` looks at a source and says why it is of this format, or gives None; a format without it is used only when it
    is asked for. `find_annotations` gives the annotation file that `read` will open, for formats that have one. All
    raise DsetError and nothing else, whatever the source holds.
    """

    name: str
    takes: Callable[[str], bool]
    read: Callable[[Request, Walk], Contents]
    find: Callable[[Request], str | None] | None = None
    find_annotations: Callable[[Request], FolderPath | None] | None = None
    are_images: bool = True
