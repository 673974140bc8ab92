"""Rows of the index, made from a tree."""

from collections.abc import Iterator
from typing import Final

from dvcore.errors import StateError
from dvcore.ids import FileId
from dvcore.model.annotations import AnnotationSet
from dvcore.model.files import FileRecord, decode_record
from dvcore.model.names import Path, format_path
from dvcore.model.tree import Entry, FileEntry
from dvcore.model.values import Value, has_type
from dvcore.query.schema import MAX_VARIABLES, file_columns
from dvcore.repo.treereader import TreeReader

SqlRow = tuple[Value | bytes | None, ...]

_NO_FACTS: Final[SqlRow] = (None, None, None, None)


class FileRows:
    """Makes the rows that one file of a tree has in `files` and `counts`.

    Raises StateError where the tree declares more variables than a table has columns.
    """

    def __init__(self, tree: TreeReader) -> None:
        self._tree = tree
        self._variables = tree.tree.variables
        if len(self._variables) > MAX_VARIABLES:
            raise StateError(
                f"{len(self._variables)} variables are too many to search", hint=f"declare {MAX_VARIABLES} at most"
            )
        marks = ", ".join("?" for _ in file_columns(len(self._variables)))
        self.insert_statement = f"INSERT INTO files VALUES ({marks})"

    def make(self, file: bytes, encoded_record: bytes) -> tuple[SqlRow, list[SqlRow]]:
        """The row of `files`, and those of `counts`.

        Raises CorruptError, NeedsNewerError.
        """
        record = decode_record(encoded_record)
        annotations = self._tree.annotations(record)
        counts: dict[str, int] = {}
        for instance in annotations.instances:
            counts[instance.label] = counts.get(instance.label, 0) + 1
        return self._file_row(file, record, annotations), [(file, label, n) for label, n in counts.items()]

    def _file_row(self, file: bytes, record: FileRecord, annotations: AnnotationSet) -> SqlRow:
        facts = record.facts
        width, height, format_, mode = (
            _NO_FACTS if facts is None else (facts.width, facts.height, facts.format, facts.mode)
        )
        known = (file, width, height, format_, record.size, mode, record.annotated, len(annotations.instances))
        values = {**record.variables, **annotations.variables}
        return (*known, *[self._value(values, number) for number in range(len(self._variables))])

    def _value(self, values: dict[str, Value], number: int) -> Value | None:
        """NULL too where the value is of another type than is declared now: expressions are checked against that."""
        declaration = self._variables[number]
        value = values.get(declaration.name)
        return value if value is not None and has_type(value, declaration.type) else None


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
