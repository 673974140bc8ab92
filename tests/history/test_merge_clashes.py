"""Files that both sides have stay, though one was put where the other side put something else."""

import pytest
from support.merges import commit, merge, merge_once, new_repository
from support.repositories import assert_sound, is_annotated, values_at
from support.steps import DPI, Step, boxes, bring, declare, draw, mirror, move, remove, set_value, steps

from dvcore.history.conflict_paths import Chosen
from dvcore.history.resolution import Side
from dvcore.history.resolving import resolve
from dvcore.history.reverting import revert
from dvcore.history.settling import Strategy
from dvcore.model.names import ROOT

BASE = steps(bring("p.jpg", "z.jpg"), draw("p.jpg", "nut", 1))
MOVED = move("p.jpg", "q.jpg")
TAKEN = bring("q.jpg", data="other")


def test_a_file_that_was_moved_to_a_name_that_the_other_side_took_stays_where_that_side_has_it() -> None:
    done = merge_once(BASE, TAKEN, MOVED)
    assert done.conflicts == ["entry: p.jpg", "entry: q.jpg"]
    assert done.paths == ["p.jpg", "q.jpg", "z.jpg"]
    assert boxes(done.repository, "p.jpg") == ["nut@1"]
    back = merge_once(BASE, MOVED, TAKEN)
    assert back.conflicts == ["entry: q.jpg"]
    assert boxes(back.repository, "q.jpg") == ["nut@1"]


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        (Strategy.OURS, ["p.jpg", "q.jpg", "z.jpg"]),
        (Strategy.THEIRS, ["q.jpg", "z.jpg"]),
        (Strategy.UNION, ["p.jpg", "q.jpg", "z.jpg"]),
        (Strategy.BASE, ["p.jpg", "z.jpg"]),
    ],
)
def test_strategies_keep_it_too(strategy: Strategy, expected: list[str]) -> None:
    assert merge(BASE, TAKEN, MOVED, strategy).paths == expected


@pytest.mark.parametrize(("side", "at"), [(Side.OURS, "p.jpg"), (Side.THEIRS, "q.jpg"), (Side.BASE, "p.jpg")])
def test_it_is_there_whatever_settles_the_conflicts(side: Side, at: str) -> None:
    done = merge_once(BASE, TAKEN, MOVED)
    resolve(done.repository, Chosen(paths=[ROOT]), side)
    assert boxes(done.repository, at) == ["nut@1"]
    assert_sound(done.repository)


def test_a_conflict_about_a_place_that_both_gave_to_others_hides_no_torn_file() -> None:
    base = steps(bring("p.jpg"), mirror("p.jpg", "x"), mirror("p.jpg", "y"))
    ours = steps(remove("p.jpg"), bring("p.jpg", data="ours"), remove("y"))
    theirs = steps(remove("p.jpg"), bring("p.jpg", data="theirs"), remove("x"))
    done = merge_once(base, ours, theirs)
    assert done.conflicts == ["entry: p.jpg", "entry: x/p.jpg", "entry: y/p.jpg"]
    assert done.paths == ["p.jpg", "x/p.jpg"]


def test_two_files_that_need_another_name_get_two() -> None:
    base = bring("a.jpg", "a~1.jpg")
    ours = steps(draw("a.jpg", "nut", 1), draw("a~1.jpg", "nut", 2))
    theirs = steps(remove("a.jpg", "a~1.jpg"), bring("a.jpg", data="other"))
    done = merge_once(base, ours, theirs)
    assert done.conflicts == ["file", "file"]
    assert len(done.paths) == 3
    assert sorted(box for path in done.paths for box in boxes(done.repository, path)) == ["nut@1", "nut@2"]


def test_nothing_is_said_where_one_side_had_the_file_in_as_many_directories() -> None:
    done = merge(BASE, move("p.jpg", "left/p.jpg"), mirror("p.jpg", "right"))
    assert done.paths == ["left/p.jpg", "right/p.jpg", "z.jpg"]
    assert done.report.notes == ()


def test_taking_back_who_looked_first_takes_back_that_somebody_looked() -> None:
    """Though the file changed since, so that its record is merged part by part."""
    repository = new_repository()
    steps(bring("a.jpg"), declare(DPI))(repository)
    commit(repository)
    draw("a.jpg", "nut", 1)(repository)
    looked = commit(repository)
    set_value("a.jpg", dpi=1)(repository)
    commit(repository)
    revert(repository, looked)
    assert not is_annotated(repository, "a.jpg")
    assert values_at(repository, "a.jpg") == {"dpi": 1}


def test_a_union_has_both_of_two_files_that_came_to_one_name() -> None:
    ours = steps(bring("q.jpg", data="ours"), draw("q.jpg", "nut", 1))
    theirs = steps(bring("q.jpg", data="theirs"), draw("q.jpg", "nut", 2))
    done = merge(BASE, ours, theirs, Strategy.UNION)
    assert done.paths == ["p.jpg", "q.jpg", "q~1.jpg", "z.jpg"]
    assert [boxes(done.repository, path) for path in ("q.jpg", "q~1.jpg")] == [["nut@1"], ["nut@2"]]
    assert done.report.notes == ("put beside others of the same name: q~1.jpg",)
    for strategy, box in ((Strategy.OURS, "nut@1"), (Strategy.THEIRS, "nut@2")):
        one = merge(BASE, ours, theirs, strategy)
        assert (one.paths, boxes(one.repository, "q.jpg"), one.report.notes) == (["p.jpg", "q.jpg", "z.jpg"], [box], ())


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        (bring("d"), bring("d/a.jpg", "d/b.jpg"), ["d", "d~1/a.jpg", "d~1/b.jpg", "p.jpg", "z.jpg"]),
        (bring("d/a.jpg", "d/b.jpg"), bring("d"), ["d/a.jpg", "d/b.jpg", "d~1", "p.jpg", "z.jpg"]),
        (steps(remove("p.jpg"), TAKEN), MOVED, ["q.jpg", "q~1.jpg", "z.jpg"]),
        (remove("p.jpg"), steps(remove("p.jpg"), bring("p.jpg", data="other")), ["p.jpg", "z.jpg"]),
    ],
    ids=["a directory comes to a file", "a file to a directory", "one that we removed", "there is only one"],
)
def test_a_union_puts_beside_what_has_no_place(ours: Step, theirs: Step, expected: list[str]) -> None:
    done = merge(BASE, ours, theirs, Strategy.UNION)
    assert done.paths == expected
    assert_sound(done.repository)
