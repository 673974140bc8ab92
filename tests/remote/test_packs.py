"""Packs: what goes in comes out, in few requests, and nothing that was tampered with does."""

import random
import tracemalloc
import zlib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.packs import SALT, blobs, send, value, wanted

from dvcore.errors import CorruptError, InvalidInputError, NeedsNewerError
from dvcore.ids import digest
from dvcore.remote.packs import pack as pack_module
from dvcore.remote.packs.entry import HEADER, Entry
from dvcore.remote.packs.names import PackKind, PackRef, find_index_id, find_pack
from dvcore.remote.packs.pack import HEAD, encode_footer, encode_head
from dvcore.remote.packs.packing import Pack, Value, iter_packs
from dvcore.remote.packs.reading import plan_reads, read_footer, read_pack, read_values
from dvcore.remote.storages.memory import MemoryStorage
from dvcore.store import Table


class CountingStorage(MemoryStorage):
    """Notes each range that is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.ranges: list[tuple[str, int, int]] = []

    def get_range(self, name: str, start: int, length: int) -> bytes:
        self.ranges.append((name, start, length))
        return super().get_range(name, start, length)


values_of_all_kinds = st.lists(
    st.builds(
        lambda data, times, table: value(data * times, table),
        st.binary(max_size=300),
        st.sampled_from([1, 1, 1, 40]),
        st.sampled_from([Table.OBJECTS, Table.BLOBS, Table.CHUNKS]),
    ),
    min_size=1,
    max_size=40,
    unique_by=lambda one: (one.table, one.id),
)


@given(values_of_all_kinds, st.randoms(use_true_random=False), st.integers(0, 2000), st.integers(1, 5000))
def test_what_was_packed_is_read_again(values: list[Value], order: random.Random, gap: int, most: int) -> None:
    storage = CountingStorage()
    packs = send(storage, values)
    asked = [one for pack in packs for one in wanted(pack)]
    order.shuffle(asked)
    reads = plan_reads(asked, gap=gap, most=most)
    found = [one for read in reads for one in read_values(storage, read)]
    assert len(found) == len(values)
    assert set(found) == set(values)
    assert len(storage.ranges) == len(reads)
    for pack in packs:
        assert read_footer(storage, pack.ref) == read_pack(storage, pack.ref) == list(pack.entries)
        assert find_pack(pack.ref.name, pack.ref.size) == pack.ref


def test_metadata_and_blobs_are_in_packs_of_their_own() -> None:
    texts = [value(b"tree", Table.OBJECTS), Value(Table.CHUNK_LISTS, bytes(32), b"chunks")]
    packs = list(iter_packs([*blobs(3), *texts, value(b"chunk", Table.CHUNKS)], SALT))
    assert {pack.ref.kind: [entry.table for entry, _ in pack.entries] for pack in packs} == {
        PackKind.METADATA: [Table.OBJECTS, Table.CHUNK_LISTS],
        PackKind.BLOBS: [Table.BLOBS] * 3 + [Table.CHUNKS],
    }


def test_the_same_values_and_salt_are_the_same_packs_and_another_salt_gives_others() -> None:
    names = [{pack.ref.name for pack in iter_packs(blobs(5), salt)} for salt in (SALT, SALT, bytes(16))]
    assert names[0] == names[1]
    assert not names[0] & names[2]


def noise(count: int, size: int) -> Iterator[Value]:
    """Blobs that are made one at a time."""
    source = random.Random(7)
    for _ in range(count):
        yield value(source.randbytes(size))


def test_packs_are_of_64_mib_and_one_is_in_memory_at_a_time() -> None:
    sizes = []
    tracemalloc.start()
    try:
        for pack in iter_packs(noise(200, 1 << 20), SALT):
            sizes.append(pack.ref.size)
            del pack  # as a consumer does that has sent it
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(sizes) == 4
    assert all(62 << 20 < size <= 64 << 20 for size in sizes[:-1])
    assert peak < 90 << 20  # a buffer that grows has an eighth to spare


def test_a_pack_of_small_values_is_full_when_its_footer_is_large_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dvcore.remote.packs.packing.MAX_ENTRIES", 10)
    assert [len(pack.entries) for pack in iter_packs(blobs(25), SALT)] == [10, 10, 5]


def test_a_single_value_larger_than_a_pack_of_metadata_has_its_own() -> None:
    large = value(random.Random(1).randbytes(17 << 20), Table.OBJECTS)
    packs = list(iter_packs([value(b"a", Table.OBJECTS), large, value(b"b", Table.OBJECTS)], SALT))
    assert [len(pack.entries) for pack in packs] == [1, 1, 1]
    storage = MemoryStorage()
    send(storage, [large])
    assert [one.data for read in plan_reads(wanted(packs[1])) for one in read_values(storage, read)] == [large.data]


@pytest.mark.parametrize(("table", "size"), [(Table.BLOBS, (1 << 20) + 1), (Table.OBJECTS, (64 << 20) + 1)])
def test_a_value_that_is_too_large_is_refused_by_name(table: Table, size: int) -> None:
    with pytest.raises(InvalidInputError, match=f"{digest(bytes(size)).hex()} has {size} bytes"):
        list(iter_packs([value(bytes(size), table)], SALT))


def test_large_objects_are_deflated_and_images_are_not() -> None:
    text = b"walnut " * 1000
    metadata, images = sorted(iter_packs([value(text, Table.OBJECTS), value(text)], SALT), key=lambda one: one.ref.size)
    assert metadata.ref.size < 1000
    assert images.ref.size > len(text)


def test_neighbours_come_in_one_request() -> None:
    storage = CountingStorage()
    (pack,) = send(storage, blobs(10))
    length = HEADER.size + 100
    cases = {
        (0, 1, 2): [(HEAD.size, 3 * length)],
        (0, 2, 4): [(HEAD.size, 5 * length)],  # a gap of one entry is read along
        (0, 3): [(HEAD.size, length), (HEAD.size + 3 * length, length)],
        (9, 8, 0): [(HEAD.size, length), (HEAD.size + 8 * length, 2 * length)],
    }
    for places, ranges in cases.items():
        reads = plan_reads(wanted(pack, places), gap=length)
        assert [(read.start, read.length) for read in reads] == ranges
    assert len(plan_reads(wanted(pack), gap=length, most=4 * length)) == 3


def test_places_that_overlap_are_all_in_the_range_that_is_read() -> None:
    (pack,) = send(MemoryStorage(), blobs(1))
    (one,) = wanted(pack)
    inside = one._replace(location=one.location._replace(offset=one.location.offset + 10, length=20))
    (read,) = plan_reads([one, inside, one])
    assert (read.start, read.length) == one.location[1:]


def test_a_footer_takes_one_request_and_of_many_entries_two() -> None:
    for count, requests in ((100, 1), (3000, 2)):
        storage = CountingStorage()
        (pack,) = send(storage, blobs(count, size=20))
        assert read_footer(storage, pack.ref) == list(pack.entries)
        assert len(storage.ranges) == requests


def sealed(
    body: bytes, entries: list[Entry], kind: PackKind = PackKind.BLOBS, head: bytes = encode_head(PackKind.BLOBS, SALT)
) -> tuple[PackRef, bytes]:
    """A pack whose name and checksums fit, whatever it holds: what a remote that lies would give."""
    data = head + body + encode_footer(entries)
    return PackRef(kind, digest(data), len(data)), data


def refused(pack: PackRef, data: bytes, message: str) -> None:
    storage = MemoryStorage()
    storage.put(pack.name, data)
    with pytest.raises(CorruptError, match=message) as caught:
        read_pack(storage, pack)
    assert caught.value.message.startswith(f"memory: pack {pack.id.hex()[:12]}: ")


def small(**changes: object) -> Entry:
    return Entry(Table.BLOBS, digest(b"walnut"), 6, 6, False)._replace(**changes)  # type: ignore[arg-type]


LIES = {
    "another blob": ([small()], b"almond", "does not have the bytes that its id says"),
    "too large": ([small(size=1 << 30, stored=1 << 30)], b"walnut", "claims 1073741824 bytes"),
    "stored longer": ([small(stored=7)], b"walnut!", "claims 6 bytes, stored as 7"),
    "deflated blob": ([small(size=9, is_deflated=True)], b"walnut", "claims 9 bytes, stored as 6"),
    "longer footer": ([small(), small(id=bytes(32))], b"walnut", "do not fill"),
    "unknown table": ([small(table=Table.CELLS)], b"walnut", "unknown kind"),
    "metadata": ([small(table=Table.OBJECTS)], b"walnut", "a pack of blobs and holds something else"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_pack_that_lies_is_refused_with_remote_and_pack_named(lie: str) -> None:
    entries, stored, message = LIES[lie]
    refused(*sealed(entries[0].encode() + stored, entries), message)


HEADS = {
    "another magic": (b"dsetpacc".ljust(32, b"\0"), "it is no pack"),
    "version 0": (b"dsetpack" + bytes(4) + b"b" + bytes(19), "it is no pack of blobs"),
    "another kind": (encode_head(PackKind.METADATA, SALT), "it is no pack of blobs"),
    "more than zeros": (b"dsetpack" + bytes([0, 0, 0, 1]) + b"b" + b"\1" * 19, "it is no pack of blobs"),
}


@pytest.mark.parametrize("lie", HEADS)
def test_a_head_that_lies_is_refused(lie: str) -> None:
    head, message = HEADS[lie]
    refused(*sealed(small().encode() + b"walnut", [small()], head=head), message)


def test_a_footer_that_lists_what_is_not_there_is_refused() -> None:
    other = small(id=digest(b"almond"))
    refused(*sealed(other.encode() + b"walnut", [small()]), f"{small().id.hex()} is listed at 32, and is not there")


class Strange(Entry):
    """An entry whose header is not as zero as it should be."""

    def encode(self) -> bytes:
        return super().encode()[:2] + b"\1" + super().encode()[3:]


def test_a_header_with_more_than_version_1_has_is_refused() -> None:
    strange = Strange(*small())
    refused(*sealed(strange.encode() + b"walnut", [strange]), "unknown kind or flag")


def test_a_pack_of_more_entries_than_there_can_be_is_refused() -> None:
    entries = [Entry(Table.BLOBS, number.to_bytes(32, "big"), 0, 0, False) for number in range(65_537)]
    refused(*sealed(b"".join(entry.encode() for entry in entries), entries), "its footer claims 65537 entries")


def test_an_entry_that_inflates_to_more_than_it_says_is_not_inflated() -> None:
    bomb = zlib.compress(bytes(50 << 20))
    entry = Entry(Table.OBJECTS, bytes(32), len(bomb) + 1, len(bomb), True)
    pack, data = sealed(entry.encode() + bomb, [entry], PackKind.METADATA, encode_head(PackKind.METADATA, SALT))
    tracemalloc.start()
    try:
        refused(pack, data, "does not end where it should")
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_a_newer_pack_asks_for_a_newer_dset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pack_module, "VERSION", 2)
    storage = MemoryStorage()
    (pack,) = send(storage, blobs(2))
    monkeypatch.undo()
    with pytest.raises(NeedsNewerError, match=r"memory: pack .* has format version 2"):
        read_footer(storage, pack.ref)
    with pytest.raises(NeedsNewerError, match="version 2"):
        read_pack(storage, pack.ref)


@given(st.data())
def test_no_flipped_bit_of_a_pack_gets_through(data: st.DataObject) -> None:
    storage = MemoryStorage()
    values = [value(b"walnut " * 900, Table.OBJECTS), value(b"almond", Table.OBJECTS)]
    (pack,) = send(storage, values)
    damaged = bytearray(pack.data)
    bit = data.draw(st.integers(0, len(damaged) * 8 - 1))
    damaged[bit // 8] ^= 1 << bit % 8
    storage.put(pack.ref.name, damaged)
    with pytest.raises((CorruptError, NeedsNewerError), match="memory: pack "):
        read_pack(storage, pack.ref)
    _reads_right_or_not_at_all(storage, pack, values)
    try:
        entries = read_footer(storage, pack.ref)
    except (CorruptError, NeedsNewerError):
        return
    assert entries == list(pack.entries)


@given(st.data())
def test_a_pack_of_noise_is_refused(data: st.DataObject) -> None:
    noise = data.draw(st.binary(max_size=400))
    pack = PackRef(data.draw(st.sampled_from(PackKind)), digest(noise), len(noise))
    storage = MemoryStorage()
    storage.put(pack.name, noise)
    for read in (read_footer, read_pack):
        with pytest.raises((CorruptError, NeedsNewerError), match="memory: pack "):
            read(storage, pack)


def test_a_pack_of_terabytes_is_not_asked_for() -> None:
    pack = PackRef(PackKind.BLOBS, bytes(32), 1 << 40)
    for read in (read_footer, read_pack):
        with pytest.raises(CorruptError, match="no pack has 1099511627776 bytes"):
            read(CountingStorage(), pack)


def test_an_entry_that_is_elsewhere_is_named() -> None:
    storage = MemoryStorage()
    (pack,) = send(storage, blobs(3))
    first, second, _ = wanted(pack)
    strange = first._replace(location=second.location)
    with pytest.raises(CorruptError, match=f"blob {first.id.hex()} is not at {second.location.offset}"):
        list(read_values(storage, plan_reads([strange])[0]))


@pytest.mark.parametrize(
    "name",
    ["packs/blobs/../root", "packs/blobs/ab/" + "cd" * 32, "packs/other/ab/" + "ab" * 32, "packs/blobs/AB/" + "AB" * 32,
     "packs/blobs/ab/" + "ab" * 32 + "\n", "root", "/etc/passwd", "packs/blobs/ab/" + "ab" * 33],
)  # fmt: skip
def test_listed_names_that_are_none_of_ours_are_no_packs(name: str) -> None:
    assert find_pack(name, 100) is None
    assert find_index_id(name) is None


def _reads_right_or_not_at_all(storage: MemoryStorage, pack: Pack, values: list[Value]) -> None:
    """A range does not see damage outside it."""
    read = plan_reads(wanted(pack))[0]
    try:
        found = list(read_values(storage, read))
    except (CorruptError, NeedsNewerError):
        return
    assert found == values
