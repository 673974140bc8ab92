"""Projects by commands: made, changed, duplicated, removed, looked at; on drawn pictures and on real photographs."""

from pathlib import Path

import pytest
from support.command import Dset

from dvcore.repo.projects import load_project
from dvcore.repo.repository import Repository
from dvcore.snapshot.projects.toml import parse_definition


@pytest.fixture
def dates(empty: Dset, shared_data: Path) -> Dset:
    """The photographs of dates, figs and hazelnuts with their polygons, committed."""
    source = shared_data / "coco-polygons"
    empty("import", source, "--to", "nuts", "--annotations", source / "trainval.json")
    empty("commit", "-m", "as they came")
    return empty


def definition(dset: Dset, name: str) -> str:
    return dset("project", "show", name, "--toml").out


def labels(dset: Dset, name: str) -> list[str]:
    return [label.name for label in parse_definition(definition(dset, name)).labels]


def last(dset: Dset) -> str:
    description = dset("operations", "--json").rows[0]["description"]
    assert isinstance(description, str)
    return description


def test_a_project_is_edited_until_its_first_snapshot(project: Dset) -> None:
    said = project("project", "edit", "kinds", "--color", "gray", "--where", "width > 3", "--split", "all-of-it=1")
    assert said.out.startswith("changed the project kinds; now it holds:")
    assert last(project) == "project: edit kinds"
    text = definition(project, "kinds")
    assert 'color = "gray"' in text
    assert "width > 3" in text
    assert "is so already" in project("project", "edit", "kinds", "--color", "gray").out
    assert last(project) == "project: edit kinds"
    project("undo")
    assert 'color = "rgb"' in definition(project, "kinds")

    project("snapshot", "kinds")
    assert "'dset project duplicate kinds kinds-2'" in project.fails("project", "edit", "kinds", "--color", "gray")
    made = project("project", "duplicate", "kinds", "kinds-2", "--color", "gray")
    assert made.out.startswith("made the project kinds-2; now it holds:")
    assert last(project) == "project: duplicate kinds as kinds-2"
    rows = project("project", "list", "--json").rows
    assert rows == [{"project": "kinds", "snapshots": ["kinds@1"]}, {"project": "kinds-2", "snapshots": []}]
    frozen, free = definition(project, "kinds"), definition(project, "kinds-2")
    assert free == frozen.replace('color = "rgb"', 'color = "gray"')
    assert free.count("shards = 2") == 3


def test_an_edit_by_a_file_takes_the_place_of_the_whole(project: Dset) -> None:
    project(
        "project",
        "edit",
        "kinds",
        "--definition",
        "-",
        stdin='color = "gray"\nleak = "warn"',
    )
    made = parse_definition(definition(project, "kinds"))
    assert (made.labels, made.image.color, made.leak) == ((), "gray", "warn")


def test_what_show_prints_create_takes(project: Dset) -> None:
    project("project", "create", "again", "--definition", "-", stdin=definition(project, "kinds"))
    assert definition(project, "again") == definition(project, "kinds")


def test_two_labels_are_merged_into_one(dates: Dset) -> None:
    most = {"fig": ">", "hazelnut": "<", "date": "="}
    only = {name: f"count('fig') {sign} count('hazelnut')" for name, sign in most.items()}
    given = [part for name, where in only.items() for part in ("--label", f"{name}={where}")]
    dates("project", "create", "nuts", "--directory", "nuts", *given)
    before = {name: set(dates.paths("--project", "nuts", "--label", name)) for name in only}
    assert all(before.values())
    dates("snapshot", "nuts")
    merges = ("--merge-label", "other=fig", "--merge-label", "other=hazelnut")
    dates("project", "duplicate", "nuts", "nuts-two", *merges)
    assert labels(dates, "nuts-two") == ["date", "other"]
    assert set(dates.paths("--project", "nuts-two", "--label", "other")) == before["fig"] | before["hazelnut"]
    for split in ("train", "eval", "test"):
        both = [set(dates.paths("--project", name, "--split", split)) for name in ("nuts", "nuts-two")]
        assert both[0] == both[1]


def test_labels_are_removed_duplicated_and_replaced(project: Dset) -> None:
    project("project", "edit", "kinds", "--duplicate-label", "nut=walnut", "--remove-label", "walnut")
    assert labels(project, "kinds") == ["almond", "nut"]
    project("project", "edit", "kinds", "--label", "nut=true")
    assert 'where = "true"' in definition(project, "kinds")
    assert "did you mean 'almond'?" in project.fails("project", "edit", "kinds", "--remove-label", "almondd")
    assert "is given twice" in project.fails(
        "project", "edit", "kinds", "--duplicate-label", "a=nut", "--duplicate-label", "a=almond", code=2
    )


def test_features_come_and_go(project: Dset) -> None:
    boxes = ("--feature", "boxes,empty=drop", "--class", "image/object:nut=label = 'walnut'")
    project("project", "edit", "kinds", *boxes, "--feature", "image,downsample=both:8x8")
    made = parse_definition(definition(project, "kinds"))
    kinds = [(one.kind, one.name, [label.name for label in one.classes]) for one in made.features]
    assert kinds == [
        ("image", "image", []),
        ("file", "image", []),
        ("onehot", "image/class", ["walnut", "almond"]),
        ("boxes", "image/object", ["nut"]),
    ]
    assert len(project.paths("--project", "kinds", "--feature", "image/object", "--label", "nut")) == 6
    project("project", "edit", "kinds", "--remove-feature", "image/object", "--label", "walnut=true")
    assert [one.kind for one in parse_definition(definition(project, "kinds")).features] == ["image", "file", "onehot"]


def test_a_removed_project_leaves_its_files_and_comes_back(project: Dset) -> None:
    out = Path(project("snapshot", "kinds", "--json").json["out"])
    assert "--force removes it with its snapshots" in project.fails("project", "remove", "kinds")
    said = project("project", "remove", "kinds", "--force").out
    assert said.startswith("removed the project kinds, kinds@1; 'dset undo' brings them back")
    assert f"the files stay in {out}" in said
    assert list(out.iterdir())
    assert project("project", "list").out == ""
    project("undo")
    assert project("verify", "kinds@1", "--json").json["ok"]

    project("project", "create", "other")
    assert project("project", "remove", "other").out == "removed the project other; 'dset undo' brings it back\n"


BAD_FILE = """
group_by = "label"

[[features]]
kind = "image"

[[features]]
kind = "boxes"
name = "nut"

[[features.classes]]
name = "walnut"
where = "label = 'walnut'"

[[features.classes]]
name = "almond"
where = "lable = 'almond'"
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("", "", "[[features]] 2 ('nut'): [[features.classes]] 2 ('almond'): "),
        ("lable", "label", None),
        (
            'group_by = "label"',
            'group_by = "lable"',
            "group_by: no variable 'lable' is declared; did you mean 'label'?",
        ),
        ("[[features]]", 'directories = ["nutz"]\n[[features]]', "directories: no directory 'nutz'"),
        ("[[features]]", 'where = "lable = 1"\n[[features]]', "where: "),
        ('name = "nut"', 'name = "nut"\nimage = "thumb"', "[[features]] 2 ('nut'): it follows the image 'thumb'"),
        (
            'kind = "boxes"\n',
            'kind = "variable"\nvariable = "dpi"\n',
            "[[features]] 2 ('nut'): variable has no classes",
        ),
        (
            '[[features]]\nkind = "boxes"',
            '[[features]]\nkind = "variable"\nvariable = "dpi"\n[[features]]\nkind = "boxes"',
            "[[features]] 2 ('variable/dpi'): no variable 'dpi' is declared",
        ),
        (
            '[[features]]\nkind = "boxes"',
            '[[features]]\nkind = "variable"\nvariable = "label"\ntype = "int"\n[[features]]\nkind = "boxes"',
            "[[features]] 2 ('variable/label'): ",
        ),
        ("[[features]]", "[[splits]]\nname = 'x'\nratio = 1\nwhere = 'x = 1'\n[[features]]", "[[splits]] 1 ('x'): "),
    ],
)
def test_a_file_that_does_not_fit_is_refused_with_the_place(
    nuts: Dset, tmp_path: Path, old: str, new: str, said: str | None
) -> None:
    (tmp_path / "nuts.toml").write_text(BAD_FILE.replace(old, new, 1) if old else BAD_FILE)
    command = ("project", "create", "p", "--definition", "nuts.toml")
    if said is None:
        nuts(*command)
        return
    message = nuts.fails(*command)
    assert message.startswith(f"dset: nuts.toml: {said}")
    assert nuts("project", "list").out == ""
    nuts("project", "create", "p")
    before = definition(nuts, "p")
    assert nuts.fails("project", "edit", "p", "--definition", "nuts.toml", "--leak", "warn") == message
    assert definition(nuts, "p") == before


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--group-by", "lable"), "group_by: no variable 'lable' is declared; did you mean 'label'?"),
        (("--group-by", "label", "--stratify", "--label", "a=true"), "stratify does not combine with group_by"),
        (("--stratify",), "stratify needs labels"),
        (("--label", "a=lable = 1"), "the label 'a': "),
        (("--split-where", "test=lable = 1"), "the split 'test': "),
        (("--feature", "image", "--feature", "variable,variable=dpi"), "the feature 'variable/dpi': no variable 'dpi'"),
        (("--feature", "image", "--feature", "boxes,emty=drop"), "did you mean 'empty'?"),
        (("--feature", "boxes"), "none of the features is an image"),
        (("--feature", "image", "--feature", "image:image"), "the feature image:image is given twice"),
        (("--feature", "image", "--feature", "file", "--feature", "file:image/"), "the feature 'image/': its name"),
        (("--feature", "image", "--label", "a=true"), "add --feature onehot"),
        (("--class", "nut:a=true"), "no feature 'nut'"),
        (("--range", "7:7"), "'7:7'"),
        (("--downsample", "both:0x4"), "0 pixels"),
        (("--bit-depth", "12"), "bit depth"),
        (("--reducing-gap", "0"), "reducing gap"),
        (("--merge-label", "a=b"), "no label 'b'"),
        (("--split", "train=0.7", "--split", "test=0.2"), "total 0.7 + 0.2 = 0.9, not 1"),
    ],
)
def test_options_that_do_not_fit_are_refused(nuts: Dset, options: tuple[str, ...], said: str) -> None:
    before = nuts("operations", "--json").out
    assert said in nuts.fails("project", "create", "p", *options)
    assert nuts("operations", "--json").out == before


def test_wrong_usage(project: Dset) -> None:
    for arguments, said in (
        (("project", "edit", "kinds"), "say what to change"),
        (("project", "edit", "kinds", "--merge-label", "a"), "'a' is not NEW=OLD"),
        (("ls", "--unlabelled"), "--unlabelled goes with --project"),
        (("ls", "--project", "kinds", "--feature", "image/class"), "--feature goes with --label"),
        (("ls", "--project", "kinds", "--unlabelled", "--split", "test"), "--unlabelled excludes"),
    ):
        assert said in project.fails(*arguments, code=2)
    assert "exists already" in project.fails("project", "duplicate", "kinds", "kinds")
    assert "did you mean 'kinds'?" in project.fails("project", "duplicate", "kind", "x")
    assert "no name for a project" in project.fails("project", "duplicate", "kinds", "X")
    assert "did you mean 'kinds'?" in project.fails("project", "remove", "kind")


def test_images_without_a_label_and_of_two_are_listed(dates: Dset) -> None:
    every = set(dates.paths("nuts", "-R"))
    of = {name: set(dates.paths("nuts", "--where", f"has('{name}')")) for name in ("date", "fig")}
    given = [part for name in of for part in ("--label", f"{name}=has('{name}')")]
    dates("project", "create", "nuts", "--directory", "nuts", *given, "--overlap", "first")
    assert set(dates.paths("--project", "nuts", "--unlabelled")) == every - of["date"] - of["fig"]
    both = of["date"] & of["fig"]
    assert set(dates.paths("--project", "nuts", "--conflicting")) == both
    assert dates("ls", "--project", "nuts", "--conflicting", "--count").json == len(both)
    taken = [dates.paths("--project", "nuts", "--conflicting", "--split", one) for one in ("train", "eval", "test")]
    assert sorted(path for paths in taken for path in paths) == sorted(both)
    assert set(dates.paths("--project", "nuts", "--label", "date")) == of["date"]
    assert set(dates.paths("--project", "nuts", "--label", "fig")) == of["fig"] - of["date"]


def test_labels_that_two_features_share_are_told_apart(dates: Dset) -> None:
    heads = ("--feature", "image", "--feature", "multihot:any", "--feature", "index:main,overlap=first")
    third = ("--feature", "index:third,overlap=first", "--class", "third:all=true", "--class", "third:again=true")
    classes = [
        part
        for name in ("date", "fig")
        for head in ("any", "main")
        for part in ("--class", f"{head}:{name}=has('{name}')")
    ]
    dates("project", "create", "nuts", "--where", "has('date') OR has('fig')", *heads, *classes, *third)
    figs = set(dates.paths("nuts", "--where", "has('fig')"))
    dated = set(dates.paths("nuts", "--where", "has('date')"))
    listing = ("--project", "nuts", "--label", "fig")
    assert set(dates.paths(*listing, "--feature", "any")) == figs
    assert set(dates.paths(*listing, "--feature", "main")) == figs - dated
    assert set(dates.paths(*listing)) == figs
    assert set(dates.paths("--project", "nuts", "--conflicting", "--feature", "main")) == figs & dated
    assert set(dates.paths("--project", "nuts", "--conflicting")) == figs | dated
    assert "did you mean 'main'?" in dates.fails("ls", *listing, "--feature", "mian")


def test_classes_of_instances_have_the_images_that_hold_one(dates: Dset) -> None:
    boxes = ("--feature", "image", "--feature", "boxes,empty=drop", "--class", "image/object:f=label = 'fig'")
    dates("project", "create", "figs", *boxes)
    figs = set(dates.paths("nuts", "--where", "has('fig')"))
    assert set(dates.paths("--project", "figs", "--label", "f")) == figs == set(dates.paths("--project", "figs"))
    of_images = ("--feature", "onehot", "--label", "f=label = 'fig'")
    message = dates.fails("project", "edit", "figs", *of_images)
    assert message.startswith("dset: the feature 'image/class': the class 'f': ")


def test_hand_signs_by_their_folders(empty: Dset, shared_data: Path) -> None:
    signs = shared_data / "sign-digits"
    empty("import", signs, "--to", "signs", "--format", "folders")
    given = [part for digit in range(10) for part in ("--label", f"{digit}=label = '{digit}'")]
    empty("project", "create", "signs", "--stratify", *given, "--color", "gray", "--downsample", "factor:4")
    shown = empty("project", "show", "signs", "--json").json
    assert sum(split["examples"] for split in shown["splits"].values()) == 601
    for digit in range(10):
        folder = len(list((signs / str(digit)).iterdir()))
        assert empty("ls", "--project", "signs", "--label", str(digit), "--count").json == folder
        by_split = [split["labels"][str(digit)] for split in shown["splits"].values()]
        assert by_split == pytest.approx([0.7 * folder, 0.2 * folder, 0.1 * folder], abs=1)


def test_an_edit_that_no_longer_fits_what_another_made_of_it_is_planned_again(project: Dset) -> None:
    """Two edits of one project, as two people make them: both count."""
    with Repository.open(project.folder) as repository:
        project("project", "edit", "kinds", "--label", "nut=true")
        assert [label.name for label in load_project(repository, "kinds").definition.labels][-1] == "nut"
        project("project", "edit", "kinds", "--remove-label", "walnut")
        assert [label.name for label in load_project(repository, "kinds").definition.labels] == ["almond", "nut"]
