"""Naming things: by path, by file id, under a revision."""

from pathlib import Path

import pytest
from support.command import Dset

WALNUT = "nuts/walnut/00.png"


def file_id(nuts: Dset, path: str) -> str:
    return str(nuts("ls", path, "--json").json["id"])


def test_a_file_id_stands_for_its_file(nuts: Dset) -> None:
    walnut = file_id(nuts, WALNUT)
    nuts("annotate", walnut, "--set", "label=almond")
    assert nuts("ls", walnut, "--json").json["variables"] == {"label": "almond"}
    assert nuts("ls", f"HEAD:{walnut}", "--json").json["variables"] == {"label": "walnut"}
    nuts("mirror", walnut, "picked")
    nuts("copy", "--from-file", "-", "copied", stdin=f"{walnut}\n")
    assert [row["path"] for row in nuts("ls", "picked", "--json").rows] == ["picked/00.png"]
    assert [row["path"] for row in nuts("ls", "copied", "--json").rows] == ["copied/00.png"]
    assert "no file or directory" in nuts.fails("annotate", "0" * 64, "--done")


def test_a_name_with_a_colon(nuts: Dset) -> None:
    nuts("mirror", "nuts/walnut", "we:ird")
    assert nuts("ls", ":we:ird", "--count").json == 6
    assert nuts("ls", "WORK:we:ird", "--count").json == 6
    assert "':we:ird' is the path of that name" in nuts.fails("ls", "we:ird")


@pytest.mark.parametrize(("name", "said"), [("nutz", "'nuts'"), ("kindz", "'kinds'"), ("mian", "'main'")])
def test_show_suggests_whatever_is_called_nearly_so(project: Dset, name: str, said: str) -> None:
    assert f"did you mean {said}?" in project.fails("show", name)


def test_a_tag_and_a_branch_cannot_share_a_name(nuts: Dset) -> None:
    assert "branch is called 'main'" in nuts.fails("tag", "main")
    nuts("tag", "v1")
    assert "tag is called 'v1'" in nuts.fails("branch", "v1")
    assert "it has a meaning" in nuts.fails("branch", "WORK")


def test_a_project_is_shown_where_the_working_state_no_longer_fits_it(project: Dset) -> None:
    project("move", "nuts", "elsewhere")
    shown = project("show", "kinds")
    assert 'directories = ["nuts"]' in shown.out
    assert "the working state does not fit the project kinds: no directory 'nuts'" in shown.err
    assert project("project", "show", "kinds", "--json").json == {"project": "kinds", "snapshots": []}


def test_faults_are_one_line_each_whatever_the_names(empty: Dset, tmp_path: Path) -> None:
    folder = tmp_path / "strange"
    folder.mkdir()
    (folder / "a\x1b[31m\nb.jpg").write_bytes(b"none")
    fault, summary = empty.run("import", folder, "--to", "n").err.splitlines()
    assert "a\\x1b[31m\\nb.jpg" in fault
    assert summary.startswith("dset: 1 file cannot be imported")


def test_json_that_nobody_looks_into_is_mentioned(empty: Dset, photos: Path) -> None:
    assert "passed over 1 json file" in empty("import", photos, "--to", "n", "--format", "images").err
    assert "passed over 1 json file" in empty("import", photos, "--to", "m", "--format", "folders").err
    assert "json file" not in empty("import", photos, "--to", "o", "--format", "coco").err
