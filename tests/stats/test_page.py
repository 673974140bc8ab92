"""The page: well-formed, alone, escaped; and its plots say what the numbers are."""

import re
from collections import Counter
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvcore.markup import format_number, printable
from dvcore.model.declarations import VariableDeclaration
from dvcore.model.values import ValueType
from dvcore.stats.numbers import Histogram, find_distribution
from dvcore.stats.page import statistics_page
from dvcore.stats.statistics import Statistics, conclude
from dvcore.stats.svg import WIDTH, bar_chart, heat_map, histogram_chart
from dvcore.stats.tallies import LabelTally, Tally, numbers

VOID = {"meta", "link", "br", "img", "input"}
EVIL = "<script>alert('1')</script>&\"\x00\u202e\n"


class Strict(HTMLParser):
    """Collects tags and texts; every tag must be closed in its turn."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def parsed(page: str) -> Strict:
    parser = Strict()
    parser.feed(page)
    parser.close()
    assert parser.open == []
    return parser


def svg(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text)


def bars(element: ElementTree.Element, kind: str = "bar") -> list[ElementTree.Element]:
    return [one for one in element.iter("rect") if one.get("class") == kind]


def tally_of(label: str, path: str, value: str, *, variable: str) -> Statistics:
    """As if many files had been counted, all texts being somebody's."""
    tally = Tally([VariableDeclaration(variable, ValueType.TEXT), VariableDeclaration("dpi", ValueType.INT)])
    tally.total.take(True, {label: 3, "other": 1}, {})
    tally.directories[path,] = tally.total
    for name in (label, "other"):
        one = tally.labels[name] = LabelTally()
        one.areas.extend([10.0, 400.0])
        one.relative_areas.extend([0.01, 0.4])
    tally.variables[0].take(value)
    for number in (100, 300):
        tally.variables[1].take(number)
    tally.formats[value] += 1
    tally.geometries["box"] += 4
    tally.widths.extend([640.0, 800.0])
    tally.heights.extend([480.0, 600.0])
    tally.per_image.extend([4.0, 0.0])
    tally.pairs = Counter({(min(label, "other"), max(label, "other")): 1})
    return conclude(tally)


def test_the_page_stands_alone_and_is_well_formed() -> None:
    page = statistics_page(tally_of("dog", "nuts", "wet", variable="note"), title="nuts", where="dpi = 200")
    found = parsed(page)
    assert page.startswith("<!DOCTYPE html>")
    assert (found.tags["script"], found.tags["link"], found.tags["img"], found.tags["style"]) == (0, 0, 0, 1)
    assert not [name for name, _ in found.attributes if name in {"src", "href", "xlink:href"} or name.startswith("on")]
    assert not re.search(r"url\(|@import|https?:", page)
    assert "prefers-color-scheme: dark" in page
    assert "where dpi = 200" in found.texts
    for wanted in ("Directories", "Labels", "Images", "Area in pixels", "Labels on the same image", "Variables"):
        assert wanted in found.texts
    for one in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
        svg(one)


def test_every_text_is_escaped() -> None:
    """Wherever a stranger's text may stand, it stays a text, and no sign hides or turns what follows."""
    page = statistics_page(tally_of(EVIL, EVIL, EVIL, variable=EVIL), title=EVIL, where=EVIL)
    found = parsed(page)
    assert found.tags["script"] == 0
    assert "\x00" not in page
    assert "\u202e" not in page
    assert sum("<script>" in text for text in found.texts) >= 8


def test_a_page_of_nothing() -> None:
    found = parsed(statistics_page(conclude(Tally([])), title="all files"))
    assert found.tags["svg"] == found.tags["table"] == 0
    assert "0" in found.texts


def test_tables_have_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dvcore.stats.page._ROWS", 3)
    statistics = tally_of("dog", "a", "x", variable="note")
    many = {(f"d{number}",): statistics.total for number in range(5)}
    page = statistics_page(conclude(_with_directories(many)), title="all")
    assert "The first 3 of 5" in page
    assert "d2/" in page
    assert "d3/" not in page


def _with_directories(directories: dict[tuple[str, ...], object]) -> Tally:
    tally = Tally([])
    tally.directories.update(directories)  # type: ignore[arg-type]
    return tally


def test_bars_are_as_long_as_their_numbers() -> None:
    chart = svg(bar_chart([("dog", 40), ("cat", 10), ("nothing", 0)]))
    longest, other, none = (float(one.get("width", "")) for one in bars(chart))
    assert other == pytest.approx(longest / 4, abs=0.1)
    assert none == 0
    assert longest < WIDTH
    assert [text.text for text in chart.iter("text")] == ["dog", "40", "cat", "10", "nothing", "0"]


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=30))
def test_columns_are_as_high_as_their_counts(counts: list[int]) -> None:
    edges = tuple(float(number) for number in range(len(counts) + 1))
    chart = svg(histogram_chart(Histogram(edges, tuple(counts))))
    heights = [float(one.get("height", "")) for one in bars(chart)]
    highest = max(counts) or 1
    assert heights == pytest.approx([count / highest * 160 for count in counts], abs=0.06)
    for one in bars(chart):
        assert float(one.get("y", "")) + float(one.get("height", "")) == pytest.approx(160, abs=0.11)
        assert 0 <= float(one.get("x", "")) <= WIDTH - float(one.get("width", ""))


def test_columns_name_what_they_hold() -> None:
    packed = numbers()
    packed.extend([1, 2, 2, 5])
    found = find_distribution(packed, whole=True)
    assert found is not None
    titles = [one.text for one in svg(histogram_chart(found.histogram)).iter("title")]
    assert titles == ["1: 1", "2: 2", "3: 0", "4: 0", "5: 1"]
    texts = [one.text for one in svg(histogram_chart(Histogram((0.5, 1.0, 1.5), (1, 1)))).iter("text")]
    assert texts == ["0.5", "1", "1.5"]


def test_squares_are_as_dark_as_their_numbers() -> None:
    chart = svg(heat_map(["dog", "cat", "cow"], {("cat", "dog"): 8, ("cow", "dog"): 2, ("cat", "cow"): 4}))
    shades = {one.find("title").text: float(one.get("fill-opacity", "")) for one in bars(chart, "cell")}  # type: ignore[union-attr]
    assert shades == {"cat and dog: 8": 1.0, "cow and dog: 2": 0.25, "cow and cat: 4": 0.5}


@pytest.mark.parametrize(
    ("number", "text"),
    [(0.01234, "0.0123"), (640.0, "640"), (999.4, "999"), (999.6, "1,000"), (-999.6, "-1,000"), (12345.6, "12,346")],
)
def test_numbers_are_written_out(number: float, text: str) -> None:
    assert format_number(number) == text


@given(st.text(max_size=20))
def test_any_text_can_be_shown(text: str) -> None:
    found = parsed(f"<p>{printable(text)}</p>")
    assert found.tags == {"p": 1}
    assert all(sign.isprintable() for sign in "".join(found.texts))
