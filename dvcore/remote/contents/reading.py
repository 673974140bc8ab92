"""Values from a remote, many at a time: found by its indexes, read in parallel, proved.

Memory holds about 64 MiB, however many are asked for: four requests of 8 MiB are under way or wait for the consumer,
each of which is there twice while its values are taken out. Faults name the remote, and the value or its pack.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Final, NamedTuple

from dvcore.errors import CorruptError
from dvcore.remote.contents.opened import Contents
from dvcore.remote.contents.read_ahead import PIECE_BYTES
from dvcore.remote.packs.entry import name_of
from dvcore.remote.packs.names import PackKind, PackRef
from dvcore.remote.packs.naming import naming
from dvcore.remote.packs.packing import Value
from dvcore.remote.packs.reading import GAP_BYTES, Ranges, Read, Wanted, plan_reads, read_values
from dvcore.store import Table
from dvcore.store.background import iter_results

BLOB_GAP: Final = 8 << 10
"""Bytes between two blobs that are read in vain rather than asking twice: no image is as small."""

_AT_ONCE: Final = 4
_READ_BYTES: Final = 8 << 20
_BATCH: Final = 32_768
"""Values that are located before the first of them is read: some 10 MB. The more, the fewer requests, since those in
one pack come together; best is to ask in the order of ids."""
_BULK_BYTES: Final = 2 << 20
"""Where at least so much of a pack of metadata is wanted at once, that and nothing else is read; below, whole pieces
are, since more of them is going to be wanted."""


def read_many(contents: Contents, wanted: Iterable[tuple[Table, bytes]], *, gap: int = GAP_BYTES) -> Iterator[Value]:
    """The values of these tables and ids, in any order, each proved but for chunk lists: those are proved by the blob
    that they make.

    `wanted` is taken in batches; it may be very long, and should name each value once. `gap` are bytes that may be read
    in vain to save a request; for blobs, `BLOB_GAP`. Raises CorruptError where the remote does not have a value, or not
    as it should be, NeedsNewerError, NotFoundError where a pack is gone, StorageError.
    """
    waiting = iter(wanted)
    while batch := list(islice(waiting, _BATCH)):
        located = [_locate(contents, table, value_id) for table, value_id in batch]
        for values in iter_results(_perform, _plan(contents, located, gap), _AT_ONCE):
            yield from values


class _Request(NamedTuple):
    ranges: Ranges
    read: Read


def _locate(contents: Contents, table: Table, value_id: bytes) -> Wanted:
    with naming(contents, name_of(table, value_id)):
        location = contents.indexes.find(table, value_id)
        if location is None:
            raise CorruptError("it is in none of its indexes, and something that is there refers to it")
    return Wanted(table, value_id, location)


def _plan(contents: Contents, wanted: Iterable[Wanted], gap: int) -> Iterator[_Request]:
    packs: defaultdict[PackRef, list[Wanted]] = defaultdict(list)
    for one in wanted:
        packs[one.location.pack].append(one)
    for pack, of_pack in packs.items():
        total = sum(one.location.length for one in of_pack)
        if pack.kind is PackKind.METADATA and total < _BULK_BYTES:
            ranges, gap_here = contents.ahead.over(contents.storage, pack), PIECE_BYTES
        else:
            ranges, gap_here = contents.storage, gap
        yield from (_Request(ranges, read) for read in plan_reads(of_pack, gap=gap_here, most=_READ_BYTES))


def _perform(request: _Request) -> Iterator[Value]:
    """Proved as many as fit into what a request may hold; the others when it is their turn, since a few deflated bytes
    may be a thousand times as many."""
    values = read_values(*request)
    ahead: list[Value] = []
    held = 0
    for value in values:
        ahead.append(value)
        held += len(value.data)
        if held > _READ_BYTES:
            break
    return chain(ahead, values)
