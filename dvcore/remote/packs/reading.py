"""Reading from packs by ranges: what is wanted of a pack, neighbours together in one request.

`plan_reads` says what to ask for, `read_values` asks and proves what comes, so that the caller may have several reads
under way. Every fault names the remote, the pack and the value.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from dvcore.errors import CorruptError
from dvcore.remote.packs.entry import HEADER, decode_header, decode_value, name_of
from dvcore.remote.packs.names import PackRef
from dvcore.remote.packs.naming import Described, naming
from dvcore.remote.packs.pack import TRAILER, Placed, check_size, decode_footer, footer_size, iter_values
from dvcore.remote.packs.packing import Value
from dvcore.remote.storages.storage import Storage
from dvcore.store import Table

GAP_BYTES: Final = 64 << 10
"""Bytes between two wanted entries that are read along rather than asking twice. A request to a bucket takes some
20 ms, in which a stream brings about a megabyte; but a lazy clone should not bring images that nobody asked for."""
READ_BYTES: Final = 16 << 20
"""No read brings more, but for a single larger value, so that several at a time stay within the memory that there is.
A cut connection costs no more than this."""
_TAIL_BYTES: Final = 64 << 10
"""What is read of a pack's end before the length of its footer is known: 1,488 entries."""


class Location(NamedTuple):
    """Where a value is: the offset of its header in the pack, and header and value together, in bytes."""

    pack: PackRef
    offset: int
    length: int


class Wanted(NamedTuple):
    """A value that is to be read, and where it is."""

    table: Table
    id: bytes
    location: Location


@dataclass(frozen=True, slots=True)
class Read:
    """One request: a range of a pack, and what is wanted of it, in the order of the offsets."""

    pack: PackRef
    start: int
    length: int
    wanted: tuple[Wanted, ...]


class Ranges(Described, Protocol):
    """Where ranges of packs come from: a storage, or what keeps some of it at hand."""

    def get_range(self, name: str, start: int, length: int) -> bytes:
        """See `storage.Storage`."""


def plan_reads(wanted: Iterable[Wanted], *, gap: int = GAP_BYTES, most: int = READ_BYTES) -> list[Read]:
    """As few requests as bring all that is wanted, reading at most `gap` bytes in vain between two neighbours; pack by
    pack, in the order in which packs are first wanted. None is longer than `most` bytes unless a single value is."""
    packs: defaultdict[PackRef, list[Wanted]] = defaultdict(list)
    for one in wanted:
        packs[one.location.pack].append(one)
    return [read for pack, of_pack in packs.items() for read in _reads_of(pack, of_pack, gap, most)]


def read_values(storage: Ranges, read: Read) -> Iterator[Value]:
    """The wanted values, proved; nothing is given of an entry that is not what it should be.

    A chunk list is proved only by the blob that it makes. Raises CorruptError, NeedsNewerError, NotFoundError,
    StorageError.
    """
    data = storage.get_range(read.pack.name, read.start, read.length)
    with naming(storage, read.pack):
        for one in read.wanted:
            at = one.location.offset - read.start
            yield Value(one.table, one.id, _read_wanted(one, data[at : at + one.location.length]))


def read_footer(storage: Storage, pack: PackRef) -> list[Placed]:
    """The entries of a pack, by its footer: in one request, or two where there are many.

    Raises CorruptError, NeedsNewerError, NotFoundError, StorageError.
    """
    with naming(storage, pack):
        check_size(pack)
    tail = _read_tail(storage, pack, min(pack.size, _TAIL_BYTES))
    with naming(storage, pack):
        size = footer_size(pack.size, tail[-TRAILER.size :])
    if size > len(tail):
        tail = _read_tail(storage, pack, size)
    with naming(storage, pack):
        return decode_footer(pack, tail[-size:])


def read_pack(storage: Storage, pack: PackRef) -> list[Placed]:
    """The entries of a pack that was read and proved whole, every value of it.

    Raises CorruptError, NeedsNewerError, NotFoundError, StorageError.
    """
    with naming(storage, pack):
        check_size(pack)
    data = storage.get_range(pack.name, 0, pack.size)
    with naming(storage, pack):
        return [placed for placed, _ in iter_values(pack, data)]


def _reads_of(pack: PackRef, wanted: list[Wanted], gap: int, most: int) -> Iterator[Read]:
    wanted.sort(key=lambda one: one.location.offset)
    group: list[Wanted] = []
    end = 0
    for one in wanted:
        start, length = one.location.offset, one.location.length
        if group and (start - end > gap or start + length - group[0].location.offset > most):
            yield _read_of(pack, group, end)
            group = []
        group.append(one)
        end = max(end, start + length)
    yield _read_of(pack, group, end)


def _read_of(pack: PackRef, group: list[Wanted], end: int) -> Read:
    start = group[0].location.offset
    return Read(pack, start, end - start, tuple(group))


def _read_wanted(wanted: Wanted, raw: bytes) -> bytes:
    location = wanted.location
    entry = decode_header(HEADER.unpack_from(raw)) if len(raw) >= HEADER.size else None
    if entry is None or (entry.table, entry.id, entry.length) != (wanted.table, wanted.id, location.length):
        raise CorruptError(f"{name_of(wanted.table, wanted.id)} is not at {location.offset}")
    return decode_value(entry, raw[HEADER.size :])


def _read_tail(storage: Storage, pack: PackRef, length: int) -> bytes:
    return storage.get_range(pack.name, pack.size - length, length)
