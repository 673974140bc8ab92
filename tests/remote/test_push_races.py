"""Several who push at once: nobody's work is lost, and who comes second finds out what he lacks."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from threading import Barrier, Thread

import pytest
from support.pushes import assert_whole, commit, opened, push_refs
from support.repositories import AUTHOR, ticking

from dvcore.errors import ConflictError, NotFoundError, StateError, StorageError, UnknownOutcomeError
from dvcore.ids import CommitId
from dvcore.remote.exchange.push import PushRef, push
from dvcore.remote.exchange.refs import list_tracked
from dvcore.remote.packs.names import INDEXES, PACKS, ROOT
from dvcore.remote.roots import commit as commit_module
from dvcore.remote.roots.commit import commit_root
from dvcore.remote.roots.root import Tombstone
from dvcore.remote.storages.memory import MemoryStorage
from dvcore.remote.storages.storage import ALWAYS, GET_LIMIT, Condition, Data, Stored
from dvcore.repo.branches import create_branch, switch_branch
from dvcore.repo.repository import Repository


class Hooked(MemoryStorage):
    """Does something, once, before an object of a certain name is put."""

    def __init__(self) -> None:
        super().__init__()
        self.hooks: dict[str, Callable[[], None]] = {}
        self.puts: list[str] = []

    def put(self, name: str, data: Data, *, condition: Condition = ALWAYS) -> None:
        for prefix, hook in list(self.hooks.items()):
            if name.startswith(prefix):
                del self.hooks[prefix]
                hook()
        self.puts.append(name)
        return super().put(name, data, condition=condition)


class Answerless(Hooked):
    """Loses the answers to puts of the root: `applied` says whether they were done."""

    def __init__(self, *applied: bool) -> None:
        super().__init__()
        self.applied = list(applied)

    def put(self, name: str, data: Data, *, condition: Condition = ALWAYS) -> None:
        if name == ROOT and self.applied:
            if self.applied.pop(0):
                super().put(name, data, condition=condition)
            raise UnknownOutcomeError("no answer")
        return super().put(name, data, condition=condition)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commit_module, "_LONGEST_PAUSE", 0.0)


def member(author: str) -> Repository:
    return Repository.in_memory(author=author, clock=ticking())


@pytest.fixture
def teams() -> Iterator[tuple[Hooked, Repository, Repository]]:
    """A remote, and two repositories that have what is on it: branch `main`, and a branch of each one's own."""
    storage, ada, bob = Hooked(), member(AUTHOR), member(AUTHOR)
    for repository, branch in ((ada, "ada"), (bob, "bob")):
        first = commit(repository, "shared")
        push_refs(repository, storage, "heads/main")
        create_branch(repository, branch, first)
        switch_branch(repository, branch)
    storage.puts.clear()
    yield storage, ada, bob
    assert_whole(storage)


@pytest.mark.parametrize("where", [PACKS, INDEXES, ROOT])
def test_different_branches_both_land(teams: tuple[Hooked, Repository, Repository], where: str) -> None:
    storage, ada, bob = teams
    ours, theirs = commit(ada, "a", "both"), commit(bob, "b", "both")
    storage.hooks[where] = lambda: push_refs(bob, storage, "heads/bob") and None
    push_refs(ada, storage, "heads/ada")
    refs = opened(storage).root.refs
    assert (refs["heads/ada"], refs["heads/bob"]) == (ours, theirs)
    assert set(list_tracked(ada, "origin")) == {"heads/main", "heads/ada"}


@pytest.mark.parametrize("where", [PACKS, INDEXES, ROOT])
def test_the_same_branch_is_fetched_first(teams: tuple[Hooked, Repository, Repository], where: str) -> None:
    storage, ada, bob = teams
    ours, theirs = commit(ada, "a"), commit(bob, "b")

    def push_of_bob() -> None:
        push(bob, storage, "origin", [PushRef("heads/main", theirs)])

    storage.hooks[where] = push_of_bob
    with pytest.raises(StateError, match=r"the branch 'main' has commits there .* fetch first"):
        push(ada, storage, "origin", [PushRef("heads/main", ours), PushRef("heads/ada", ours)])
    refs = opened(storage).root.refs
    assert refs == {"heads/main": theirs}, "all or nothing"
    assert list_tracked(ada, "origin")["heads/main"] != theirs


def test_what_was_sent_is_not_sent_again_when_others_were_faster(
    teams: tuple[Hooked, Repository, Repository],
) -> None:
    storage, ada, bob = teams
    commit(ada, "a"), commit(bob, "b")
    storage.hooks[ROOT] = lambda: push_refs(bob, storage, "heads/bob") and None
    report = push_refs(ada, storage, "heads/ada")
    packs = [name for name in storage.puts if name.startswith(PACKS)]
    assert len(packs) == 4, "two of each"
    assert report.bytes == sum(one.size for one in storage.iter_names(PACKS) if one.name in packs) / 2


def test_what_goes_to_a_tombstone_meanwhile_is_sent_again(teams: tuple[Hooked, Repository, Repository]) -> None:
    """It was not sent at first, since an index had it."""
    storage, ada, bob = teams
    head = commit(ada, "a")
    push_refs(bob, storage, "heads/bob")  # what "shared" leads to is on the remote
    old = {located.pack for _, _, located in opened(storage).indexes.iter_located()}

    def bury() -> None:
        buried = tuple(Tombstone(pack, datetime(2026, 1, 1, tzinfo=UTC)) for pack in old)
        commit_root(storage, lambda root: replace(root, refs={}, head=None, tombstones=buried))

    storage.hooks[ROOT] = bury
    push_refs(ada, storage, "heads/ada")
    contents = assert_whole(storage)
    assert contents.root.refs == {"heads/ada": head}
    assert old.isdisjoint(located.pack for _, _, located in contents.indexes.iter_located())


def test_packs_of_this_push_stay_valid_whoever_comes_between(teams: tuple[Hooked, Repository, Repository]) -> None:
    storage, ada, bob = teams
    head = commit(ada, "a")
    count = 0

    def others() -> None:
        nonlocal count
        count += 1
        commit(bob, f"b{count}")
        push_refs(bob, storage, "heads/bob")
        if count < 6:
            storage.hooks[ROOT] = others

    storage.hooks[ROOT] = others
    push_refs(ada, storage, "heads/ada")
    assert count == 6
    assert opened(storage).root.refs["heads/ada"] == head


def test_who_never_gets_a_turn_is_told(teams: tuple[Hooked, Repository, Repository]) -> None:
    storage, ada, _ = teams
    commit(ada, "a")

    def others() -> None:
        commit_root(storage, lambda root: replace(root, counters={"p": root.counters.get("p", 0) + 1}))
        storage.hooks[ROOT] = others

    storage.hooks[ROOT] = others
    with pytest.raises(ConflictError, match="was changed by others all the time"):
        push_refs(ada, storage, "heads/ada")
    storage.hooks.clear()
    assert "heads/ada" not in opened(storage).root.refs


@pytest.mark.parametrize("answers", [(True,), (False,), (False, True), (False, False)])
def test_a_root_whose_answer_was_lost_is_recognised(answers: tuple[bool, ...]) -> None:
    storage, repository = Answerless(*answers), member(AUTHOR)
    head = commit(repository, "a")
    push_refs(repository, storage)
    assert assert_whole(storage).root.refs == {"heads/main": head}
    assert len([name for name in storage.puts if name.startswith(PACKS)]) == 2
    assert len([name for name in storage.puts if name.startswith(INDEXES)]) == 1
    assert list_tracked(repository, "origin") == {"heads/main": head}


@pytest.mark.parametrize("moved", ["heads/other", "heads/main"])
def test_who_lost_the_answer_has_succeeded_though_others_came_after(moved: str) -> None:
    """What others made of the same branch is not followed: it is not here."""
    storage, ada = Answerless(True), member(AUTHOR)
    head, theirs = commit(ada, "a"), CommitId(bytes(32))
    original = storage.get

    def get(name: str, *, limit: int = GET_LIMIT) -> Stored:
        if not storage.applied:
            storage.get = original  # type: ignore[method-assign]
            commit_root(storage, lambda root: replace(root, refs={**root.refs, moved: theirs}))
        return original(name, limit=limit)

    storage.get = get  # type: ignore[method-assign]
    report = push_refs(ada, storage)
    assert [(one.ref, one.after) for one in report.changes] == [("heads/main", head)]
    assert opened(storage).root.refs == {"heads/main": head} | {moved: theirs}
    assert list_tracked(ada, "origin") == ({} if moved == "heads/main" else {"heads/main": head})


def test_four_at_once_all_land() -> None:
    storage = Hooked()
    people = [member(f"{name} <{name}@example.org>") for name in ("ada", "bob", "cid", "dee")]
    start = Barrier(len(people))
    failed: list[BaseException] = []

    def work(number: int, repository: Repository) -> None:
        try:
            start.wait(20)
            for step in range(4):
                head = commit(repository, f"{number}/{step}")
                push(repository, storage, "origin", [PushRef(f"heads/b{number}", head)])
        except BaseException as error:  # noqa: BLE001  # shown below
            failed.append(error)

    threads = [Thread(target=work, args=one) for one in enumerate(people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert failed == []
    assert set(assert_whole(storage).root.refs) == {f"heads/b{number}" for number in range(4)}


def test_a_remote_that_goes_away_leaves_nothing_half_done(teams: tuple[Hooked, Repository, Repository]) -> None:
    storage, ada, _ = teams
    before = opened(storage).root
    commit(ada, "a")
    for where in (PACKS, INDEXES, ROOT):

        def vanish() -> None:
            raise StorageError("it is gone")

        storage.hooks[where] = vanish
        with pytest.raises(StorageError, match="it is gone"):
            push_refs(ada, storage, "heads/ada")
        assert opened(storage).root == before
        assert list_tracked(ada, "origin") == dict(before.refs)
    push_refs(ada, storage, "heads/ada")


def test_an_index_that_went_with_its_root_is_no_error(teams: tuple[Hooked, Repository, Repository]) -> None:
    """Between reading the root and reading its indexes others pushed, and a collection removed what they merged."""
    storage, ada, bob = teams
    commit(ada, "a")
    commit(bob, "b")
    original, waiting = storage.get_range, [True]

    def get_range(name: str, start: int, length: int) -> bytes:
        if name.startswith(INDEXES) and waiting:
            waiting.clear()
            push_refs(bob, storage, "heads/bob")
            assert name not in {index.name for index in opened(storage).root.indexes}, "it was merged"
            storage.remove(name)
        return original(name, start, length)

    storage.get_range = get_range  # type: ignore[method-assign]
    push_refs(ada, storage, "heads/ada")
    assert set(assert_whole(storage).root.refs) == {"heads/main", "heads/ada", "heads/bob"}


def test_an_index_that_is_lost_is_told(teams: tuple[Hooked, Repository, Repository]) -> None:
    storage, ada, _ = teams
    commit(ada, "a")
    name = opened(storage).root.indexes[0].name
    data = storage.get(name).data
    storage.remove(name)
    with pytest.raises(NotFoundError, match=name):
        push_refs(ada, storage, "heads/ada")
    storage.put(name, data)
