"""The demo: drawn nuts, and the story with a folder of the user's own."""

import io
import json
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.datasets import drawn

DEMO = Path(__file__).resolve().parents[2] / "demo"
sys.path.insert(0, str(DEMO))  # the demo's modules import each other as a script's do

from draw import HEIGHT, WIDTH, draw_picture  # noqa: E402
from nuts import KINDS  # noqa: E402
from shell import quoted  # noqa: E402


def run_demo(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, DEMO / "run.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


def encoded(picture: Any) -> bytes:
    stream = io.BytesIO()
    picture.image.save(stream, "PNG")
    return stream.getvalue()


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_is_a_function_of_kind_and_number(kind: str) -> None:
    first, again, other = draw_picture(kind, 4), draw_picture(kind, 4), draw_picture(kind, 5)
    assert encoded(first) == encoded(again)
    assert first.nuts == again.nuts
    assert encoded(first) != encoded(other)


@pytest.mark.parametrize("kind", KINDS)
def test_boxes_lie_around_nuts_in_the_picture(kind: str) -> None:
    for number in range(5):
        picture = draw_picture(kind, number)
        assert picture.image.size == (WIDTH, HEIGHT)
        assert kind in [one for one, _ in picture.nuts]
        for _, (x, y, width, height) in picture.nuts:
            assert x >= 0
            assert y >= 0
            assert x + width <= WIDTH
            assert y + height <= HEIGHT
            assert min(width, height) > 15
            # The middle of a nut is not the colour of what it lies on: its box is where it was drawn.
            inside = picture.image.crop((x, y, x + width, y + height))
            assert len(inside.getcolors(1 << 16)) > 100


@given(st.lists(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])), min_size=1))
@example(["label = 'it''s'"])
@example(['a "b" $c `d` \\e !'])
def test_a_shell_reads_what_is_printed(words: Sequence[str]) -> None:
    assert shlex.split(quoted(words)) == words


@pytest.mark.parametrize(
    "word", ["it's $HOME", "it's `id`", "it's \\\\ \\n", 'it\'s "x"', "it's !!", "~", "*", "", "a\nb", "-x=y"]
)
def test_so_does_a_real_one(word: str) -> None:
    command = ["bash", "-c", f"printf %s {quoted([word])}"]
    assert subprocess.run(command, capture_output=True, check=True, text=True).stdout == word


def test_expressions_are_printed_readably() -> None:
    assert quoted(["--where", "label = 'walnut'"]) == "--where \"label = 'walnut'\""


def test_a_folder_that_is_none_is_named(tmp_path: Path) -> None:
    absent = run_demo("--images", tmp_path / "absent", "--out", tmp_path / "out")
    assert absent.returncode == 1
    assert absent.stderr.startswith(f"demo: IMAGES={tmp_path / 'absent'} is no folder")
    (tmp_path / "flat").mkdir()
    flat = run_demo("--images", tmp_path / "flat", "--out", tmp_path / "out")
    assert "a sub-folder of images for each class" in flat.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.tensorflow
def test_the_story_of_classes_with_awkward_names(tmp_path: Path) -> None:
    names = ['it\'s a "nut"', "-dash=eq $HOME", "Nüsse %_"]
    for number in range(24):
        path = tmp_path / "own" / names[number % 3] / f"im'g {number}.PNG"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(drawn(number))
    (tmp_path / "own" / names[0] / "broken.jpg").write_bytes(b"no image")
    done = run_demo("--images", tmp_path / "own", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 file left out, cannot be imported" in done.stdout
    assert "all well" in done.stdout
    assert "a batch of images (" in done.stdout
    listed = subprocess.run(
        [Path(sys.executable).parent / "dset", "project", "list", "--json"],
        cwd=tmp_path / "out" / "repository",
        capture_output=True,
        check=True,
    )
    assert json.loads(listed.stdout) == {"project": "classes", "snapshots": ["classes@1", "classes@2"]}
