"""Opening a store's file: held against removal, alone or not, where it cannot be written, after a panic."""

import fcntl
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import lmdb
import pytest
from support.bounded import in_child, in_processes
from support.store_contract import CELLS, get, put

from dvcore.errors import StorageError
from dvcore.store import LmdbStore, Table, lmdb_environment, lmdb_file
from dvcore.store.file_lock import FileLock
from dvcore.store.lmdb_room import entry_room


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with LmdbStore(tmp_path / "s.lmdb", create=True) as store:
        put(store, b"a", b"1")
    return tmp_path / "s.lmdb"


def is_held(path: Path) -> bool:
    with FileLock(path, create=False) as lock:
        return not lock.try_take()


def test_an_open_store_is_held_and_a_closed_one_is_not(path: Path) -> None:
    with LmdbStore(path) as one:
        assert is_held(path)
        with LmdbStore(path):
            pass
        assert is_held(path)
        assert get(one, b"a") == b"1"
    assert not is_held(path)


def test_a_new_store_is_held(tmp_path: Path) -> None:
    with LmdbStore(tmp_path / "new.lmdb", create=True):
        assert is_held(tmp_path / "new.lmdb")


def test_a_store_that_cannot_be_opened_is_not_held(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(5000)
    with pytest.raises(Exception, match=r"s\.lmdb"):
        LmdbStore(path)
    assert not is_held(path)


def test_alone_is_who_shares_it_with_no_other_store_and_no_other_process(path: Path) -> None:
    with LmdbStore(path) as one:
        assert one.is_alone()
        with LmdbStore(path):
            assert not one.is_alone()
        assert one.is_alone()
        with FileLock(path, create=False) as other:
            other.share()
            assert not one.is_alone()
        assert one.is_alone()
        assert is_held(path), "asking does not give it up"


def test_a_forked_child_holds_it_for_itself(path: Path) -> None:
    def child() -> None:
        assert get(one, b"a") == b"1"
        assert not one.is_alone()  # its parent has it open too

    with LmdbStore(path) as one:
        assert in_child(child) == 0
        assert one.is_alone()
        assert is_held(path)
        assert in_child(one.close) == 0
        assert is_held(path), "what a child closes is not the parent's"


def test_a_file_that_went_while_it_was_opened_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    share = FileLock.share

    def removed_first(self: FileLock) -> None:
        path.unlink()
        share(self)

    monkeypatch.setattr(FileLock, "share", removed_first)
    with pytest.raises(StorageError, match="was removed while it was opened"):
        LmdbStore(path)
    assert not path.exists(), "nothing makes it anew"


def test_after_a_panic_it_is_opened_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """LMDB refuses everything once its root page could not be written."""
    begin, failing = lmdb_environment._begin, [True]

    def panicking(environment: lmdb.Environment, *, write: bool) -> object:
        if failing:
            raise lmdb.PanicError("MDB_PANIC")
        return begin(environment, write=write)

    with LmdbStore(path) as store:
        assert get(store, b"a") == b"1"
        assert store._environment is not None
        opened = store._environment.open()
        monkeypatch.setattr(lmdb_environment, "_begin", panicking)
        with pytest.raises(StorageError, match="run the command again"):
            put(store, b"b", b"2")
        assert store._environment.open() is opened
        failing.clear()
        put(store, b"b", b"2")
        assert store._environment.open() is not opened
        assert (get(store, b"a"), get(store, b"b")) == (b"1", b"2")
        assert is_held(path)


# --- a file system that cannot be written ----------------------------------------------------------------------------


def mount(*arguments: str | Path) -> None:
    try:
        result = subprocess.run(["mount", *arguments], capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no 'mount'")
    if result.returncode:
        pytest.skip(f"mounting is refused: {result.stderr.decode().strip()}")


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, with a store on it that is closed."""
    folder = tmp_path / "mounted"
    folder.mkdir()
    mount("-t", "tmpfs", "-o", "size=4m", "tmpfs", folder)
    try:
        with LmdbStore(folder / "s.lmdb", create=True) as store:
            put(store, b"a", b"1")
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def test_a_store_on_a_read_only_file_system_can_be_read(mounted: Path) -> None:
    mount("-o", "remount,ro", mounted)
    with LmdbStore(mounted / "s.lmdb") as store:
        assert get(store, b"a") == b"1"
        with pytest.raises(StorageError, match="read-only file system; mount it writable"):
            put(store, b"b", b"2")
        assert get(store, b"a") == b"1"
        assert store.is_alone()


def test_a_store_that_others_can_write_is_not_read_through_a_mount_that_cannot_be_written(
    mounted: Path, tmp_path: Path
) -> None:
    """Its writers would use pages again that this reader, whom they do not know of, is reading."""
    other = tmp_path / "other"
    other.mkdir()
    mount("--bind", mounted, other)
    try:
        mount("-o", "remount,ro,bind", other)
        with pytest.raises(StorageError, match="read-only file system; mount it writable or copy"):
            LmdbStore(other / "s.lmdb")
    finally:
        subprocess.run(["umount", other], check=True)


# --- opening and closing ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", [(lmdb, "open"), (lmdb_file, "_check_whole")])
def test_a_file_that_outgrows_the_map_while_it_is_opened(
    path: Path, monkeypatch: pytest.MonkeyPatch, place: tuple[object, str]
) -> None:
    original, failing = getattr(*place), [True] * 5

    def outgrowing(*args: object, **kwargs: object) -> object:
        if failing:
            failing.pop()
            error = lmdb.MapResizedError("MDB_MAP_RESIZED")
            error.code = -30785  # py-lmdb sets it from C
            raise error
        return original(*args, **kwargs)

    monkeypatch.setattr(*place, outgrowing)
    with LmdbStore(path) as store:
        assert get(store, b"a") == b"1"
    assert not failing


def test_a_store_that_nothing_refers_to_is_closed(path: Path) -> None:
    store = LmdbStore(path)
    with store.read() as transaction:
        del store
        assert transaction.get(CELLS, b"a") == b"1"
        assert is_held(path), "its transaction refers to it"
    del transaction
    assert not is_held(path)


# --- growth ----------------------------------------------------------------------------------------------------------


def fill(path: Path) -> None:
    name = os.getpid()
    with LmdbStore(path, map_size=64 << 10) as store:
        for round_ in range(30):
            items = [(b"%d-%d-%d" % (name, round_, i), bytes([name % 251]) * 9_000) for i in range(5)]
            store.update(lambda transaction, items=items: transaction.put_many(CELLS, items))


def test_processes_that_grow_a_tiny_map_at_once_lose_nothing(path: Path) -> None:
    in_processes(4, fill, path)
    with LmdbStore(path) as store, store.read() as transaction:
        found = {key: value for key, value in transaction.iter_items(CELLS) if key != b"a"}
    assert len(found) == 4 * 30 * 5
    assert all(value == bytes([int(key.split(b"-")[0]) % 251]) * 9_000 for key, value in found.items())


# --- room ------------------------------------------------------------------------------------------------------------


def test_room_is_what_entries_take(path: Path) -> None:
    with LmdbStore(path) as store:
        before = store.room()
        items = [(bytes([i]) * 32, bytes(10_000)) for i in range(100)]
        store.update(lambda transaction: transaction.put_many(Table.BLOBS, items))
        used = store.room().used - before.used
        assert used == pytest.approx(100 * entry_room(33, 10_000), rel=0.05)
        store.update(lambda transaction: [transaction.delete(Table.BLOBS, key) for key, _ in items])
        after = store.room()
        assert after.used == pytest.approx(before.used, abs=16_384)
        assert after.file >= used
        assert after.file <= path.stat().st_size


# --- the lock itself -------------------------------------------------------------------------------------------------


def test_locks_of_one_process_exclude_each_other(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with FileLock(path) as one, FileLock(path) as two:
        one.share()
        two.share()
        assert not one.try_take()
        two.close()
        assert one.try_take()
        with FileLock(path) as three:
            assert not three.try_take()
    one.close()
    with pytest.raises(StorageError, match="closed"):
        one.share()


def test_a_lock_that_the_system_refuses_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(37, "No locks available")

    with FileLock(tmp_path / "lock") as lock:
        monkeypatch.setattr(fcntl, "flock", refuse)
        for use in (lock.share, lock.take, lock.try_take):
            with pytest.raises(StorageError, match="No locks available"):
                use()
