"""Tables of the index: one row per file, per path, and per label that a file's instances have.

`user_version` holds the version of this schema and `meta` the tree that the rows are of; both are written in the
transaction that writes the rows. No column has a type, so that SQLite converts nothing when it compares.
"""

from collections.abc import Mapping
from typing import Final

from dvcore.model.declarations import VariableDeclaration
from dvcore.model.variable_names import BUILT_IN_FIELDS

SCHEMA_VERSION: Final = 1
"""To be raised with any change of these tables or of what the rows say."""

TABLES: Final = frozenset(["entries", "files", "counts"])
"""What expressions may read."""

MAX_VARIABLES: Final = 1_900
"""SQLite's tables have at most 2,000 columns."""

_ENTRY_FIELDS: Final = ("path", "name", "directory")

BUILT_IN_COLUMNS: Final[Mapping[str, str]] = {
    name: f"{'e' if name in _ENTRY_FIELDS else 'f'}.{name}" for name in BUILT_IN_FIELDS
}
"""SQL of the built-in fields, by their names; `e` are the entries, `f` the files."""

INSTANCES_COLUMN: Final = "f.instances"

SOURCE: Final = "entries AS e CROSS JOIN files AS f ON f.file = e.file"
"""CROSS keeps SQLite from changing the order of the tables: rows come in the order of the paths without sorting."""


def variable_column(number: int) -> str:
    """SQL of the variable that the tree declares in this place, from 0. Its name never enters SQL."""
    return f"f.v{number}"


def file_columns(variables: int) -> list[str]:
    """The columns of `files`, in the order of `rows.file_row`."""
    return [
        *["file", "width", "height", "format", "bytes", "mode", "annotated", "instances"],
        *[f"v{number}" for number in range(variables)],
    ]


def create_statements(variables: tuple[VariableDeclaration, ...]) -> list[str]:
    """What makes all tables, as SQLite also keeps it."""
    files = ", ".join(file_columns(len(variables))[1:])
    return [
        "CREATE TABLE meta (tree)",
        "CREATE TABLE entries (path PRIMARY KEY, name, directory, file) WITHOUT ROWID",
        f"CREATE TABLE files (file PRIMARY KEY, {files}) WITHOUT ROWID",
        "CREATE TABLE counts (file, label, number, PRIMARY KEY (file, label)) WITHOUT ROWID",
    ]
