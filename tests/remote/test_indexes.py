"""Indexes: every entry is found, merging loses none, and what cannot be is refused by name."""

import random
import tracemalloc
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.packs import SALT, blobs, index_of, made_up_index, opened, send, value

from dvcore.errors import CorruptError, InvalidInputError, NeedsNewerError
from dvcore.ids import digest
from dvcore.remote.indexes.cache import IndexCache
from dvcore.remote.indexes.index import HEAD, PACK, RECORD, Index
from dvcore.remote.indexes.index_set import IndexSet
from dvcore.remote.indexes.levels import find_replaced, merge_new
from dvcore.remote.indexes.making import IndexMaker, MadeIndex
from dvcore.remote.packs.entry import Entry
from dvcore.remote.packs.names import IndexRef, PackKind, PackRef, find_index_id
from dvcore.remote.packs.pack import Placed
from dvcore.remote.packs.packing import iter_packs
from dvcore.remote.packs.reading import Wanted, plan_reads, read_footer, read_values
from dvcore.remote.storages.memory import MemoryStorage
from dvcore.store import Table

ABSENT = [bytes(32), b"\xff" * 32, digest(b"absent")]


@given(st.sets(st.binary(max_size=6), min_size=1, max_size=60))
def test_all_that_is_listed_is_found_where_it_is_and_nothing_else(datas: set[bytes]) -> None:
    values = [value(data, table) for data in sorted(datas) for table in (Table.BLOBS, Table.CHUNKS, Table.OBJECTS)]
    packs = list(iter_packs(values, SALT))
    index = opened(index_of(packs))
    assert len(index) == len(values)
    assert index.packs == [pack.ref for pack in packs]
    index.check()
    expected = {(e.table, e.id): (pack.ref, at, e.length) for pack in packs for e, at in pack.entries}
    assert {(table, one): index.find(table, one) for table, one, _ in values} == expected
    assert all(index.find(table, one) is None for table in Table for one in ABSENT)
    assert {(table, one): tuple(place) for table, one, place in index.iter_located()} == expected


def test_an_index_is_made_anew_from_the_packs_alone() -> None:
    storage = MemoryStorage()
    values = [*blobs(50), value(b"walnut", Table.OBJECTS)]
    packs = send(storage, values)
    maker = IndexMaker()
    for listed in storage.iter_names("packs"):
        found = next(pack.ref for pack in packs if pack.ref.name == listed.name)
        maker.add_pack(found, read_footer(storage, found))
    made = maker.finish(SALT)
    assert made is not None
    index = opened(made)
    assert all(index.find(one.table, one.id) is not None for one in values)


def test_what_an_index_says_can_be_read() -> None:
    storage = MemoryStorage()
    values = blobs(20)
    index = opened(index_of(send(storage, values)))
    wanted = []
    for one in values:
        location = index.find(one.table, one.id)
        assert location is not None
        wanted.append(Wanted(one.table, one.id, location))
    assert [one for read in plan_reads(wanted) for one in read_values(storage, read)] == values


def test_of_two_packs_with_a_value_the_one_added_first_counts() -> None:
    first, second = (next(iter_packs(blobs(1), bytes([salt] * 16))) for salt in (1, 2))
    for packs in ([first, second], [second, first]):
        index = opened(index_of(packs))
        assert len(index) == 1
        location = index.find(Table.BLOBS, blobs(1)[0].id)
        assert location is not None
        assert location.pack == packs[0].ref


def test_merging_keeps_all_but_the_packs_that_are_left_out() -> None:
    packs = [next(iter_packs([value(b"%d" % number), value(b"shared")], SALT)) for number in range(6)]
    maker = IndexMaker()
    for pack in packs:
        maker.add_index(opened(index_of([pack])), without={packs[2].ref.id})
    made = maker.finish(SALT)
    assert made is not None
    index = opened(made)
    index.check()
    found = {number for number in range(6) if index.find(Table.BLOBS, digest(b"%d" % number))}
    assert found == {0, 1, 3, 4, 5}
    assert packs[2].ref not in index.packs
    assert index.find(Table.BLOBS, digest(b"shared")) is not None


def test_an_index_of_nothing_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    assert IndexMaker().finish(SALT) is None
    maker = IndexMaker()
    pack = next(iter_packs(blobs(3), SALT))
    maker.add_pack(pack.ref, pack.entries)
    monkeypatch.setattr("dvcore.remote.indexes.making.MAX_ENTRIES", 2)
    assert not maker.has_room(0)
    with pytest.raises(InvalidInputError, match="3 entries are too many"):
        maker.finish(SALT)


def test_ids_that_are_no_hashes_are_found_too() -> None:
    """Where in the index an id should be is guessed; somebody may have chosen ids that lie elsewhere."""
    low = [number.to_bytes(32, "big") for number in range(3000)]
    high = [(2**256 - 1 - number).to_bytes(32, "big") for number in range(0, 6000, 2)]
    for ids in (low, high, [*low, *high], [*low, *high[:3]], [*low[:3], *high]):
        maker = IndexMaker()
        entries = [Placed(Entry(Table.BLOBS, one, 0, 0, False), 32 + 44 * at) for at, one in enumerate(ids)]
        maker.add_pack(PackRef(PackKind.BLOBS, bytes(32), 10_000_000), entries)
        made = maker.finish(SALT)
        assert made is not None
        index = opened(made)
        assert all(index.find(Table.BLOBS, one) for one in ids)
        assert not any(index.find(Table.CHUNKS, one) for one in ids)


@given(st.lists(st.one_of(st.integers(1, 60), st.integers(1, 1000)), min_size=1, max_size=200))
def test_indexes_stay_few_however_pushes_come(pushes: list[int]) -> None:
    most, indexes = 1000, list[IndexRef]()
    for number, entries in enumerate(pushes):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("dvcore.remote.indexes.levels.MAX_ENTRIES", most)
            replaced = find_replaced(indexes, entries)
        total = entries + sum(index.entries for index in replaced)
        assert total <= most
        kept = [index for index in indexes if index not in replaced]
        indexes = [*kept, IndexRef(number.to_bytes(32, "big"), 100, total)]
        sizes = sorted(index.entries for index in indexes)
        assert all(2 * a <= b or a + b > most for a, b in pairwise(sizes))
    assert sum(index.entries for index in indexes) == sum(pushes)
    assert len(indexes) <= 10 + 3 * sum(pushes) / most


def test_an_index_twice_as_large_is_left_alone() -> None:
    indexes = [IndexRef(bytes([size]) * 32, 100, size) for size in (10, 39, 118, 200)]
    assert [index.entries for index in find_replaced(indexes, 5)] == []
    assert [index.entries for index in find_replaced(indexes, 6)] == [10]
    assert [index.entries for index in find_replaced(indexes, 10)] == [10, 39]


def test_a_push_of_ten_beside_a_large_index_sends_a_small_one() -> None:
    large = made_up_index(20_000)
    new = made_up_index(30, seed=1)
    merged = merge_new(opened(new), [large.ref], lambda _: pytest.fail("it need not be opened"), salt=SALT)
    assert merged is not None
    assert not merged.replaced
    assert merged.made.ref.entries == 30


def test_a_push_takes_smaller_indexes_in() -> None:
    olds = {made.ref: made for made in (made_up_index(30, seed=seed) for seed in range(3))}
    merged = merge_new(opened(made_up_index(20, seed=9)), olds, lambda ref: opened(olds[ref]), salt=SALT)
    assert merged is not None
    assert set(merged.replaced) == set(olds)
    index = opened(merged.made)
    assert all(index.find(Table.BLOBS, one[1]) for made in olds.values() for one in opened(made).iter_located())
    assert len(index) == 110


def test_packs_with_a_tombstone_count_as_absent() -> None:
    packs = [next(iter_packs([value(b"both"), value(b"%d" % number)], SALT)) for number in range(2)]
    indexes = [opened(index_of([pack])) for pack in packs]
    some = IndexSet(indexes, without={packs[0].ref.id})
    assert some.find(Table.BLOBS, digest(b"0")) is None
    for data in (b"1", b"both"):
        location = some.find(Table.BLOBS, digest(data))
        assert location is not None
        assert location.pack == packs[1].ref
    assert {one for _, one, _ in some.iter_located()} == {digest(b"1"), digest(b"both")}
    assert IndexSet(indexes).find(Table.BLOBS, digest(b"0")) is not None


def test_an_open_index_of_a_hundred_thousand_takes_no_memory(tmp_path: Path) -> None:
    storage, cache = MemoryStorage(), IndexCache(tmp_path / "indexes")
    made = made_up_index(100_000)
    cache.keep(made.ref, made.data)
    some = [one for _, one, _ in opened(made).iter_located()][::1000]
    tracemalloc.start()
    try:
        index = cache.open(storage, made.ref)
        assert all(index.find(Table.BLOBS, one) for one in some)
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()


def test_an_index_is_fetched_once(tmp_path: Path) -> None:
    storage = MemoryStorage()
    made = [made_up_index(10, seed=seed) for seed in range(5)]
    for one in made:
        storage.put(one.ref.name, one.data)
    refs = [one.ref for one in made]
    fetched = IndexCache(tmp_path).open_all(storage, refs)
    kept = IndexCache(tmp_path).open_all(MemoryStorage(), refs)
    for index, again, one in zip(fetched, kept, made, strict=True):
        assert list(index.iter_located()) == list(again.iter_located()) == list(opened(one).iter_located())
    IndexCache(tmp_path).trim(refs[:2])
    assert {path.name for path in tmp_path.iterdir()} == {ref.id.hex() for ref in refs[:2]}
    assert list(kept[4].iter_located()) == list(opened(made[4]).iter_located())


def test_without_a_folder_or_with_one_that_cannot_be_written_it_is_still_opened(tmp_path: Path) -> None:
    storage, made = MemoryStorage(), made_up_index(10)
    storage.put(made.ref.name, made.data)
    (tmp_path / "file").write_bytes(b"in the way")
    for folder in (None, tmp_path / "file" / "indexes"):
        assert len(IndexCache(folder).open(storage, made.ref)) == 10


@pytest.mark.parametrize("damage", [b"", b"dsetindx", b"x" * 500])
def test_a_damaged_file_in_the_cache_is_fetched_again(tmp_path: Path, damage: bytes) -> None:
    storage, made = MemoryStorage(), made_up_index(10)
    storage.put(made.ref.name, made.data)
    cache = IndexCache(tmp_path)
    cache.keep(made.ref, made.data)
    (tmp_path / made.ref.id.hex()).write_bytes(damage.ljust(made.ref.size, b"x") if damage[:1] == b"x" else damage)
    assert len(cache.open(storage, made.ref)) == 10


def sealed(packs: list[bytes], records: list[bytes], *, entries: int | None = None) -> MadeIndex:
    """An index whose name fits, whatever it holds: what a remote that lies would give."""
    count = len(records) if entries is None else entries
    data = HEAD.pack(b"dsetindx", 1, len(packs), count, SALT) + b"".join(packs + records)
    return MadeIndex(IndexRef(digest(data), len(data), count), data)


GOOD = PACK.pack(b"b", 1000, bytes(32))
ID = digest(b"walnut")


def record(value_id: bytes = ID, table: bytes = b"b", pack: int = 0, offset: int = 32, length: int = 100) -> bytes:
    return RECORD.pack(value_id, table, pack, offset, length)


LIES = {
    "outside": ([GOOD], [record(offset=900)], "where it cannot be: 100 bytes at 900"),
    "in the footer": ([GOOD], [record(offset=810)], "where it cannot be"),
    "in the head": ([GOOD], [record(offset=31)], "where it cannot be"),
    "a wrap around": ([GOOD], [record(offset=0xFFFFFFFF, length=0xFFFFFFFF)], "where it cannot be"),
    "too long": ([PACK.pack(b"b", 72 << 20, bytes(32))], [record(length=2 << 20)], "where it cannot be"),
    "too short": ([GOOD], [record(length=43)], "where it cannot be"),
    "pack not listed": ([GOOD], [record(pack=1)], "is in no pack that it lists"),
    "unknown table": ([GOOD], [record(table=b"c")], "of an unknown kind"),
    "object among blobs": ([GOOD], [record(table=b"o")], "where it cannot be"),
    "not sorted": ([GOOD], [record(b"\2" * 32), record(b"\1" * 32)], "not in order at"),
    "twice": ([GOOD], [record(), record()], "not in order at"),
    "pack twice": ([GOOD, GOOD], [record()], "lists a pack twice"),
    "pack of terabytes": ([PACK.pack(b"b", 0xFFFFFFFF, bytes(32))], [record()], "no pack has 4294967295 bytes"),
    "pack of nothing": ([PACK.pack(b"b", 80, bytes(32))], [record()], "no pack has 80 bytes"),
    "pack of another kind": ([PACK.pack(b"z", 1000, bytes(32))], [record()], "of an unknown kind"),
    "no entries": ([GOOD], [], "claims 0 entries"),
}


@pytest.mark.parametrize("lie", LIES)
def test_an_index_that_lies_is_refused_with_remote_and_index_named(lie: str, tmp_path: Path) -> None:
    packs, records, message = LIES[lie]
    made = sealed(packs, records)
    storage = MemoryStorage()
    storage.put(made.ref.name, made.data)
    with pytest.raises(CorruptError, match=message) as caught:
        IndexCache(tmp_path).open(storage, made.ref)
    assert caught.value.message.startswith(f"memory: index {made.ref.id.hex()[:12]}: ")
    assert not list(tmp_path.iterdir())


def test_other_sizes_and_bytes_than_the_root_says_are_refused(tmp_path: Path) -> None:
    made, cache, storage = made_up_index(10), IndexCache(tmp_path), MemoryStorage()
    storage.put(made.ref.name, made.data[:-1] + b"x")
    with pytest.raises(CorruptError, match="does not have the bytes that its name says"):
        cache.open(storage, made.ref)
    storage.put(made.ref.name, made.data)
    with pytest.raises(CorruptError, match="it has 10 entries; the root says 11"):
        cache.open(storage, IndexRef(made.ref.id, made.ref.size, 11))
    with pytest.raises(CorruptError, match="claims 1099511627776 bytes"):
        cache.open(storage, IndexRef(made.ref.id, 1 << 40, 10))


def test_a_newer_index_asks_for_a_newer_dset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dvcore.remote.indexes.making.VERSION", 2)
    made, storage = made_up_index(3), MemoryStorage()
    storage.put(made.ref.name, made.data)
    with pytest.raises(NeedsNewerError, match=r"memory: index .* has format version 2"):
        IndexCache(None).open(storage, made.ref)


@given(st.integers(1, 5), st.randoms(use_true_random=False), st.binary(min_size=1, max_size=40))
def test_an_index_of_noise_is_refused_or_gives_places_that_can_be(
    packs: int, source: random.Random, noise: bytes
) -> None:
    made = made_up_index(packs)
    data = bytearray(made.data)
    at = source.randrange(len(data))
    data[at : at + len(noise)] = noise
    try:
        index = Index(bytes(data))
        located = list(index.iter_located())
    except (CorruptError, NeedsNewerError):
        return
    for _, _, (pack, offset, length) in located:
        assert 0 <= offset < offset + length < pack.size <= 72 << 20


@pytest.mark.parametrize("name", ["indexes/../root", "indexes/" + "AB" * 32, "indexes/" + "ab" * 31, "ab" * 32])
def test_names_that_are_none_of_ours_are_no_indexes(name: str) -> None:
    assert find_index_id(name) is None
    assert find_index_id(IndexRef(ID, 1, 1).name) == ID
