"""Tables of the index: one row per file, per path, per instance, and per attribute of an instance.

`user_version` holds the version of this schema and `meta` the tree that the rows are of; both are written with the
rows. Columns that are compared have no type, so that SQLite converts nothing; those of an instance's place are REAL,
which takes whole coordinates in a byte or two.

Attributes are not declared, and each instance may have another type under one name. So each type has its own column:
what is compared with a text can only find texts.
"""

from collections.abc import Mapping
from typing import Final

from dvcore.model.declarations import VariableDeclaration
from dvcore.model.variable_names import BUILT_IN_FIELDS

SCHEMA_VERSION: Final = 2
"""To be raised with any change of these tables or of what the rows say."""

TABLES: Final = frozenset(["entries", "files", "instances", "attributes"])
"""What expressions may read."""

MAX_VARIABLES: Final = 1_900
"""SQLite's tables have at most 2,000 columns."""

_ENTRY_FIELDS: Final = ("path", "name", "directory")

BUILT_IN_COLUMNS: Final[Mapping[str, str]] = {
    name: f"{'e' if name in _ENTRY_FIELDS else 'f'}.{name}" for name in BUILT_IN_FIELDS
}
"""SQL of the built-in fields, by their names; `e` are the entries, `f` the files."""

INSTANCE_FIELDS: Final = (
    "label",
    "geometry",
    "box_x",
    "box_y",
    "box_width",
    "box_height",
    "area",
    "score",
)
"""What conditions on an instance know of it besides its attributes: the columns of `instances` after its ids."""

SCORE: Final = "score"
"""The attribute that is a column, where it is a number: every instance that a model found has it."""

INSTANCES_COLUMN: Final = "f.instances"

SOURCE: Final = "entries AS e CROSS JOIN files AS f ON f.file = e.file"
"""CROSS keeps SQLite from changing the order of the tables: rows come in the order of the paths without sorting."""

INSTANCE_SOURCE: Final = "files AS f CROSS JOIN instances AS i ON i.file = f.file"
"""The same, of instances in the order of their files."""


def variable_column(number: int) -> str:
    """SQL of the variable that the tree declares in this place, from 0. Its name never enters SQL."""
    return f"f.v{number}"


def file_columns(variables: int) -> list[str]:
    """The columns of `files`, in the order of the rows."""
    return [
        *["file", "blob", "width", "height", "format", "bytes", "mode", "annotated", "instances"],
        *[f"v{number}" for number in range(variables)],
    ]


def create_statements(variables: tuple[VariableDeclaration, ...]) -> list[str]:
    """What makes all tables, as SQLite also keeps it."""
    files = ", ".join(file_columns(len(variables))[1:])
    return [
        "CREATE TABLE meta (tree)",
        "CREATE TABLE entries (path PRIMARY KEY, name, directory, file) WITHOUT ROWID",
        f"CREATE TABLE files (file PRIMARY KEY, {files}) WITHOUT ROWID",
        "CREATE TABLE instances (file, label, id, geometry, box_x REAL, box_y REAL, box_width REAL, box_height REAL, "
        "area REAL, score, PRIMARY KEY (file, label, id)) WITHOUT ROWID",
        "CREATE TABLE attributes (file, instance, name, number, text, truth, "
        "PRIMARY KEY (file, instance, name)) WITHOUT ROWID",
    ]
