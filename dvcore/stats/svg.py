"""Plots as SVG that stands in a page: no script, nothing from elsewhere, colours by the page's classes.

Texts are escaped here. Each element that stands for a number has a `<title>`, which browsers show under the pointer.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from dvcore.markup import format_number, printable
from dvcore.stats.numbers import Histogram

WIDTH: Final = 640
_ROW: Final = 22
_NAMES: Final = 200
"""Pixels for the names beside bars; and for the numbers behind the longest:"""
_NUMBERS: Final = 80
_PLOT: Final = 160
_AXIS: Final = 24
_CELL: Final = 26
_MOST_CHARACTERS: Final = 28
_TICKS: Final = 5


def shortened(text: str) -> str:
    """The first characters of a long text."""
    return text if len(text) <= _MOST_CHARACTERS else f"{text[: _MOST_CHARACTERS - 1]}…"


def bar_chart(rows: Sequence[tuple[str, int]]) -> str:
    """A bar for each name, as long as its number."""
    most = max((number for _, number in rows), default=0) or 1
    room = WIDTH - _NAMES - _NUMBERS
    parts = []
    for place, (name, number) in enumerate(rows):
        top, length = place * _ROW, number / most * room
        parts.append(
            f"<g><title>{printable(name)}: {number:,}</title>"
            f'<text class="name" x="{_NAMES - 8}" y="{top + 15}">{printable(shortened(name))}</text>'
            f'<rect class="bar" x="{_NAMES}" y="{top + 3}" width="{length:.1f}" height="{_ROW - 6}"/>'
            f'<text x="{_NAMES + length + 6:.1f}" y="{top + 15}">{number:,}</text></g>'
        )
    return _svg(WIDTH, len(rows) * _ROW, parts)


def histogram_chart(histogram: Histogram) -> str:
    """A column for each bin, as high as its count. All bins are drawn equally wide: they are so in steps or factors."""
    most = max(histogram.counts) or 1
    step = WIDTH / len(histogram.counts)
    parts = []
    for place, number in enumerate(histogram.counts):
        height = number / most * _PLOT
        parts.append(
            f'<rect class="bar" x="{place * step + 0.5:.1f}" y="{_PLOT - height:.1f}" width="{max(step - 1, 1):.1f}" '
            f'height="{height:.1f}"><title>{_bin(histogram, place)}: {number:,}</title></rect>'
        )
    parts.append(f'<line class="axis" x1="0" y1="{_PLOT}" x2="{WIDTH}" y2="{_PLOT}"/>')
    return _svg(WIDTH, _PLOT + _AXIS, [*parts, *_ticks(histogram, step)])


def heat_map(names: Sequence[str], numbers: Mapping[tuple[str, str], int]) -> str:
    """A square for each pair of names, the darker the greater its number; pairs are in the order of the texts."""
    most = max(numbers.values(), default=0) or 1
    parts = []
    for row, name in enumerate(names):
        parts.append(
            f'<text class="name" x="{_NAMES - 8}" y="{row * _CELL + 17}">{printable(shortened(name))}</text>'
            f'<text x="{_NAMES + row * _CELL + 6}" y="{row * _CELL + 17}">{row + 1}</text>'
        )
        for column, other in enumerate(names[:row]):
            number = numbers.get((min(name, other), max(name, other)), 0)
            parts.append(
                f'<rect class="cell" x="{_NAMES + column * _CELL}" y="{row * _CELL}" width="{_CELL - 2}" '
                f'height="{_CELL - 2}" fill-opacity="{number / most:.3f}">'
                f"<title>{printable(name)} and {printable(other)}: {number:,}</title></rect>"
            )
    return _svg(WIDTH, len(names) * _CELL, parts)


def _bin(histogram: Histogram, place: int) -> str:
    low, high = histogram.edges[place], histogram.edges[place + 1] - histogram.is_whole
    return format_number(low) if low == high else f"{format_number(low)} to {format_number(high)}"


def _ticks(histogram: Histogram, step: float) -> list[str]:
    """Under the middle of a bin of whole numbers what it holds, else under an edge its number."""
    last = len(histogram.edges) - 1 - histogram.is_whole
    places = sorted({round(part * last / (_TICKS - 1)) for part in range(_TICKS)})
    anchors = {} if histogram.is_whole else {0: "start", last: "end"}
    return [
        f'<text x="{(place + histogram.is_whole / 2) * step:.1f}" y="{_PLOT + 17}" '
        f'text-anchor="{anchors.get(place, "middle")}">'
        f"{_bin(histogram, place) if histogram.is_whole else format_number(histogram.edges[place])}</text>"
        for place in places
    ]


def _svg(width: int, height: int, parts: Sequence[str]) -> str:
    return f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">{"".join(parts)}</svg>'
