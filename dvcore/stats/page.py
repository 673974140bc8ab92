"""Statistics as one page of HTML that stands for itself, plots included; every text of the dataset is escaped."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from dvcore.markup import Cell, format_number, large_numbers, page, printable, table
from dvcore.model.names import format_path
from dvcore.model.values import format_value
from dvcore.stats.numbers import Distribution, Summary
from dvcore.stats.statistics import LabelStatistics, Statistics, VariableStatistics
from dvcore.stats.svg import bar_chart, heat_map, histogram_chart

_BARS: Final = 40
_HEAT: Final = 16
"""Labels that are compared with each other: as many as fit beside one another."""
_ROWS: Final = 500
"""Of a table. A page with a million rows opens in no browser; `--json` has all."""

_STYLE: Final = """
svg { max-width: 100%; height: auto; display: block; margin: .5rem 0 1rem; }
svg text { fill: var(--ink); font: 12px system-ui, sans-serif; }
svg text.name { text-anchor: end; }
svg .bar, svg .cell { fill: var(--bar); }
svg .axis { stroke: var(--line); }
"""


def statistics_page(statistics: Statistics, *, title: str, where: str | None = None) -> str:
    """The page. `title` is what the files are called, `where` the expression that picked them."""
    about = [] if where is None else [f'<p class="about">where {printable(where)}</p>']
    body = [
        *about,
        *_totals(statistics),
        *_directories(statistics),
        *_labels(statistics),
        *_images(statistics),
        *_instances(statistics),
        *_together(statistics),
        *_variables(statistics),
    ]
    return page(title, body, style=_STYLE)


def _totals(statistics: Statistics) -> Iterator[str]:
    total = statistics.total
    numbers = {
        "files": total.files,
        "images": statistics.images.count,
        "bytes": statistics.bytes,
        "annotated": total.annotated,
        "with nothing on them": statistics.empty,
        "instances": total.instances,
        "labels": len(statistics.labels),
    }
    yield from large_numbers(numbers.items())


def _directories(statistics: Statistics) -> Iterator[str]:
    rows = [
        (f"{format_path(path)}/", one.files, one.annotated, one.instances)
        for path, one in statistics.directories.items()
    ]
    if rows:
        yield "<h2>Directories</h2>"
        yield from _table(("directory", "files", "annotated", "instances"), rows)


def _labels(statistics: Statistics) -> Iterator[str]:
    if not statistics.labels:
        return
    yield "<h2>Labels</h2>"
    yield bar_chart([(one.label, one.group.instances) for one in islice(statistics.labels, _BARS)])
    header = ("label", "files", "instances", "area: 5 %", "median", "95 %", "of the image: median")
    yield from _table(header, [_label_row(one) for one in statistics.labels])


def _label_row(one: LabelStatistics) -> tuple[Cell, ...]:
    sizes = ("", "", "") if one.area is None else (one.area.p5, one.area.median, one.area.p95)
    part = "" if one.relative_area is None else f"{one.relative_area.median:.2%}"
    return one.label, one.group.files, one.group.instances, *sizes, part


def _images(statistics: Statistics) -> Iterator[str]:
    images = statistics.images
    if not images.count:
        return
    yield "<h2>Images</h2>"
    yield from _distribution("Width in pixels", images.width)
    yield from _distribution("Height in pixels", images.height)
    yield from _distribution("Width / height", images.aspect_ratio)
    sizes = [(f"{width} x {height}", number) for (width, height), number in images.sizes.items()]
    yield f"<h3>Sizes, of {images.different_sizes:,} different ones</h3>"
    yield bar_chart(sizes)
    yield "<h3>Formats</h3>"
    yield bar_chart(list(images.formats.items()))
    yield "<h3>Modes</h3>"
    yield bar_chart(list(images.modes.items()))


def _instances(statistics: Statistics) -> Iterator[str]:
    yield from _distribution("Instances on an annotated image", statistics.per_image, heading="h2")
    if statistics.geometries:
        yield "<h3>Geometries</h3>"
        yield bar_chart(list(statistics.geometries.items()))
    yield from _distribution("Area in pixels", statistics.area)
    yield from _distribution("Area as a part of the image", statistics.relative_area)


def _together(statistics: Statistics) -> Iterator[str]:
    if not statistics.pairs:
        return
    yield "<h2>Labels on the same image</h2>"
    yield heat_map([one.label for one in islice(statistics.labels, _HEAT)], statistics.pairs)
    rows = [(first, second, number) for (first, second), number in statistics.pairs.items()]
    yield from _table(("label", "label", "files"), rows[:_BARS])


def _variables(statistics: Statistics) -> Iterator[str]:
    if statistics.variables:
        yield "<h2>Variables</h2>"
    for one in statistics.variables:
        yield from _variable(one)


def _variable(one: VariableStatistics) -> Iterator[str]:
    declaration = one.declaration
    yield f"<h3>{printable(declaration.name)}</h3>"
    yield (
        f'<p class="about">{declaration.type.value}: stated for {one.stated:,} files, '
        f"by default in {one.by_default:,}, unset in {one.unset:,}</p>"
    )
    if one.values is None:
        yield '<p class="about">Too many different values to list.</p>'
    elif one.values and (one.numbers is None or len(one.values) <= _BARS):
        yield bar_chart([(format_value(value), number) for value, number in islice(one.values.items(), _BARS)])
    yield from _plot(one.numbers)


def _distribution(title: str, one: Distribution | None, *, heading: str = "h3") -> Iterator[str]:
    if one is not None:
        yield f"<{heading}>{title}</{heading}>"
        yield from _plot(one)


def _plot(one: Distribution | None) -> Iterator[str]:
    if one is None:
        return
    if one.summary.least < one.summary.greatest:
        yield histogram_chart(one.histogram)
    yield f'<p class="about">{_sentence(one.summary)}</p>'


def _sentence(one: Summary) -> str:
    if one.least == one.greatest:
        many = f"{one.count:,} numbers, all" if one.count > 1 else "one number,"
        return f"{many} {format_number(one.least)}"
    return (
        f"{one.count:,} numbers from {format_number(one.least)} to {format_number(one.greatest)}; "
        f"median {format_number(one.median)}, mean {format_number(one.mean)}, "
        f"nine in ten from {format_number(one.p5)} to {format_number(one.p95)}"
    )


def _table(header: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Iterator[str]:
    return table(header, rows, most=_ROWS)
