"""Which files are exported, and what a tree says of each: a stream in the order of paths, at any number of them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Final, Protocol, TypeVar

from dvcore.errors import CorruptError, InvalidInputError
from dvcore.formats.export.exported import Exported
from dvcore.formats.export.losses import Losses
from dvcore.formats.stated.splits import SPLIT_VARIABLE
from dvcore.ids import AnnotationsId, BlobId, FileId
from dvcore.model.annotations import decode_annotations
from dvcore.model.files import decode_record
from dvcore.model.names import Path, format_path, normalize_name
from dvcore.model.values import Value
from dvcore.repo.objects import EMPTY_ANNOTATIONS
from dvcore.repo.records import find_records
from dvcore.repo.selection import Selected, Selection, iter_selected, select_files
from dvcore.repo.treereader import TreeReader

NO_IMAGE: Final = "no image"
_LOOKED_UP: Final = 4096
"""Records that are looked up at a time, in the order of their ids."""
_READ: Final = 128
"""Annotation sets that are read at a time; those of large outlines take megabytes together."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A file, its path in the export, and what a snapshot says of it; a directory says nothing."""

    path: Path
    file: FileId
    split: str | None = None
    label: str | None = None

    def given(self, variable: str) -> dict[str, Value]:
        """The values that a snapshot gives: `variable` has the class."""
        values = {variable: self.label, SPLIT_VARIABLE: self.split}
        return {name: value for name, value in values.items() if value is not None}


class HasAnnotations(Protocol):
    """A record, as far as it says where a file's annotations are."""

    @property
    def annotations(self) -> AnnotationsId | None:
        """Their object."""


R = TypeVar("R", bound=HasAnnotations)


@dataclass(frozen=True)
class ExportSource:
    """Files of a tree. `iter_chosen` gives them as often as it is asked; `total` is their number, None where nobody has
    counted. Of a snapshot, `labels` are the names of its classes in their order."""

    reader: TreeReader
    iter_chosen: Callable[[], Iterator[Chosen]]
    total: int | None
    labels: tuple[str, ...] = ()
    is_snapshot: bool = False

    def given(self, variable: str) -> list[str]:
        """Names of variables that get their values from a snapshot: `variable` has the class."""
        return [*([variable] if self.labels else []), *([SPLIT_VARIABLE] if self.is_snapshot else [])]

    @cached_property
    def defaults(self) -> dict[str, Value]:
        """The values of variables that nobody has set."""
        return {one.name: one.default for one in self.reader.tree.variables if one.default is not None}

    def iter_read(self, read: Callable[[bytes], R]) -> Iterator[tuple[Chosen, R, bytes | None]]:
        """Each file with its record, as `read` gives it, and its encoded annotations, if it has any.

        Raises CorruptError where a file has no record, and what `read` raises.
        """
        chosen = self.iter_chosen()
        while batch := list(islice(chosen, _LOOKED_UP)):
            encoded = find_records(self.reader, {one.file for one in batch})
            for start in range(0, len(batch), _READ):
                part = batch[start : start + _READ]
                records = [read(_present(one, encoded)) for one in part]
                wanted = [one.annotations for one in records if one.annotations is not None]
                annotations = iter(self.reader.objects.read_many(wanted))
                for one, record in zip(part, records, strict=True):
                    yield one, record, None if record.annotations is None else next(annotations)

    def iter_images(self) -> Iterator[BlobId]:
        """The blob of each image, in the order of paths.

        Raises CorruptError, NeedsNewerError.
        """
        chosen = self.iter_chosen()
        while batch := list(islice(chosen, _LOOKED_UP)):
            encoded = find_records(self.reader, {one.file for one in batch})
            records = (decode_record(_present(one, encoded)) for one in batch)
            yield from (record.blob for record in records if record.facts is not None)

    def iter_files(self, variable: str, losses: Losses) -> Iterator[Exported]:
        """Each image. `variable` gets the class that a snapshot gives; what is no image is left out.

        Raises CorruptError, NeedsNewerError, and InvalidInputError where a split cannot be the name of a folder.
        """
        defaults = self.defaults
        for chosen, record, encoded in self.iter_read(decode_record):
            if record.facts is None:
                losses.files[NO_IMAGE] += 1
                continue
            annotations = EMPTY_ANNOTATIONS if encoded is None else decode_annotations(encoded)
            variables = {**defaults, **record.variables, **annotations.variables, **chosen.given(variable)}
            yield Exported(
                path=chosen.path,
                blob=record.blob,
                facts=record.facts,
                annotated=record.annotated,
                variables=variables,
                instances=annotations.instances,
                split=_split(chosen.path, variables.get(SPLIT_VARIABLE)),
            )


def _present(chosen: Chosen, encoded: Mapping[FileId, bytes]) -> bytes:
    if chosen.file not in encoded:
        raise CorruptError(f"{format_path(chosen.path)} has an entry but no record", hint="'dset fsck' says more")
    return encoded[chosen.file]


def directory_source(reader: TreeReader, path: Path, selection: Selection) -> ExportSource:
    """The files at and under a path, each with its path below it.

    Raises NotFoundError, ExpressionError.
    """
    if selection.is_everything:
        return ExportSource(reader, lambda: _iter_chosen(iter_selected(reader, [path], selection)), None)
    selected = select_files(reader, [path], selection)
    return ExportSource(reader, lambda: _iter_chosen(iter(selected)), len(selected))


def _iter_chosen(selected: Iterator[Selected]) -> Iterator[Chosen]:
    return (Chosen(one.below, one.file) for one in selected)


def _split(path: Path, value: Value | None) -> str | None:
    """The value of the variable `split` as the name of a folder."""
    if not isinstance(value, str):
        return None
    try:
        return normalize_name(value)
    except InvalidInputError as error:
        raise InvalidInputError(f"{format_path(path)}: the split {error.message}", hint=error.hint) from None
