"""Cells: each alone, against the others, and against the operation log. Each test damages one of a sound repository."""

from pathlib import Path as FolderPath

import pytest
from support.damage import overwrite, take_snapshots
from support.repositories import put

from dvcore.encoding import encode
from dvcore.repo.cells import (
    HEAD,
    HORIZON,
    branch_cell,
    find_cell,
    place_cell,
    project_cell,
    set_cell,
    snapshot_cell,
    snapshot_counter,
    tag_cell,
    work_cell,
)
from dvcore.repo.check import check_repository
from dvcore.repo.commits import commit_working, head_commit
from dvcore.repo.operations import iter_operations, record
from dvcore.repo.projects import record_place
from dvcore.repo.repository import Repository
from dvcore.repo.undoing import redo_newest, undo_newest
from dvcore.store import Table, seal


def test_cells(damaged: Repository) -> None:
    with damaged.store.read() as transaction:
        cells = dict(transaction.iter_items(Table.CELLS))
    assert len(cells) == 5  # head, the branch, its working state, two operations
    for key, value in cells.items():
        overwrite(damaged.store, Table.CELLS, key, value[:-1] + bytes([value[-1] ^ 1]))
        assert any("damaged" in str(problem) for problem in check_repository(damaged)), key
        overwrite(damaged.store, Table.CELLS, key, value)
    damaged.store.update(lambda transaction: set_cell(transaction, HEAD, None))
    assert any("'head': it is missing" in str(problem) for problem in check_repository(damaged))


def test_a_counter_that_would_give_a_number_again(damaged: Repository) -> None:
    take_snapshots(damaged, 3)
    for value in (None, 2, "3", True, -1):
        assert "would be given again" in said_with(damaged, snapshot_counter("kinds"), value), value
    assert check_repository(damaged) == []
    damaged.store.update(lambda transaction: set_cell(transaction, "elsewhere/x", 1))
    assert any("unknown" in str(problem) for problem in check_repository(damaged))


def said_with(repository: Repository, cell: str, value: object) -> str:
    """What the check says when a cell holds this value (None: is not there); the cell is as it was afterwards."""
    with repository.store.read() as transaction:
        before = find_cell(transaction, cell)
    repository.store.update(lambda transaction: set_cell(transaction, cell, value))
    said = "\n".join(map(str, check_repository(repository)))
    repository.store.update(lambda transaction: set_cell(transaction, cell, before))
    return said


@pytest.mark.parametrize(
    ("cell", "value", "expected"),
    [
        (HEAD, "side", "cell 'head': it names 'side', which is no branch"),
        (HEAD, 1, "cell 'head': it names 1, which is no branch"),
        (work_cell("main"), None, "cell 'work/main': it is missing: the branch has no working state"),
        (branch_cell("main"), b"short", "cell 'ref/heads/main'"),
        (
            branch_cell("main"),
            b"\0" * 32,
            "object 000000000000: it is missing; concerns branch main; commits 000000000000",
        ),
        (tag_cell("v1"), "text", "cell 'ref/tags/v1'"),
        (HORIZON, -1, "it holds no number"),
        (HORIZON, "2", "it holds no number"),
        (place_cell("p", 1), b"not/absolute", "it holds neither an absolute path nor a URL"),
        (place_cell("p", 1), "/text", "it holds neither an absolute path nor a URL"),
        ("log/0000000000000001", None, "of the operations before it 1 are missing"),
        ("log/0000000000000007", ["operation"], "cell 'log/0000000000000007'"),
        (HEAD, ["main"], "cell 'head': it names ['main'], which is no branch"),
        (HEAD, {"main": 1}, "cell 'head': it names {'main': 1}, which is no branch"),
        (HORIZON, 3, "cell 'horizon/operations': it is 3, and there are 2 operations"),
        (snapshot_counter("kinds"), "x", "cell 'counter/snapshots/kinds': it holds no number"),
        (place_cell("p", 1), b"/tmp", "cell 'place/p/1': it is of a snapshot that was never taken"),
        (branch_cell("main"), None, "cell 'ref/heads/main': it is missing, and no operation has removed it"),
        (work_cell("zzz"), b"\0" * 32, "cell 'work/zzz': no operation has put it there"),
        (tag_cell("v1"), b"\0" * 32, "cell 'ref/tags/v1': no operation has put it there"),
        ("log/0000000000000002", None, "cell 'ref/heads/main': no operation has put it there"),
    ],
)
def test_a_cell_that_cannot_be_right(damaged: Repository, cell: str, value: object, expected: str) -> None:
    assert expected in said_with(damaged, cell, value)
    assert check_repository(damaged) == []


def test_a_cell_without_a_value(damaged: Repository) -> None:
    for cell in (tag_cell("v1"), work_cell("side"), HEAD, place_cell("p", 1)):
        with damaged.store.read() as transaction:
            before = transaction.get(Table.CELLS, cell.encode())
        overwrite(damaged.store, Table.CELLS, cell.encode(), seal(cell, encode(None)))
        assert f"cell {cell!r}: it holds nothing" in "\n".join(map(str, check_repository(damaged)))
        overwrite(damaged.store, Table.CELLS, cell.encode(), before)
    assert check_repository(damaged) == []


def test_refs_of_projects_and_snapshots_are_those_that_the_log_names(damaged: Repository) -> None:
    take_snapshots(damaged, 2)
    project, one, two = project_cell("kinds"), snapshot_cell("kinds", 1), snapshot_cell("kinds", 2)
    with damaged.store.read() as transaction:
        plain = find_cell(transaction, branch_cell("main"))
        commits = find_cell(transaction, one), find_cell(transaction, two)
    for cell in (project, one, two):
        assert f"cell {cell!r}: it is missing" in said_with(damaged, cell, None)
        assert "has no definition" in said_with(damaged, cell, plain)
    for cell, other in zip((one, two, branch_cell("main")), (*reversed(commits), commits[0]), strict=True):
        said = said_with(damaged, cell, other)
        assert said.startswith(f"cell {cell!r}: it does not hold what the last operation on it has left")
    assert check_repository(damaged) == []


def test_a_snapshot_without_a_manifest(damaged: Repository) -> None:
    """Also where the log says so."""
    take_snapshots(damaged, 1)
    with damaged.store.read() as transaction:
        created = next(one for one in iter_operations(transaction) if one.description == "project: create kinds")
    cell = snapshot_cell("kinds", 1)
    damaged.store.update(lambda t: record(t, damaged.who(), "wrong", {cell: created.changes[0].after}))
    (problem,) = check_repository(damaged)
    assert (problem.name, problem.reason) == (cell, "its commit has no manifest: it is none of a snapshot")


def test_what_is_undone_and_done_again_is_sound(damaged: Repository) -> None:
    """A place stays when its snapshot is undone."""
    take_snapshots(damaged, 2)
    record_place(damaged, "kinds", 2, FolderPath("/somewhere"))
    for _ in range(3):
        undo_newest(damaged)
        assert check_repository(damaged) == []
    redo_newest(damaged)
    assert check_repository(damaged) == []


def test_cells_are_not_held_against_a_log_with_a_hole(damaged: Repository) -> None:
    """What a lost entry did is not known: only its loss is told."""
    put(damaged, "d.jpg")
    cell = b"log/0000000000000002"
    with damaged.store.read() as transaction:
        sealed = transaction.get(Table.CELLS, cell)
    assert sealed is not None
    for value in (None, sealed[:-1]):
        overwrite(damaged.store, Table.CELLS, cell, value)
        (problem,) = check_repository(damaged)
        assert problem.name.startswith("log/")


def test_an_operation_that_takes_back_a_later_one(damaged: Repository) -> None:
    undo_newest(damaged)
    cell = "log/0000000000000003"
    with damaged.store.read() as transaction:
        value = find_cell(transaction, cell)
    assert value["target"] == 2
    assert "it takes back an operation that came later" in said_with(damaged, cell, {**value, "target": 3})


def test_operations_hold_what_they_name_up_to_the_horizon(damaged: Repository) -> None:
    """What only the first operation leads to may be gone once it is behind the horizon, and not before."""
    damaged.store.update(lambda transaction: set_cell(transaction, HORIZON, 1))
    with damaged.store.read() as transaction:
        *_, first = iter_operations(transaction)
    (empty,) = [change.before for change in first.changes]
    overwrite(damaged.store, Table.OBJECTS, empty, None)
    assert check_repository(damaged) == []
    damaged.store.update(lambda transaction: set_cell(transaction, HORIZON, None))
    (problem,) = check_repository(damaged)
    assert (problem.name, problem.concerned.operations.listed) == (empty.hex(), ["1"])


def test_a_commit_that_only_another_commit_leads_to(damaged: Repository) -> None:
    """Behind the horizon, no operation leads to it either."""
    first = head_commit(damaged)
    assert first is not None
    for name in ("second", "third"):
        put(damaged, name)
        commit_working(damaged, name)
    damaged.store.update(lambda transaction: set_cell(transaction, HORIZON, 6))
    assert check_repository(damaged) == []
    overwrite(damaged.store, Table.OBJECTS, first, None)
    assert [problem.name for problem in check_repository(damaged)] == [first.hex()]
