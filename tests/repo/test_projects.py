import pytest
from support.repositories import put, snapshot

from dvcore.errors import ExistsError, InvalidInputError, NotFoundError, StateError
from dvcore.model.definition import Definition, Label
from dvcore.model.manifest import decode_manifest
from dvcore.repo.commits import commit_working
from dvcore.repo.projects import (
    Project,
    create_project,
    list_projects,
    load_project,
    record_snapshot,
    snapshot_commit,
)
from dvcore.repo.repository import Repository

WALNUTS = Definition(("nuts",), labels=(Label("walnut", "has('walnut')"),))


def test_a_project_is_a_chain_of_commits(repository: Repository) -> None:
    put(repository, "nuts/a.jpg")
    head = commit_working(repository, "first")
    created = create_project(repository, "nuts", WALNUTS)
    project = load_project(repository, "nuts")
    assert project == Project("nuts", created, WALNUTS, ())
    assert not project.is_frozen
    frozen = Definition(("nuts",))
    assert snapshot(repository, "nuts", head, frozen) == 1
    after = load_project(repository, "nuts")
    assert (after.definition, after.snapshots, after.is_frozen) == (frozen, (1,), True)
    assert snapshot_commit(repository, "nuts", 1) == after.commit
    commit = repository.objects.load_commit(after.commit)
    assert commit.parents == (created, head)
    assert commit.tree == repository.objects.load_commit(head).tree
    assert commit.manifest is not None
    assert decode_manifest(repository.objects.read(commit.manifest)).shards == ()


def test_a_project_that_moved_meanwhile_takes_no_snapshot(repository: Repository) -> None:
    put(repository, "nuts/a.jpg")
    head = commit_working(repository, "first")
    create_project(repository, "nuts", WALNUTS)
    project = load_project(repository, "nuts")

    snapshot(repository, "nuts", head)
    draft = repository.draft()
    with pytest.raises(StateError, match="'nuts' changed meanwhile; run the command again"):
        record_snapshot(repository, project, dataset=head, definition=WALNUTS, manifest=b"m", draft=draft)
    assert load_project(repository, "nuts").snapshots == (1,)


def test_more_than_nine_snapshots_stay_in_order(repository: Repository) -> None:
    put(repository, "nuts/a.jpg")
    head = commit_working(repository, "first")
    create_project(repository, "nuts", WALNUTS)
    for number in range(1, 12):
        assert snapshot(repository, "nuts", head) == number
    assert load_project(repository, "nuts").snapshots == tuple(range(1, 12))


def test_names_that_are_not_there_or_cannot_be(repository: Repository) -> None:
    create_project(repository, "nuts", WALNUTS)
    assert list_projects(repository) == ["nuts"]
    with pytest.raises(ExistsError):
        create_project(repository, "nuts", Definition())
    for name in ("", "a/b", "nuts@1", "é"):
        with pytest.raises(InvalidInputError):
            create_project(repository, name, Definition())
    with pytest.raises(NotFoundError, match="did you mean 'nuts'"):
        load_project(repository, "nutz")
    for name in ("caf\udce9", "x" * 5000, ""):
        with pytest.raises(NotFoundError):
            load_project(repository, name)
    with pytest.raises(NotFoundError, match="'dset snapshot nuts' takes one"):
        snapshot_commit(repository, "nuts", 1)
