"""Marking: everything that a remote's refs lead to, with no look at anything but the refs and the objects themselves.

Objects that refer further are read here where they are here, and else from the remote, many at a time. Everything that
is marked is in the remote's indexes: where it is not, nothing can be said of what is dead, and nothing is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from dvcore.errors import CorruptError
from dvcore.ids import digest
from dvcore.model.manifest import decode_manifest
from dvcore.progress import Progress
from dvcore.remote.contents.opened import Contents
from dvcore.remote.contents.reading import read_many
from dvcore.remote.packs.entry import HEADER, name_of
from dvcore.remote.packs.naming import naming
from dvcore.remote.upkeep.marks import Marks
from dvcore.repo.links import Kind, Link, links
from dvcore.store import Store, Table
from dvcore.store.chunk_list import decode_chunk_list

_BATCH: Final = 4_096
"""Objects that are asked for together."""
_TOGETHER: Final = 128
"""Objects read in one transaction here; nodes have up to 64 KiB."""


class Marking:
    """Marks what the refs of one remote lead to; of its later roots, only what is new. `local` is a store in which
    objects may be, to save requests; nothing that is damaged there is used."""

    def __init__(self, marks: Marks, local: Store | None, progress: Progress) -> None:
        self._marks = marks
        self._local = local
        self._progress = progress

    def mark(self, contents: Contents) -> None:
        """Mark what the refs of this root lead to.

        Raises CorruptError where something is missing or damaged, NeedsNewerError, NotFoundError, StorageError.
        """
        self._progress.start("marking", None)
        for commit in contents.root.refs.values():
            self._meet(contents, Link(Kind.COMMIT, commit))
        self._mark_shards(contents, self._marks.take_shards())
        while self._follow_links(contents) or self._follow_lists(contents):
            pass
        self._progress.finish()

    def _follow_links(self, contents: Contents) -> bool:
        """Follow some; whether there were any."""
        kinds: defaultdict[bytes, list[Kind]] = defaultdict(list)
        for link in self._marks.take_links(_BATCH):
            kinds[link.id].append(link.kind)
        for object_id, data in load_objects(contents, self._local, list(kinds)):
            for kind in kinds[object_id]:
                self._follow(contents, Link(kind, object_id), data)
            self._progress.advance()
        return bool(kinds)

    def _follow(self, contents: Contents, link: Link, data: bytes) -> None:
        with naming(contents.storage, name_of(Table.OBJECTS, link.id)):
            met = list(links(link.kind, data))
        for one in met:
            self._meet(contents, one)
        if link.kind is Kind.MANIFEST:
            self._mark_shards(contents, (shard.blake3 for shard in decode_manifest(data).shards))

    def _meet(self, contents: Contents, link: Link) -> None:
        if link.kind is Kind.BLOB:
            if not self._meet_blob(contents, link.id):
                raise missing(contents, Table.BLOBS, link.id)
            return
        if self._marks.add(Table.OBJECTS, link.id) and contents.indexes.find(Table.OBJECTS, link.id) is None:
            raise missing(contents, Table.OBJECTS, link.id)
        if not link.kind.is_final:
            self._marks.follow(link)

    def _meet_blob(self, contents: Contents, blob: bytes) -> bool:
        """Mark a blob in the form that the remote has it in; whether it has it."""
        if self._marks.is_live(Table.BLOBS, blob):
            return True
        is_whole = contents.indexes.find(Table.BLOBS, blob) is not None
        if not is_whole and contents.indexes.find(Table.CHUNK_LISTS, blob) is None:
            return False
        self._marks.add(Table.BLOBS, blob)
        if not is_whole:
            self._marks.follow_list(blob)
        return True

    def _mark_shards(self, contents: Contents, shards: Iterable[bytes]) -> None:
        """Shards are on a remote only where somebody asked for that."""
        for shard in shards:
            if not self._meet_blob(contents, shard):
                self._marks.keep_shard(shard)

    def _follow_lists(self, contents: Contents) -> bool:
        """Mark the chunks of some blobs; whether there were any. The list is the remote's: another one of the same blob
        may name other chunks."""
        blobs = self._marks.take_lists(_BATCH)
        for value in read_many(contents, ((Table.CHUNK_LISTS, blob) for blob in blobs)):
            with naming(contents.storage, name_of(Table.CHUNK_LISTS, value.id)):
                chunks = decode_chunk_list(value.data).chunks
            for chunk, length in chunks:
                self._meet_chunk(contents, chunk, length)
        return bool(blobs)

    def _meet_chunk(self, contents: Contents, chunk: bytes, length: int) -> None:
        if self._marks.add(Table.CHUNKS, chunk):
            location = contents.indexes.find(Table.CHUNKS, chunk)
            if location is None or location.length != HEADER.size + length:
                raise missing(contents, Table.CHUNKS, chunk)


def load_objects(contents: Contents, local: Store | None, object_ids: Sequence[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Objects with their ids, proved, in any order.

    Raises CorruptError where the remote does not have one that is not here either, NotFoundError, StorageError.
    """
    elsewhere: list[bytes] = []
    for start in range(0, len(object_ids), _TOGETHER):
        part = object_ids[start : start + _TOGETHER]
        for object_id, data in zip(part, _read_here(local, part), strict=True):
            if data is not None and digest(data) == object_id:
                yield object_id, data
            else:
                elsewhere.append(object_id)
    for value in read_many(contents, ((Table.OBJECTS, one) for one in elsewhere)):
        yield value.id, value.data


def missing(contents: Contents, table: Table, value_id: bytes) -> CorruptError:
    """What says that a value, which something leads to, is in no index, or not as long as it should be."""
    return CorruptError(
        f"{contents.describe()}: {name_of(table, value_id)} is missing",
        hint="'dset fsck --remote' tells what it concerns",
    )


def _read_here(local: Store | None, object_ids: Sequence[bytes]) -> list[bytes | None]:
    if local is None:
        return [None] * len(object_ids)
    with local.read() as transaction:
        return [transaction.get(Table.OBJECTS, one) for one in object_ids]
