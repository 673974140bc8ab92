"""Pages of HTML that stand for themselves: styles are in them, nothing is loaded from elsewhere, no script runs.

They follow the reader's choice of light or dark. Whoever puts a stranger's text into one takes `printable`.
"""

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import Final

Cell = str | int | float

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
"""

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""What a browser may do with the page, should a text have got past the escaping."""


def page(title: str, body: Iterable[str], *, style: str = "") -> str:
    """The page. `body` are lines of HTML under the title; `style` is added to the style of all pages."""
    lines = [
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        f"<title>{printable(title)}</title>\n<style>{_STYLE}{style}</style>\n</head>",
        f"<body>\n<h1>{printable(title)}</h1>",
        *body,
        "</body>\n</html>\n",
    ]
    return "\n".join(lines)


def printable(text: str) -> str:
    """A text that a page can show: escaped, and signs that nobody sees, or that turn the direction, written out."""
    shown = "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)
    return escape(shown)


def format_number(number: float) -> str:
    """`0.0123`, `640`, `12,345`."""
    is_whole = number == int(number)
    return f"{number:,.0f}" if is_whole or abs(number) >= 999.5 else f"{number:.3g}"  # "1e+03" from there on


def large_numbers(numbers: Iterable[tuple[str, int]]) -> Iterator[str]:
    """A row of large numbers, each under its name."""
    yield "<dl>"
    for name, number in numbers:
        yield f"<div><dt>{printable(name)}</dt><dd>{number:,}</dd></div>"
    yield "</dl>"


def table(header: Sequence[str], rows: Sequence[Sequence[Cell]], *, most: int) -> Iterator[str]:
    """The first `most` rows, columns of numbers to the right."""
    numbers = [all(not isinstance(row[place], str) for row in rows) for place in range(len(header))]
    yield '<div class="wide"><table>'
    if len(rows) > most:
        yield f"<caption>The first {most:,} of {len(rows):,}</caption>"
    yield f"<thead>{_row('th', header, numbers)}</thead>"
    yield "<tbody>"
    for row in rows[:most]:
        yield _row("td", row, numbers)
    yield "</tbody></table></div>"


def _row(tag: str, cells: Sequence[Cell], numbers: Sequence[bool]) -> str:
    kinds = (' class="number"' if is_number else "" for is_number in numbers)
    return f"<tr>{''.join(f'<{tag}{kind}>{_cell(cell)}</{tag}>' for kind, cell in zip(kinds, cells, strict=True))}</tr>"


def _cell(cell: Cell) -> str:
    return printable(cell) if isinstance(cell, str) else format_number(cell)
