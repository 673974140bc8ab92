"""Which files are exported, and what a tree says of each: a stream in the order of paths, at any number of them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final

from dvcore.errors import CorruptError, InvalidInputError
from dvcore.formats.exported import Exported
from dvcore.formats.losses import Losses
from dvcore.formats.splits import SPLIT_VARIABLE
from dvcore.ids import FileId
from dvcore.model.files import decode_record
from dvcore.model.names import Path, format_path, normalize_name
from dvcore.model.values import Value
from dvcore.repo.records import find_records
from dvcore.repo.selection import Selected, Selection, iter_selected, select_files
from dvcore.repo.treereader import TreeReader

NO_IMAGE: Final = "no image"
_LOOKED_UP: Final = 4096
"""Records that are looked up at a time, in the order of their ids."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A file, its path in the export, and what a snapshot says of it; a directory says nothing."""

    path: Path
    file: FileId
    split: str | None = None
    label: str | None = None


@dataclass(frozen=True, slots=True)
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

    def iter_encoded(self) -> Iterator[tuple[Chosen, bytes]]:
        """Each file with its encoded record.

        Raises CorruptError where one has none.
        """
        chosen = self.iter_chosen()
        while batch := list(islice(chosen, _LOOKED_UP)):
            records = find_records(self.reader, {one.file for one in batch})
            for one in batch:
                if one.file not in records:
                    raise CorruptError(f"{format_path(one.path)} has an entry but no record")
                yield one, records[one.file]

    def iter_files(self, variable: str, losses: Losses) -> Iterator[Exported]:
        """Each image. `variable` gets the class that a snapshot gives; what is no image is left out.

        Raises CorruptError, and InvalidInputError where a split cannot be the name of a folder.
        """
        defaults = {one.name: one.default for one in self.reader.tree.variables if one.default is not None}
        for chosen, encoded in self.iter_encoded():
            exported = self._exported(chosen, encoded, variable, defaults)
            if exported is None:
                losses.files[NO_IMAGE] += 1
            else:
                yield exported

    def _exported(
        self, chosen: Chosen, encoded: bytes, variable: str, defaults: Mapping[str, Value]
    ) -> Exported | None:
        record = decode_record(encoded)
        if record.facts is None:
            return None
        annotations = self.reader.annotations(record)
        variables = {**defaults, **record.variables, **annotations.variables}
        if chosen.label is not None:
            variables[variable] = chosen.label
        if chosen.split is not None:
            variables[SPLIT_VARIABLE] = chosen.split
        return Exported(
            chosen.path,
            record.blob,
            record.facts,
            record.annotated,
            variables,
            annotations.instances,
            _split(chosen.path, variables.get(SPLIT_VARIABLE)),
        )


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
