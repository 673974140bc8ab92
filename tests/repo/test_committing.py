import pytest
from support.repositories import AUTHOR, descriptions, paths, put

from dvcore.errors import ExistsError, InvalidInputError, NotFoundError, StateError
from dvcore.model.declarations import VariableDeclaration
from dvcore.model.values import ValueType
from dvcore.repo.branches import (
    Branch,
    create_branch,
    create_tag,
    delete_branch,
    list_branches,
    list_tags,
    switch_branch,
)
from dvcore.repo.commits import commit_working, has_uncommitted, head_commit, head_tree, iter_history
from dvcore.repo.repository import Repository
from dvcore.repo.variables import add_variable


def committed(repository: Repository, *names: str, message: str = "more") -> bytes:
    put(repository, *names)
    return commit_working(repository, message)


def test_a_commit_fixes_the_working_state(repository: Repository) -> None:
    put(repository, "a.jpg")
    assert has_uncommitted(repository)
    id_ = commit_working(repository, "  first\n\nwith more to say ")
    assert not has_uncommitted(repository)
    assert head_commit(repository) == id_
    assert head_tree(repository) == repository.working_tree().id
    commit = repository.objects.load_commit(id_)
    assert (commit.parents, commit.author, commit.message) == ((), AUTHOR, "first\n\nwith more to say")
    assert descriptions(repository)[0] == "commit: first"
    second = committed(repository, "b.jpg")
    assert repository.objects.load_commit(second).parents == (id_,)


def test_there_must_be_something_to_commit_and_to_say(repository: Repository) -> None:
    assert not has_uncommitted(repository)
    assert head_commit(repository) is head_tree(repository) is None
    with pytest.raises(StateError, match="the working state is empty"):
        commit_working(repository, "nothing")
    committed(repository, "a.jpg")
    with pytest.raises(StateError, match="nothing has changed"):
        commit_working(repository, "nothing")
    put(repository, "b.jpg")
    with pytest.raises(InvalidInputError, match="needs a message"):
        commit_working(repository, " \n ")


def test_declarations_alone_can_be_committed(repository: Repository) -> None:
    add_variable(repository, VariableDeclaration("dpi", ValueType.INT))
    assert has_uncommitted(repository)
    commit_working(repository, "dpi")


def test_messages_and_authors_are_normalised() -> None:
    with Repository.in_memory(author="Jose\u0301") as repository:
        put(repository, "a.jpg")
        commit = repository.objects.load_commit(commit_working(repository, "Nu\u0308sse"))
    assert (commit.author, commit.message) == ("José", "Nüsse")


def test_history_is_newest_first_and_each_once(repository: Repository) -> None:
    ids = [committed(repository, f"{number}.jpg", message=f"number {number}") for number in range(4)]
    start = head_commit(repository)
    assert start is not None
    assert [id_ for id_, _ in iter_history(repository, start)] == ids[::-1]


def test_each_branch_has_its_own_working_state(repository: Repository) -> None:
    first = committed(repository, "a.jpg")
    put(repository, "b.jpg")
    create_branch(repository, "try", head_commit(repository))  # type: ignore[arg-type]
    assert paths(repository) == ["a.jpg", "b.jpg"]
    switch_branch(repository, "try")
    assert paths(repository) == ["a.jpg"]
    second = committed(repository, "c.jpg")
    switch_branch(repository, "main")
    assert paths(repository) == ["a.jpg", "b.jpg"]
    assert list_branches(repository) == [
        Branch("main", first, True, True),  # type: ignore[arg-type]
        Branch("try", second, False, False),  # type: ignore[arg-type]
    ]


def test_switching_to_where_one_is_leaves_no_trace(repository: Repository) -> None:
    switch_branch(repository, "main")
    assert descriptions(repository) == []


def test_branches_that_cannot_be(repository: Repository) -> None:
    head = committed(repository, "a.jpg")
    create_branch(repository, "try", head)  # type: ignore[arg-type]
    with pytest.raises(ExistsError, match="the branch 'try' exists already"):
        create_branch(repository, "try", head)  # type: ignore[arg-type]
    with pytest.raises(ExistsError):
        create_branch(repository, "main", head)  # type: ignore[arg-type]
    for verb in (switch_branch, delete_branch):
        with pytest.raises(NotFoundError, match="did you mean 'try'"):
            verb(repository, "tri")
        with pytest.raises(NotFoundError):
            verb(repository, "\udce9" * 600)


@pytest.mark.parametrize(
    "name",
    ["", "HEAD", "WORK", "-x", "a b", "a~1", "nuts@1", "a:b", "é", "a//b", "a/../b", "/a", "a\n", "x" * 201, "*"],
)
def test_names_that_no_branch_or_tag_can_have(repository: Repository, name: str) -> None:
    head = committed(repository, "a.jpg")
    for create in (create_branch, create_tag):
        with pytest.raises(InvalidInputError, match="cannot be the name"):
            create(repository, name, head)  # type: ignore[arg-type]


def test_deleting_a_branch(repository: Repository) -> None:
    head = committed(repository, "a.jpg")
    create_branch(repository, "topic/one", head)  # type: ignore[arg-type]
    switch_branch(repository, "topic/one")
    with pytest.raises(StateError, match="is the current branch"):
        delete_branch(repository, "topic/one")
    put(repository, "b.jpg")
    switch_branch(repository, "main")
    with pytest.raises(StateError, match="uncommitted work; --force"):
        delete_branch(repository, "topic/one")
    delete_branch(repository, "topic/one", force=True)
    assert [branch.name for branch in list_branches(repository)] == ["main"]


def test_tags_stay(repository: Repository) -> None:
    head = committed(repository, "a.jpg")
    create_tag(repository, "v1", head)  # type: ignore[arg-type]
    second = committed(repository, "b.jpg")
    assert list_tags(repository) == [("v1", head)]
    with pytest.raises(ExistsError, match="the tag 'v1' exists already"):
        create_tag(repository, "v1", second)  # type: ignore[arg-type]
