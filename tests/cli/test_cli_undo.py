"""Every command that changes something is one operation: `undo` takes it back whole, `redo` brings it again."""

from pathlib import Path

import pytest
from support.command import Dset

WALNUT = "nuts/walnut/00.png"


def state(dset: Dset) -> tuple[str, ...]:
    """All that commands can see of a repository."""
    listings = ("branch", "tag", "log", "variable list", "project list", "status --json", "ls -R --json", "ls --json")
    return tuple(dset(*listing.split()).out for listing in listings)


def grow(dset: Dset) -> None:
    """Another branch of two commits, three more commits here, a tag."""
    dset("branch", "side")
    dset("switch", "side")
    for name in ("one", "two"):
        dset("mkdir", name)
        dset("commit", "-m", name)
    dset("switch", "main")
    dset("tag", "first")
    for label in ("almond", "walnut", "almond"):
        dset("annotate", WALNUT, "--set", f"label={label}")
        dset("commit", "-m", f"it is a {label}")


@pytest.mark.parametrize(
    "arguments",
    [
        "mirror nuts/walnut walnuts",
        "mirror nuts picked --where has('walnut') --sample 2",
        "copy nuts plain --without-instances",
        "move nuts/walnut kernels",
        f"move {WALNUT} first.png",
        f"remove {WALNUT} nuts/almond",
        "mkdir a/b/c",
        "variable add dpi --type int",
        "variable remove label --force",
        "annotate nuts --set label=almond --clear-instances",
        "branch other",
        "branch --rename main trunk",
        "branch -d side --force",
        "tag v1",
        "tag -d first",
        "revert HEAD",
        "cherry-pick side",
        "merge side",
        "merge side~1",
        "restore HEAD~1:nuts",
        "restore HEAD~1:/",
        "restore HEAD~1:nuts --only variables",
        "switch side",
        "project create p --directory nuts",
        "snapshot kinds",
    ],
)
def test_undo_and_redo(project: Dset, arguments: str) -> None:
    grow(project)
    before = state(project)
    project(*arguments.split())
    after = state(project)
    assert after != before

    undone = project("undo")
    assert undone.out.startswith("undone: ")
    assert "Ada <ada@example.org>" in undone.out
    assert state(project) == before
    assert project("redo").out.replace("redone", "undone") == undone.out
    assert state(project) == after
    project("undo")
    assert state(project) == before


def test_import_and_commit_are_undone(empty: Dset, photos: Path) -> None:
    states = [state(empty)]
    empty("import", photos, "--to", "nuts", "--format", "folders")
    states.append(state(empty))
    empty("commit", "-m", "all walnuts")
    states.append(state(empty))
    empty("undo")
    assert state(empty) == states[1]
    empty("undo")
    assert state(empty) == states[0]
    assert "nothing to undo" in empty.fails("undo")
    empty("redo")
    empty("redo")
    assert state(empty) == states[2]
    assert "nothing to redo" in empty.fails("redo")


def test_switch_is_undone(nuts: Dset) -> None:
    nuts("branch", "other")
    nuts("annotate", WALNUT, "--unset", "label")
    before = state(nuts)
    nuts("switch", "other")
    assert nuts("status", "--json").rows == []
    nuts("undo")
    assert state(nuts) == before


def test_a_new_operation_ends_redo(nuts: Dset) -> None:
    nuts("mkdir", "a")
    nuts("undo")
    nuts("mkdir", "b")
    assert "nothing to redo" in nuts.fails("redo")


def test_the_number_of_an_undone_snapshot_is_not_given_again(project: Dset) -> None:
    assert project("snapshot", "kinds", "--json").json["snapshot"] == "kinds@1"
    project("undo")
    assert "no snapshot yet" in project("project", "list").out
    assert project("snapshot", "kinds", "--json").json["snapshot"] == "kinds@2"


def test_each_operation_is_in_the_log_once(nuts: Dset) -> None:
    before = len(nuts("operations", "-n", "100", "--json").rows)
    for arguments in ("mirror nuts walnuts", "annotate walnuts --done --unset label", "remove walnuts"):
        nuts(*arguments.split())
    after = nuts("operations", "-n", "100", "--json").rows
    assert len(after) == before + 3
    assert [row["description"].split(":")[0] for row in after[:3]] == ["remove", "annotate", "mirror"]


def test_what_changes_nothing_is_no_operation(nuts: Dset, photos: Path) -> None:
    nuts("mirror", "nuts", "walnuts")
    before = nuts("operations", "--json").out
    nuts("mirror", "nuts", "walnuts")
    nuts("import", photos, "--to", "nuts", "--format", "folders")
    nuts("mkdir", "nuts")
    assert nuts("operations", "--json").out == before
