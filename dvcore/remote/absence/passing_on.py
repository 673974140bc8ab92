"""Absent blobs as values, for a push to another remote: from the remotes that have them, stored nowhere here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from blake3 import blake3

from dvcore.errors import CorruptError, StateError
from dvcore.ids import BlobId
from dvcore.remote.absence.sources import OpenedSource, Source, configured_sources
from dvcore.remote.contents.opened import Contents
from dvcore.remote.contents.reading import BLOB_GAP, read_many
from dvcore.remote.packs.entry import name_of
from dvcore.remote.packs.naming import naming
from dvcore.remote.packs.packing import Value
from dvcore.repo.bringing import describe_blobs
from dvcore.repo.repository import Repository
from dvcore.store import Table
from dvcore.store.chunk_list import decode_chunk_list

_BATCH: Final = 16_384
"""Blobs that are located before the first is read."""
_CHUNKS: Final = 32
"""Chunks of a large blob that are read at a time: some 8 MB, 32 at most."""


def absent_source(repository: Repository) -> AbsentSource:
    """What gives the values of blobs that the repository's remotes have; none is asked before it is needed.

    Raises InvalidInputError, StorageError where its settings cannot be read.
    """
    return AbsentSource(configured_sources(repository))


class AbsentSource:
    """Gives the values of blobs that are absent here. Used by one thread."""

    def __init__(self, sources: Iterable[Source]) -> None:
        self._sources = [OpenedSource(one) for one in sources]

    def __call__(self, blobs: Iterable[BlobId]) -> Iterator[Value]:
        """The values that make up these blobs, each proved; a chunk list comes after its chunks, which may come again
        with another blob.

        Raises StateError naming blobs that no remote has, CorruptError, NeedsNewerError, NotFoundError, StorageError.
        """
        waiting = iter(blobs)
        while batch := list(islice(waiting, _BATCH)):
            left: Sequence[BlobId] = batch
            parts: list[tuple[Contents, list[bytes], list[bytes]]] = []
            for source in self._sources:
                contents = source.contents() if left else None
                if contents is not None:
                    whole, large, left = _located(contents, left)
                    parts.append((contents, whole, large))
            if left:
                raise StateError(
                    f"{describe_blobs(left)} not here, and no other remote has what is to be pushed",
                    hint="'dset fsck --remote' says which files it concerns",
                )
            for contents, whole, large in parts:
                yield from _iter_values(contents, whole, large)


def _located(contents: Contents, blobs: Iterable[BlobId]) -> tuple[list[bytes], list[bytes], list[BlobId]]:
    """Those that are there whole, those that are there in chunks, and the others."""
    whole: list[bytes] = []
    large: list[bytes] = []
    left: list[BlobId] = []
    for blob in blobs:
        if contents.indexes.find(Table.BLOBS, blob) is not None:
            whole.append(blob)
        elif contents.indexes.find(Table.CHUNK_LISTS, blob) is not None:
            large.append(blob)
        else:
            left.append(blob)
    return whole, large, left


def _iter_values(contents: Contents, whole: Iterable[bytes], large: Iterable[bytes]) -> Iterator[Value]:
    yield from read_many(contents, ((Table.BLOBS, blob) for blob in whole), gap=BLOB_GAP)
    for value in read_many(contents, ((Table.CHUNK_LISTS, blob) for blob in large)):
        yield from _iter_chunks(contents, value)
        yield value


def _iter_chunks(contents: Contents, chunk_list: Value) -> Iterator[Value]:
    """The chunks of a blob. Its list is proved when the last of them has been given.

    Raises CorruptError.
    """
    with naming(contents.storage, name_of(Table.CHUNK_LISTS, chunk_list.id)):
        chunks = decode_chunk_list(chunk_list.data).chunks
    hasher = blake3()
    for start in range(0, len(chunks), _CHUNKS):
        part = chunks[start : start + _CHUNKS]
        wanted = [(Table.CHUNKS, chunk) for chunk in dict.fromkeys(chunk for chunk, _ in part)]
        found = {value.id: value for value in read_many(contents, wanted)}
        for chunk, _ in part:
            hasher.update(found[chunk].data)
        yield from found.values()
    if hasher.digest() != chunk_list.id:
        with naming(contents.storage, name_of(Table.BLOBS, chunk_list.id)):
            raise CorruptError("its chunks do not make up the bytes that its id says")
