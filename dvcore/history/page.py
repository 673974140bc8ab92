"""What changed, as one page of HTML to look at: tables of numbers, and pictures before and after with what is drawn on
them. Pure data in, text out; whoever compares trees or snapshots fills it.
"""

from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from dvcore.history.drawing import draw
from dvcore.markup import Cell, page, printable, table
from dvcore.model.geometry import Geometry

_ROWS: Final = 500

_STYLE: Final = """
body { max-width: 76rem; }
article { margin: 1rem 0; padding: .75rem 1rem; border: 1px solid var(--line); border-radius: .4rem; }
article h3 { margin: 0 0 .3rem; font-size: 1rem; overflow-wrap: anywhere; }
article p { margin: 0; }
div.sides { display: flex; flex-wrap: wrap; gap: 1rem; margin-top: .5rem; }
figure { margin: 0; flex: 0 1 20rem; }
figcaption, p.more { color: var(--faint); }
svg { display: block; width: 100%; max-height: 20rem; background: var(--line); }
svg path { fill: none; stroke-width: 2px; stroke-linejoin: round; vector-effect: non-scaling-stroke; }
svg path.area { fill: currentColor; fill-opacity: .12; fill-rule: evenodd; }
svg path.dot { stroke-width: 7px; stroke-linecap: round; }
svg path { stroke: currentColor; }
.same { color: #8b949e; } .added { color: #2da44e; } .removed { color: #e5534b; } .changed { color: #2f81f7; }
p.legend span { margin-right: 1.5rem; }
"""


class MarkKind(Enum):
    """What happened to something that is drawn on a picture."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Mark:
    """A geometry drawn on a picture, in the pixels of the image as displayed."""

    geometry: Geometry
    kind: MarkKind
    title: str


@dataclass(frozen=True, slots=True)
class Picture:
    """An image of `width` x `height` pixels as displayed. `jpeg` is a small one of it, None where there is none to
    show."""

    width: int
    height: int
    jpeg: bytes | None
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class Card:
    """One image that changed: its name, what changed in words, and how it looked; a side is None where it was not
    there."""

    title: str
    lines: tuple[str, ...]
    before: Picture | None
    after: Picture | None


@dataclass(frozen=True, slots=True)
class Section:
    """Images to which the same happened: `total` of them, of which those of the cards are shown."""

    title: str
    total: int
    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Numbers under a heading."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def changes_page(title: str, about: Sequence[str], tables: Sequence[Table], sections: Sequence[Section]) -> str:
    """The page.

    Raises InvalidInputError for a mask whose code is none.
    """
    body = [
        *(f'<p class="about">{printable(line)}</p>' for line in about),
        *(line for one in tables for line in _table(one)),
        *(_legend() if any(_has_marks(card) for one in sections for card in one.cards) else ()),
        *(line for one in sections for line in _section(one)),
    ]
    return page(title, body, style=_STYLE)


def _table(one: Table) -> Iterator[str]:
    yield f"<h2>{printable(one.title)}</h2>"
    yield from table(one.header, one.rows, most=_ROWS)


def _legend() -> Iterator[str]:
    marks = "".join(f'<span class="{kind.value}">■ {kind.value}</span>' for kind in MarkKind)
    yield f'<p class="legend">{marks}</p>'


def _has_marks(card: Card) -> bool:
    return any(side is not None and side.marks for side in (card.before, card.after))


def _section(one: Section) -> Iterator[str]:
    yield f"<section><h2>{printable(one.title)}: {one.total:,}</h2>"
    for card in one.cards:
        yield from _card(card)
    if one.total > len(one.cards):
        yield f'<p class="more">… and {one.total - len(one.cards):,} more</p>'
    yield "</section>"


def _card(card: Card) -> Iterator[str]:
    yield f"<article><h3>{printable(card.title)}</h3>"
    for line in card.lines:
        yield f"<p>{printable(line)}</p>"
    yield '<div class="sides">'
    for name, side in (("before", card.before), ("after", card.after)):
        if side is not None:
            yield f"<figure><figcaption>{name}</figcaption>{_picture(side)}</figure>"
    yield "</div></article>"


def _picture(one: Picture) -> str:
    """The small image stretched to the pixels of the large one, so that marks need no conversion."""
    size = f'width="{one.width}" height="{one.height}"'
    image = ""
    if one.jpeg is not None:
        data = b64encode(one.jpeg).decode()
        image = f'<image {size} preserveAspectRatio="none" href="data:image/jpeg;base64,{data}"/>'
    marks = "".join(draw(mark.geometry, kind=mark.kind.value, title=mark.title) for mark in one.marks)
    return f'<svg viewBox="0 0 {one.width} {one.height}" role="img">{image}{marks}</svg>'
