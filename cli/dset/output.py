"""Printing: results to stdout as text or JSON, everything else to stderr."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import click


def say(text: str = "") -> None:
    """A line of the result."""
    click.echo(text)


def note(text: str) -> None:
    """A line beside the result: stderr."""
    click.echo(text, err=True)


def warn(text: str) -> None:
    """A warning: stderr."""
    click.echo(f"warning: {text}", err=True)


def say_json(value: Any) -> None:
    """One JSON value on one line."""
    click.echo(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def say_table(rows: Sequence[Sequence[object]], header: Sequence[str] = ()) -> None:
    """Columns, numbers to the right."""
    cells = [[str(cell) for cell in row] for row in ((header, *rows) if header else rows)]
    if not cells:
        return
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    right = [all(isinstance(row[column], int) for row in rows) for column in range(len(cells[0]))]
    for row in cells:
        padded = (
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        )
        say("  ".join(padded).rstrip())


def one_line(text: str) -> str:
    """A text for one line of a terminal, whatever signs somebody put into it."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def subject(message: str) -> str:
    """The first line of a commit's message."""
    return one_line(message.splitlines()[0]) if message else ""


def count(number: int, noun: str, plural: str | None = None) -> str:
    """`1 file`, `2 files`, `12,345 files`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def counts(items: Iterable[tuple[int, str]]) -> str:
    """`3 added, 1 removed`, leaving out what is nought."""
    return ", ".join(f"{number:,} {what}" for number, what in items if number) or "nothing"


def format_time(microseconds: int) -> str:
    """Local time for people."""
    return datetime.fromtimestamp(microseconds / 1e6, tz=UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S %z")


def iso_time(microseconds: int) -> str:
    """UTC, for programs."""
    return datetime.fromtimestamp(microseconds / 1e6, tz=UTC).isoformat(timespec="microseconds")


def format_size(size: int) -> str:
    """`55.2 kB`."""
    value = float(size)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:,.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def read_option(name: str, texts: Iterable[str], form: str = "NAME=VALUE") -> dict[str, str]:
    """Options of the form `NAME=VALUE` as a map.

    Raises click.BadParameter, which is a usage error.
    """
    result: dict[str, str] = {}
    for key, value in read_pairs(name, texts, form):
        if key in result:
            raise click.BadParameter(f"{key!r} is given twice", param_hint=name)
        result[key] = value
    return result


def read_pairs(name: str, texts: Iterable[str], form: str) -> list[tuple[str, str]]:
    """The same where a name may occur more than once.

    Raises click.BadParameter.
    """
    parted = [(text, *text.partition("=")) for text in texts]
    for text, key, found, _ in parted:
        if not found or not key.strip():
            raise click.BadParameter(f"{text!r} is not {form}", param_hint=name)
    return [(key.strip(), value) for _, key, _, value in parted]


def json_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """A map of values in the order of the names."""
    return {name: values[name] for name in sorted(values)}
