"""The map that may be forgotten: what it finds is right, and nothing that happens to it is an error."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dvcore.store.cache_map import CacheMap


def database(folder: Path) -> Path:
    return folder / f"{folder.name}.sqlite"


def test_what_was_put_is_found_by_the_next(tmp_path: Path) -> None:
    with CacheMap(tmp_path / "map", 1) as first:
        first.put(b"key", b"old")
        first.put(b"key", b"value")
        first.put(b"empty", b"")
    with CacheMap(tmp_path / "map", 1) as second:
        assert (second.find(b"key"), second.find(b"empty"), second.find(b"other")) == (b"value", b"", None)


def test_keys_between_two_go(tmp_path: Path) -> None:
    with CacheMap(tmp_path / "map", 1) as kept:
        for key in (b"a", b"b", b"b\0", b"c", b"d"):
            kept.put(key, key)
        kept.delete_between(b"a", b"c")
        assert [key for key in (b"a", b"b", b"b\0", b"c", b"d") if kept.find(key)] == [b"a", b"c", b"d"]


def test_another_version_is_empty(tmp_path: Path) -> None:
    with CacheMap(tmp_path / "map", 1) as older:
        older.put(b"key", b"value")
    with CacheMap(tmp_path / "map", 2) as newer:
        assert newer.find(b"key") is None
        newer.put(b"key", b"new")
        assert newer.find(b"key") == b"new"


@pytest.mark.parametrize(
    "change", ["value = X'00'", "value = substr(value, 1, 20)", "key = X'6B6579'", "value = 'text'"]
)
def test_a_value_that_was_damaged_is_not_found(tmp_path: Path, change: str) -> None:
    with CacheMap(tmp_path / "map", 1) as kept:
        kept.put(b"first", b"a value of some length")
        with sqlite3.connect(database(tmp_path / "map")) as other:
            other.execute(f"UPDATE entries SET {change}")
        other.close()
        assert kept.find(b"first") is None
        assert kept.find(b"key") is None


def test_a_damaged_file_is_made_anew(tmp_path: Path) -> None:
    folder = tmp_path / "map"
    folder.mkdir()
    database(folder).write_bytes(b"no database at all" * 500)
    with CacheMap(folder, 1) as first:
        first.put(b"key", b"lost")
    with CacheMap(folder, 1) as second:
        second.put(b"key", b"value")
        assert second.find(b"key") == b"value"
    assert [path.name for path in tmp_path.iterdir()] == ["map"]


def test_where_no_file_can_be_nothing_is_kept(tmp_path: Path) -> None:
    (tmp_path / "map").write_text("in the way")
    for folder in (None, tmp_path / "map", Path("/proc/nowhere/map")):
        with CacheMap(folder, 1) as kept:
            kept.put(b"key", b"value")
            kept.delete_between(b"a", b"z")
            assert kept.find(b"key") is None


def test_a_file_that_another_process_locks_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dvcore.store.cache_map._LOCK_SECONDS", 0.01)
    with CacheMap(tmp_path / "map", 1) as kept:
        holder = sqlite3.connect(database(tmp_path / "map"), isolation_level=None)
        holder.execute("BEGIN EXCLUSIVE")
        with CacheMap(tmp_path / "map", 1) as late:
            late.put(b"key", b"value")
        holder.execute("ROLLBACK")
        holder.close()
        assert kept.find(b"key") is None


def test_keys_are_listed_once_each(tmp_path: Path) -> None:
    with CacheMap(tmp_path / "map", 1) as kept:
        keys = [b"%05d" % number for number in range(2500)]
        for key in reversed(keys):
            kept.put(key, b"")
        assert list(kept.iter_keys()) == keys


def test_keys_that_are_out_of_order_end_the_list(tmp_path: Path) -> None:
    """As a flipped bit in a page leaves them: the query for what comes next would give the same rows for ever."""
    with CacheMap(tmp_path / "map", 1) as kept:
        kept._execute = lambda *_: [(b"a",), (b"b",), (b"a\0",)]  # type: ignore[method-assign]
        assert list(kept.iter_keys()) == [b"a", b"b"]
        kept._execute = lambda *_: [("text",)]  # type: ignore[method-assign]
        assert list(kept.iter_keys()) == []


def test_many_are_put_at_once(tmp_path: Path) -> None:
    with CacheMap(tmp_path / "map", 1) as kept:
        kept.put(b"1", b"old")
        kept.put_many((b"%d" % number, b"new %d" % number) for number in range(100))
        assert [kept.find(b"%d" % number) for number in range(100)] == [b"new %d" % number for number in range(100)]
    with CacheMap(None, 1) as nowhere:
        nowhere.put_many([(b"key", b"value")])
        nowhere.forget_oldest(0)
        assert nowhere.find(b"key") is None


def test_the_half_that_was_put_first_is_forgotten_where_there_is_too_much(tmp_path: Path) -> None:
    with CacheMap(tmp_path / "map", 1) as kept:
        for number in range(100):
            kept.put(b"%02d" % number, bytes(4096))
        kept.put(b"00", bytes(4096))  # which makes it the newest
        kept.forget_oldest(1 << 20)
        assert len(list(kept.iter_keys())) == 100
        kept.forget_oldest(300_000)
        assert list(kept.iter_keys()) == [b"00", *(b"%02d" % number for number in range(51, 100))]


def test_threads_share_it(tmp_path: Path) -> None:
    with CacheMap(tmp_path / "map", 1) as kept, ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: kept.put(b"%d" % number, b"value"), range(200)))
        assert all(pool.map(lambda number: kept.find(b"%d" % number), range(200)))
