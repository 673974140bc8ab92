"""Images that are looked into and not held: the same facts, the same faults, in bounded memory."""

import contextlib
import io
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from support.pictures import drawn, encoded

from dvcore.errors import InvalidInputError
from dvcore.image import window
from dvcore.image.probe import probe
from dvcore.image.window import FileWindow


def answer(data: bytes | FileWindow) -> object:
    try:
        return probe(data)
    except InvalidInputError as error:
        return str(error)


FORMATS = ["JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "JPEG2000"]


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window, "_PAGE_BYTES", 13)
    monkeypatch.setattr("dvcore.image.png._PIECE_BYTES", 29)


@pytest.mark.parametrize("format_name", FORMATS)
def test_every_cut_of_every_format_is_told_alike(small_pages: None, tmp_path: Path, format_name: str) -> None:
    data = encoded(drawn("RGB"), format_name)
    place = tmp_path / "image"
    for end in {0, 1, 7, 40, len(data) // 3, len(data) // 2, len(data) - 3, len(data) - 1, len(data)}:
        place.write_bytes(data[:end])
        with io.FileIO(place) as file:
            assert answer(FileWindow(file)) == answer(data[:end]), end


FEW = st.sampled_from([0, 1])
"""So few different bytes that what is searched for is often there, across the edge of a page too."""


@given(
    st.lists(FEW, max_size=60).map(bytes),
    st.lists(FEW, min_size=2, max_size=4).map(bytes),
    st.integers(0, 60),
    st.integers(0, 70),
)
def test_searching_is_that_of_bytes(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, sub: bytes, start: int, end: int
) -> None:
    place = tmp_path_factory.getbasetemp() / "searched"
    place.write_bytes(data)
    with pytest.MonkeyPatch.context() as patch, io.FileIO(place) as file:
        patch.setattr(window, "_PAGE_BYTES", 5)
        made = FileWindow(file)
        assert made.rfind(sub, start, end) == data.rfind(sub, start, end)
        assert made.rfind(sub, start) == data.rfind(sub, start)
        assert made.find(sub) == data.find(sub)
        assert made[start:end] == data[start:end]
        assert made.startswith(sub) == data.startswith(sub)
        assert len(made) == len(data)
        if start < len(data):
            assert made[start] == data[start]
        else:
            with pytest.raises(IndexError):
                made[start]


@pytest.mark.parametrize("format_name", ["BMP", "TIFF", "PNG", "PPM"])
def test_memory_does_not_grow_with_the_image(tmp_path: Path, format_name: str) -> None:
    place = tmp_path / "large"
    with place.open("wb") as file:
        Image.new("RGB", (6000, 2000)).save(
            file, format_name, **({"compress_level": 0} if format_name == "PNG" else {})
        )
    probe(b"P6 1 1 255 \0\0\0")  # Pillow itself is not meant
    with io.FileIO(place) as opened:
        tracemalloc.start()
        found = probe(FileWindow(opened))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert (found.width, found.height) == (6000, 2000)
    assert peak < 6 << 20 < place.stat().st_size


@pytest.mark.parametrize("format_name", FORMATS)
def test_a_file_that_is_cut_while_it_is_looked_into_is_truncated(tmp_path: Path, format_name: str) -> None:
    data = encoded(drawn("RGB"), format_name)
    place = tmp_path / "image"
    for end in range(0, len(data), 5):
        place.write_bytes(data)
        with io.FileIO(place) as file:
            looked_into = FileWindow(file)
            place.write_bytes(data[:end])
            with contextlib.suppress(InvalidInputError):
                probe(looked_into)
