"""A push that was broken off goes on where it was, and trusts nothing that may have gone meanwhile."""

import os
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread, current_thread

import pytest
from support.noise import noise
from support.pushes import assert_whole, opened, push_refs
from support.remotes import refs_of
from support.repositories import AUTHOR, put, ticking

from dvcore.errors import StateError, StorageError
from dvcore.ids import CommitId, digest
from dvcore.remote.exchange import push_packs as push_packs_module
from dvcore.remote.exchange.push import PushRef, push
from dvcore.remote.exchange.push_packs import PushPacks
from dvcore.remote.exchange.sending import Sender
from dvcore.remote.exchange.unfinished import Unfinished, find_listed, unfinished_in
from dvcore.remote.indexes.cache import IndexCache
from dvcore.remote.packs import packing
from dvcore.remote.packs.names import INDEXES, PACKS, ROOT, find_pack
from dvcore.remote.packs.pack import new_salt
from dvcore.remote.packs.packing import Value
from dvcore.remote.roots.commit import commit_root
from dvcore.remote.roots.root import Tombstone, new_root
from dvcore.remote.settings import index_folder, push_folder
from dvcore.remote.storages.memory import MemoryStorage
from dvcore.remote.storages.storage import ALWAYS, Condition, Data, Listed
from dvcore.repo.commits import commit_working
from dvcore.repo.repository import Repository
from dvcore.store import Table


class Refusing(MemoryStorage):
    """Takes no pack."""

    def __init__(self) -> None:
        super().__init__()
        self.refused = Event()
        self._thread: Thread | None = None

    def put(self, name: str, data: Data, *, condition: Condition = ALWAYS) -> None:
        self._thread = current_thread()
        self.refused.set()
        raise StorageError(f"cannot write {name}")

    def settle(self) -> None:
        """Wait until the thread that was refused has ended."""
        assert self.refused.wait(10)
        assert self._thread is not None
        self._thread.join()


class Breaking(MemoryStorage):
    """Takes so many packs, and then nothing any more, until it is mended; can be told that packs are old."""

    def __init__(self, packs: int) -> None:
        super().__init__()
        self.left = packs
        self.puts: list[str] = []
        self.lists = 0
        self.age = timedelta(0)

    def put(self, name: str, data: Data, *, condition: Condition = ALWAYS) -> None:
        if name.startswith(PACKS):
            self.left -= 1
        if self.left < 0:
            raise StorageError("it is gone")
        self.puts.append(name)
        return super().put(name, data, condition=condition)

    def iter_names(self, prefix: str = "") -> Iterator[Listed]:
        self.lists += 1
        for number, one in enumerate(super().iter_names(prefix)):
            yield replace(one, time=one.time - self.age * number)

    def mend(self) -> None:
        self.left = 1_000
        self.puts.clear()
        self.lists = 0


@pytest.fixture(autouse=True)
def _small_packs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "FULL", dict.fromkeys(packing.FULL, 10_000))
    monkeypatch.setattr("dvcore.remote.exchange.sending._AT_ONCE", 1)


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Repository]:
    with Repository.init(tmp_path / "repository", author=AUTHOR, clock=ticking()) as made:
        for number in range(20):
            put(made, f"a/{number}", data=noise(2_000, str(number)).hex())
        commit_working(made, "twenty")
        yield made


def broken_off(repository: Repository, packs: int = 6) -> Breaking:
    """A remote that broke in the midst of a push."""
    storage = Breaking(packs)
    with pytest.raises(StorageError, match="it is gone"):
        push_refs(repository, storage)
    assert len(storage.puts) == packs
    return storage


def folder(repository: Repository) -> Path:
    assert repository.layout is not None
    return push_folder(repository.layout, "origin")


def packs_of(names: list[str]) -> set[str]:
    return {name for name in names if name.startswith(PACKS)}


def test_packs_that_are_there_are_not_sent_again(repository: Repository) -> None:
    storage = broken_off(repository)
    before = packs_of(storage.puts)
    storage.mend()
    report = push_refs(repository, storage)
    assert report.resumed == 6
    assert not packs_of(storage.puts) & before
    assert report.blobs == 20
    assert_whole(storage)
    assert storage.lists == 2  # one of them by this test
    assert [path.name for path in folder(repository).iterdir()] == ["lock"]


def test_broken_off_again_and_again_it_gets_there(repository: Repository) -> None:
    storage = broken_off(repository, 2)
    for _ in range(20):
        storage.left = 2
        try:
            push_refs(repository, storage)
            break
        except StorageError:
            pass
    assert_whole(storage)
    names = [name for name in storage.puts if name.startswith(PACKS)]
    assert len(names) == len(set(names)), "no name is sent twice"


def test_a_push_that_fails_at_the_root_sends_no_pack_again(repository: Repository) -> None:
    storage = Breaking(1_000)
    original = storage.put

    def put_(name: str, data: Data, *, condition: Condition = ALWAYS) -> None:
        if name == ROOT:
            raise StorageError("it is gone")
        return original(name, data, condition=condition)

    storage.put = put_  # type: ignore[method-assign]
    with pytest.raises(StorageError):
        push_refs(repository, storage)
    storage.put = original  # type: ignore[method-assign]
    storage.mend()
    push_refs(repository, storage)
    assert packs_of(storage.puts) == set()
    assert_whole(storage)


def test_on_another_root_it_begins_anew_with_another_salt(repository: Repository) -> None:
    storage = broken_off(repository)
    before = packs_of(storage.puts)
    storage.mend()
    commit_root(storage, lambda root: replace(root, counters={"p": 1}))
    report = push_refs(repository, storage)
    assert report.resumed == 0
    assert not packs_of(storage.puts) & before
    assert_whole(storage)


def test_packs_that_have_gone_are_sent_again(repository: Repository) -> None:
    storage = broken_off(repository)
    gone = sorted(packs_of(storage.puts))[:2]
    for name in gone:
        storage.remove(name)
    storage.mend()
    assert push_refs(repository, storage).resumed == 4
    assert_whole(storage)


def test_packs_that_are_old_by_the_stores_clock_are_sent_again(repository: Repository) -> None:
    storage = broken_off(repository)
    storage.mend()
    storage.age = timedelta(hours=5)  # each is older than the one before
    assert push_refs(repository, storage).resumed == 3
    assert_whole(storage)


@pytest.mark.parametrize("hours", [13, -1])
def test_packs_that_are_old_by_this_machines_clock_are_sent_again(repository: Repository, hours: int) -> None:
    storage = broken_off(repository)
    storage.mend()
    for path in folder(repository).iterdir():
        os.utime(path, (time.time() - hours * 3600,) * 2)
    assert push_refs(repository, storage).resumed == 0
    assert_whole(storage)


def test_notes_that_are_damaged_count_as_absent(repository: Repository) -> None:
    storage = broken_off(repository)
    storage.mend()
    paths = sorted(path for path in folder(repository).iterdir() if "-" in path.name)
    paths[0].write_bytes(b"")
    paths[1].write_bytes(paths[1].read_bytes()[:-1] + b"x")
    paths[2].rename(paths[2].with_name("blobs-12-nothing"))
    assert push_refs(repository, storage).resumed == 3
    assert_whole(storage)


@pytest.mark.parametrize("data", [b"", b"nonsense", bytes(100)])
def test_a_state_that_is_damaged_counts_as_absent(repository: Repository, data: bytes) -> None:
    storage = broken_off(repository)
    storage.mend()
    (folder(repository) / "state").write_bytes(data)
    assert push_refs(repository, storage).resumed == 0
    assert_whole(storage)


def test_a_second_process_takes_up_nothing(repository: Repository) -> None:
    storage = broken_off(repository)
    storage.mend()
    with unfinished_in(folder(repository)) as first:
        assert first.take_up(storage, new_root()) is not None
        report = push_refs(repository, storage)
        assert report.resumed == 0
        assert first.take_up(storage, new_root()) is not None, "it leaves the notes of the first alone"
    assert_whole(storage)


def test_what_is_pushed_may_have_changed_meanwhile(repository: Repository) -> None:
    """What was sent and is wanted no more does no harm."""
    storage = broken_off(repository)
    storage.mend()
    put(repository, "b")
    commit_working(repository, "another")
    assert push_refs(repository, storage).resumed == 6
    assert_whole(storage)


def test_a_folder_that_cannot_be_written_is_no_hindrance(repository: Repository) -> None:
    path = folder(repository)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("in the way")
    storage = Breaking(1_000)
    push_refs(repository, storage)
    assert_whole(storage)


def test_a_push_of_hours_looks_for_its_packs_before_the_root(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push_packs_module, "LONG", -1.0)
    storage = Breaking(1_000)
    push_refs(repository, storage)
    assert storage.lists == 1
    put(repository, "b", data=noise(9_000).hex())
    commit_working(repository, "another")
    storage.mend()
    original = storage.iter_names

    def iter_names(prefix: str = "") -> Iterator[Listed]:
        storage.remove(next(name for name in storage.puts if name.startswith(PACKS)))
        return original(prefix)

    storage.iter_names = iter_names  # type: ignore[method-assign]
    with pytest.raises(StorageError, match="1 of 2 packs that were sent to memory are gone; run the command again"):
        push_refs(repository, storage)
    assert not [name for name in storage.puts if name.startswith(INDEXES)]
    storage.iter_names = original  # type: ignore[method-assign]
    assert push_refs(repository, storage).resumed == 1
    assert_whole(storage)


def test_a_push_of_many_hours_gets_there(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody removes packs without a tombstone in a root, and the root is still the one that it began on."""
    monkeypatch.setattr(push_packs_module, "LONG", -1.0)
    storage = Breaking(1_000)
    storage.age = timedelta(hours=20)
    push_refs(repository, storage)
    storage.age = timedelta(0)
    assert_whole(storage)


def test_packs_that_got_a_tombstone_before_the_root_was_put_are_not_listed(repository: Repository) -> None:
    """What a collection does with packs that no root has listed for a day."""
    storage = Breaking(1_000)
    original = storage.put

    def put_(name: str, data: Data, *, condition: Condition = ALWAYS) -> None:
        if name == ROOT:
            storage.put = original  # type: ignore[method-assign]
            packs = [find_pack(one.name, one.size) for one in storage.iter_names(PACKS)]
            buried = tuple(Tombstone(one, datetime(2026, 1, 1, tzinfo=UTC)) for one in packs[:3] if one)
            commit_root(storage, lambda root: replace(root, tombstones=buried))
        return original(name, data, condition=condition)

    storage.put = put_  # type: ignore[method-assign]
    with pytest.raises(StorageError, match=r"3 of \d+ packs that were sent to memory are gone"):
        push_refs(repository, storage)
    assert push_refs(repository, storage).resumed == 0
    assert_whole(storage)


def test_an_index_is_sent_for_one_root_only(repository: Repository) -> None:
    storage = Breaking(1_000)
    original = storage.put

    def put_(name: str, data: Data, *, condition: Condition = ALWAYS) -> None:
        if name == ROOT:
            storage.put = original  # type: ignore[method-assign]
            commit_root(storage, lambda root: replace(root, counters={"p": 1}))
        return original(name, data, condition=condition)

    storage.put = put_  # type: ignore[method-assign]
    push_refs(repository, storage)
    indexes = [name for name in storage.puts if name.startswith(INDEXES)]
    assert len(indexes) == len(set(indexes)) == 2
    assert [index.name for index in assert_whole(storage).root.indexes] == indexes[1:]


def test_nothing_is_listed_where_nothing_was_noted() -> None:
    storage = Breaking(1_000)
    assert Unfinished(None).take_up(storage, new_root()) is None
    assert find_listed(storage, []) == {}


def test_what_is_refused_for_its_refs_takes_up_nothing(repository: Repository) -> None:
    storage = broken_off(repository)
    storage.mend()
    with pytest.raises(StateError):
        push_refs(repository, storage, leases={"heads/main": CommitId(bytes(32))})
    assert storage.lists == 0


def test_a_chunk_list_whose_chunks_did_not_get_there_is_not_counted_on(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(repository, "a/large", data=noise(3 << 20, "large").hex())
    commit_working(repository, "large")
    monkeypatch.setattr(packing, "FULL", dict.fromkeys(packing.FULL, 64 << 20))  # one pack of each kind, at once
    storage = MemoryStorage()
    original = storage.put

    def put_(name: str, data: Data, *, condition: Condition = ALWAYS) -> None:
        if name.startswith(f"{PACKS}blobs"):
            raise StorageError("it is gone")
        return original(name, data, condition=condition)

    storage.put = put_  # type: ignore[method-assign]
    monkeypatch.setattr("dvcore.remote.exchange.sending._AT_ONCE", 2)
    with pytest.raises(StorageError, match="it is gone"):
        push_refs(repository, storage)
    storage.put = original  # type: ignore[method-assign]
    push_refs(repository, storage)
    assert_whole(storage)


def test_a_large_file_is_whole_wherever_the_push_was_broken_off(repository: Repository) -> None:
    """A chunk list that got there says nothing of its chunks."""
    put(repository, "large", data=noise(1 << 20).hex())
    commit_working(repository, "large")
    whole = Breaking(1_000)
    _push_as(repository, whole, "whole")
    number = len(packs_of(whole.puts))
    for left in range(number - 4, number):
        storage = Breaking(left)
        with pytest.raises(StorageError, match="it is gone"):
            _push_as(repository, storage, f"left{left}")
        storage.mend()
        _push_as(repository, storage, f"left{left}")
        assert_whole(storage)


def _push_as(repository: Repository, storage: Breaking, name: str) -> None:
    push(repository, storage, name, [PushRef(ref, commit) for ref, commit in refs_of(repository).items()])


def test_indexes_of_older_roots_do_not_stay_on_this_machine(repository: Repository) -> None:
    storage = Breaking(1_000)
    for number in range(4):
        put(repository, f"b/{number}")
        commit_working(repository, "more")
        push_refs(repository, storage)
    assert repository.layout is not None
    kept = {path.name for path in index_folder(repository.layout, "origin").iterdir()}
    assert kept == {one.id.hex() for one in opened(storage).root.indexes}


def test_a_clock_that_went_back_does_not_make_a_long_push_a_short_one(repository: Repository) -> None:
    """Then nobody knows how long it took: the packs are looked for."""
    storage, root = Breaking(1_000), new_root()
    times = iter([10_000.0, 0.0])
    with closing(PushPacks(storage, IndexCache(None), Unfinished(None), None, clock=lambda: next(times))) as packs:
        with packs.sending(root) as offer:
            offer(Value(Table.BLOBS, digest(b"walnut"), b"walnut"))
        packs.join(root)
    assert storage.lists == 1


def test_a_pack_that_is_refused_ends_the_push_before_the_next_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "FULL", dict.fromkeys(packing.FULL, 130))
    monkeypatch.setattr("dvcore.remote.exchange.sending._AT_ONCE", 2)
    storage = Refusing()
    one, two, three = (Value(Table.BLOBS, digest(data), data) for data in (b"1" * 30, b"2" * 30, b"3" * 10))
    with Sender(storage, new_salt(), sent=lambda *_: None, note=lambda *_: None) as sender:
        sender.add(one)
        sender.add(two)  # has the first one's pack sent, and the next one begun
        storage.settle()
        with pytest.raises(StorageError, match=r"^cannot write packs/blobs/"):
            sender.add(three)
