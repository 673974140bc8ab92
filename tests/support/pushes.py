"""What must hold of a remote after pushes, whatever came between; and pushing for tests."""

from collections.abc import Collection
from typing import Any

from dvcore.ids import CommitId
from dvcore.remote.contents.opened import Contents, open_contents
from dvcore.remote.contents.reading import read_many
from dvcore.remote.exchange.push import PushRef, PushReport, push
from dvcore.remote.indexes.cache import IndexCache
from dvcore.remote.packs.names import ROOT
from dvcore.remote.packs.reading import read_pack
from dvcore.remote.storages.storage import Storage
from dvcore.repo.commits import commit_working
from dvcore.repo.links import Kind, Link, iter_reachable
from dvcore.repo.repository import Repository
from dvcore.store import Table
from dvcore.store.chunk_list import decode_chunk_list
from support.remotes import held_by, refs_of
from support.repositories import put


def commit(repository: Repository, *paths: str, message: str = "more", **options: Any) -> CommitId:
    """Bring files in and commit."""
    put(repository, *paths, **options)
    return commit_working(repository, message)


def push_refs(repository: Repository, storage: Storage, *refs: str, **options: Any) -> PushReport:
    """Push refs (none: all) to `origin` as they are here."""
    ours = refs_of(repository)
    return push(repository, storage, "origin", [PushRef(ref, ours[ref]) for ref in refs or ours], **options)


def opened(storage: Storage) -> Contents:
    """What a remote holds now."""
    contents = open_contents(storage, IndexCache(None))
    assert contents is not None
    return contents


def assert_whole(storage: Storage) -> Contents:
    """All that refs lead to is in the indexes, all that these list is in packs, and packs are as they should be."""
    contents = opened(storage)
    listed = {one.name: one.size for one in storage.iter_names()}
    assert ROOT in listed
    packs = {located.pack for _, _, located in contents.indexes.iter_located()}
    for pack in packs:
        assert listed[pack.name] == pack.size
        read_pack(storage, pack)
    for link in _closure(contents):
        if link.kind is Kind.BLOB:
            assert_has_blob(contents, link.id)
        else:
            assert contents.indexes.find(Table.OBJECTS, link.id)
    return contents


def assert_has_blob(contents: Contents, blob: bytes) -> None:
    """It is there whole, or with all its chunks."""
    if contents.indexes.find(Table.BLOBS, blob):
        return
    (chunk_list,) = read_many(contents, [(Table.CHUNK_LISTS, blob)])
    for chunk, _ in decode_chunk_list(chunk_list.data).chunks:
        assert contents.indexes.find(Table.CHUNKS, chunk)


def values_in(storage: Storage) -> list[tuple[Table, bytes]]:
    """All values that lie in packs that the root's indexes list; what was sent twice is there twice."""
    packs = {located.pack for _, _, located in held_by(storage).iter_located()}
    return [(placed.entry.table, placed.entry.id) for pack in packs for placed in read_pack(storage, pack)]


def _closure(contents: Contents) -> Collection[Link]:
    seen: set[Link] = set()

    def enter(link: Link) -> bool:
        is_new = link not in seen
        seen.add(link)
        return is_new

    def read(object_id: bytes) -> bytes:
        (found,) = read_many(contents, [(Table.OBJECTS, object_id)])
        return found.data

    starts = [Link(Kind.COMMIT, commit) for commit in contents.root.refs.values()]
    return set(iter_reachable(read, starts, enter))
