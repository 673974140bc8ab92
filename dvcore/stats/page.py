"""Statistics as one page of HTML that stands for itself: styles and plots are in it, nothing is loaded from elsewhere.

It follows the reader's choice of light or dark, and every text of the dataset is escaped.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from dvcore.model.names import format_path
from dvcore.model.values import format_value
from dvcore.stats.numbers import Distribution, Summary
from dvcore.stats.statistics import LabelStatistics, Statistics, VariableStatistics
from dvcore.stats.svg import bar_chart, format_number, heat_map, histogram_chart, printable

_BARS: Final = 40
_HEAT: Final = 16
"""Labels that are compared with each other: as many as fit beside one another."""
_ROWS: Final = 500
"""Of a table. A page with a million rows opens in no browser; `--json` has all."""

_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1b1f24; --faint: #57606a; --line: #d0d7de; --page: #fff; --bar: #2f6f9f; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --faint: #9aa4af; --line: #3d444d; --page: #14181d; --bar: #6cb2e0; }
}
body { margin: 2rem auto; max-width: 60rem; padding: 0 1rem; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
h1, h2, h3 { font-weight: 600; line-height: 1.2; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); padding-bottom: .3rem; }
p.about, caption { color: var(--faint); text-align: left; }
dl { display: flex; flex-wrap: wrap; gap: 1rem 2.5rem; }
dt { color: var(--faint); }
dd { margin: 0; font-size: 1.5rem; font-variant-numeric: tabular-nums; }
div.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .8rem .2rem 0; border-bottom: 1px solid var(--line); text-align: left; font-weight: 400; }
thead th { color: var(--faint); }
td.number, th.number { text-align: right; }
svg { max-width: 100%; height: auto; display: block; margin: .5rem 0 1rem; }
svg text { fill: var(--ink); font: 12px system-ui, sans-serif; }
svg text.name { text-anchor: end; }
svg .bar, svg .cell { fill: var(--bar); }
svg .axis { stroke: var(--line); }
"""

Cell = str | int | float


def statistics_page(statistics: Statistics, *, title: str, where: str | None = None) -> str:
    """The page. `title` is what the files are called, `where` the expression that picked them."""
    about = [] if where is None else [f'<p class="about">where {printable(where)}</p>']
    lines = [
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        """<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">""",
        f"<title>{printable(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{printable(title)}</h1>",
        *about,
        *_totals(statistics),
        *_directories(statistics),
        *_labels(statistics),
        *_images(statistics),
        *_instances(statistics),
        *_together(statistics),
        *_variables(statistics),
        "</body>\n</html>\n",
    ]
    return "\n".join(lines)


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
    yield "<dl>"
    for name, number in numbers.items():
        yield f"<div><dt>{name}</dt><dd>{number:,}</dd></div>"
    yield "</dl>"


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
    numbers = [all(not isinstance(row[place], str) for row in rows) for place in range(len(header))]
    yield '<div class="wide"><table>'
    if len(rows) > _ROWS:
        yield f"<caption>The first {_ROWS:,} of {len(rows):,}</caption>"
    yield f"<thead>{_row('th', header, numbers)}</thead>"
    yield "<tbody>"
    for row in rows[:_ROWS]:
        yield _row("td", row, numbers)
    yield "</tbody></table></div>"


def _row(tag: str, cells: Sequence[Cell], numbers: Sequence[bool]) -> str:
    kinds = (' class="number"' if is_number else "" for is_number in numbers)
    return f"<tr>{''.join(f'<{tag}{kind}>{_cell(cell)}</{tag}>' for kind, cell in zip(kinds, cells, strict=True))}</tr>"


def _cell(cell: Cell) -> str:
    return printable(cell) if isinstance(cell, str) else format_number(cell)
