"""`dset stats`: tables, JSON, a page."""

import json
import os
import pty
import subprocess
import sys
from functools import partial
from pathlib import Path

from support.command import Dset


def test_tables(nuts: Dset) -> None:
    said = nuts("stats").out
    assert said.startswith("12 files, ")
    assert "12 annotated (0 with nothing on them), 12 instances" in said.splitlines()[0]
    assert "nuts/         12         12         12" in said
    assert "PNG         12" in said
    assert "label     enum      12        0      0  almond 6, walnut 6" in said


def test_tables_on_a_terminal(nuts: Dset) -> None:
    """Whole words, whatever rich does with the room; a label in square brackets is text, not markup."""
    nuts("annotate", "nuts", "--relabel", "walnut=[red]nut[/red]")
    terminal, inside = pty.openpty()
    command = [Path(sys.executable).parent / "dset", "stats"]
    with subprocess.Popen(command, cwd=nuts.folder, stdout=inside, stderr=subprocess.DEVNULL) as process:
        os.close(inside)
        shown = b"".join(iter(partial(_read, terminal), b"")).decode()
        assert process.wait(timeout=60) == 0
    os.close(terminal)
    assert "[red]nut[/red]" in shown
    assert "instances per image" in shown
    assert "median area" in shown


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # EIO is how Linux tells that nobody has the other side open any more
        return b""


def test_a_directory_of_a_revision_and_a_filter(nuts: Dset) -> None:
    nuts("annotate", "nuts/walnut", "--clear-instances")
    now = nuts("stats", "nuts", "--json").json
    assert (now["directory"], now["where"], now["files"], now["instances"], now["empty"]) == ("nuts", None, 12, 6, 6)
    assert [one["directory"] for one in now["directories"]] == ["nuts/almond", "nuts/walnut"]
    assert nuts("stats", "HEAD:nuts", "--json").json["instances"] == 12
    picked = nuts("stats", "--where", "label = 'almond'", "--depth", "2", "--json").json
    assert picked["where"] == "label = 'almond'"
    assert {one["directory"]: one["files"] for one in picked["directories"]} == {"nuts": 6, "nuts/almond": 6}


def test_the_json_has_the_documented_keys(nuts: Dset) -> None:
    found = nuts("stats", "--json").json
    assert list(found) == [
        *("directory", "where", "files", "bytes", "annotated", "empty", "instances", "directories", "labels"),
        *("images", "geometries", "area", "relative_area", "instances_per_image", "together", "variables"),
    ]
    assert found["labels"][0] == {
        "label": "almond",
        "files": 6,
        "annotated": 6,
        "instances": 6,
        "variables": {"label": {"almond": 6}},
        "area": found["labels"][0]["area"],
        "relative_area": found["labels"][0]["relative_area"],
    }
    assert found["area"] | {"histogram": None} == {
        **{"count": 12, "min": 12.0, "p5": 12.0, "p25": 12.0, "median": 12.0, "p75": 12.0, "p95": 12.0},
        **{"max": 12.0, "mean": 12.0, "histogram": None},
    }
    documented = (Path(__file__).parents[2] / "docs" / "stats.md").read_text()
    for key in [*found, *found["images"], *found["variables"][0], *found["area"], *found["labels"][0]]:
        assert f"`{key}`" in documented, key


def test_a_page(nuts: Dset) -> None:
    said = nuts("stats", "nuts", "--html", "nuts.html")
    assert said.out == ""
    assert said.err.startswith("wrote ")
    assert said.err.endswith("nuts.html\n")
    page = (nuts.folder / "nuts.html").read_text("utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert "<h1>nuts</h1>" in page
    both = nuts("stats", "--html", "again.html", "--json")
    assert json.loads(both.out)["files"] == 12
    assert "cannot write" in nuts.fails("stats", "--html", "no/folder.html")


def test_what_is_not_there(nuts: Dset) -> None:
    assert nuts.fails("stats", "nutz") == "dset: no file or directory 'nutz'; did you mean 'nuts'?"
    assert nuts.fails("stats", "main").endswith("'dset stats main:' describes that revision")
    assert "did you mean 'label'" in nuts.fails("stats", "--where", "labl = 'walnut'")


def test_an_empty_repository(empty: Dset) -> None:
    assert empty("stats").out == "0 files, 0 bytes: 0 annotated (0 with nothing on them), 0 instances\n"
    assert empty("stats", "--json").json["images"]["count"] == 0
