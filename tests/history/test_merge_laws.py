"""Laws that hold of every merge, on generated steps: `merge` and `merge_once` check the repository after each."""

from collections.abc import Sequence
from contextlib import suppress

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.merges import commit_tree, merge, merge_once, tree_of
from support.repositories import assert_sound, paths
from support.steps import (
    DPI,
    Step,
    bring,
    declare,
    directory,
    draw,
    edit,
    enum,
    erase,
    mirror,
    move,
    nothing,
    remove,
    replace_bytes,
    set_value,
    steps,
    unset,
)

from dvcore.errors import DsetError
from dvcore.history.merging import Outcome, merge_commit
from dvcore.history.settling import Strategy
from dvcore.model.conflicts import Sides
from dvcore.model.tree import FileEntry, decode_entry
from dvcore.repo.commits import head_commit
from dvcore.repo.repository import Repository

NAMES = ("a", "b", "d/a", "d/b", "d/e/a", "f/a", "f")
names = st.sampled_from(NAMES)
folders = st.sampled_from(("d", "d/e", "f", "g", "g/d", "a"))
places = st.sampled_from((1.0, 20.0, 40.0))
labels = st.sampled_from(("nut", "almond"))
a_step = st.one_of(
    st.builds(bring, names),
    st.builds(lambda name: bring(name, data="other"), names),
    st.builds(replace_bytes, names, st.sampled_from(("one", "two"))),
    st.builds(remove, names | folders),
    st.builds(move, names | folders, names | folders),
    st.builds(mirror, folders, folders),
    st.builds(directory, folders),
    st.builds(draw, names, labels, places),
    st.builds(edit, names, places, labels, places),
    st.builds(erase, names, places),
    st.builds(lambda name, dpi: set_value(name, dpi=dpi), names, st.integers(1, 3)),
    st.builds(lambda name, kind: set_value(name, kind=kind), names, st.sampled_from(("raw", "cooked"))),
    st.builds(lambda name: unset(name, "dpi"), names),
)
BASE = steps(
    declare(DPI, enum("raw", "cooked")),
    bring("a", "b", "d/a", "d/b", "d/e/a", "f/a"),
    draw("a", "nut", 1.0),
    draw("d/a", "nut", 1.0),
    draw("d/a", "almond", 20.0),
    set_value("b", dpi=1),
    mirror("d", "g/d"),
)
stories = st.lists(a_step, max_size=5).map(lambda some: steps(*map(as_possible, some)))
bounded = settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])


def as_possible(step: Step) -> Step:
    """The step, or nothing where it cannot be done."""

    def run(repository: Repository) -> None:
        with suppress(DsetError, StopIteration, AssertionError):
            step(repository)

    return run


@bounded
@given(stories, stories, stories)
def test_it_does_not_matter_who_merges_whom(base: Step, ours: Step, theirs: Step) -> None:
    merge(steps(BASE, base), ours, theirs)


@bounded
@given(stories, stories, st.sampled_from([Strategy.OURS, Strategy.THEIRS, Strategy.UNION, Strategy.BASE]))
def test_with_a_strategy_nothing_is_left_to_settle(ours: Step, theirs: Step, strategy: Strategy) -> None:
    done = merge_once(BASE, ours, theirs, strategy)
    assert done.conflicts == []


@bounded
@given(stories, stories)
def test_no_file_that_both_sides_have_goes_in_silence(ours: Step, theirs: Step) -> None:
    done = merge_once(BASE, ours, theirs)
    here, there = (done.repository.tree(commit_tree(done.repository, name)) for name in ("ours", "theirs"))
    result = done.repository.working_tree()
    disputed = {entry.file for one in done.report.conflicts.values() for entry in _file_entries(one)}
    for file, _ in here.iter_records():
        if there.find_record(file) is not None and file not in disputed:
            assert result.find_record(file) is not None


def _file_entries(sides: Sides) -> list[FileEntry]:
    found = []
    for side in sides:
        with suppress(DsetError):
            found += [] if side is None else [decode_entry(side)]
    return [one for one in found if isinstance(one, FileEntry)]


@bounded
@given(stories)
def test_a_side_that_did_nothing_gives_way(ours: Step) -> None:
    done = merge(BASE, ours, nothing)
    assert done.report.outcome is Outcome.UP_TO_DATE
    backwards = merge_once(BASE, nothing, ours)
    assert backwards.conflicts == []
    assert tree_of(backwards) == tree_of(done)


@bounded
@given(stories)
def test_both_sides_that_did_the_same_have_it(both: Step) -> None:
    done = merge(BASE, both, both)
    assert done.conflicts == []
    assert tree_of(done) == tree_of(merge_once(BASE, both, nothing))


@bounded
@given(stories)
def test_merging_itself_or_an_ancestor_changes_nothing(story: Step) -> None:
    repository = merge_once(BASE, story, nothing).repository
    head = head_commit(repository)
    assert head is not None
    before = repository.work("ours")
    for commit in (head, *repository.objects.load_commit(head).parents):
        assert merge_commit(repository, commit, "again").outcome is Outcome.UP_TO_DATE
    assert repository.work("ours") == before
    assert_sound(repository)


@bounded
@given(stories, stories)
def test_merging_again_after_a_merge_has_nothing_to_do(ours: Step, theirs: Step) -> None:
    done = merge_once(BASE, ours, steps(bring("theirs"), theirs), Strategy.UNION)
    head = head_commit(done.repository)
    assert head is not None
    second = done.repository.objects.load_commit(head).parents[-1]
    assert merge_commit(done.repository, second, "again").outcome is Outcome.UP_TO_DATE


@bounded
@given(st.lists(st.sampled_from(("a", "b", "c")), max_size=4), st.lists(st.sampled_from(("x", "y", "z")), max_size=4))
def test_edits_of_different_files_are_applied_both(left: Sequence[str], right: Sequence[str]) -> None:
    base = steps(declare(DPI), bring(*(f"{name}.jpg" for name in "abcxyz")), draw("a.jpg", "nut", 70.0))

    def story(chosen: Sequence[str]) -> Step:
        some = {
            0: lambda name: draw(name, "nut", 1.0),
            1: lambda name: set_value(name, dpi=1),
            2: lambda name: move(name, f"moved/{name}"),
            3: remove,
        }
        return steps(*(as_possible(some[at](f"{name}.jpg")) for at, name in enumerate(chosen)))

    done = merge(base, story(left), story(right))
    assert done.conflicts == []
    alone = merge_once(steps(base, story(left)), story(right), nothing)
    assert tree_of(done) == tree_of(alone)
    assert done.paths == paths(alone.repository)
