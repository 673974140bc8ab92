"""Rows of `dset sql`: as JSON, as columns separated by tabs, as a table."""

import math
from collections.abc import Iterable, Sequence
from itertools import chain

from dset.output import one_line, say, say_json
from dvcore.query.sql import SqlValue

Rows = Iterable[Sequence[SqlValue]]


def say_json_rows(columns: Sequence[str], rows: Rows) -> None:
    """An object for each row, ids as hex. JSON has no infinite numbers: they are null."""
    names = _distinct(columns)
    for row in rows:
        say_json(dict(zip(names, map(_json_value, row), strict=True)))


def say_plain_rows(columns: Sequence[str], rows: Rows) -> None:
    """A line of names, then one for each row; tabs and line breaks in texts are written as `\\t` and `\\n`."""
    for row in chain([columns], rows):
        say("\t".join(map(_cell, row)))


def say_table_rows(columns: Sequence[str], rows: Rows) -> None:
    """A table, numbers to the right."""
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415 - 50 ms, which only a terminal needs
    from rich.console import Console  # noqa: PLC0415 - the same
    from rich.table import Table  # noqa: PLC0415 - the same
    from rich.text import Text  # noqa: PLC0415 - the same

    listed = list(rows)
    table = Table(box=SIMPLE_HEAD)
    for place, name in enumerate(columns):
        is_number = all(isinstance(row[place], int | float | None) for row in listed)
        table.add_column(Text(one_line(name)), justify="right" if is_number else "left", overflow="fold")
    for row in listed:
        table.add_row(*(Text(_cell(value)) for value in row))
    Console().print(table)


def _cell(value: SqlValue) -> str:
    if value is None:
        return ""
    return value.hex() if isinstance(value, bytes) else one_line(str(value))


def _json_value(value: SqlValue) -> int | float | str | None:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value.hex() if isinstance(value, bytes) else value


def _distinct(columns: Sequence[str]) -> list[str]:
    """The names, the second `path` as `path_2`: an object has each key once."""
    result: list[str] = []
    for name in columns:
        number, key = 1, name
        while key in result:
            number += 1
            key = f"{name}_{number}"
        result.append(key)
    return result
