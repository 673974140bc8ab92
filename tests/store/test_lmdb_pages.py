"""The check of LMDB's pages: sound files in every state are sound, and damaged ones are told without LMDB."""

import os
import random
import re
from collections.abc import Iterator
from pathlib import Path

import lmdb
import pytest

from dvcore.errors import CorruptError
from dvcore.progress import Silent
from dvcore.store import LmdbStore, Table
from dvcore.store.lmdb_meta import check_metas, read_metas
from dvcore.store.lmdb_pages import check_length, check_pages
from dvcore.store.page_set import PageSet

PAGE = 4096
SIZES = (0, 50, 200, 3_000, 9_000)


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[lmdb.Environment]:
    path = tmp_path / "s.lmdb"
    with lmdb.open(str(path), subdir=False, map_size=1 << 30, sync=False, lib_version=0) as opened:
        yield opened


def is_sound(environment: lmdb.Environment) -> bool:
    with environment.begin() as transaction:
        return check_pages(Path(environment.path()), transaction.id(), Silent())


def change(transaction: lmdb.Transaction, random_: random.Random, keys: list[bytes]) -> None:
    """Many entries more or fewer, some replaced, in one go."""
    if keys and random_.random() < 0.4:
        random_.shuffle(keys)
        for _ in range(random_.randrange(len(keys) + 1)):
            transaction.delete(keys.pop())
    for _ in range(random_.randrange(100)):
        key = random_.randbytes(random_.choice((3, 32, 200, 500)))
        if transaction.put(key, random_.randbytes(random_.choice(SIZES)), overwrite=False):
            keys.append(key)
    for key in random_.sample(keys, min(20, len(keys))):
        for size in random_.sample(SIZES, 2):
            transaction.put(key, random_.randbytes(size))


@pytest.mark.parametrize("seed", range(2))
def test_every_state_of_a_sound_file_is_sound(environment: lmdb.Environment, seed: int) -> None:
    random_, keys, readers = random.Random(seed), list[bytes](), list[lmdb.Transaction]()
    for _ in range(280):  # beyond 256, numbers of transactions are not in the order of their bytes
        with environment.begin(write=True) as transaction:
            change(transaction, random_, keys)
        if random_.random() < 0.1:
            readers.append(environment.begin())
        if readers and random_.random() < 0.1:
            readers.pop(0).abort()
        assert is_sound(environment)
    for reader in readers:
        reader.abort()


def test_a_file_may_end_before_pages_that_are_free(environment: lmdb.Environment) -> None:
    """What LMDB makes and gives up in one transaction, it does not write: such files are sound, and open."""
    random_, keys = random.Random(29), list[bytes]()
    path = Path(environment.path())
    while (environment.info()["last_pgno"] + 1) * PAGE <= path.stat().st_size:
        with environment.begin(write=True) as transaction:
            if random_.random() < 0.6 or not keys:
                for _ in range(random_.randrange(1, 800)):
                    keys.append(random_.randbytes(32))
                    transaction.put(keys[-1], random_.randbytes(random_.choice(SIZES[1:])))
            else:
                random_.shuffle(keys)
                count = random_.randrange(len(keys))
                for key in sorted(keys[:count]) if random_.random() < 0.5 else keys[:count]:
                    transaction.delete(key)
                keys = keys[count:]
    assert is_sound(environment)
    with environment.begin() as transaction:
        assert check_length(path, transaction.id())
    environment.close()
    LmdbStore(path).close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store with a branch, leaves, overflow pages and free pages."""
    made = tmp_path / "s.lmdb"
    with LmdbStore(made, create=True, map_size=1 << 26) as store:
        for number in range(5):
            store.update(lambda transaction, number=number: fill(transaction, number))
    return made


def fill(transaction, number: int) -> None:  # type: ignore[no-untyped-def]
    for key in range(100):
        transaction.put(Table.OBJECTS, b"%032d" % key, bytes([number]) * 300)
    transaction.put(Table.OBJECTS, b"large" * 6, bytes([number]) * 20_000)


def problem(path: Path) -> str:
    """What a check says of the file's newest state; nothing where all is well. LMDB is not used."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        newest = max(meta.transaction for meta in read_metas(descriptor))
        check_pages(path, newest, Silent())
    except CorruptError as error:
        return error.message
    finally:
        os.close(descriptor)
    return ""


def overwrite(path: Path, offset: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(data)


def pages_of(path: Path, flags: int) -> list[int]:
    """Pages of a sort that the newest state uses: those whose header can be damaged so that it is noticed."""
    data = path.read_bytes()
    return [
        number
        for number in range(2, len(data) // PAGE)
        if int.from_bytes(data[number * PAGE : number * PAGE + 8], "little") == number
        and int.from_bytes(data[number * PAGE + 10 : number * PAGE + 12], "little") == flags
    ]


def test_a_sound_store(path: Path) -> None:
    assert problem(path) == ""
    with LmdbStore(path) as store:
        store.check_structure(Silent())


@pytest.mark.parametrize(
    ("offset", "data"),
    [
        (0, b"\x07"),  # the page's number
        (10, b"\x01"),  # a leaf that says it is a branch
        (12, b"\xff\x7f"),  # more entries than fit
        (12, b"\x10\x00"),  # no entries
        (14, b"\x20\x00"),  # entries that begin elsewhere
        (16, b"\xfe\x0f"),  # an entry at the very end
        (18, b"\x00\x00"),  # an entry in the header
    ],
)
def test_a_damaged_leaf(path: Path, offset: int, data: bytes) -> None:
    said = 0
    for number in pages_of(path, 2):
        before = path.read_bytes()[number * PAGE + offset : number * PAGE + offset + len(data)]
        overwrite(path, number * PAGE + offset, data)
        said += bool(problem(path))
        overwrite(path, number * PAGE + offset, before)
    assert said >= 10  # others are of older states
    assert problem(path) == ""


def test_a_damaged_overflow_page(path: Path) -> None:
    said = []
    for number in pages_of(path, 4):
        overwrite(path, number * PAGE + 12, b"\x01")  # one page where the value takes five
        said.append(problem(path))
        overwrite(path, number * PAGE + 12, b"\x05")
    assert any("is not the begin of 5 overflow pages" in one for one in said)


def newest_page(path: Path, tree: int) -> int:
    """Where the first leaf is of one of the two trees of the newest state: 0 of free pages, 1 of entries."""
    data = path.read_bytes()
    at = max(0, PAGE, key=lambda page: number_at(data, page + 144)) + 40 + 48 * tree
    offset = PAGE * number_at(data, at + 40)
    while number_at(data, offset + 10, 2) == 1:
        entry = offset + number_at(data, offset + 16, 2)
        offset = PAGE * number_at(data, entry, 6)
    return offset


def number_at(data: bytes, offset: int, size: int = 8) -> int:
    return int.from_bytes(data[offset : offset + size], "little")


def test_keys_that_are_out_of_order(path: Path) -> None:
    page = newest_page(path, 1)
    offsets = path.read_bytes()[page + 16 : page + 22]
    for order in ((1, 0, 2), (0, 2, 1), (0, 0, 2)):
        overwrite(path, page + 16, b"".join(offsets[2 * at : 2 * at + 2] for at in order))
        assert "keys that are out of order" in problem(path)
    overwrite(path, page + 16, offsets)
    assert problem(path) == ""


@pytest.mark.parametrize("change", [-2, 2, 300])
def test_entries_that_overlap_or_leave_a_gap(path: Path, change: int) -> None:
    """The size of a value is wrong, and all of it lies within the page."""
    page = newest_page(path, 1)
    data = path.read_bytes()
    entry = page + number_at(data, page + 18, 2)
    overwrite(path, entry, (number_at(data, entry, 2) + change).to_bytes(2, "little"))
    assert "has entries that overlap" in problem(path)


def test_keys_that_belong_into_another_page(path: Path) -> None:
    page = newest_page(path, 1)
    data = path.read_bytes()
    last = page + number_at(data, page + number_at(data, page + 12, 2) - 2, 2)
    overwrite(path, last + 8, b"z")  # in order all the same, as the page's last
    assert "keys that belong elsewhere" in problem(path)


def test_a_page_that_is_free_and_used(path: Path) -> None:
    page = newest_page(path, 0)
    data = path.read_bytes()
    entry = page + number_at(data, page + 16, 2)
    numbers = entry + 8 + 8  # behind the entry's head and its key, the number of a transaction
    assert number_at(data, numbers) >= 2
    first = number_at(data, numbers + 8)
    for number in (newest_page(path, 1) // PAGE, number_at(data, numbers + 16)):
        overwrite(path, numbers + 8, number.to_bytes(8, "little"))
        assert problem(path) == f"{path} is damaged or no store (page {number} is free and used, or free twice)"
    overwrite(path, numbers + 8, first.to_bytes(8, "little"))
    assert problem(path) == ""


def test_a_page_that_is_used_twice(path: Path) -> None:
    """Two entries with their values in the same overflow pages."""
    with LmdbStore(path, map_size=1 << 26) as store:
        store.update(lambda transaction: transaction.put(Table.CHUNKS, b"other" * 6, bytes(20_000)))
    data = path.read_bytes()
    large, other = b"o" + b"large" * 6, b"k" + b"other" * 6
    used = number_at(data, data.index(other) + len(other))
    path.write_bytes(re.sub(re.escape(large) + b".{8}", large + used.to_bytes(8, "little"), data, flags=re.DOTALL))
    assert f"page {used} is used twice" in problem(path)


@pytest.mark.parametrize("field", range(5), ids=["branches", "leaves", "overflow", "entries", "root"])
def test_what_the_meta_page_says(path: Path, field: int) -> None:
    at = PAGE + 96 + 8 * field  # five transactions: the second page is the newer one
    number = int.from_bytes(path.read_bytes()[at : at + 8], "little")
    overwrite(path, at, (number + 1).to_bytes(8, "little"))
    assert problem(path)
    with LmdbStore(path) as store, pytest.raises(CorruptError, match="is damaged or no store"):
        store.check_structure(Silent())


def test_a_bit_of_the_meta_pages_is_told_or_harmless(path: Path) -> None:
    """A meta page has no checksum: a wrong number of its transaction would quietly take an operation back."""
    data = path.read_bytes()
    content = entries(path)
    for page in range(2):
        for at in range(page * PAGE, page * PAGE + 152):
            for bit in range(at % 3, 8, 3):  # two or three bits of each byte
                overwrite(path, at, bytes([data[at] ^ 1 << bit]))
                assert is_refused(path) or entries(path) == content, (page, at, bit)
                overwrite(path, at, data[at : at + 1])


def is_refused(path: Path) -> bool:
    """Whether the store does not open, or its check tells of damage."""
    try:
        check_metas(path)
        if problem(path):
            return True
        with LmdbStore(path, map_size=1 << 26) as store:
            store.check_structure(Silent())
    except CorruptError:
        return True
    return False


def entries(path: Path) -> list[tuple[bytes, bytes]]:
    with LmdbStore(path, map_size=1 << 26) as store, store.read() as transaction:
        return list(transaction.iter_items(Table.OBJECTS))


def test_a_file_that_is_cut_off(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 4)
    assert problem(path)
    with pytest.raises(CorruptError, match="cut off"):
        LmdbStore(path)


def test_a_page_size_that_would_kill_the_process(path: Path) -> None:
    for page in range(2):
        overwrite(path, page * PAGE + 40, bytes(4))
    with pytest.raises(CorruptError, match="page size"):
        LmdbStore(path)


def test_runs_of_pages() -> None:
    pages = PageSet(100)
    assert pages.add(3, 30)
    assert [number for number in range(100) if number in pages] == list(range(3, 33))
    assert pages.add(33, 1)
    assert not pages.add(10, 1)
    assert not pages.add(0, 100)
    random_ = random.Random(1)
    for _ in range(200):
        pages, known = PageSet(80), set[int]()
        for _ in range(10):
            first = random_.randrange(80)
            run = set(range(first, min(80, first + random_.randrange(1, 30))))
            is_new = not run & known
            if is_new:
                known |= run
                assert pages.add(first, len(run))
                assert {number for number in range(80) if number in pages} == known
            else:
                assert not pages.add(first, len(run))
                break
