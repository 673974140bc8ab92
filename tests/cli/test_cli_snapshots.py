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


def test_files_can_go_to_a_url(project: Dset) -> None:
    url = f"file://{project.folder}/sent"
    said = project("snapshot", "kinds", "--out", url)
    assert f"in {url}" in said.out.splitlines()
    assert "shards: 4 written, 0 taken over unchanged, 4 sent" in said.out
    assert project("snapshot", "kinds", "--out", url, "--json").json["out"] == url
    assert project("show", "kinds@1", "--json").json["out"] == url
    assert "6 shards read, all well" in project("verify", "kinds@1").out
    (next((project.folder / "sent").glob("*.tfrecord-*"))).unlink()
    assert project.run("verify", "kinds@1", "--json").json["ok"] is False
    assert "the files stay in file://" in project("project", "remove", "kinds", "--force").out


def test_an_address_with_a_secret_is_shown_to_nobody(project: Dset) -> None:
    for command in (("snapshot", "kinds"), ("verify", "kinds@1")):
        said = project.fails(*command, "--out", "s3://key:hunter2@nuts/kinds")
        assert "holds what may be a secret" in said
        assert "hunter2" not in said
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
    said = project.run("snapshot", "small").err
    assert said.count("nuts/walnut/bad.png") == 1
    assert "--skip-bad" in said
    taken = project("snapshot", "small", "--skip-bad", "--json")
    assert taken.json["left_out"] == {"cannot be rendered": 1}
    assert taken.err.count("nuts/walnut/bad.png") == 1
    assert "all images" in project("snapshot", "small", "--skip-bad").out
    assert project("verify", "small@1", "--rebuild").code == 0


def test_a_rebuild_says_what_differs(project: Dset, monkeypatch: pytest.MonkeyPatch) -> None:
    project("snapshot", "kinds")
    monkeypatch.setattr("dvcore.snapshot.examples.recipe.EXAMPLE_VERSION", "0")
    said = project("verify", "kinds@1", "--rebuild", "--json")
    assert said.json == {"ok": True, "problems": [], "differences": {}}
    assert "made with example 1 (here 0)" in said.err
