"""Rows of the index, made from a tree, many files at a time."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from dvcore.errors import CorruptError, StateError
from dvcore.ids import FileId, format_short
from dvcore.model.names import Path, format_path
from dvcore.model.tree import Entry, FileEntry
from dvcore.model.values import Value, has_type
from dvcore.query.recorded import Recorded, read_recorded
from dvcore.query.schema import MAX_VARIABLES, SCORE
from dvcore.query.stated import NOTHING, Stated, StatedInstance, read_stated
from dvcore.repo.treereader import TreeReader

SqlRow = tuple[Value | bytes | None, ...]


class Rows(NamedTuple):
    """What some files have in the tables `files`, `instances` and `attributes`, all in the order of their keys, but for
    the instances of one file."""

    files: list[SqlRow]
    instances: list[SqlRow]
    attributes: list[SqlRow]


class FileRows:
    """Makes rows of the files of a tree.

    Raises StateError where the tree declares more variables than a table has columns.
    """

    def __init__(self, tree: TreeReader) -> None:
        self._tree = tree
        self._variables = [(one.name, one.type) for one in tree.tree.variables]
        if len(self._variables) > MAX_VARIABLES:
            raise StateError(
                f"{len(self._variables)} variables are too many to search", hint=f"declare {MAX_VARIABLES} at most"
            )

    def make(self, encoded: Iterable[tuple[bytes, bytes]]) -> Rows:
        """The rows of files that are given as ids and encoded records.

        Raises CorruptError, NeedsNewerError.
        """
        records = [(file, read_recorded(data)) for file, data in encoded]
        wanted = [record.annotations for _, record in records if record.annotations is not None]
        annotations = iter(self._tree.objects.read_many(wanted))
        rows = Rows([], [], [])
        for file, record in records:
            stated = NOTHING if record.annotations is None else _read_stated(file, next(annotations))
            rows.files.append(self._file_row(file, record, stated))
            for instance in stated.instances:
                _add_instance(rows, file, instance)
        return rows

    def _file_row(self, file: bytes, record: Recorded, stated: Stated) -> SqlRow:
        width, height, format_, mode = record.facts
        known = (file, record.blob, width, height, format_, record.size, mode, record.annotated, len(stated.instances))
        return (*known, *self._values({**record.variables, **stated.variables})) if self._variables else known

    def _values(self, values: Mapping[str, Value]) -> list[Value | None]:
        """NULL too where the value is of another type than is declared now: expressions are checked against that."""
        found = [(values.get(name), kind) for name, kind in self._variables]
        return [value if value is not None and has_type(value, kind) else None for value, kind in found]


def _read_stated(file: bytes, data: bytes) -> Stated:
    try:
        return read_stated(data)
    except CorruptError as error:
        raise CorruptError(f"the annotations of file {format_short(file)}: {error.message}", hint=error.hint) from None


def _add_instance(rows: Rows, file: bytes, instance: StatedInstance) -> None:
    id_, label, kind, x, y, width, height, area, attributes = instance
    score = None
    if attributes:
        found = attributes.get(SCORE)
        score = found if type(found) is float or type(found) is int else None
        rows.attributes.extend(
            _attribute_row(file, id_, name, value)
            for name, value in attributes.items()
            if name != SCORE or score is None
        )
    rows.instances.append((file, label, id_, kind, x, y, width, height, area, score))


def _attribute_row(file: bytes, instance: bytes, name: str, value: Value) -> SqlRow:
    """The value in the column of its type: number, text or truth."""
    if isinstance(value, bool):
        return file, instance, name, None, None, value
    if isinstance(value, str):
        return file, instance, name, None, value, None
    return file, instance, name, value, None, None


def iter_entry_rows(tree: TreeReader, path: Path, entry: Entry) -> Iterator[SqlRow]:
    """The rows that an entry and all under it have in `entries`."""
    if isinstance(entry, FileEntry):
        yield _entry_row(format_path(path[:-1]), path[-1], entry.file)
        return
    directory = format_path(path)
    for name, below in tree.iter_directory(entry):
        if isinstance(below, FileEntry):
            yield _entry_row(directory, name, below.file)
        else:
            yield from iter_entry_rows(tree, (*path, name), below)


def _entry_row(directory: str, name: str, file: FileId) -> SqlRow:
    return f"{directory}/{name}" if directory else name, name, directory, file
