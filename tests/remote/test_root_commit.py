"""Replacing the root: nobody's work is lost, whatever becomes of the answers."""

from collections.abc import Callable
from dataclasses import replace
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvcore.errors import (
    AccessDeniedError,
    ConflictError,
    CorruptError,
    NeedsNewerError,
    StateError,
    StorageError,
    UnknownOutcomeError,
)
from dvcore.ids import CommitId
from dvcore.remote.packs.names import ROOT
from dvcore.remote.roots.commit import ATTEMPTS, commit_root, read_root
from dvcore.remote.roots.format import encode_root
from dvcore.remote.roots.root import KEPT_WRITES, Root
from dvcore.remote.roots.seen import seen_of
from dvcore.remote.storages.memory import MemoryStorage
from dvcore.remote.storages.storage import ALWAYS, GET_LIMIT, Capabilities, Condition, Data, Stored


def no_pause(seconds: float) -> None:
    assert 0 <= seconds <= 3


def counting(project: str = "nuts") -> Callable[[Root], Root]:
    return lambda root: replace(root, counters={**root.counters, project: root.counters.get(project, 0) + 1})


def commit(storage: MemoryStorage, update: Callable[[Root], Root]) -> Root:
    return commit_root(storage, update, pause=no_pause)


class FaultyStorage(MemoryStorage):
    """Does to each put of the root what a list says: nothing (`ok`), answer lost after it was applied (`lost`) or
    before (`dropped`), another writer first (`beaten`), and failures of reading."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__()
        self.faults = faults
        self.others = 0

    def put(self, name: str, data: Data, *, condition: Condition = ALWAYS) -> None:
        fault = self.faults.pop(0) if self.faults else "ok"
        if fault == "beaten":
            self._go_on(1)
        if fault.startswith("dropped"):
            self._go_on(int(fault.removeprefix("dropped") or 0))
            raise UnknownOutcomeError("no answer")
        tag = super().put(name, data, condition=condition)
        if fault.startswith("lost"):
            self._go_on(int(fault.removeprefix("lost") or 0))
            raise UnknownOutcomeError("no answer")
        return tag

    def get(self, name: str, *, limit: int = GET_LIMIT) -> Stored:
        if self.faults and self.faults[0] == "unreadable":
            raise StorageError("it is gone")
        return super().get(name, limit=limit)

    def _go_on(self, times: int) -> None:
        faults, self.faults = self.faults, []
        for _ in range(times):
            self.others += 1
            commit(self, counting("others"))
        self.faults = faults


def test_the_first_root_and_the_next() -> None:
    storage = MemoryStorage()
    assert read_root(storage) is None
    first = commit(storage, lambda root: replace(root, refs={"heads/main": CommitId(bytes(32))}, head="main"))
    assert read_root(storage) == first
    second = commit(storage, counting())
    assert (first.serial, second.serial) == (1, 2)
    assert second.identity == first.identity
    assert second.writes[:1] == first.writes
    assert second.refs == first.refs


def test_what_does_not_change_is_not_written() -> None:
    storage = MemoryStorage()
    commit(storage, lambda root: root)
    assert read_root(storage) is None
    first = commit(storage, counting())
    assert commit(storage, lambda root: root) == first == read_root(storage)


def test_a_fence_is_written_although_nothing_changes() -> None:
    storage = MemoryStorage()
    first = commit(storage, counting())
    second = commit_root(storage, lambda root: root, is_fence=True, pause=no_pause)
    assert second == read_root(storage) == replace(first, serial=2, writes=(*first.writes, second.writes[-1]))


@given(
    st.lists(
        st.sampled_from(["ok", "lost", "lost1", "lost63", "dropped", "dropped64", "beaten"]), max_size=ATTEMPTS - 2
    )
)
def test_every_change_is_made_once_whatever_becomes_of_the_answers(faults: list[str]) -> None:
    storage = FaultyStorage([])
    commit(storage, counting("before"))
    storage.faults = faults
    root = commit(storage, counting())
    assert root == read_root(storage)
    assert root.counters["nuts"] == 1
    assert root.counters.get("others", 0) == storage.others


def test_a_first_root_whose_answer_was_lost_is_recognised() -> None:
    storage = FaultyStorage(["lost"])
    root = commit(storage, counting())
    assert root.serial == 1
    assert read_root(storage) == root


def test_where_nobody_can_say_whether_it_was_done_that_is_said() -> None:
    storage = FaultyStorage(["lost64"])
    with pytest.raises(UnknownOutcomeError, match="whether memory took the change is not known: 64 others came after"):
        commit(storage, counting())
    for fault in ("lost", "dropped"):
        storage = FaultyStorage([fault, "unreadable"])
        with pytest.raises(UnknownOutcomeError, match="whether memory took the change is not known: it is gone"):
            commit(storage, counting())
    assert KEPT_WRITES == 64


def test_tries_are_bounded() -> None:
    storage = FaultyStorage(["beaten"] * 100)
    with pytest.raises(ConflictError, match="memory was changed by others all the time"):
        commit(storage, counting())
    root = read_root(storage)
    assert root is not None
    assert root.counters == {"others": storage.others}
    assert storage.others == ATTEMPTS


def test_a_last_try_whose_answer_was_lost_is_recognised() -> None:
    storage = FaultyStorage(["beaten"] * (ATTEMPTS - 1) + ["lost"])
    assert commit(storage, counting()).counters == {"nuts": 1, "others": ATTEMPTS - 1}


def test_what_the_change_raises_ends_it_and_nothing_is_done() -> None:
    storage = FaultyStorage([])
    first = commit(storage, counting())
    storage.faults = ["beaten"]

    def update(root: Root) -> Root:
        if root != first:
            raise ConflictError("fetch first")
        return counting()(root)

    with pytest.raises(ConflictError, match="fetch first"):
        commit(storage, update)
    root = read_root(storage)
    assert root is not None
    assert root.counters == {"nuts": 1, "others": 1}


def test_other_failures_are_passed_on() -> None:
    class Denying(MemoryStorage):
        def put(self, name: str, data: Data, *, condition: Condition = ALWAYS) -> None:
            raise AccessDeniedError("read only")

    with pytest.raises(AccessDeniedError, match="read only"):
        commit(Denying(), counting())
    with pytest.raises(StorageError, match="it is gone"):
        commit(FaultyStorage(["unreadable"]), counting())


def test_threads_that_commit_together_lose_nothing() -> None:
    storage = MemoryStorage()
    errors: list[Exception] = []

    def work(project: str) -> None:
        try:
            for _ in range(10):
                commit_root(storage, counting(project))
        except Exception as error:  # noqa: BLE001 - told below
            errors.append(error)

    threads = [Thread(target=work, args=(f"p{number}",)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    root = read_root(storage)
    assert not errors
    assert root is not None
    assert root.counters == {f"p{number}": 10 for number in range(3)}
    assert root.serial == 30


class WeakStorage(FaultyStorage):
    """A store that cannot compare and swap: it looks, and then writes."""

    capabilities = Capabilities(conditional=False)

    def put(self, name: str, data: Data, *, condition: Condition = ALWAYS) -> None:
        if self.faults and self.faults[0] == "overwritten":
            self.faults.pop(0)
            found = self._objects.get(name)
            super().put(name, data)
            if found is None:
                self.remove(name)
            else:
                super().put(name, found[0])
            return
        super().put(name, data, condition=condition)


def test_a_store_without_compare_and_swap_is_used_only_where_that_is_allowed() -> None:
    storage = WeakStorage([])
    with pytest.raises(StateError, match="memory cannot compare and swap"):
        commit(storage, counting())
    assert read_root(storage) is None
    root = commit_root(storage, counting(), is_unsafe=True, pause=no_pause)
    assert read_root(storage) == root


def test_there_a_change_that_another_overwrote_is_made_again() -> None:
    storage = WeakStorage([])
    commit_root(storage, counting("before"), is_unsafe=True, pause=no_pause)
    storage.faults = ["overwritten", "overwritten"]
    root = commit_root(storage, counting(), is_unsafe=True, pause=no_pause)
    assert root.counters == {"before": 1, "nuts": 1}
    assert read_root(storage) == root


def test_a_root_from_before_what_was_seen_is_refused_and_not_replaced() -> None:
    storage = MemoryStorage()
    commit(storage, counting())
    old = storage.get(ROOT).data
    seen = seen_of(commit(storage, counting()))
    storage.put(ROOT, old)
    with pytest.raises(CorruptError, match="memory is at state 1, and was at 2 before"):
        read_root(storage, seen=seen)
    with pytest.raises(CorruptError, match="memory is at state 1"):
        commit_root(storage, counting(), seen=seen, pause=no_pause)
    assert storage.get(ROOT).data == old
    storage.remove(ROOT)
    with pytest.raises(StateError, match="memory is empty, and was not before"):
        commit_root(storage, counting(), seen=seen, pause=no_pause)


def test_a_damaged_root_is_refused_with_the_remote_named_and_not_replaced() -> None:
    storage = MemoryStorage()
    storage.put(ROOT, b"<html>404</html>" * 10)
    for action in (lambda: read_root(storage), lambda: commit(storage, counting())):
        with pytest.raises(CorruptError, match="memory: its root: it is no root of a remote"):
            action()
    newer = replace(commit(MemoryStorage(), counting()))
    data = bytearray(encode_root(newer))
    storage.put(ROOT, data[:20])
    with pytest.raises(CorruptError, match="memory: its root: it is cut off"):
        read_root(storage)


def test_a_root_for_newer_readers_is_not_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    storage = MemoryStorage()
    monkeypatch.setattr("dvcore.remote.roots.format.FORMAT", 2)
    commit(storage, lambda root: replace(root, oldest_reader=2, counters={"nuts": 1}))
    monkeypatch.undo()
    with pytest.raises(NeedsNewerError, match="memory: its root: the remote has format 2; it needs a newer dset"):
        commit(storage, counting())
