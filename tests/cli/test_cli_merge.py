"""`dset merge`, `dset resolve`, and what `status`, `show` and `commit` say in the midst of a merge."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from support.command import Dset

FILE = "nuts/walnut/00.png"
OTHER = "nuts/walnut/01.png"
KEYS = {"kind", "path", "file", "name", "base", "ours", "theirs"}


@pytest.fixture
def forked(nuts: Dset) -> Dset:
    """Two branches: both relabel one file, one of them removes another file, which the other one annotates."""
    nuts("branch", "theirs")
    nuts("annotate", FILE, "--set", "label=almond")
    nuts("remove", OTHER)
    nuts("commit", "-m", "ours")
    nuts("switch", "theirs")
    nuts("annotate", FILE, "--unset", "label")
    nuts("annotate", OTHER, "--clear-instances")
    nuts("commit", "-m", "theirs")
    nuts("switch", "main")
    return nuts


def conflicts(result: Any) -> list[dict[str, Any]]:
    assert result.code == 1
    assert all(one.keys() >= KEYS for one in result.json["conflicts"])
    found: list[dict[str, Any]] = result.json["conflicts"]
    return found


def test_a_clean_merge(nuts: Dset) -> None:
    nuts("branch", "theirs")
    nuts("remove", FILE)
    nuts("commit", "-m", "ours")
    nuts("switch", "theirs")
    nuts("remove", OTHER)
    nuts("commit", "-m", "theirs")
    nuts("switch", "main")
    assert nuts("merge", "theirs").out.endswith(" merge theirs\n")
    assert nuts("ls", "--count").out == "10\n"
    assert nuts("log", "--json").rows[0]["message"] == "merge theirs"
    assert nuts("merge", "theirs").out.startswith("up to date")
    nuts("undo")
    assert nuts("ls", "--count").out == "11\n"


def test_fast_forward_and_not(nuts: Dset) -> None:
    nuts("branch", "theirs")
    nuts("switch", "theirs")
    nuts("remove", FILE)
    nuts("commit", "-m", "theirs")
    nuts("switch", "main")
    assert nuts("merge", "theirs").out.startswith("fast-forward to")
    nuts("undo")
    result = nuts("merge", "theirs", "--no-ff", "-m", "both", "--json").json
    assert result["conflicts"] == []
    assert (
        nuts("log", "--json").rows[0] | {"commit": result["commit"], "message": "both"} == nuts("log", "--json").rows[0]
    )


def test_conflicts_are_listed_with_both_sides(forked: Dset) -> None:
    found = conflicts(forked.run("merge", "theirs", "--json"))
    by_kind = {one["kind"]: one for one in found}
    variable = by_kind["variable"]
    assert (variable["path"], variable["name"]) == (FILE, "label")
    assert (variable["base"], variable["ours"], variable["theirs"]) == ("walnut", "almond", None)
    assert (by_kind["file"]["path"], by_kind["file"]["ours"]) == (OTHER, None)
    assert by_kind["file"]["base"]["instances"] == 1
    assert by_kind["file"]["theirs"]["instances"] == 0


def test_a_conflict_about_a_file_says_what_was_edited(nuts: Dset) -> None:
    nuts("branch", "theirs")
    nuts("annotate", FILE, "--set", "label=almond")
    nuts("annotate", OTHER, "--relabel", "walnut=almond")
    nuts("commit", "-m", "ours")
    nuts("switch", "theirs")
    nuts("remove", FILE, OTHER)
    nuts("commit", "-m", "theirs")
    nuts("switch", "main")
    variable, instances = nuts.run("merge", "theirs").out.splitlines()[:2]
    assert re.search(r"ours bytes \w+ with 1 instance, label almond, theirs nothing; .* label walnut$", variable)
    assert re.search(r"ours bytes \w+ with 1 instance, edited, theirs nothing; before .* 1 instance$", instances)


def test_resolving_instances_of_a_file_without_a_conflict_names_its_path(forked: Dset) -> None:
    forked.run("merge", "theirs")
    said = forked.fails("resolve", FILE, "--instances", "-", stdin="[]")
    assert f"no conflict about instances of '{FILE}'; 'dset status' lists them" in said


def test_the_story_of_a_merge_with_conflicts(forked: Dset) -> None:
    result = forked.run("merge", "theirs")
    assert result.code == 1
    assert f"conflict: {FILE}: variable label: ours almond, theirs unset; before walnut" in result.out
    assert f"conflict: {OTHER}: file: ours nothing, theirs bytes " in result.out
    assert "2 conflicts; 'dset resolve' settles them" in result.out

    status = forked("status").out
    assert "merging " in status
    assert f"conflict: {FILE}" in status
    assert [row["path"] for row in forked("status", "--json").rows if row["change"] == "conflict"] == [FILE, OTHER]
    assert "conflict: variable label: ours almond" in forked("show", FILE).out
    assert forked("show", FILE, "--json").json["conflicts"][0].keys() >= KEYS
    assert "not here" in forked("show", OTHER).out
    assert "not settled" in forked.run("commit", "-m", "x").err
    assert "begun already" in forked.run("merge", "theirs").err

    assert forked("resolve", FILE, "--theirs").out == "1 conflict settled, 1 left\n"
    assert forked("resolve", OTHER, "--theirs", "--json").json == {"settled": 1, "left": 0}
    assert "all conflicts are settled" in forked("status").out
    assert forked("commit").out.endswith(" merge theirs\n")
    assert len(forked("log", "--json").rows[0]["parents"]) == 2
    assert forked("show", FILE, "--json").json["variables"] == {}
    assert forked("show", OTHER, "--json").json["instances"] == []
    assert forked("fsck", "--json").json["ok"]


def test_a_merge_is_given_up_and_taken_up_again(forked: Dset) -> None:
    forked.run("merge", "theirs")
    assert forked("merge", "--abort").out == "the merge is given up\n"
    assert "nothing to commit" in forked("status").out
    assert "no merge" in forked.run("merge", "--abort").err
    forked("undo")
    assert "merging" in forked("status").out


def test_instances_of_ones_own(nuts: Dset, tmp_path: Path) -> None:
    (instance,) = nuts("show", FILE, "--json").json["instances"]
    nuts("branch", "theirs")
    for branch, left in (("main", 1), ("theirs", 2)):
        nuts("switch", branch)
        changed = tmp_path / "changed.json"
        changed.write_text(json.dumps([instance | {"box": [left, 1, 3, 3]}]))
        nuts("annotate", FILE, "--add-instances", changed)
        nuts("commit", "-m", branch)
    found = conflicts(nuts.run("merge", "main", "--json"))
    assert [one["ours"]["box"] for one in found] == [[2, 1, 3, 3]]
    assert found[0]["name"] == instance["id"]
    changed.write_text(json.dumps([instance | {"box": [5, 1, 3, 3]}]))
    nuts("resolve", FILE, "--instances", changed)
    nuts("commit")
    assert nuts("show", FILE, "--json").json["instances"][0]["box"] == [5, 1, 3, 3]


@pytest.mark.parametrize("strategy", ["ours", "theirs", "union"])
def test_strategies_leave_nothing_to_settle(forked: Dset, strategy: str) -> None:
    assert forked("merge", "theirs", "--strategy", strategy, "--json").json["conflicts"] == []
    assert (forked("ls", "--count").out == "12\n") is (strategy != "ours")


def test_wrong_usage(nuts: Dset) -> None:
    for arguments in (
        ("merge",),
        ("merge", "main", "--abort"),
        ("merge", "--abort", "-m", "x"),
        ("resolve", FILE),
        ("resolve", "--ours"),
        ("resolve", FILE, "--ours", "--instances", "-"),
        ("resolve", FILE, OTHER, "--instances", "-"),
        ("commit",),
    ):
        assert nuts.run(*arguments, stdin="[]").code == 2, arguments
    assert "no merge" in nuts.run("resolve", "/", "--ours").err
    nuts("remove", FILE)
    assert "uncommitted changes" in nuts.run("merge", "main").err
