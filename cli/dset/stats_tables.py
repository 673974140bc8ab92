"""Statistics for a terminal: plain columns, or rich's tables where somebody looks."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from dset.output import count, format_size, say, say_table
from dvcore.markup import format_number
from dvcore.model.names import format_path
from dvcore.model.values import Value, format_value
from dvcore.stats.numbers import Distribution, Summary
from dvcore.stats.statistics import Statistics, VariableStatistics

SHOWN: Final = 20
"""Rows of a table; `--html` has more, `--json` all."""


@dataclass(frozen=True, slots=True)
class Table:
    """A title, the names of the columns, and rows, of which `more` are not shown."""

    title: str
    header: tuple[str, ...]
    rows: Sequence[tuple[object, ...]]
    more: int = 0


def say_statistics(statistics: Statistics) -> None:
    """A line of totals, and a table of each kind of which there is something."""
    total = statistics.total
    say(
        f"{count(total.files, 'file')}, {format_size(statistics.bytes)}: {total.annotated:,} annotated"
        f" ({statistics.empty:,} with nothing on them), {count(total.instances, 'instance')}"
    )
    for table in _tables(statistics):
        if table.rows:
            (_show if sys.stdout.isatty() else _print)(table)


def _tables(statistics: Statistics) -> Iterator[Table]:
    yield _cut(
        "directories",
        ("directory", "files", "annotated", "instances"),
        [
            (f"{format_path(path)}/", one.files, one.annotated, one.instances)
            for path, one in statistics.directories.items()
        ],
    )
    yield _cut(
        "labels",
        ("label", "files", "instances", "median area", "of the image"),
        [
            (one.label, one.group.files, one.group.instances, _median(one.area), _percent(one.relative_area))
            for one in statistics.labels
        ],
    )
    yield _numbers(statistics)
    images = statistics.images
    yield _cut("formats", ("format", "images"), list(images.formats.items()))
    yield Table(
        "sizes",
        ("size", "images"),
        [(f"{width}x{height}", number) for (width, height), number in islice(images.sizes.items(), SHOWN)],
        max(0, images.different_sizes - SHOWN),
    )
    yield _cut("geometries", ("geometry", "instances"), list(statistics.geometries.items()))
    if statistics.pairs is not None:
        yield _cut("together", ("labels", "files"), [(f"{a} + {b}", n) for (a, b), n in statistics.pairs.items()])
    yield _cut("variables", ("variable", "type", "stated", "default", "unset", "values"), _variables(statistics))


def _numbers(statistics: Statistics) -> Table:
    images = statistics.images
    found: Mapping[str, Distribution | None] = {
        "width": images.width,
        "height": images.height,
        "width / height": images.aspect_ratio,
        "instances per image": statistics.per_image,
        "area": statistics.area,
        "area / image": statistics.relative_area,
    }
    rows = [(name, *_quantiles(one.summary)) for name, one in found.items() if one is not None]
    return Table("numbers", ("", "min", "5 %", "median", "95 %", "max", "mean"), rows)


def _quantiles(one: Summary) -> tuple[str, ...]:
    return tuple(map(format_number, (one.least, one.p5, one.median, one.p95, one.greatest, one.mean)))


def _variables(statistics: Statistics) -> list[tuple[object, ...]]:
    return [
        (one.declaration.name, one.declaration.type.value, one.stated, one.by_default, one.unset, _values(one))
        for one in statistics.variables
    ]


def _values(one: VariableStatistics) -> str:
    if one.values is None:
        return "too many different ones to list"
    shown = [f"{_short(value)} {number:,}" for value, number in islice(one.values.items(), 5)]
    return ", ".join([*shown, f"{len(one.values) - 5:,} more"] if len(one.values) > 5 else shown)


def _short(value: Value) -> str:
    text = format_value(value)
    return text if len(text) <= 30 else f"{text[:29]}…"


def _median(summary: Summary | None) -> str:
    return "" if summary is None else f"{summary.median:,.0f}"


def _percent(summary: Summary | None) -> str:
    return "" if summary is None else f"{summary.median:.2%}"


def _cut(title: str, header: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> Table:
    return Table(title, header, rows[:SHOWN], max(0, len(rows) - SHOWN))


def _print(table: Table) -> None:
    say()
    say_table(table.rows, table.header)
    if table.more:
        say(f"… and {table.more:,} more")


def _show(table: Table) -> None:
    from rich import box, console  # noqa: PLC0415 - 50 ms, which only a terminal needs
    from rich.table import Table as RichTable  # noqa: PLC0415 - the same
    from rich.text import Text  # noqa: PLC0415 - the same

    more = f"… and {table.more:,} more" if table.more else None
    shown = RichTable(
        title=table.title, title_justify="left", caption=more, caption_justify="left", box=box.SIMPLE_HEAD
    )
    shown.pad_edge = False
    for place, name in enumerate(table.header):
        is_number = _is_numbers(table, place)
        shown.add_column(name, justify="right" if is_number else "left", no_wrap=is_number, overflow="fold")
    for row in table.rows:
        shown.add_row(*(Text(f"{cell:,}" if isinstance(cell, int) else str(cell)) for cell in row))
    console.Console().print(shown)


def _is_numbers(table: Table, place: int) -> bool:
    """Whether a column is to stand on the right; numbers that are texts already have signs around their digits."""
    texts = [str(row[place]).strip("%").replace(",", "") for row in table.rows]
    return all(text == "" or text.replace(".", "").isdigit() for text in texts)
