"""`dset diff` of trees: what people see, what scripts get, pages and pagers."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from support.command import Dset

WALNUT = "nuts/walnut/00.png"
BIN = Path(sys.executable).parent


@pytest.fixture
def edited(nuts: Dset) -> Dset:
    """One file of each kind of change, a directory, and a declaration."""
    moved = [{"label": "walnut", "box": [1.5, 2, 3, 4]}, {"label": "walnut", "box": [9, 5, 2, 2]}]
    nuts("annotate", WALNUT, "--instances", "-", stdin=json.dumps(moved))
    nuts("move", "nuts/walnut/01.png", "nuts/walnut/one.png")
    nuts("remove", "nuts/almond/06.png")
    nuts("copy", "nuts/walnut/02.png", "copies")
    nuts("mkdir", "later")
    nuts("variable", "add", "dpi", "--type", "int")
    return nuts


def test_counts_first_then_by_directory(edited: Dset) -> None:
    assert (
        edited("diff", "--instances").out
        == """\
4 changes: 1 added, 1 removed, 1 modified, 1 moved

+ variable dpi
+ later/  (empty)

copies/  (new)
  + 02.png  (instances: 1 added)
      + walnut box at 1,2 size 3x4

nuts/almond/
  - 06.png  (instances: 1 removed)
      - almond box at 1,2 size 3x4

nuts/walnut/
  ~ 00.png  (instances: 1 added, 1 modified)
      + walnut box at 9,5 size 2x2
      ~ walnut box at 1,2 size 3x4 -> box at 1.5,2 size 3x4; IoU 0.71, moved +0.5,+0.0 px; source changed
  > one.png  (from nuts/walnut/01.png)
"""
    )


def test_status_is_the_same_and_stops_after_some(edited: Dset) -> None:
    plain = edited("diff").out
    assert edited("status").out == "branch main\n" + plain
    edited("copy", "nuts", "many")
    edited("copy", "nuts", "more")
    lines = edited("status").out.splitlines()
    assert lines[1] == "26 changes: 23 added, 1 removed, 1 modified, 1 moved"
    assert lines[-1] == "… and 6 more; 'dset diff' lists all"


def test_instances_of_a_modified_file_as_json(edited: Dset) -> None:
    (row,) = (row for row in edited("diff", "--instances", "--json").rows if row["change"] == "modified")
    assert row["instances"] == {"added": 1, "removed": 0, "modified": 1}
    by_kind = {old is None: (old, new) for old, new in row["instance_changes"]}
    assert by_kind[False][0]["box"] == [1, 2, 3, 4]
    assert by_kind[False][1]["box"] == [1.5, 2, 3, 4]
    told = [one for one in row["instance_differences"] if one]
    assert told == [{"fields": ["id", "geometry", "source"], "iou": pytest.approx(2.5 / 3.5), "shift": [0.5, 0]}]


def test_counts_of_everything(edited: Dset) -> None:
    stat = edited("diff", "--stat", "--json").json
    assert stat["files"] == {"added": 1, "removed": 1, "modified": 1, "moved": 1}
    assert stat["instances"] == {"added": 2, "removed": 1, "modified": 1}
    assert stat["declarations"] == [
        {"change": "added", "variable": "dpi", "declared": [None, {"name": "dpi", "type": "int"}]}
    ]
    assert "instances: 2 added, 1 removed, 1 modified" in edited("diff", "--stat").out


def test_other_bytes_are_counted(nuts: Dset, tmp_path: Path, photos: Path) -> None:
    other = tmp_path / "other" / "walnut"
    other.mkdir(parents=True)
    (other / "00.png").write_bytes((photos / "almond" / "07.png").read_bytes())
    nuts("import", other.parent, "--to", "nuts", "--on-existing", "replace", "--format", "images")
    assert "other bytes: 1 file" in nuts("diff", "--stat").out
    assert nuts("diff", "--stat", "--json").json["replaced"] == 1


def test_a_directory_of_a_revision(edited: Dset) -> None:
    assert [row["path"] for row in edited("diff", "HEAD:nuts/walnut", "--json").rows] == [WALNUT, "nuts/walnut/one.png"]
    assert edited("diff", "HEAD:nuts/almond", "WORK:nuts/almond").out.splitlines()[0] == "1 change: 1 removed"
    assert "did you mean 'nuts'" in edited.fails("diff", "HEAD:nutz")


def test_definitions_of_two_projects(project: Dset) -> None:
    project("project", "duplicate", "kinds", "gray", "--color", "gray", "--label", "nut=true")
    out = project("diff", "kinds", "gray").out
    assert out.splitlines() == ["~ color: rgb -> gray", "+ label nut: true"]
    assert project("diff", "kinds", "gray", "--stat", "--json").json["definition"] == {
        "color": ["rgb", "gray"],
        "label nut": [None, "true"],
    }


def test_a_page(edited: Dset) -> None:
    result = edited("diff", "--html", "changes.html")
    assert result.err.splitlines()[-1] == "wrote changes.html"
    assert result.out.startswith("4 changes")
    page = (edited.folder / "changes.html").read_text()
    assert page.count("<article>") == 4
    assert page.count("data:image/jpeg") == 6, "both sides of two files, and one side of two"
    assert page.count('<g class="changed">') == 2
    assert page.count('<g class="added">') == 1
    assert "moved +0.5,+0.0 px" in page
    assert len(edited("diff", "--html", "again.html", "--json").rows) == 5
    assert "cannot write" in edited.fails("diff", "--html", "nowhere/page.html")


def on_terminal(folder: Path, *arguments: str, **environment: str) -> str:
    """What a terminal shows of a command."""
    ours, theirs = pty.openpty()
    clean = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "PAGER", "LESS"}}
    with subprocess.Popen(
        [BIN / "dset", *arguments], cwd=folder, stdout=theirs, stderr=subprocess.PIPE, env=clean | environment
    ) as process:
        os.close(theirs)
        shown = b""
        try:
            while data := os.read(ours, 65_536):
                shown += data
        except OSError:  # what Linux says when the other end is closed
            pass
        assert process.stderr is not None
        assert process.stderr.read() == b""
    os.close(ours)
    assert process.returncode == 0
    return shown.decode().replace("\r\n", "\n")


def test_colours_on_a_terminal_only(edited: Dset) -> None:
    plain = edited("diff").out
    assert "\x1b" not in plain
    colored = on_terminal(edited.folder, "diff", PAGER="cat")
    assert "\x1b[32m+ 02.png\x1b[0m" in colored
    assert on_terminal(edited.folder, "diff", PAGER="cat", NO_COLOR="1") == plain


def test_a_pager_on_a_terminal_only(edited: Dset, tmp_path: Path) -> None:
    pager = tmp_path / "pager"
    pager.write_text("#!/bin/sh\necho through $1\nexec cat\n")
    pager.chmod(0o755)
    plain = edited("diff", env={"PAGER": str(pager)}).out
    assert "through" not in plain
    shown = on_terminal(edited.folder, "diff", PAGER=f"{pager} 'a b'", NO_COLOR="1")
    assert shown == f"through a b\n{plain}"
    assert "\x1b[32m+ 02.png" in on_terminal(edited.folder, "diff", PAGER=str(pager))


def test_a_pager_that_is_left_early_or_is_none(edited: Dset) -> None:
    edited("copy", "nuts", "many")
    assert on_terminal(edited.folder, "diff", "--instances", PAGER="true") == ""
    for none in ("/nowhere/pager", "less 'never closed"):
        assert "changes" in on_terminal(edited.folder, "diff", PAGER=none)
