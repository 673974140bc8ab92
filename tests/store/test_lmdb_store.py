"""The LMDB store: the contract, and what is its own: growth, many processes, forks, damage, errors."""

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from time import sleep

import lmdb
import pytest
from support.bounded import finish, in_child, in_processes, start
from support.store_contract import CELLS, StoreContract, get, increment, put

from dvcore.errors import CorruptError, StateError, StorageError
from dvcore.store import LmdbStore, Store, Table, WriteTransaction
from dvcore.store.gate import Gate
from dvcore.store.lmdb_errors import explanation

TINY = 64 << 10


class TestLmdbStore(StoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        with LmdbStore(tmp_path / "s.lmdb", create=True) as store:
            yield store


class TestLmdbStoreThatGrows(StoreContract):
    """The contract once more from the smallest map, so that whatever writes much is run again."""

    test_a_reader_keeps_its_state = None  # its thread waits for the growth that waits for it: see the test of that

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        with LmdbStore(tmp_path / "s.lmdb", create=True, map_size=TINY) as store:
            yield store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "s.lmdb"


def test_what_was_written_is_there_when_opened_again(path: Path) -> None:
    with LmdbStore(path, create=True) as store:
        put(store, b"a", b"1")
    with LmdbStore(path) as store:
        assert get(store, b"a") == b"1"


def test_another_process_sees_it_and_waits_for_no_writer(path: Path) -> None:
    """Opening, too, must not wait: a command that only reads would stand still beside an import."""
    script = (
        "import sys; from pathlib import Path; from dvcore.store import LmdbStore, Table\n"
        "with LmdbStore(Path(sys.argv[1])) as store, store.read() as t: print(t.get(Table.CELLS, b'a'))"
    )
    with LmdbStore(path, create=True) as store:
        put(store, b"a", b"1")

        def action(transaction: WriteTransaction) -> str:
            transaction.put(CELLS, b"a", b"2")
            return subprocess.run(
                [sys.executable, "-c", script, path], capture_output=True, text=True, check=True, timeout=60
            ).stdout

        assert store.update(action) == "b'1'\n"
        assert get(store, b"a") == b"2"


def test_two_stores_of_one_file_share_it(path: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    with LmdbStore(path, create=True) as one:
        other = LmdbStore(tmp_path / "link" / "s.lmdb")
        put(one, b"a", b"1")
        assert get(other, b"a") == b"1"
        with one.read() as transaction:
            other.close()
            assert transaction.get(CELLS, b"a") == b"1"
        put(one, b"b", b"2")
    with pytest.raises(StateError):
        get(one, b"b")


def test_a_file_that_took_the_place_of_another_is_another(path: Path) -> None:
    with LmdbStore(path, create=True) as old:
        put(old, b"a", b"old")
        path.unlink()
        Path(f"{path}-lock").unlink()
        with LmdbStore(path, create=True) as new:
            put(new, b"a", b"new")
            assert (get(old, b"a"), get(new, b"a")) == (b"old", b"new")


def test_an_action_is_run_again_after_growth(path: Path) -> None:
    runs = []

    def action(transaction: WriteTransaction) -> int:
        runs.append(transaction.get(CELLS, b"a"))
        transaction.put(CELLS, b"a", b"from an earlier run")
        transaction.put(CELLS, b"large", bytes(1 << 20))
        return len(runs)

    with LmdbStore(path, create=True, map_size=TINY) as store:
        assert store.update(action) == len(runs) > 1
        assert set(runs) == {None}
        assert get(store, b"large") == bytes(1 << 20)


def test_a_full_map_at_the_commit_grows_too(path: Path) -> None:
    """Deleting needs pages for the list of free pages, which LMDB writes with the commit."""
    with LmdbStore(path, create=True, map_size=TINY) as store:
        for round_ in range(40):
            store.update(lambda t, r=round_: t.put_many(CELLS, [(b"%d-%d" % (r, i), bytes(900)) for i in range(9)]))
            store.update(lambda t, r=round_: [t.delete(CELLS, b"%d-%d" % (r, i)) for i in range(8)])
        with store.read() as transaction:
            assert len(list(transaction.iter_items(CELLS))) == 40


def test_growth_waits_for_readers_of_this_process(path: Path) -> None:
    with LmdbStore(path, create=True, map_size=TINY) as store:
        put(store, b"a", b"1")
        tried = Event()

        def action(transaction: WriteTransaction) -> None:
            tried.set()
            transaction.put(CELLS, b"large", bytes(1 << 20))

        with store.read() as transaction:
            (writer,) = start(lambda: store.update(action))
            assert tried.wait(30)
            writer.join(0.2)
            assert transaction.get(CELLS, b"a") == b"1"
            assert writer.is_alive()
        finish(writer)
        assert get(store, b"large") == bytes(1 << 20)


def test_threads_that_read_while_it_grows_see_whole_states(path: Path) -> None:
    wrong: list[object] = []
    done = Event()

    def look(store: Store) -> None:
        while not done.is_set():
            with store.read() as transaction:
                values = {value[:8] for _, value in transaction.iter_items(CELLS)}
            if len(values) > 1:
                wrong.append(values)

    with LmdbStore(path, create=True, map_size=TINY) as store:
        readers = start(*[lambda: look(store)] * 3)
        for size in range(0, 200_000, 10_000):
            value = b"%08d" % size + bytes(size)
            store.update(lambda t, v=value: [t.put(CELLS, b"%d" % i, v) for i in range(4)])
        done.set()
        finish(*readers)
    assert not wrong


# --- processes -------------------------------------------------------------------------------------------------------


def count_up(path: Path) -> None:
    with LmdbStore(path) as store:
        for _ in range(200):
            store.update(increment)


def test_processes_lose_no_update(path: Path) -> None:
    LmdbStore(path, create=True).close()
    in_processes(2, count_up, path)
    with LmdbStore(path) as store:
        assert get(store, b"counter") == b"400"


def fill(path: Path) -> None:
    with LmdbStore(path, map_size=TINY) as store:
        for number in range(40):
            key = b"%d-%d" % (os.getpid(), number)
            store.update(lambda t, k=key: t.put(CELLS, k, bytes(50_000)))


def test_processes_adopt_each_others_growth(path: Path) -> None:
    with LmdbStore(path, create=True, map_size=TINY) as store:
        put(store, b"a", b"1")
        in_processes(2, fill, path)
        with store.read() as transaction:
            assert len(list(transaction.iter_items(CELLS))) == 81
        put(store, b"b", b"2")
        assert get(store, b"b") == b"2"


def test_a_store_works_on_both_sides_of_a_fork(path: Path) -> None:
    with LmdbStore(path, create=True) as store:
        put(store, b"parent", b"1")

        def child() -> None:
            assert get(store, b"parent") == b"1"
            put(store, b"child", b"2")
            store.close()

        assert in_child(child) == 0
        assert get(store, b"child") == b"2"
        put(store, b"parent", b"3")
        assert get(store, b"parent") == b"3"


def test_a_child_has_reader_slots_of_its_own(path: Path) -> None:
    """A slot in the parent's name would outlive the child and keep its pages from ever being used again."""
    with LmdbStore(path, create=True) as store:
        put(store, b"a", b"1")

        def child() -> None:
            with store.read():
                assert str(os.getpid()) in readers(store)

        assert in_child(child) == 0


def readers(store: LmdbStore) -> str:
    assert store._environment is not None
    return store._environment.open().readers()


def test_a_child_of_a_busy_parent_is_not_shut_out(path: Path) -> None:
    """The gate is closed at the moment of the fork, and what other threads held is gone with them."""
    with LmdbStore(path, create=True) as store:
        put(store, b"a", b"1")

        def child() -> None:
            done: list[bool] = []
            finish(*start(lambda: done.append(get(store, b"a") == b"1")))
            assert done == [True]
            put(store, b"a", b"2")

        assert in_child(child) == 0
        assert get(store, b"a") == b"2"


def test_a_fork_beside_a_reading_thread_gives_a_working_store(path: Path) -> None:
    with LmdbStore(path, create=True) as store:
        put(store, b"a", b"1")
        reading, done = Event(), Event()

        def hold() -> None:
            with store.read():
                reading.set()
                done.wait(0.3)

        (reader,) = start(hold)
        assert reading.wait(30)
        assert in_child(lambda: put(store, b"a", b"2")) == 0
        finish(reader)
        assert get(store, b"a") == b"2"


def test_a_fork_beside_threads_that_have_read_gives_a_working_store(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their frames outlive them in the child, with the transactions that they have ended."""
    leave = Gate._leave

    def leave_and_stay(gate: Gate, thread: int) -> None:
        leave(gate, thread)
        sleep(0.01)  # most forks come in here

    monkeypatch.setattr(Gate, "_leave", leave_and_stay)
    with LmdbStore(path, create=True) as store:
        put(store, b"a", b"1")
        reading, writing, done = Event(), Event(), Event()

        def read() -> None:
            while not done.is_set():
                with store.read() as transaction:
                    transaction.get(CELLS, b"a")
                reading.set()

        def write() -> None:
            kept: list[WriteTransaction] = []
            while not done.is_set():
                store.update(kept.append)
                writing.set()

        threads = start(read, write)
        assert reading.wait(30)
        assert writing.wait(30)
        codes = [in_child(lambda: put(store, b"a", b"2")) for _ in range(20)]
        done.set()
        finish(*threads)
        assert set(codes) == {0}


def test_a_transaction_that_has_ended_says_so(path: Path) -> None:
    kept: list[WriteTransaction] = []
    with LmdbStore(path, create=True) as store:
        put(store, b"a", b"1")
        with store.read() as transaction:
            items = transaction.iter_items(CELLS)
        store.update(kept.append)
        for use in (lambda: next(items), lambda: transaction.get(CELLS, b"a"), lambda: kept[0].put(CELLS, b"a", b"")):
            with pytest.raises(StateError, match="had ended"):
                use()


def test_a_child_leaves_the_parents_snapshot_alone(path: Path) -> None:
    """A child that cleared its parent's reader slots would let writers overwrite pages that the parent reads."""
    with LmdbStore(path, create=True) as store:
        store.update(lambda t: t.put_many(CELLS, [(b"%04d" % i, b"old") for i in range(2000)]))
        with store.read() as transaction:
            in_child(lambda: None)
            finish(*start(lambda: [rewrite_all(store, round_) for round_ in range(6)]))
            assert {value for _, value in transaction.iter_items(CELLS)} == {b"old"}


def rewrite_all(store: Store, round_: int) -> None:
    store.update(lambda t: [t.put(CELLS, b"%04d" % i, b"new %d" % round_) for i in range(2000)])


def die_inside(path: Path) -> None:
    with LmdbStore(path) as store:
        put(store, b"done", b"1")

        def action(transaction: WriteTransaction) -> None:
            transaction.put(CELLS, b"undone", b"2" * 100_000)
            os._exit(0)

        store.update(action)


def test_a_process_that_dies_inside_leaves_the_state_before_and_no_lock(path: Path) -> None:
    LmdbStore(path, create=True).close()
    in_processes(1, die_inside, path)
    with LmdbStore(path) as store:
        assert (get(store, b"done"), get(store, b"undone")) == (b"1", None)
        put(store, b"after", b"3")
        assert get(store, b"after") == b"3"


# --- errors ----------------------------------------------------------------------------------------------------------


def test_a_missing_file_is_not_made_by_opening_it(path: Path) -> None:
    with pytest.raises(StorageError, match="missing"):
        LmdbStore(path)
    assert not path.exists()
    path.touch()
    with pytest.raises(StorageError, match="empty"):
        LmdbStore(path)


def test_a_file_that_is_no_store_is_told(path: Path) -> None:
    path.write_bytes(b"no store" * 4096)
    for create in (False, True):
        with pytest.raises(CorruptError, match=r"s\.lmdb is damaged or no store"):
            LmdbStore(path, create=create)


def test_a_folder_that_does_not_exist_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="folder that does not exist"):
        LmdbStore(tmp_path / "none" / "s.lmdb", create=True)


def test_a_file_that_may_not_grow_is_told_and_keeps_its_state(path: Path) -> None:
    script = (
        "import resource, sys; from pathlib import Path; from dvcore.store import LmdbStore, Table\n"
        "from dvcore.errors import StorageError\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))\n"
        "with LmdbStore(Path(sys.argv[1])) as store:\n"
        "    try: store.update(lambda t: t.put(Table.CELLS, b'a', bytes(4 << 20)))\n"
        "    except StorageError as error: print(error)"
    )
    with LmdbStore(path, create=True) as store:
        put(store, b"a", b"1")
    result = subprocess.run(
        [sys.executable, "-c", script, path], capture_output=True, text=True, check=True, timeout=60
    )
    assert "the disk is full" in result.stdout
    with LmdbStore(path) as store:
        assert get(store, b"a") == b"1"
        put(store, b"a", b"2")
        assert get(store, b"a") == b"2"


@pytest.mark.parametrize(
    ("error", "number", "kind", "text"),
    [
        (lmdb.DiskError, errno.ENOSPC, StorageError, "no room left"),
        (lmdb.Error, errno.EDQUOT, StorageError, "no room left"),
        (lmdb.Error, errno.EFBIG, StorageError, "may not grow"),
        (lmdb.ReadonlyError, errno.EACCES, StorageError, "read-only file system"),
        (lmdb.LockError, errno.EACCES, StorageError, "permissions"),
        (lmdb.Error, errno.EROFS, StorageError, "read-only file system"),
        (lmdb.MemoryError, errno.ENOMEM, StorageError, "limits on memory"),
        (lmdb.ReadersFullError, 0, StorageError, "too many readers"),
        (lmdb.PanicError, 0, StorageError, "run the command again"),
        (lmdb.CorruptedError, 0, CorruptError, "damaged"),
        (lmdb.PageNotFoundError, 0, CorruptError, "damaged"),
        (lmdb.Error, 12345, StorageError, "whatever"),
    ],
)
def test_errors_say_what_where_and_what_to_do(
    error: type[lmdb.Error], number: int, kind: type[Exception], text: str
) -> None:
    raised = error("mdb_whatever")
    raised.code = number  # py-lmdb sets it from C
    explained = explanation(raised, Path("/r/.dset/objects.1.lmdb"))
    assert type(explained) is kind
    assert text in str(explained)
    assert "/r/.dset/objects.1.lmdb" in str(explained)


def test_a_file_that_is_cut_off_is_refused_instead_of_killing_the_process(tmp_path: Path) -> None:
    path = tmp_path / "cut.lmdb"
    with LmdbStore(path, create=True) as store:
        store.update(lambda transaction: transaction.put(Table.OBJECTS, b"k" * 32, bytes(50_000)))
    with path.open("r+b") as file:
        file.truncate(20_000)
    with pytest.raises(CorruptError, match="cut off"):
        LmdbStore(path)
