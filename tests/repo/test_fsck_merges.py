"""A merge that has begun is checked too: what it compares, and every conflict that is left."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from support.damage import overwrite
from support.merges import merge_once
from support.steps import bring, draw, edit, remove, steps

from dvcore.ids import NodeId, TreeId
from dvcore.model.commit import Commit
from dvcore.model.conflicts import Conflict, Merging, Place, Sides, Subject, conflict_key, encode_conflict
from dvcore.prolly import build
from dvcore.repo.cells import tag_cell, work_cell
from dvcore.repo.check import check_repository
from dvcore.repo.links import Kind, Link, iter_reachable, merging_links
from dvcore.repo.objects import save_commit, save_tree
from dvcore.repo.operations import record
from dvcore.repo.repository import Repository
from dvcore.store import Table, WriteTransaction


@pytest.fixture
def merging() -> Iterator[Repository]:
    """One in the midst of a merge with a conflict of each of three sorts."""
    base = steps(bring("a.jpg", "b.jpg"), draw("a.jpg", "nut", 1))
    ours = steps(edit("a.jpg", 1, "nut", 2), remove("b.jpg"), bring("d/c.jpg"))
    theirs = steps(edit("a.jpg", 1, "nut", 3), draw("b.jpg", "nut", 1), bring("d"))
    with merge_once(base, ours, theirs).repository as made:
        assert len(_merging(made)[1]) == 3
        assert check_repository(made) == []
        yield made


def _merging(repository: Repository) -> tuple[Merging, list[Link]]:
    """The merge, and its conflicts."""
    found = repository.working_tree().tree.merging
    assert found is not None
    links = [Link(Kind.CONFLICTS, found.conflicts)]
    return found, [one for one in _reachable(repository, links) if one.kind is Kind.CONFLICT]


def _reachable(repository: Repository, starts: list[Link]) -> list[Link]:
    seen: set[Link] = set()

    def enter(link: Link) -> bool:
        is_new = link not in seen
        seen.add(link)
        return is_new

    return list(iter_reachable(repository.objects.read, starts, enter))


def test_whatever_a_merge_needs_is_missed_where_it_is_gone(merging: Repository) -> None:
    found, conflicts = _merging(merging)
    needed = {*merging_links(found), *conflicts}
    assert {link.kind for link in needed} == {Kind.COMMIT, Kind.TREE, Kind.CONFLICTS, Kind.CONFLICT}
    for link in needed:
        data = merging.objects.read(link.id)
        overwrite(merging.store, Table.OBJECTS, link.id, None)
        problems = [str(problem) for problem in check_repository(merging)]
        assert any(re.search("working states of .*ours", problem) for problem in problems), problems
        overwrite(merging.store, Table.OBJECTS, link.id, data)
    assert check_repository(merging) == []


def test_annotations_that_only_a_conflict_names_are_missed(merging: Repository) -> None:
    _, conflicts = _merging(merging)
    named = {one for one in _reachable(merging, conflicts) if one.kind is Kind.ANNOTATIONS}
    assert named
    for link in named:
        data = merging.objects.read(link.id)
        overwrite(merging.store, Table.OBJECTS, link.id, None)
        assert check_repository(merging)
        overwrite(merging.store, Table.OBJECTS, link.id, data)


def _put_conflicts(repository: Repository, conflicts: list[Conflict], number: int | None = None) -> None:
    """Make them those of the working state."""
    draft = repository.draft()
    items = sorted((conflict_key(one.place), draft.put(encode_conflict(one))) for one in conflicts)
    tree = repository.working_tree().tree
    assert tree.merging is not None
    root: NodeId = build(draft, items)
    state = replace(tree.merging, conflicts=root, number=len(items) if number is None else number)
    made: TreeId = save_tree(draft, replace(tree, merging=state))

    def action(transaction: WriteTransaction) -> None:
        draft.flush_into(transaction)
        record(transaction, repository.who(), "damage", {work_cell(repository.branch()): made})

    repository.store.update(action)


@pytest.mark.parametrize("subject", [one for one in Subject if one is not Subject.VARIABLE])
def test_a_side_that_is_of_another_sort_is_named(merging: Repository, subject: Subject) -> None:
    file = next(file for file, _ in merging.working_tree().iter_records())
    place = Place(subject, file if subject in {Subject.FILE, Subject.INSTANCE} else None, "a")
    _put_conflicts(merging, [Conflict(place, Sides(None, b"\x01", None))])
    assert check_repository(merging)


def test_conflicts_are_counted(merging: Repository) -> None:
    _put_conflicts(merging, [], 0)
    assert check_repository(merging) == []
    _put_conflicts(merging, [], 1)
    (problem,) = check_repository(merging)
    assert "counts 1 conflicts, and holds 0" in problem.reason


def test_a_commit_of_a_merge_that_is_not_settled_is_named(merging: Repository) -> None:
    draft = merging.draft()
    commit = save_commit(draft, Commit(merging.work("ours"), (), "Ada <ada@example.org>", 1, "early"))

    def action(transaction: WriteTransaction) -> None:
        draft.flush_into(transaction)
        record(transaction, merging.who(), "damage", {tag_cell("early"): commit})

    merging.store.update(action)
    (problem,) = check_repository(merging)
    assert (problem.name, problem.reason) == (commit.hex(), "its tree holds a merge that is not committed")
