import pytest
from support.repositories import AUTHOR, descriptions, label, labels_at, paths, put, snapshot

from dvcore.errors import StateError
from dvcore.model.definition import Definition
from dvcore.repo.adding import AddOptions, Declared, add_files
from dvcore.repo.additions import Addition
from dvcore.repo.branches import create_branch, delete_branch, list_branches, switch_branch
from dvcore.repo.commits import commit_working, head_commit
from dvcore.repo.operations import Operation, iter_operations, redo, undo
from dvcore.repo.projects import create_project, load_project
from dvcore.repo.repository import Repository


def undone(repository: Repository) -> str:
    return repository.store.update(lambda transaction: undo(transaction, repository.who())).description


def redone(repository: Repository) -> str:
    return repository.store.update(lambda transaction: redo(transaction, repository.who())).description


def log(repository: Repository) -> list[Operation]:
    with repository.store.read() as transaction:
        return list(iter_operations(transaction))


def test_undo_takes_back_the_newest_and_again_goes_further_back(repository: Repository) -> None:
    for name in ("1", "2", "3"):
        put(repository, name)
    label(repository, "3", "dog")
    assert undone(repository) == "annotate: 3"
    assert labels_at(repository, "3") == []
    assert (undone(repository), undone(repository)) == ("import", "import")
    assert paths(repository) == ["1"]
    undone(repository)
    assert paths(repository) == []
    with pytest.raises(StateError, match="nothing to undo"):
        undone(repository)


def test_redo_reverses_undo_step_by_step(repository: Repository) -> None:
    for name in ("1", "2", "3"):
        put(repository, name)
    after = repository.working_tree().id
    for _ in range(3):
        undone(repository)
    for expected in (["1"], ["1", "2"], ["1", "2", "3"]):
        redone(repository)
        assert paths(repository) == expected
    assert repository.working_tree().id == after
    with pytest.raises(StateError, match="nothing to redo"):
        redone(repository)


def test_back_and_forth(repository: Repository) -> None:
    for name in ("1", "2", "3"):
        put(repository, name)
    steps = [undone, undone, redone, undone, undone, redone, redone, undone, redone, redone, undone]
    seen = []
    for step in steps:
        step(repository)
        seen.append(len(paths(repository)))
    assert seen == [2, 1, 2, 1, 0, 1, 2, 1, 2, 3, 2]


def test_a_new_operation_ends_redo(repository: Repository) -> None:
    put(repository, "1")
    put(repository, "2")
    undone(repository)
    put(repository, "3")
    with pytest.raises(StateError, match="nothing to redo"):
        redone(repository)
    assert undone(repository) == "import"
    assert paths(repository) == ["1"]
    undone(repository)
    assert paths(repository) == []
    redone(repository)
    redone(repository)
    assert paths(repository) == ["1", "3"]


def test_a_commit_is_taken_back_and_the_work_stays(repository: Repository) -> None:
    put(repository, "1")
    commit = commit_working(repository, "first")
    assert undone(repository) == "commit: first"
    assert (head_commit(repository), paths(repository)) == (None, ["1"])
    redone(repository)
    assert head_commit(repository) == commit


def test_branches_come_and_go(repository: Repository) -> None:
    put(repository, "1")
    create_branch(repository, "try", commit_working(repository, "first"))
    switch_branch(repository, "try")
    put(repository, "2")
    switch_branch(repository, "main")
    delete_branch(repository, "try", force=True)
    assert undone(repository) == "branch: delete try"
    assert undone(repository) == "switch: main"
    assert paths(repository) == ["1", "2"]
    assert undone(repository) == "import"
    undone(repository)
    assert undone(repository) == "branch: create try"
    assert [branch.name for branch in list_branches(repository)] == ["main"]


def test_a_snapshots_number_is_never_given_again(repository: Repository) -> None:
    put(repository, "1")
    head = commit_working(repository, "first")
    create_project(repository, "nuts", Definition())

    assert snapshot(repository, "nuts", head) == 1
    assert undone(repository) == "snapshot: nuts@1"
    assert load_project(repository, "nuts").snapshots == ()
    assert snapshot(repository, "nuts", head) == 2
    undone(repository)
    redone(repository)
    assert load_project(repository, "nuts").snapshots == (2,)
    for _ in range(2):
        undone(repository)
    create_project(repository, "nuts", Definition(("other",)))
    assert snapshot(repository, "nuts", head) == 3


def test_the_log_keeps_everything_with_who_and_when(repository: Repository) -> None:
    put(repository, "1")
    undone(repository)
    redone(repository)
    operations = log(repository)
    assert [one.number for one in operations] == [3, 2, 1]
    assert [(one.kind, one.description, one.target) for one in operations] == [
        ("redo", "redo: import", 1),
        ("undo", "undo: import", 1),
        ("do", "import", None),
    ]
    assert {one.author for one in operations} == {AUTHOR}
    assert operations[0].time > operations[1].time > operations[2].time
    assert operations[0].changes == operations[2].changes
    assert descriptions(repository)[-1] == "import"


def test_a_description_may_hold_any_name_that_a_system_has(repository: Repository) -> None:

    with repository.blobs.writer() as writer:
        blob = writer.add_bytes(b"1")
    add_files(repository, [Addition(("1",), blob, 1)], Declared(), AddOptions(), "import: cafe\u0301 \udce9")
    assert descriptions(repository) == ["import: café ?"]
