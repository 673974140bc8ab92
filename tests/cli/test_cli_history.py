"""Branches, tags, log, blame, restore, revert and cherry-pick, as commands print them."""

import pytest
from support.command import Dset

from dvcore.model.commit import Commit
from dvcore.repo.branches import create_branch
from dvcore.repo.objects import save_commit
from dvcore.repo.repository import Repository

WALNUT = "nuts/walnut/00.png"


@pytest.fixture
def sides(nuts: Dset) -> Dset:
    """Two commits on `side`, one on `main`, which is the current branch."""
    nuts("branch", "side")
    nuts("annotate", "nuts/walnut", "--set", "label=almond")
    nuts("commit", "-m", "on main")
    nuts("switch", "side")
    nuts("remove", "nuts/almond/06.png")
    nuts("commit", "-m", "one\n\nwith more to say")
    nuts("mkdir", "empty")
    nuts("commit", "-m", "two")
    nuts("switch", "main")
    return nuts


def commit(dset: Dset, revision: str = "HEAD") -> str:
    return str(dset("log", revision, "-n", "1", "--json").json["commit"])


def messages(dset: Dset, *arguments: str) -> list[str]:
    return [row["message"].splitlines()[0] for row in dset("log", "--json", *arguments).rows]


def test_branches_stand_to_the_current_one(sides: Dset) -> None:
    sides("mkdir", "uncommitted")
    assert sides("branch", "--json").rows == [
        {
            "branch": "main",
            "commit": commit(sides),
            "current": True,
            "uncommitted": True,
            "ahead": 0,
            "behind": 0,
        },
        {
            "branch": "side",
            "commit": commit(sides, "side"),
            "current": False,
            "uncommitted": False,
            "ahead": 2,
            "behind": 1,
        },
    ]
    assert sides("branch").out.splitlines() == [
        f"* main  {commit(sides)[:12]} + work",
        f"  side  {commit(sides, 'side')[:12]}  2 ahead, 1 behind",
    ]


def test_a_branch_before_its_first_commit(empty: Dset) -> None:
    assert empty("branch").out == "* main  no commit yet\n"
    assert empty("branch", "--json").json["commit"] is None
    assert empty("branch", "--rename", "trunk").out == "the branch main is now trunk\n"
    assert empty("branch").out == "* trunk  no commit yet\n"


def test_renaming_and_deleting_branches(sides: Dset) -> None:
    assert sides("branch", "--rename", "side", "topic/side").out == "the branch side is now topic/side\n"
    assert "nothing but the branch 'topic/side' leads to 2 commits of it" in sides.fails("branch", "-d", "topic/side")
    assert sides("branch", "-d", "topic/side", "--force").out == "deleted the branch topic/side\n"
    sides("branch", "-m", "main", "trunk")
    assert sides("status").out.startswith("branch trunk\n")
    for arguments in (["-d"], ["-m"], ["x", "-d", "-m"], ["x", "y", "-d"]):
        sides.fails("branch", *arguments, code=2)


def test_tags(sides: Dset) -> None:
    sides("tag", "v1", "side~1")
    row = sides("tag", "--json").json
    assert (row["tag"], row["commit"], row["message"]) == ("v1", commit(sides, "side~1"), "one\n\nwith more to say")
    time = sides("log", "v1", "-n", "1", "--json").json["time"]
    assert row["time"] == time
    name, short, date, _, _, *said = sides("tag").out.split()
    assert (name, short, date, said) == ("v1", row["commit"][:12], time[:10], ["one"])
    assert sides("tag", "-d", "v1").out == f"deleted the tag v1, which was at {short}\n"
    assert sides("tag").out == ""
    sides("mkdir", "uncommitted")
    assert "'/' stands for everything" in sides.fails("restore", "", code=2)
    assert sides("diff").out.splitlines() == ["+ uncommitted/  (empty)"]
    assert "no tag 'v1'" in sides.fails("tag", "-d", "v1")
    sides.fails("tag", "-d", code=2)


def test_log_of_what_changed(sides: Dset) -> None:
    assert messages(sides) == ["on main", "twelve nuts"]
    assert messages(sides, "side", "-n", "2") == ["two", "one"]
    assert messages(sides, "--directory", "nuts/almond") == ["twelve nuts"]
    assert messages(sides, "side", "--directory", "nuts/almond") == ["one", "twelve nuts"]
    assert messages(sides, "--file", WALNUT) == ["on main", "twelve nuts"]
    file = sides("show", WALNUT, "--json").json["id"]
    assert messages(sides, "--file", file) == ["on main", "twelve nuts"]
    assert messages(sides, "side", "--file", "nuts/almond/06.png") == ["one", "twelve nuts"]
    assert messages(sides, "side", "--label", "almond") == ["one", "twelve nuts"]
    assert messages(sides, "side", "--label", "almond", "--directory", "nuts/walnut") == []
    assert messages(sides, "--since", "1 hour ago") == ["on main", "twelve nuts"]
    assert messages(sides, "--since", "2999-01-01") == []
    nothing = sides("log", "--label", "nonsense")
    assert (nothing.out, nothing.err) == (
        "",
        "no commit of this history is one of those; no label 'nonsense' is declared\n",
    )


def test_what_a_log_cannot_list(sides: Dset) -> None:
    assert "'soon' is no time" in sides.fails("log", "--since", "soon")
    assert "no commit has a file 'nuts/nothing.png'" in sides.fails("log", "--file", "nuts/nothing.png")
    sides.fails("log", "--directory", "nuts", "--file", WALNUT, code=2)
    sides.fails("log", "--graph", "--json", code=2)


def test_the_graph_of_a_merge(sides: Dset) -> None:
    sides("merge", "side", "-m", "both")
    lines = [line.split("  ")[0].rstrip() for line in sides("log", "--graph").out.splitlines()]
    assert lines == ["*", "|\\", "| *", "| |", "| *", "| |", "| |", "| |", "* |", "|/", "*", ""]
    shown = sides("log", "--graph", "--directory", "nuts/almond").out
    assert [line for line in shown.splitlines() if "Ada" not in line] == [
        "o",
        "|\\",
        "| |  one",
        "| |",
        "| |  with more to say",
        "|/",
        "   twelve nuts",
    ]


def test_the_log_of_a_branch_without_commits(empty: Dset) -> None:
    assert empty("log").out == "no commit on main yet\n"
    assert empty("log", "--json").out == ""


def test_blame(sides: Dset) -> None:
    sides("annotate", WALNUT, "--set", "label=walnut", "--clear-instances")
    rows = sides("blame", f"HEAD:{WALNUT}", "--json").rows
    assert [(next(iter(row)), row["message"]) for row in rows] == [
        ("bytes", "twelve nuts"),
        ("variable", "on main"),
        ("instance", "twelve nuts"),
    ]
    assert rows[1] | {"time": ""} == {
        "variable": "label",
        "value": "almond",
        "commit": commit(sides),
        "author": "Ada <ada@example.org>",
        "time": "",
        "message": "on main",
    }
    assert rows[2]["instance"] == sides("show", f"HEAD:{WALNUT}", "--json").json["instances"][0]
    working = sides("blame", WALNUT).out.splitlines()
    assert working[0].startswith(f"{commit(sides, 'HEAD~1')[:12]}  bytes")
    assert working[1].endswith("label = walnut  not committed")
    assert len(working) == 2
    assert "'nuts' is a directory; name a file" in sides.fails("blame", "nuts")


def test_restore(sides: Dset) -> None:
    sides("remove", "nuts/walnut/01.png")
    assert sides("restore", "nuts").out == "restored HEAD:nuts: 1 came back\n"
    assert sides("status", "--json").rows == []
    assert sides("restore", "HEAD~1:nuts", "--only", "variables").out == (
        "restored variables of HEAD~1:nuts: 6 changed\n"
    )
    assert sides("show", WALNUT, "--json").json["variables"] == {"label": "walnut"}
    assert sides("restore", "/").out == "restored HEAD:/: 6 changed\n"
    assert sides("status", "--json").rows == []
    assert sides("restore", f"side:{WALNUT}").out == f"restored side:{WALNUT}: 1 changed\n"
    assert sides("restore", "side:nuts/almond").out == (
        "restored side:nuts/almond: 1 went\n1 file had no other entry and left the working state\n"
    )
    assert sides("restore", "side:nuts/almond").out == "restored side:nuts/almond: nothing\n"
    assert sides("operations", "-n", "1", "--json").json["description"] == "restore: side:nuts/almond"
    assert "no file or directory 'pecan' in 'nuts'" in sides.fails("restore", "side:nuts/pecan")
    assert "'dset restore side:/' restores all of that revision" in sides.fails("restore", "side")
    sides.fails("restore", "nuts", "--only", "labels", code=2)


def test_restore_takes_a_path_with_a_colon(nuts: Dset) -> None:
    nuts("move", "nuts/walnut", "we:ird")
    nuts("commit", "-m", "weird")
    nuts("remove", "we:ird")
    assert nuts("restore", ":we:ird").out == "restored HEAD:we:ird: 6 came back\n"
    nuts("remove", "we:ird")
    nuts("restore", "HEAD:we:ird")
    assert nuts("status", "--json").rows == []


def test_revert_and_cherry_pick(sides: Dset) -> None:
    picked = sides("cherry-pick", "side~1", "--json").json
    assert picked == {"commit": commit(sides), "outcome": "committed", "conflicts": []}
    assert sides("ls", "--count").json == 11
    author = ("--author", "Bob <bob@example.org>")
    assert sides("revert", "HEAD", *author).out == f'committed {commit(sides)[:12]} Revert "one"\n'
    assert sides("log", "-n", "1", "--json").json["author"] == "Bob <bob@example.org>"
    assert sides("ls", "--count").json == 12
    sides("revert", "HEAD", "-m", "once more")
    assert messages(sides, "-n", "1") == ["once more"]


def test_a_merge_is_taken_back_against_a_parent(sides: Dset) -> None:
    sides("merge", "side")
    assert "several parents; say with --parent which one it is compared with: 1 is" in sides.fails("revert", "HEAD")
    sides("revert", "HEAD", "--parent", "1")
    assert sides("ls", "--count").json == 12
    assert "no number 3" in sides.fails("revert", "HEAD~1", "--parent", "3")


def test_conflicts_of_a_revert(sides: Dset) -> None:
    sides("annotate", WALNUT, "--set", "label=walnut")
    sides("commit", "-m", "after all")
    sides("annotate", WALNUT, "--unset", "label")
    sides("commit", "-m", "who knows")
    result = sides.run("revert", "HEAD~1", "--json")
    assert result.code == 1
    assert result.json["commit"] is None
    assert [one["path"] for one in result.json["conflicts"]] == [WALNUT]
    assert "merge has begun" in sides.fails("cherry-pick", "side")
    assert "merge has begun; 'dset merge --abort'" in sides.fails("restore", "/")
    sides("resolve", WALNUT, "--theirs")
    sides("commit", "-m", "settled")
    assert sides("show", WALNUT, "--json").json["variables"] == {"label": "almond"}
    sides("undo")
    sides("undo")
    sides("undo")
    assert messages(sides, "-n", "1") == ["who knows"]
    sides("revert", "HEAD~1", "--strategy", "theirs")
    assert sides("show", WALNUT, "--json").json["variables"] == {"label": "almond"}


def test_an_empty_revision_is_not_the_current_one(sides: Dset) -> None:
    """Such as that of a variable that a script forgot to set."""
    for command in (["log", ""], ["branch", "b", ""], ["tag", "v1", ""], ["diff", ""], ["diff", "HEAD", ""]):
        assert sides.fails(*command) == "dset: no revision ''; 'dset log' lists commits", command
    assert sides("tag").out == ""
    assert sides.fails("revert", "HEAD", "-m", "").startswith("dset: a commit needs a message")
    assert sides.fails("merge", "side", "-m", "").startswith("dset: a commit needs a message")


def test_what_came_from_elsewhere_does_not_steer_the_terminal(sides: Dset) -> None:
    with Repository.open(sides.folder) as repository:
        draft = repository.draft()
        tree = repository.working_tree().id
        evil = save_commit(draft, Commit(tree, (), "Eve\x1b[2J <eve@x>", 1, "first\x1b[2J\n\nmore\x1b[2J"))
        repository.store.update(draft.flush_into)
        create_branch(repository, "evil", evil)
    for command in (["log", "evil"], ["log", "--graph", "evil"], ["blame", f"evil:{WALNUT}"], ["show", "evil"]):
        shown = sides(*command).out
        assert r"Eve\x1b[2J <eve@x>" in shown, command
        assert "\x1b" not in shown, command
