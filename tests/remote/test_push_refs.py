"""Which refs a push may change: nothing that somebody else pushed is lost unless that is said."""

import pytest
from support.pushes import assert_whole, commit, opened, push_refs
from support.remotes import refs_of
from support.repositories import AUTHOR, snapshot, ticking

from dvcore.errors import StateError
from dvcore.history.merging import merge_commit
from dvcore.ids import CommitId
from dvcore.model.commit import Commit
from dvcore.model.definition import Definition
from dvcore.remote.exchange.push import PushRef, push
from dvcore.remote.exchange.refs import list_tracked
from dvcore.remote.storages.memory import MemoryStorage
from dvcore.repo.branches import create_branch, create_tag, delete_tag, switch_branch
from dvcore.repo.objects import Objects
from dvcore.repo.projects import create_project
from dvcore.repo.repository import Repository

NOWHERE = CommitId(bytes(32))


@pytest.fixture
def storage() -> MemoryStorage:
    return MemoryStorage()


@pytest.fixture
def ours() -> Repository:
    return Repository.in_memory(author=AUTHOR, clock=ticking())


@pytest.fixture
def theirs() -> Repository:
    return Repository.in_memory(author="Bob", clock=ticking())


def refused(repository: Repository, storage: MemoryStorage, *requests: PushRef, match: str, **options: object) -> None:
    """Refused with the remote as it was."""
    before = opened(storage).root
    with pytest.raises(StateError, match=match):
        push(repository, storage, "origin", requests, **options)  # type: ignore[arg-type]
    assert opened(storage).root == before


def test_a_branch_goes_forward(ours: Repository, storage: MemoryStorage) -> None:
    commit(ours, "a")
    push_refs(ours, storage)
    for name in "bcd":
        commit(ours, name)
    newest = commit(ours, "e")
    report = push_refs(ours, storage)
    assert [(one.after, one.is_forced) for one in report.changes] == [(newest, False)]


def test_a_branch_that_others_went_on_with_is_fetched_first(
    ours: Repository, theirs: Repository, storage: MemoryStorage
) -> None:
    commit(theirs, "x")
    push_refs(theirs, storage)
    head = commit(ours, "a")
    wanted = PushRef("heads/main", head)
    message = (
        "^the branch 'main' has commits there that this push would lose: nothing was pushed to origin; fetch first"
    )
    refused(ours, storage, wanted, match=message)
    refused(ours, storage, wanted, PushRef("heads/other", head), match="the branch 'main' has")


def test_an_older_state_of_a_branch_is_refused(ours: Repository, storage: MemoryStorage) -> None:
    first = commit(ours, "a")
    commit(ours, "b")
    push_refs(ours, storage)
    refused(ours, storage, PushRef("heads/main", first), match="would lose")


@pytest.mark.parametrize("has_lease", [False, True])
def test_tags_do_not_move(ours: Repository, storage: MemoryStorage, has_lease: bool) -> None:
    first, second = commit(ours, "a"), commit(ours, "b")
    create_tag(ours, "v1", first)
    push_refs(ours, storage)
    delete_tag(ours, "v1")
    create_tag(ours, "v1", second)
    leases = {"tags/v1": first} if has_lease else {}
    message = "the tag 'v1' " + ("cannot move" if has_lease else "is another one there")
    refused(ours, storage, PushRef("tags/v1", second), match=message, leases=leases)


def test_a_snapshot_of_another_is_not_replaced(ours: Repository, theirs: Repository, storage: MemoryStorage) -> None:
    for repository in (theirs, ours):
        create_project(repository, "nuts", Definition())
        snapshot(repository, "nuts", commit(repository, "a"))
    push_refs(theirs, storage)
    mine = PushRef("snapshots/nuts/1", refs_of(ours)["snapshots/nuts/1"])
    refused(ours, storage, mine, match="the snapshot 'nuts@1' is another one there: .* 'dset fetch' gives ours another")
    chain = PushRef("projects/nuts", refs_of(ours)["projects/nuts"])
    refused(ours, storage, chain, match="the project 'nuts' has commits there")


def test_a_lease_lets_a_branch_go_anywhere(ours: Repository, storage: MemoryStorage) -> None:
    first = commit(ours, "a")
    second = commit(ours, "b")
    push_refs(ours, storage)
    wanted = PushRef("heads/main", first)
    report = push(ours, storage, "origin", [wanted], leases={"heads/main": second})
    assert [(one.before, one.after, one.is_forced) for one in report.changes] == [(second, first, True)]
    assert opened(storage).root.refs == {"heads/main": first} == list_tracked(ours, "origin")


def test_a_lease_holds_only_as_long_as_nobody_pushes(
    ours: Repository, theirs: Repository, storage: MemoryStorage
) -> None:
    commit(ours, "a")
    push_refs(ours, storage)
    seen = list_tracked(ours, "origin")
    push(theirs, storage, "origin", [PushRef("heads/main", commit(theirs, "x"))], leases=seen)
    refused(
        ours,
        storage,
        PushRef("heads/main", commit(ours, "b")),
        match=f"is [0-9a-f]{{12}} there, and was expected to be {seen['heads/main'].hex()[:12]}",
        leases=seen,
    )
    refused(ours, storage, PushRef("heads/main", None), match="was expected to be absent", leases={"heads/main": None})


def test_what_a_lease_says_of_a_ref_that_moves_forward_counts_too(ours: Repository, storage: MemoryStorage) -> None:
    commit(ours, "a")
    push_refs(ours, storage)
    newer = PushRef("heads/main", commit(ours, "b"))
    refused(ours, storage, newer, match="was expected to be", leases={"heads/main": NOWHERE})


def test_a_lease_on_an_absent_ref_lets_it_be_made_by_one(ours: Repository, storage: MemoryStorage) -> None:
    head = commit(ours, "a")
    push_refs(ours, storage)
    create_branch(ours, "other", head)
    push_refs(ours, storage, "heads/other", leases={"heads/other": None})
    assert set(opened(storage).root.refs) == {"heads/main", "heads/other"}
    newer = PushRef("heads/other", commit(ours, "b"))
    refused(ours, storage, newer, match="was expected to be absent", leases={"heads/other": None})


@pytest.mark.parametrize("kind", ["heads/other", "tags/v1", "snapshots/nuts/1", "projects/nuts"])
def test_refs_are_deleted_with_a_lease_only(ours: Repository, storage: MemoryStorage, kind: str) -> None:
    head = commit(ours, "a")
    create_branch(ours, "other", head)
    create_tag(ours, "v1", head)
    create_project(ours, "nuts", Definition())
    snapshot(ours, "nuts", head)
    push_refs(ours, storage)
    gone = PushRef(kind, None)
    refused(ours, storage, gone, match="is deleted only where it is said what it has to be")
    before = opened(storage).root
    report = push(ours, storage, "origin", [gone], leases=list_tracked(ours, "origin"))
    assert [(one.ref, one.after) for one in report.changes] == [(kind, None)]
    after = assert_whole(storage).root
    assert set(before.refs) - set(after.refs) == {kind}
    assert after.counters == before.counters == {"nuts": 1}, "the number is not given again"
    assert after.indexes == before.indexes
    assert kind not in list_tracked(ours, "origin")


def test_deleting_what_is_not_there_is_nothing(ours: Repository, storage: MemoryStorage) -> None:
    commit(ours, "a")
    push_refs(ours, storage)
    before = opened(storage).root
    assert push(ours, storage, "origin", [PushRef("heads/none", None)]).changes == ()
    assert opened(storage).root == before


def test_the_first_branch_may_go(ours: Repository, storage: MemoryStorage) -> None:
    first = commit(ours, "a")
    push_refs(ours, storage)
    create_branch(ours, "zoo", first)
    create_branch(ours, "other", first)
    push_refs(ours, storage, "heads/zoo", "heads/other")
    assert opened(storage).root.head == "main"
    switch_branch(ours, "zoo")
    push(ours, storage, "origin", [PushRef("heads/main", None)], leases={"heads/main": first})
    assert opened(storage).root.head == "zoo"
    leases = {"heads/zoo": first, "heads/other": first}
    push(ours, storage, "origin", [PushRef(ref, None) for ref in leases], leases=leases)
    assert (opened(storage).root.head, opened(storage).root.refs) == (None, {})


def test_all_that_is_refused_is_named(ours: Repository, theirs: Repository, storage: MemoryStorage) -> None:
    for repository in (theirs, ours):
        head = commit(repository, f"of {repository.author[:3]}")
        for number in range(8):
            create_tag(repository, f"v{number}", head)
    push_refs(theirs, storage)
    wanted = [PushRef(ref, one) for ref, one in refs_of(ours).items()]
    refused(ours, storage, *wanted, match="the branch 'main' .*; the tag 'v3' .*; and 4 more: nothing was pushed")


def test_a_merge_of_what_others_pushed_goes_forward(storage: MemoryStorage) -> None:
    """A ref whose commit is below ours by another way than the first parent."""
    ours = Repository.in_memory(author=AUTHOR, clock=ticking())
    first = commit(ours, "a")
    create_branch(ours, "theirs", first)
    switch_branch(ours, "theirs")
    second = commit(ours, "b")
    push(ours, storage, "origin", [PushRef("heads/main", second)])
    switch_branch(ours, "main")
    commit(ours, "c")
    merge_commit(ours, second, "both")
    report = push_refs(ours, storage, "heads/main")
    assert not report.changes[0].is_forced
    assert_whole(storage)


@pytest.mark.parametrize(
    ("ref", "hint"),
    [
        ("heads/main", "'dset pull' fetches and merges"),
        ("tags/v1", "--delete"),
        ("snapshots/nuts/1", "'dset fetch' gives ours another number"),
    ],
)
def test_what_to_do_depends_on_what_was_refused(
    ours: Repository, theirs: Repository, storage: MemoryStorage, ref: str, hint: str
) -> None:
    for repository, path in ((theirs, "x"), (ours, "y")):
        head = commit(repository, path)
        create_tag(repository, "v1", head)
        create_project(repository, "nuts", Definition())
        snapshot(repository, "nuts", head)
    push_refs(theirs, storage)
    with pytest.raises(StateError) as caught:
        push_refs(ours, storage, ref)
    assert hint in str(caught.value)
    assert ("dset pull" in str(caught.value)) == ref.startswith("heads/")


def test_a_lease_that_does_not_hold_is_not_told_to_pull(ours: Repository, storage: MemoryStorage) -> None:
    commit(ours, "a")
    push_refs(ours, storage)
    newer = PushRef("heads/main", commit(ours, "b"))
    with pytest.raises(StateError, match="'dset fetch' shows") as caught:
        push(ours, storage, "origin", [newer], leases={"heads/main": NOWHERE})
    assert "pull" not in str(caught.value)


def test_who_is_behind_is_refused_without_reading_all_history(
    ours: Repository, theirs: Repository, storage: MemoryStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not here is before nothing that is."""
    for number in range(20):
        commit(ours, f"a{number}")
    push(theirs, storage, "origin", [PushRef("heads/main", commit(theirs, "x"))])
    loaded: list[CommitId] = []
    real = Objects.load_commit

    def load_commit(objects: Objects, commit_id: CommitId) -> Commit:
        loaded.append(commit_id)
        return real(objects, commit_id)

    monkeypatch.setattr(Objects, "load_commit", load_commit)
    with pytest.raises(StateError, match="fetch first"):
        push_refs(ours, storage)
    assert len(loaded) < 5
