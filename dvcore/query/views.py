"""What SQL sees of the index: `files`, `instances` and `attributes`, with the names that people know.

They are temporary views of one connection over the tables of the same names, which they hide.
"""

import sqlite3
from collections.abc import Iterable
from typing import Final

from dvcore.model.tree import Tree
from dvcore.model.values import Value
from dvcore.query.schema import INSTANCE_FIELDS, variable_column

VIEWS: Final = ("files", "instances", "attributes")

FILE_COLUMNS: Final = (
    *("path", "name", "directory", "file", "blob", "width", "height", "format", "bytes", "mode", "annotated"),
    "instances",
)
INSTANCE_COLUMNS: Final = ("file", "id", *INSTANCE_FIELDS, "attributes")
ATTRIBUTE_COLUMNS: Final = ("file", "instance", "name", "value")

_OF_ENTRY: Final = frozenset(["path", "name", "directory"])

_VALUE: Final = "coalesce(a.number, a.text, a.truth)"
_JSON: Final = (
    "(SELECT json_group_object(a.name, CASE WHEN a.truth IS NULL THEN coalesce(a.number, a.text) "
    "ELSE json(CASE a.truth WHEN 1 THEN 'true' ELSE 'false' END) END) "
    "FROM main.attributes AS a WHERE a.file = i.file AND a.instance = i.id)"
)


def create_views(connection: sqlite3.Connection, tree: Tree) -> dict[str, tuple[str, ...]]:
    """Make the views of a tree's index; the columns of each."""
    for statement in view_statements(tree):
        connection.execute(statement)
    names = ((*FILE_COLUMNS, *variable_columns(tree)), INSTANCE_COLUMNS, ATTRIBUTE_COLUMNS)
    return dict(zip(VIEWS, names, strict=True))


def view_statements(tree: Tree) -> list[str]:
    """What makes the views."""
    columns = variable_columns(tree)
    shown = [f"{'e' if name in _OF_ENTRY else 'f'}.{name}" for name in FILE_COLUMNS]
    shown += [
        f"{_reading(variable_column(number), one.unset_reads)} AS {_quoted_name(name)}"
        for number, (name, one) in enumerate(zip(columns, tree.variables, strict=True))
    ]
    files = f"SELECT {', '.join(shown)} FROM main.entries AS e JOIN main.files AS f ON f.file = e.file"
    fields = ", ".join(f"i.{name}" for name in INSTANCE_COLUMNS[:-1])
    instances = f"SELECT {fields}, {_JSON} AS attributes FROM main.instances AS i"
    attributes = f"SELECT a.file, a.instance, a.name, {_VALUE} AS value FROM main.attributes AS a"
    return [
        f"CREATE TEMP VIEW {view} AS {sql}" for view, sql in zip(VIEWS, (files, instances, attributes), strict=True)
    ]


def variable_columns(tree: Tree) -> list[str]:
    """The column of each variable: its name, unless SQL, to which case is nothing, has another column of it. Then
    `variable_` stands before it, as often as it takes."""
    taken = set(FILE_COLUMNS)
    result = []
    for one in tree.variables:
        name = one.name.replace("\0", "\ufffd")  # which no tree that was made here has
        while folded(name) in taken:
            name = f"variable_{name}"
        taken.add(folded(name))
        result.append(name)
    return result


def known_names(columns: dict[str, tuple[str, ...]]) -> set[str]:
    """All names of tables and columns, as SQL compares them."""
    return {folded(name) for name in (*columns, *_flat(columns.values()), "temp", "main")}


def folded(name: str) -> str:
    """A name as SQL compares it, which knows the other case of ASCII letters only."""
    return "".join(sign.lower() if sign.isascii() else sign for sign in name)


def _flat(names: Iterable[tuple[str, ...]]) -> list[str]:
    return [name for some in names for name in some]


def _quoted_name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _reading(column: str, unset: Value | None) -> str:
    """What expressions read in a variable: no parameters can stand in a view."""
    if unset is None:
        return column
    text = f"CAST(x'{unset.encode().hex()}' AS TEXT)" if isinstance(unset, str) else repr(unset)
    return f"coalesce({column}, {text})"
