"""The parts that exports are made of."""

import csv
import threading
from collections.abc import Iterable
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvcore.errors import ConflictError, CorruptError, InvalidInputError
from dvcore.formats.export.labels import dense_numbers, ordered_labels, sparse_numbers
from dvcore.formats.export.mask_windows import find_window, row_runs
from dvcore.formats.export.out_folder import OutFolder
from dvcore.formats.export.write_behind import WriteBehind
from dvcore.formats.labelstudio.brush import brush_pixels
from dvcore.formats.labelstudio.brush_code import brush_code
from dvcore.formats.texts.csv_text import format_row
from dvcore.formats.texts.decimals import format_decimal
from dvcore.formats.texts.xml_text import escape_xml, is_xml
from dvcore.model.bitmaps import bitmap_of, mask_of_bitmap
from dvcore.model.declarations import LabelDeclaration

Source = int | str | None


def declared(*sources: Source) -> list[LabelDeclaration]:
    """Labels a, b, c … with these numbers in their sources."""
    return [LabelDeclaration("abcdefgh"[place], place, source) for place, source in enumerate(sources)]


@pytest.mark.parametrize(
    ("sources", "numbers"),
    [
        ((), []),
        ((None, None), [0, 1]),
        ((1, 0), [1, 0]),
        ((2, None, 0), [2, 1, 0]),
        ((None, 0), [1, 0]),
        ((1, 2), [0, 1]),  # COCO's begin at 1
        ((0, 0), [0, 1]),
        (("/m/1", "x"), [0, 1]),
        ((-1, 0), [1, 0]),
        ((0, 7), [0, 1]),
    ],
)
def test_dense_numbers(sources: Iterable[Source], numbers: list[int]) -> None:
    found = dense_numbers(labels := declared(*sources))
    assert [found.number(one.name) for one in labels] == numbers
    assert list(found.labels) == sorted(found.numbers, key=lambda name: found.numbers[name])


@pytest.mark.parametrize(
    ("sources", "numbers"),
    [
        ((None, None), [1, 2]),
        ((0, None), [0, 1]),
        ((90, None, 3), [90, 91, 3]),
        ((4, 4, None), [4, 5, 6]),
        (("x", 2), [3, 2]),
    ],
)
def test_sparse_numbers(sources: Iterable[Source], numbers: list[int]) -> None:
    found = sparse_numbers(labels := declared(*sources))
    assert [found.number(one.name) for one in labels] == numbers


def test_whether_numbers_are_new() -> None:
    assert not dense_numbers(declared(1, 0, None)).are_new
    assert dense_numbers(declared(1, 2)).are_new
    assert not sparse_numbers(declared(90, None)).are_new
    assert sparse_numbers(declared(4, 4)).are_new
    with pytest.raises(CorruptError, match="has the label 'z', which is not declared"):
        dense_numbers(declared(0)).number("z")


def test_the_order_of_labels() -> None:
    names = [one.name for one in ordered_labels(reversed(declared(0, 1, 2, 3)), ("c", "nobody", "a"))]
    assert names == ["c", "a", "b", "d"]


bitmaps = st.tuples(st.integers(1, 40), st.integers(1, 40)).flatmap(
    lambda size: st.lists(st.booleans(), min_size=size[0] * size[1], max_size=size[0] * size[1]).map(
        lambda bits: np.array(bits, np.bool_).reshape(size)
    )
)


@given(bitmaps)
def test_brush_strokes_are_read_as_they_were_written(bitmap: np.ndarray) -> None:
    height, width = bitmap.shape
    code = brush_code(row_runs(mask_of_bitmap(bitmap)))
    assert np.array_equal(brush_pixels(code, (width, height)), bitmap)


def test_a_brush_stroke_with_long_runs() -> None:
    bitmap = np.zeros((300, 400), np.bool_)
    bitmap[100:250] = True
    assert np.array_equal(brush_pixels(brush_code(row_runs(mask_of_bitmap(bitmap))), (400, 300)), bitmap)


@given(bitmaps)
def test_a_window_has_all_pixels(bitmap: np.ndarray) -> None:
    window = find_window(mask_of_bitmap(bitmap))
    if window is None:
        assert not bitmap.any()
        return
    height, width = window.pixels.shape
    whole = np.zeros_like(bitmap)
    whole[window.top : window.top + height, window.left : window.left + width] = window.pixels
    assert np.array_equal(whole, bitmap)
    edges = (window.pixels[0], window.pixels[-1], window.pixels[:, 0], window.pixels[:, -1])
    assert all(edge.any() for edge in edges)
    assert np.array_equal(np.repeat(np.arange(len(window.runs)) % 2 == 1, window.runs), window.pixels.ravel())
    assert np.array_equal(bitmap_of(mask_of_bitmap(bitmap)), bitmap)


@given(st.text())
def test_texts_in_xml_come_back_or_are_refused(text: str) -> None:
    if not is_xml(text):
        with pytest.raises(InvalidInputError, match="has a sign that XML cannot hold"):
            escape_xml(text)
        return
    escaped = escape_xml(text)
    element = ElementTree.fromstring(f'<a b="{escaped}">{escaped}</a>'.encode())
    assert (element.text or "", element.get("b")) == (text, text)


@pytest.mark.parametrize("text", ["\x00", "\x1b", "\ufffe", "\uffff", "\ud800", "a\x0bb"])
def test_signs_that_xml_has_no_place_for(text: str) -> None:
    assert not is_xml(text)


@pytest.mark.parametrize(
    ("value", "text"), [(12.0, "12"), (0.25, "0.25"), (1 / 3, "0.333333"), (-0.0, "0"), (100.0, "100"), (1e-9, "0")]
)
def test_decimals(value: float, text: str) -> None:
    assert format_decimal(value) == text


def test_rows_of_tables() -> None:
    assert format_row(["a", 'b "c"', "d,e", "f\ng", ""]) == 'a,"b ""c""","d,e","f\ng",\n'


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=2, max_size=4))
def test_rows_come_back(cells: list[str]) -> None:
    lines = StringIO(f"{format_row(cells)}{format_row(['next', 'row'])}", newline="")
    assert list(csv.reader(lines)) == [cells, ["next", "row"]]


def test_a_lone_carriage_return_is_quoted() -> None:
    assert format_row(["a\rb", "c"]) == '"a\rb",c\n'


def test_files_of_one_folder_are_written_once(tmp_path: Path) -> None:
    with OutFolder(tmp_path) as out:
        out.write_text(("a", "b.txt"), "one")
        out.add_text(("c.txt",), "x")
        out.add_text(("c.txt",), "y\r\n")
        out.close()
    assert (tmp_path / "a/b.txt").read_text() == "one"
    assert (tmp_path / "c.txt").read_bytes() == b"xy\r\n"
    for path in [("a", "b.txt"), ("a",), ("a", "b.txt", "c")]:
        with pytest.raises(ConflictError, match=r"img/7\.png: another file has become"):
            write_again(tmp_path, path)
    assert (tmp_path / "a/b.txt").read_text() == "one"


def write_again(folder: Path, path: tuple[str, ...]) -> None:
    with OutFolder(folder) as out:
        out.about = ("img", "7.png")
        out.write_text(path, "two")
        out.close()


def test_many_folders(tmp_path: Path) -> None:
    with OutFolder(tmp_path) as out:
        for number in range(3000):
            out.write_text((str(number), "a"), str(number))
        out.close()
    assert sum(1 for _ in tmp_path.iterdir()) == 3000
    assert (tmp_path / "2999/a").read_text() == "2999"


def test_what_fails_behind_is_raised_and_ends_all() -> None:
    done: list[int] = []
    gate = threading.Event()

    def fail() -> None:
        gate.wait()
        raise ZeroDivisionError

    def hand_over() -> None:
        with WriteBehind() as behind:
            for _ in range(2):  # one for each thread
                behind.submit(fail)
            for number in range(60):
                behind.submit(lambda number=number: done.append(number))
            gate.set()
            behind.finish()

    before = threading.active_count()
    with pytest.raises(ZeroDivisionError):
        hand_over()
    assert done == []
    assert threading.active_count() == before


def test_all_that_was_handed_over_is_done() -> None:
    done: set[int] = set()
    with WriteBehind() as behind:
        for number in range(1000):
            behind.submit(lambda number=number: done.add(number))
        behind.finish()
        assert done == set(range(1000))
