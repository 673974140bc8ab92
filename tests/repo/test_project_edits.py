"""Editing and removing projects, one after the other and at once."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from support.repositories import assert_sound, descriptions, put, snapshot

from dvcore.errors import ExistsError, NotFoundError, StateError
from dvcore.model.definition import Definition, Label
from dvcore.repo.commits import commit_working
from dvcore.repo.project_edits import edit_project, remove_project
from dvcore.repo.projects import create_project, list_projects, load_project, snapshot_commit
from dvcore.repo.repository import Repository
from dvcore.repo.undoing import redo_newest, undo_newest

NUTS = Definition(("nuts",))


def with_label(name: str) -> Callable[[Definition], Definition]:
    return lambda before: replace(before, labels=(*before.labels, Label(name, "true")))


def test_an_edit_is_one_more_commit_of_the_chain(repository: Repository) -> None:
    created = create_project(repository, "nuts", NUTS)
    edited = edit_project(repository, "nuts", with_label("a"))
    assert edited.definition == replace(NUTS, labels=(Label("a", "true"),))
    assert edited == load_project(repository, "nuts")
    assert repository.objects.load_commit(edited.commit).parents == (created,)
    assert descriptions(repository)[0] == "project: edit nuts"

    undo_newest(repository)
    assert load_project(repository, "nuts").definition == NUTS
    redo_newest(repository)
    assert load_project(repository, "nuts") == edited


def test_an_edit_that_changes_nothing_leaves_no_trace(repository: Repository) -> None:
    created = create_project(repository, "nuts", NUTS)
    assert edit_project(repository, "nuts", lambda before: before).commit == created
    assert descriptions(repository) == ["project: create nuts"]


def test_an_edit_that_fails_changes_nothing(repository: Repository) -> None:
    created = create_project(repository, "nuts", NUTS)

    def refuse(before: Definition) -> Definition:
        raise ExistsError("no")

    with pytest.raises(ExistsError):
        edit_project(repository, "nuts", refuse)
    assert load_project(repository, "nuts").commit == created
    with pytest.raises(NotFoundError, match="did you mean 'nuts'"):
        edit_project(repository, "nutz", with_label("a"))


def test_a_project_with_a_snapshot_stays_as_it_is_and_a_free_name_is_offered(repository: Repository) -> None:
    put(repository, "nuts/a.jpg")
    head = commit_working(repository, "first")
    create_project(repository, "nuts", NUTS)
    create_project(repository, "nuts-2", NUTS, of="nuts")
    assert descriptions(repository)[0] == "project: duplicate nuts as nuts-2"
    snapshot(repository, "nuts", head)
    with pytest.raises(StateError, match=r"has the snapshot nuts@1.*'dset project duplicate nuts nuts-3'"):
        edit_project(repository, "nuts", with_label("a"))
    snapshot(repository, "nuts", head)
    with pytest.raises(StateError, match="2 snapshots"):
        edit_project(repository, "nuts", lambda before: before)

    undo_newest(repository)
    undo_newest(repository)
    assert edit_project(repository, "nuts", with_label("a")).definition.labels


def test_a_removed_project_comes_back_with_its_snapshots(repository: Repository) -> None:
    put(repository, "nuts/a.jpg")
    head = commit_working(repository, "first")
    create_project(repository, "nuts", NUTS)
    for _ in range(2):
        snapshot(repository, "nuts", head)
    before = load_project(repository, "nuts")
    with pytest.raises(StateError, match="has 2 snapshots; --force"):
        remove_project(repository, "nuts")
    assert remove_project(repository, "nuts", force=True) == before
    assert list_projects(repository) == []
    with pytest.raises(NotFoundError):
        load_project(repository, "nuts")
    assert_sound(repository)

    undo_newest(repository)
    assert load_project(repository, "nuts") == before
    assert repository.objects.load_commit(snapshot_commit(repository, "nuts", 2)).manifest


def test_a_number_is_not_given_again_after_a_project_of_the_name_was_removed(repository: Repository) -> None:
    put(repository, "nuts/a.jpg")
    head = commit_working(repository, "first")
    create_project(repository, "nuts", NUTS)
    snapshot(repository, "nuts", head)
    remove_project(repository, "nuts", force=True)
    create_project(repository, "nuts", NUTS)
    assert load_project(repository, "nuts").snapshots == ()
    assert snapshot(repository, "nuts", head) == 2


def test_a_project_without_snapshots_is_removed_without_force(repository: Repository) -> None:
    create_project(repository, "nuts", NUTS)
    remove_project(repository, "nuts")
    assert list_projects(repository) == []
    with pytest.raises(NotFoundError):
        remove_project(repository, "nuts")


WORKER = """
import sys
from dataclasses import replace
from pathlib import Path
from dvcore.model.definition import Label
from dvcore.repo.project_edits import edit_project
from dvcore.repo.repository import Repository

with Repository.open(Path(sys.argv[1])) as repository:
    for number in range(15):
        label = Label(f"{sys.argv[2]}{number:02d}", "true")
        edit_project(repository, "nuts", lambda before: replace(before, labels=(*before.labels, label)))
"""


def test_two_processes_lose_no_edit_of_each_other(tmp_path: Path) -> None:
    with Repository.init(tmp_path) as repository:
        create_project(repository, "nuts", NUTS)
        environment = {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}
        workers = [
            subprocess.Popen([sys.executable, "-c", WORKER, str(tmp_path), name], env=environment) for name in "ab"
        ]
        assert [worker.wait(timeout=120) for worker in workers] == [0, 0]
        labels = [label.name for label in load_project(repository, "nuts").definition.labels]
        assert sorted(labels) == sorted(f"{name}{number:02d}" for name in "ab" for number in range(15))
        assert len(descriptions(repository)) == 1 + 2 * 15
        assert_sound(repository)
