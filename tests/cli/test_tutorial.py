"""The tutorial, done as it is written: commands, a file, Python, on copies of the folders that it speaks of."""

import contextlib
import re
import shlex
import shutil
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import pytest
from support.command import Dset

PAGE = Path(__file__).parents[2] / "docs" / "tutorial.md"
FOLDERS = {"photographs": "coco-polygons", "digits": "sign-digits"}


@dataclass(frozen=True)
class Block:
    """A block of code of the page: its language and its text."""

    language: str
    text: str


@dataclass(frozen=True)
class Step:
    """A command, and the lines that the page shows of what it prints."""

    command: str
    shown: tuple[str, ...]


def blocks():
    return [Block(*found) for found in re.findall(r"^```(\w+)\n(.*?)^```$", PAGE.read_text(), re.M | re.S)]


def steps(text):
    """The commands of a block, each with the lines after it."""
    numbered = []
    for line in text.replace("\\\n", "").splitlines():
        numbered.append((sum(one.startswith("$ ") for _, one in numbered) + line.startswith("$ "), line))
    groups = [[line for _, line in group] for _, group in groupby(numbered, key=lambda one: one[0])]
    return [Step(first.removeprefix("$ "), tuple(shown)) for first, *shown in groups]


def is_shown(shown, printed):
    """Whether these lines are what is printed, `…` standing for any text, and alone for any number of lines."""
    parts = (re.escape(line).replace("…", ".*") + "\n" if line != "…" else "(?:.*\n)*?" for line in shown)
    return re.fullmatch("".join(parts), printed) is not None


@pytest.fixture
def dset(tmp_path, shared_data):
    for name, source in FOLDERS.items():
        shutil.copytree(shared_data / source, tmp_path / name)
    return Dset(tmp_path)


def test_the_tutorial_is_what_happens(dset):
    for block in blocks():
        match block.language:
            case "console":
                for step in steps(block.text):
                    name, *arguments = shlex.split(step.command)
                    assert name == "dset", step
                    printed = dset(*arguments).out
                    assert not step.shown or is_shown(step.shown, printed), f"{step.command}\n{printed}"
            case "toml":
                name = block.text.partition("\n")[0].removeprefix("# ")
                (dset.folder / name).write_text(block.text)
            case "python":
                with contextlib.chdir(dset.folder):
                    exec(compile(block.text, str(PAGE), "exec"), {})
            case other:
                pytest.fail(f"the tutorial has a block of {other!r}")
    page = (dset.folder / "changes.html").read_text()
    assert page.count('<g class="removed">') == 4
    assert dset("fsck", "--json").json["ok"]


def test_the_page_has_a_block_of_each_kind():
    found = blocks()
    assert {block.language for block in found} == {"console", "toml", "python"}
    assert sum(len(steps(block.text)) for block in found if block.language == "console") > 30


def test_shown_lines_are_compared():
    assert is_shown(("a … c", "…", "end"), "a b c\nx\ny\nend\n")
    assert is_shown(("…", "end"), "end\n")
    assert not is_shown(("a",), "a\nb\n")
    assert not is_shown(("a", "…", "b"), "a\nc\n")
