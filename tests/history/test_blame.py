"""Which commit made the parts of a file what they are."""

import pytest
from support.repositories import box, file_at, label, put, snapshot

from dvcore.errors import InvalidInputError, NotFoundError
from dvcore.history.blame import Blame, Origin, blame_file
from dvcore.history.merging import merge_commit
from dvcore.ids import CommitId
from dvcore.model.declarations import VariableDeclaration
from dvcore.model.definition import Definition
from dvcore.model.names import parse_path
from dvcore.model.values import ValueType
from dvcore.repo.adding import OnExisting
from dvcore.repo.annotating import Annotation, GivenInstance, annotate
from dvcore.repo.branches import create_branch, switch_branch
from dvcore.repo.commits import commit_working, iter_history
from dvcore.repo.entries import move, remove
from dvcore.repo.projects import create_project
from dvcore.repo.repository import Repository
from dvcore.repo.revisions import resolve_revision
from dvcore.repo.variables import add_variable

A = ("a.jpg",)


def said(repository: Repository, **values: str) -> None:
    annotate(repository, [A], Annotation(set=values))


def drawn(repository: Repository, name: str) -> None:
    annotate(repository, [A], Annotation(add=[GivenInstance(box(name))]))


def blamed(repository: Repository, revision: str = "HEAD", path: str = "a.jpg") -> dict[str, str]:
    """The message of the commit of each part."""
    found = blame_file(repository, resolve_revision(repository, revision), parse_path(path))
    origins: dict[str, Origin] = {"bytes": found.data}
    origins |= {name: origin for name, (_, origin) in found.variables.items()}
    origins |= {one.label: origin for one, origin in found.instances}
    return {name: "" if one.commit is None else one.commit.message for name, one in origins.items()}


@pytest.fixture
def story(repository: Repository) -> Repository:
    add_variable(repository, VariableDeclaration("dpi", ValueType.INT))
    add_variable(repository, VariableDeclaration("place", ValueType.TEXT))
    put(repository, "a.jpg", "b.jpg", entered=[box("walnut")], variables={"place": "Reute"})
    commit_working(repository, "first")
    said(repository, dpi="1")
    drawn(repository, "almond")
    commit_working(repository, "second")
    label(repository, "b.jpg", "dog")
    commit_working(repository, "of another file")
    return repository


def test_each_part_has_its_commit(story: Repository) -> None:
    expected = {"bytes": "first", "place": "first", "walnut": "first", "dpi": "second", "almond": "second"}
    assert blamed(story) == expected
    assert blamed(story, "HEAD~1") == expected
    assert blamed(story, "HEAD~2") == {"bytes": "first", "place": "first", "walnut": "first"}


def test_the_ids_are_those_of_the_commits(story: Repository) -> None:
    head = resolve_revision(story, "HEAD")
    found = blame_file(story, head, A)
    assert found.file == file_at(story, "a.jpg")
    by_message: dict[str, CommitId] = {
        commit.message: id_
        for id_, commit in iter_history(story, head.commit)  # type: ignore[arg-type]
    }
    for origin in (found.data, *(one for _, one in found.variables.values()), *(one for _, one in found.instances)):
        assert origin.commit is not None
        assert origin.id == by_message[origin.commit.message]


def test_what_changed_last_counts(story: Repository) -> None:
    annotate(story, [A], Annotation(relabel={"walnut": "pecan"}, set={"dpi": "2", "place": "Waldkirch"}))
    commit_working(story, "third")
    said(story, dpi="3")
    commit_working(story, "other")
    said(story, dpi="2")
    commit_working(story, "back")
    put(story, "a.jpg", data="other bytes", on_existing=OnExisting.REPLACE, keep_annotations=True)
    commit_working(story, "bytes")
    assert blamed(story) == {
        "bytes": "bytes",
        "place": "third",
        "pecan": "third",
        "dpi": "back",
        "almond": "second",
    }


def test_what_is_not_committed(story: Repository) -> None:
    said(story, dpi="2")
    found = blame_file(story, resolve_revision(story, "WORK"), A)
    assert found.variables["dpi"] == (2, Origin())
    assert blamed(story, "WORK") == {**blamed(story), "dpi": ""}
    put(story, "new.jpg")
    assert blamed(story, "WORK", "new.jpg") == {"bytes": ""}


def test_before_the_first_commit(repository: Repository) -> None:
    put(repository, "a.jpg", entered=[box("dog")])
    assert blamed(repository, "WORK") == {"bytes": "", "dog": ""}


def test_a_file_is_followed_where_it_goes(story: Repository) -> None:
    before = blamed(story)
    move(story, [A], ("deep", "down.jpg"))
    commit_working(story, "moved")
    assert blamed(story, path="deep/down.jpg") == before


def test_a_merge_hands_on_to_the_side_that_did_it(story: Repository) -> None:
    create_branch(story, "side", resolve_revision(story, "HEAD").commit)  # type: ignore[arg-type]
    said(story, dpi="7")
    commit_working(story, "on main")
    switch_branch(story, "side")
    drawn(story, "pecan")
    commit_working(story, "on side")
    merge_commit(story, resolve_revision(story, "main").commit, "merged")  # type: ignore[arg-type]
    assert blamed(story) == {
        "bytes": "first",
        "place": "first",
        "walnut": "first",
        "almond": "second",
        "dpi": "on main",
        "pecan": "on side",
    }


def test_what_both_sides_did_is_of_the_branch_that_was_merged_into(story: Repository) -> None:
    create_branch(story, "side", resolve_revision(story, "HEAD").commit)  # type: ignore[arg-type]
    said(story, dpi="7")
    commit_working(story, "on main")
    switch_branch(story, "side")
    said(story, dpi="7")
    commit_working(story, "on side")
    merge_commit(story, resolve_revision(story, "main").commit, "merged")  # type: ignore[arg-type]
    assert blamed(story)["dpi"] == "on side"


def test_a_conflict_that_is_not_settled(story: Repository) -> None:
    """The working state comes of both commits, and has our side."""
    create_branch(story, "side", resolve_revision(story, "HEAD").commit)  # type: ignore[arg-type]
    said(story, dpi="7")
    drawn(story, "hazelnut")
    commit_working(story, "on main")
    switch_branch(story, "side")
    said(story, dpi="8")
    commit_working(story, "on side")
    merge_commit(story, resolve_revision(story, "main").commit, "merged")  # type: ignore[arg-type]
    found = blamed(story, "WORK")
    assert (found["dpi"], found["hazelnut"]) == ("on side", "on main")


def test_a_file_that_came_again_is_of_who_brought_it_again(story: Repository) -> None:
    remove(story, [A])
    commit_working(story, "gone")
    put(story, "a.jpg", entered=[box("walnut")], variables={"place": "Reute"})
    commit_working(story, "again")
    assert set(blamed(story).values()) == {"again"}


def test_a_snapshot_is_blamed_as_its_commit(story: Repository) -> None:
    create_project(story, "nuts", Definition())
    said(story, dpi="5")
    head = commit_working(story, "for the snapshot")
    snapshot(story, "nuts", head)
    assert blamed(story, "nuts@1") == blamed(story)


def test_what_cannot_be_blamed(story: Repository) -> None:
    def blame(path: str) -> Blame:
        return blame_file(story, resolve_revision(story, "HEAD"), parse_path(path))

    with pytest.raises(NotFoundError, match=r"did you mean 'a.jpg'"):
        blame("aa.jpg")
    with pytest.raises(InvalidInputError, match="'/' is a directory"):
        blame("")
