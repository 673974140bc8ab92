"""What `dset snapshot` and `dset verify` say beyond the JSON that scripts rely on."""

from pathlib import Path

import pytest
from support.command import Dset
from support.datasets import broken


def test_a_dry_run_says_how_large_it_would_be_and_writes_nothing(project: Dset) -> None:
    said = project("snapshot", "kinds", "--dry-run").out
    assert " in 6 shards" in said.splitlines()[-1]
    estimate = project("snapshot", "kinds", "--dry-run", "--json").json["estimate"]
    assert [split["shards"] for split in estimate.values()] == [2, 2, 2]
    assert estimate["train"]["bytes"] > 0
    assert not (project.folder / ".dset" / "snapshots" / "kinds@1").exists()
    assert project("project", "list", "--json").rows == [{"project": "kinds", "snapshots": []}]


def test_an_object_store_is_no_folder(project: Dset) -> None:
    assert "s3://nuts/kinds is no folder" in project.fails("snapshot", "kinds", "--out", "s3://nuts/kinds")
    assert not (project.folder / "s3:").exists()


def test_a_folder_with_something_in_it_is_left_alone(project: Dset) -> None:
    (project.folder / "mine").mkdir()
    (project.folder / "mine" / "notes.txt").write_text("keep")
    assert "mine holds something else" in project.fails("snapshot", "kinds", "--out", "mine")
    assert [path.name for path in (project.folder / "mine").iterdir()] == ["notes.txt"]
    assert project("project", "list", "--json").rows == [{"project": "kinds", "snapshots": []}]


def test_an_image_that_does_not_decode_is_named_and_can_be_left_out(project: Dset, tmp_path: Path) -> None:
    bad = tmp_path / "more" / "walnut" / "bad.png"
    bad.parent.mkdir(parents=True)
    bad.write_bytes(broken(3))
    project("import", tmp_path / "more", "--to", "nuts", "--format", "folders")
    project("commit", "-m", "one that does not decode")
    project("project", "duplicate", "kinds", "small", "--downsample", "both:4x4")
    said = project.fails("snapshot", "small")
    assert "nuts/walnut/bad.png" in said
    assert "--skip-bad" in said
    taken = project("snapshot", "small", "--skip-bad", "--json")
    assert taken.json["left_out"] == {"cannot be rendered": 1}
    assert "nuts/walnut/bad.png" in taken.err
    assert project("verify", "small@1", "--rebuild").code == 0


def test_a_rebuild_says_what_differs(project: Dset, monkeypatch: pytest.MonkeyPatch) -> None:
    project("snapshot", "kinds")
    monkeypatch.setattr("dvcore.snapshot.examples.recipe.EXAMPLE_VERSION", "0")
    said = project("verify", "kinds@1", "--rebuild", "--json")
    assert said.json == {"ok": True, "problems": [], "differences": {}}
    assert "made with example 1 (here 0)" in said.err
