"""What scripts rely on: `--json` prints JSON and nothing else, with these keys."""

from pathlib import Path
from typing import Any

import pytest
from support.command import Dset

FILE = {"path", "id", "blob", "width", "height", "variables", "instances"}
SNAPSHOT = {"snapshot", "commit", "digest", "out", "splits", "left_out"}
CHANGE = {"change", "path", "file", "blob", "variables", "instances"}
ALMOND = "nuts/almond/06.png"
WALNUT = "nuts/walnut/00.png"


def is_id(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 64 and set(value) <= set("0123456789abcdef")


def test_ls_gives_directories_and_files(nuts: Dset) -> None:
    assert nuts("ls", "--json").rows == [{"directory": "nuts", "files": 12}]
    assert nuts("ls", "nuts", "--json").rows == [
        {"directory": "nuts/almond", "files": 6},
        {"directory": "nuts/walnut", "files": 6},
    ]
    rows = nuts("ls", "nuts/walnut", "--json").rows
    assert [row["path"] for row in rows] == [f"nuts/walnut/{number:02d}.png" for number in range(6)]
    assert rows[0].keys() >= FILE
    assert is_id(rows[0]["id"])
    assert is_id(rows[0]["blob"])
    assert (rows[0]["width"], rows[0]["height"], rows[0]["instances"]) == (12, 8, 1)
    assert rows[0]["variables"] == {"label": "walnut"}


def test_ls_deep_gives_files_only(nuts: Dset) -> None:
    for arguments in (("-R",), ("nuts", "-R"), ("--where", "width = 12")):
        rows = nuts("ls", *arguments, "--json").rows
        assert len(rows) == 12
        assert all(row.keys() >= FILE for row in rows)


@pytest.mark.parametrize(
    ("arguments", "number"),
    [
        ((), 12),
        (("nuts/walnut",), 6),
        ((WALNUT,), 1),
        (("--where", "label = 'almond'"), 6),
        (("--where", "label = 'almond' AND path = 'x'"), 0),
        (("HEAD:nuts/walnut",), 6),
    ],
)
def test_ls_count_is_a_number(nuts: Dset, arguments: tuple[str, ...], number: int) -> None:
    assert nuts("ls", *arguments, "--count").out == f"{number}\n"
    assert nuts("ls", *arguments, "--count", "--json").json == number


def test_commit_and_log(nuts: Dset) -> None:
    nuts("annotate", WALNUT, "--set", "label=almond")
    commit = nuts("commit", "-m", "relabelled\n\nby hand", "--json").json
    assert commit.keys() == {"commit"}
    newest, first = nuts("log", "--json").rows
    assert newest.keys() >= {"commit", "parents", "author", "time", "message"}
    assert newest["commit"] == commit["commit"]
    assert newest["parents"] == [first["commit"]]
    assert first["parents"] == []
    assert (newest["author"], newest["message"]) == ("Ada <ada@example.org>", "relabelled\n\nby hand")
    assert newest["time"].endswith("+00:00")
    assert nuts("log", "HEAD~1", "--json").rows == [first]
    assert nuts("log", "-n", "1", "--json").rows == [newest]


def test_status_and_diff_give_a_line_a_change(nuts: Dset) -> None:
    assert nuts("status", "--json").out == ""
    nuts("annotate", WALNUT, "--set", "label=almond", "--clear-instances")
    nuts("remove", ALMOND)
    nuts("move", "nuts/walnut/01.png", "moved.png")
    nuts("copy", "nuts/walnut/02.png", "copies")
    rows = nuts("status", "--json").rows
    assert nuts("diff", "--json").rows == rows
    changes = {row["change"]: row for row in rows}
    assert all(row.keys() >= CHANGE for row in rows)
    assert {kind: row["path"] for kind, row in changes.items()} == {
        "modified": WALNUT,
        "removed": ALMOND,
        "moved": "moved.png",
        "added": "copies/02.png",
    }
    assert changes["modified"]["variables"] == {"label": ["walnut", "almond"]}
    assert changes["modified"]["instances"] == {"added": 0, "removed": 1, "modified": 0}
    assert changes["added"]["blob"][0] is None
    assert is_id(changes["added"]["blob"][1])


def test_diff_turned_round_is_the_opposite(nuts: Dset) -> None:
    nuts("remove", ALMOND)
    (row,) = nuts("diff", "WORK", "HEAD", "--json").rows
    assert (row["change"], row["path"]) == ("added", ALMOND)


def test_diff_stat_gives_counts(nuts: Dset) -> None:
    nuts("annotate", "nuts/walnut", "--clear-instances")
    assert nuts("diff", "--stat", "--json").json == {
        "files": {"added": 0, "removed": 0, "modified": 6, "moved": 0},
        "replaced": 0,
        "instances": {"added": 0, "removed": 6, "modified": 0},
        "variables": {},
        "labels": {},
        "declarations": [],
        "definition": {},
    }


def test_diff_stat_counts_declarations(nuts: Dset) -> None:
    nuts("variable", "add", "dpi", "--type", "int")
    assert nuts("diff", "--stat", "--json").json["variables"] == {"added": 1}
    assert "+ variable dpi" in nuts("diff", "--stat").out


def test_show_file_gives_it_whole(nuts: Dset) -> None:
    nuts("mirror", WALNUT, "walnuts")
    shown = nuts("show", WALNUT, "--json").json
    assert shown.keys() >= FILE
    assert shown["variables"] == {"label": "walnut"}
    assert shown["annotated"] is True
    assert sorted(shown["paths"]) == [WALNUT, "walnuts/00.png"]
    (instance,) = shown["instances"]
    assert instance.keys() >= {"id", "label", "box"}
    assert (instance["label"], instance["box"]) == ("walnut", [1, 2, 3, 4])
    assert nuts("show", shown["id"], "--json").json == shown | {"path": shown["paths"][0]}


def test_what_show_prints_annotate_takes(nuts: Dset) -> None:
    shown = nuts("show", WALNUT, "--json").out
    nuts("annotate", WALNUT, "--instances", "-", stdin=shown)
    assert nuts("status", "--json").rows == []


def test_snapshot_and_show_of_it(project: Dset) -> None:
    taken = project("snapshot", "kinds", "--json").json
    assert taken.keys() >= SNAPSHOT
    assert taken["snapshot"] == "kinds@1"
    assert taken["commit"] == project("log", "--json").rows[0]["commit"]
    assert is_id(taken["digest"])
    assert Path(taken["out"]).is_absolute()
    assert list(taken["splits"]) == ["train", "eval", "test"]
    for name, split in taken["splits"].items():
        assert split.keys() >= {"examples", "labels", "shards"}
        assert list(split["labels"]) == ["walnut", "almond"]
        assert split["examples"] == sum(split["labels"].values())
        for number, shard in enumerate(split["shards"]):
            assert shard.keys() >= {"name", "examples", "bytes", "digest"}
            assert shard["name"] == f"kinds-{name}.tfrecord-{number:05d}-of-00002"
            assert (Path(taken["out"]) / shard["name"]).stat().st_size == shard["bytes"]
    assert sum(split["examples"] for split in taken["splits"].values()) == 12
    assert project("show", "kinds@1", "--json").json.items() >= taken.items()
    assert project("snapshot", "kinds", "--json").json == taken


def test_left_out_images_are_counted_by_reason(project: Dset, photos: Path) -> None:
    project("import", photos / "boxes.json", "--to", "nuts", "--format", "files")
    project("annotate", WALNUT, "--unset", "label")
    project("commit", "-m", "one without a label, one no image")
    left_out = project("snapshot", "kinds", "--json").json["left_out"]
    assert sorted(left_out.values()) == [1, 1]


def test_snapshot_diff_gives_a_line_an_image(project: Dset) -> None:
    project("snapshot", "kinds")
    project("annotate", WALNUT, "--set", "label=almond")
    project("commit", "-m", "relabelled")
    project("snapshot", "kinds")
    (row,) = project("diff", "kinds@1", "kinds@2", "--json").rows
    assert row.keys() >= CHANGE | {"labels", "split"}
    assert (row["change"], row["path"]) == ("modified", WALNUT)
    assert row["labels"] == [["walnut"], ["almond"]]
    assert row["split"][0] == row["split"][1]
    assert row["variables"] == {"label": ["walnut", "almond"]}
    assert row["instances"] == {"added": 0, "removed": 0, "modified": 0}
    (tree_row,) = project("diff", "kinds@1", "HEAD", "--json").rows
    assert row.items() >= tree_row.items()
    stat = project("diff", "kinds@1", "kinds@2", "--stat", "--json").json
    assert stat["images"]["modified"] == 1


def test_ls_of_a_project_narrows_by_label_split_and_expression(project: Dset) -> None:
    assert len(project.paths("--project", "kinds")) == 12
    assert len(project.paths("--project", "kinds", "--label", "almond")) == 6
    assert project.paths("--project", "kinds", "--where", "name = '03.png'") == ["nuts/walnut/03.png"]
    assert len(project.paths("nuts/walnut", "--project", "kinds")) == 6
    by_split = [project.paths("--project", "kinds", "--split", split) for split in ("train", "eval", "test")]
    assert sorted(path for paths in by_split for path in paths) == sorted(project.paths("--project", "kinds"))


def test_lists(project: Dset) -> None:
    assert project("project", "list", "--json").rows == [{"project": "kinds", "snapshots": []}]
    assert project("project", "show", "kinds", "--json").json.keys() >= {"splits", "left_out"}
    (variable,) = project("variable", "list", "--json").rows
    assert (variable["name"], variable["type"], variable["choices"]) == ("label", "enum", ["almond", "walnut"])
    (branch,) = project("branch", "--json").rows
    assert (branch["branch"], branch["current"]) == ("main", True)
    newest = project("operations", "-n", "1", "--json").json
    assert newest.keys() >= {"number", "kind", "description", "author", "time"}


def test_names_in_any_script_come_out_as_they_are(nuts: Dset) -> None:
    nuts("mirror", WALNUT, "Nüsse/核桃")
    result = nuts("ls", "Nüsse", "-R", "--json")
    assert "Nüsse/核桃/00.png" in result.out


def test_a_snapshot_in_a_chosen_folder_is_found_there(project: Dset) -> None:
    taken = project("snapshot", "kinds", "--out", "shards", "--json").json
    assert taken["out"] == str(project.folder / "shards")
    assert project("show", "kinds@1", "--json").json.items() >= taken.items()
    assert project("verify", "kinds@1", "--json").json == {"ok": True, "problems": []}
    (project.folder / "shards").rename(project.folder / "moved")
    shown = project("show", "kinds@1", "--json")
    assert shown.json.items() >= taken.items()
    assert f"{taken['out']}, which is not there" in shown.err
    gone = project.run("verify", "kinds@1", "--json")
    assert (gone.code, gone.json["ok"], len(gone.json["problems"])) == (1, False, 1)
    assert taken["out"] in gone.json["problems"][0]
    assert project("verify", "kinds@1", "--out", "moved", "--json").json["ok"] is True
