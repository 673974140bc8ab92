"""Values, packs and indexes for tests of remotes."""

from collections.abc import Iterable, Sequence

from dvcore.ids import digest
from dvcore.remote.indexes.index import Index
from dvcore.remote.indexes.making import IndexMaker, MadeIndex
from dvcore.remote.packs.entry import Entry
from dvcore.remote.packs.names import PackKind, PackRef
from dvcore.remote.packs.pack import Placed
from dvcore.remote.packs.packing import Pack, Value, iter_packs
from dvcore.remote.packs.reading import Location, Wanted
from dvcore.remote.storages.storage import Storage
from dvcore.store import Table

SALT = bytes(range(16))


def value(data: bytes, table: Table = Table.BLOBS) -> Value:
    return Value(table, digest(data), data)


def blobs(count: int, size: int = 100) -> list[Value]:
    return [value(bytes([number % 256, number // 256]) * (size // 2)) for number in range(count)]


def send(storage: Storage, values: Iterable[Value], salt: bytes = SALT) -> list[Pack]:
    packs = list(iter_packs(values, salt))
    for pack in packs:
        storage.put(pack.ref.name, pack.data)
    return packs


def index_of(packs: Iterable[Pack], salt: bytes = SALT) -> MadeIndex:
    maker = IndexMaker()
    for pack in packs:
        maker.add_pack(pack.ref, pack.entries)
    made = maker.finish(salt)
    assert made is not None
    return made


def wanted(pack: Pack, places: Sequence[int] | None = None) -> list[Wanted]:
    """Entries of a pack by their places in it; None means all."""
    chosen = pack.entries if places is None else [pack.entries[place] for place in places]
    return [Wanted(entry.table, entry.id, Location(pack.ref, offset, entry.length)) for entry, offset in chosen]


def made_up_index(entries: int, *, seed: int = 0, salt: bytes = SALT) -> MadeIndex:
    """An index of packs that are nowhere, for what only looks at indexes."""
    maker = IndexMaker()
    pack = PackRef(PackKind.BLOBS, digest(b"%d" % seed), 64 << 20)
    ids = (digest(b"%d %d" % (seed, number)) for number in range(entries))
    maker.add_pack(pack, [_placed(one, 32 + 60 * place) for place, one in enumerate(ids)])
    made = maker.finish(salt)
    assert made is not None
    return made


def opened(made: MadeIndex) -> Index:
    return Index(made.data)


def _placed(value_id: bytes, offset: int) -> Placed:
    return Placed(Entry(Table.BLOBS, value_id, 16, 16, False), offset)
