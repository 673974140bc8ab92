"""What a user reads when something is wrong: one line that says what, where and what to do; and nothing was done."""

import json
from pathlib import Path

import pytest
from support.command import Dset
from support.datasets import drawn

WALNUT = "nuts/walnut/00.png"


def test_outside_of_a_repository(tmp_path: Path) -> None:
    assert "'dset init' makes one" in Dset(tmp_path).fails("status")


def test_a_log_without_commits_points_at_a_misspelt_label(nuts: Dset) -> None:
    said = nuts.run("log", "--label", "walnt").err
    assert said.endswith("is one of those; no label 'walnt' is declared; did you mean 'walnut'?\n")


def test_init_twice(empty: Dset) -> None:
    assert "there already" in empty.fails("init")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("comit",), "did you mean 'commit'?"),
        (("xyzzy",), "'dset --help' lists them"),
        (("import",), "SOURCE"),
        (("import", "x"), "--to"),
        (("import", "x", "--to", "y", "--set", "a"), "'a' is not NAME=VALUE"),
        (("import", "x", "--to", "y", "--on-existing", "shrug"), "'shrug'"),
        (("commit",), "--message"),
        (("annotate", "nuts"), "say what to change"),
        (("resolve", "nuts", "--ours", "--theirs"), "say how"),
        (("annotate", "nuts", "--instances", "-", "--clear-instances"), "exclude each other"),
        (("ls", "--label", "x"), "--project"),
        (("project", "create", "p", "--label", "walnut"), "'walnut' is not NAME=EXPR"),
        (("project", "create", "p", "--split", "train=1", "--split", "train=1"), "'train' is given twice"),
        (("project", "create", "p", "--shards", "0"), "0"),
        (("-C", "nowhere", "status"), "nowhere"),
        (("log", "-n", "0"), "0"),
    ],
)
def test_wrong_usage_is_exit_code_2(empty: Dset, arguments: tuple[str, ...], said: str) -> None:
    message = empty.fails(*arguments, code=2)
    assert message.startswith("Error: ")
    assert said in message


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("ls", "nutz"), "did you mean 'nuts'?"),
        (("ls", "nuts/walnt"), "did you mean 'walnut'?"),
        (("ls", "mainn:nuts"), "no revision 'mainn'; did you mean 'main'?"),
        (("ls", "HEAD:nutz"), "did you mean 'nuts'?"),
        (("ls", "main"), "'dset ls main:' lists that revision"),
        (("show", "nuts/walnut/00.pgn"), "did you mean '00.png'?"),
        (("log", "mian"), "did you mean 'main'?"),
        (("log", "HEAD~7"), "the history is shorter"),
        (("show", "HEAD~7"), "the history is shorter"),
        (("log", "nuts"), "'--directory nuts'"),
        (("log", WALNUT), f"'--file {WALNUT}'"),
        (("diff", "nuts"), "'HEAD:nuts'"),
        (("mkdir", "a//b"), "'a//b': '' cannot be a name"),
        (("switch", "xyzzy"), "'dset branch' lists them"),
        (("tag", "-d", "xyzzy"), "'dset tag' lists them"),
        (("log", "WORK"), "HEAD is its commit"),
        (("diff", "HEAD", "vv1"), "did you mean 'v1'?"),
        (("mirror", "nutz", "x"), "did you mean 'nuts'?"),
        (("switch", "man"), "'man'"),
        (("project", "show", "kind"), "did you mean 'kinds'?"),
        (("snapshot", "kinsd"), "did you mean 'kinds'?"),
        (("snapshot", "kinds", "--at", "heads"), "no revision 'heads'"),
        (("show", "kinds@7"), "no snapshot kinds@7; there are kinds@1"),
        (("verify", "kinds"), "PROJECT@NUMBER"),
        (("diff", "kinds@1", "kinds@3"), "did you mean 'kinds@1'?"),
        (("ls", "--project", "kinds", "--label", "walnt"), "did you mean 'walnut'?"),
        (("ls", "--project", "kinds", "--split", "tran"), "did you mean 'train'?"),
        (("annotate", "nuts", "--set", "lable=walnut"), "did you mean 'label'?"),
        (("annotate", "nuts", "--set", "label=walnt"), "did you mean 'walnut'?"),
        (("variable", "remove", "lable"), "did you mean 'label'?"),
        (("project", "create", "p", "--directory", "nutz"), "did you mean 'nuts'?"),
        (("copy", "nuts", "x", "--without-variables", "lable"), "did you mean 'label'?"),
    ],
)
def test_unknown_names_suggest_the_nearest(project: Dset, arguments: tuple[str, ...], said: str) -> None:
    project("tag", "v1")
    project("snapshot", "kinds")
    message = project.fails(*arguments)
    assert message.startswith("dset: ")
    assert said in message


@pytest.mark.parametrize(
    ("expression", "column", "said"),
    [
        ("lable = 'walnut'", 1, "did you mean 'label'?"),
        ("width > 1 AND labl = 'x'", 15, "did you mean 'label'?"),
        ("label = 'walnt'", 9, "did you mean 'walnut'?"),
        ("has('walnt')", 5, "did you mean 'walnut'?"),
        ("label = walnut", 9, "'walnut'"),
        ("width >", 8, "the end"),
        ("width = 'a'", 9, "text"),
        ("1; DROP TABLE files", 2, "';'"),
    ],
)
def test_wrong_expressions_point_at_the_column(nuts: Dset, expression: str, column: int, said: str) -> None:
    for command in (
        ("ls", "nuts", "--where", expression),
        ("mirror", "nuts", "x", "--where", expression),
        ("annotate", "nuts", "--done", "--where", expression),
        ("project", "create", "p", "--where", expression),
    ):
        message = nuts.fails(*command)
        assert f" at column {column} of " in message
        assert said in message
    assert nuts("status", "--json").rows == []
    assert nuts("project", "list").out == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ("remove", "/"),
        ("remove", "nuts", "nope"),
        ("move", "nuts", "nuts/inside"),
        ("move", WALNUT, "nuts/walnut/01.png"),
        ("mirror", "nuts", "nuts/inside"),
        ("mirror", "nuts/walnut/00.png", "nuts/almond/../x"),
        ("copy", "nuts", "nuts"),
        ("mkdir", "a//b"),
        ("mkdir", "a/../b"),
        ("mkdir", f"{WALNUT}/x"),
        ("mkdir", "a\x00b"),
        ("variable", "add", "width", "--type", "int"),
        ("variable", "add", "Label", "--type", "text"),
        ("variable", "add", "label", "--type", "text"),
        ("variable", "add", "grade", "--type", "enum"),
        ("annotate", WALNUT, "--set", "label=walnut", "--unset", "label"),
        ("annotate", WALNUT, "--instances", "/nowhere.json"),
        ("commit", "-m", ""),
        ("commit", "-m", "nothing has changed"),
        ("branch", "main"),
        ("branch", "not a name"),
        ("branch", "-d", "main"),
        ("tag", "HEAD"),
        ("redo",),
        ("project", "create", "Not A Name"),
        ("project", "create", "p", "--color", "pink"),
        ("project", "create", "p", "--downsample", "huge:9"),
        ("project", "create", "p", "--split", "train=0.5"),
        ("project", "create", "p", "--definition", "/nowhere.toml"),
        ("mirror", "--from-file", "/nowhere", "x"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_done(nuts: Dset, arguments: tuple[str, ...]) -> None:
    before = nuts("operations", "--json").out, nuts("ls", "-R", "--json").out
    assert nuts.fails(*arguments).startswith("dset: ")
    assert (nuts("operations", "--json").out, nuts("ls", "-R", "--json").out) == before


@pytest.mark.parametrize("option", ["--definition", "--from-file", "--instances"])
def test_a_file_of_bytes_where_text_is_wanted(nuts: Dset, photos: Path, option: str) -> None:
    command = {
        "--definition": ("project", "create", "p"),
        "--from-file": ("mirror", "x"),
        "--instances": ("annotate", WALNUT),
    }[option]
    assert "no text in UTF-8" in nuts.fails(*command, option, str(photos / "walnut/00.png"))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("", "standard input is no JSON"),
        ("{}", "no list of instances"),
        ('[{"box": [1, 1, 2, 2]}]', "instance 1 of standard input has no label"),
        ('[{"label": "x"}]', "it has no geometry, which is one of box, rotated_box"),
        ('[{"label": "x", "box": [1, 1, 0, 2]}]', "no area"),
        ('[{"label": "x", "box": [5, 5, -2, -2]}]', "no area"),
        ('[{"label": "x", "box": [1, 1, NaN, 2]}]', "instance 1"),
        ('[{"label": "x", "box": [1, 1]}]', "instance 1"),
        ('[{"label": "x", "box": "abcd"}]', "instance 1"),
        ('[{"label": "x", "box": [1, 1, 2, 2], "colour": 1}]', "unknown key 'colour'"),
        ('[{"label": "x", "box": [1, 1, 2, 2], "id": "abc"}]', "instance 1"),
        ('[{"label": "x", "polygon": [[[1, 1, 2, 2]]]}]', "instance 1"),
        ('[{"label": "x", "mask": {"size": [8, 12], "counts": "zz"}}]', "instance 1"),
        ('[{"label": "x", "mask": {"size": [8, 12], "counts": "P3"}}]', "no area"),
        ('[{"label": "x", "mask": {"size": [12, 8], "counts": "0P3"}}]', "does not lie in the image of 12x8 pixels"),
        ('[{"label": "x", "box": [8, 1, 5, 2]}]', "does not lie in the image of 12x8 pixels"),
        ('[{"label": "", "box": [1, 1, 2, 2]}]', "instance 1"),
        ('[{"label": "x ", "box": [1, 1, 2, 2]}]', "'x ' cannot be a label: it begins or ends with a space"),
        ('[{"label": "x", "box": [1, 1, 2, 2], "attributes": {"a\\nb": 1}}]', "cannot be an attribute"),
        ("[" * 100_000, "no JSON"),
    ],
)
def test_wrong_instances_are_named(nuts: Dset, given: str, said: str) -> None:
    assert said in nuts.fails("annotate", WALNUT, "--instances", "-", stdin=given)
    assert nuts("status", "--json").rows == []


def test_faulty_files_stop_the_import_and_are_all_named(empty: Dset, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name, data in {
        "good.png": drawn(1),
        "text.png": b"no image",
        "zero.jpg": b"",
        "cut.png": drawn(2)[:-20],
        "README.md": b"#",
        ".hidden.png": b"",
    }.items():
        (source / name).write_bytes(data)
    stopped = empty.run("import", source, "--to", "nuts")
    assert stopped.code == 1
    assert stopped.out == ""
    assert all(f"{source / name}: " in stopped.err for name in ("text.png", "zero.jpg", "cut.png"))
    assert "good.png" not in stopped.err
    assert "--skip-bad" in stopped.err.splitlines()[-1]
    assert empty("ls", "-R").out == ""
    assert empty("operations").out == ""

    done = empty("import", source, "--to", "nuts", "--skip-bad")
    assert empty.paths("-R") == ["nuts/good.png"]
    assert all(name in done.err for name in ("text.png", "zero.jpg", "cut.png"))
    assert "passed over 2 files" in done.out


def coco_folder(folder: Path, **changes: object) -> Path:
    """A folder of one picture and a COCO json of it, parts of which are exchanged."""
    folder.mkdir()
    (folder / "a.png").write_bytes(drawn(1))
    sound = {
        "images": [{"id": 1, "file_name": "a.png", "width": 12, "height": 8}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 4, 4]}],
        "categories": [{"id": 1, "name": "nut"}],
    }
    (folder / "boxes.json").write_text(json.dumps(sound | changes))
    return folder


@pytest.mark.parametrize(
    ("name", "said"),
    [("missing.png", "missing"), ("../a.png", "leads out of the folder"), ("/etc/a.png", "absolute")],
)
def test_coco_that_names_a_file_that_is_not_there(empty: Dset, tmp_path: Path, name: str, said: str) -> None:
    images = [{"id": 1, "file_name": "a.png"}, {"id": 2, "file_name": name}]
    source = coco_folder(tmp_path / "source", images=images)
    stopped = empty.run("import", source, "--to", "nuts")
    assert stopped.code == 1
    assert said in stopped.err
    assert name in stopped.err
    assert empty("ls").out == ""


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"category_id": 9}, "annotation 2: has the unknown category_id 9"),
        ({"image_id": 9}, "annotation 2: has the unknown image_id 9"),
        ({"id": 1}, "annotation 1: has the id of an annotation before it"),
        ({"bbox": [1, 1, 0, 4]}, "annotation 2: has no area"),
        ({"bbox": [50, 50, 4, 4]}, "annotation 2: is outside"),
        ({"bbox": [1, float("nan"), 4, 4]}, "annotation 2: has a bbox"),
    ],
)
def test_a_faulty_instance_is_left_out_and_named(
    empty: Dset, tmp_path: Path, changes: dict[str, object], said: str
) -> None:
    sound = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 4, 4]}
    other = {"id": 2, "image_id": 1, "category_id": 1, "bbox": [2, 2, 4, 4], **changes}
    source = coco_folder(tmp_path / "source", annotations=[sound, other])
    stopped = empty.run("import", source, "--to", "nuts", "--strict")
    assert stopped.code == 1
    assert said in stopped.err
    assert empty("ls").out == ""
    assert said in empty("import", source, "--to", "nuts").err
    assert len(empty("show", "nuts/a.png", "--json").json["instances"]) == 1


def test_a_name_that_is_taken(nuts: Dset, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "00.png").write_bytes(drawn(99))
    message = nuts.fails("import", other, "--to", "nuts/walnut")
    assert "00.png" in message
    assert "--on-existing" in message
    before = nuts("show", WALNUT, "--json").json
    nuts("import", other, "--to", "nuts/walnut", "--on-existing", "skip")
    assert nuts("show", WALNUT, "--json").json == before
    assert "came in as" in nuts("import", other, "--to", "nuts/walnut", "--on-existing", "rename").out
    nuts("import", other, "--to", "nuts/walnut", "--on-existing", "replace")
    replaced = nuts("show", WALNUT, "--json").json
    assert replaced["blob"] != before["blob"]
    assert {name: replaced[name] for name in ("id", "split_key", "instances", "variables")} == {
        name: before[name] for name in ("id", "split_key", "instances", "variables")
    }


def test_no_traceback_unless_asked_for(empty: Dset) -> None:
    assert "Traceback" not in empty.run("ls", "nope").err
    shown = empty.run("--debug", "ls", "nope")
    assert shown.code == 1
    assert "Traceback" in shown.err
    assert shown.err.splitlines()[-1].startswith("dset: no file or directory 'nope'")


@pytest.mark.parametrize("option", ["--set=note=\udcff", "--set=\udcff=1", "--format=\udcff", "--annotations=\udcff"])
def test_an_option_that_is_no_utf_8_is_one_line(empty: Dset, option: str) -> None:
    """As the shell gives `--set $'note=\\xff'`."""
    dset = empty
    (dset.folder / "in").mkdir()
    (dset.folder / "in/a.txt").write_text("a")
    dset("variable", "add", "note", "--type", "text")
    result = dset.run("import", "in", "--to", "d", *(() if "format" in option else ("--format", "files")), option)
    assert result.code == 1
    assert result.err.startswith("dset: ")
    assert result.err.count("\n") == 1
    assert "internal" not in result.err
