"""Pushing: what the remote lacks goes there, once, in few requests, and all of it."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from support.noise import noise
from support.pushes import assert_whole, commit, opened, push_refs, values_in
from support.remotes import CountingStorage, refs_of
from support.repositories import AUTHOR, box, put, repository, snapshot, ticking

from dvcore.errors import CorruptError, InvalidInputError, StateError
from dvcore.ids import BlobId, CommitId, digest
from dvcore.model.definition import Definition
from dvcore.remote.exchange.push import PushRef, push
from dvcore.remote.exchange.refs import find_seen, list_tracked
from dvcore.remote.indexes.cache import IndexCache
from dvcore.remote.packs.packing import Value
from dvcore.remote.roots.commit import commit_root, read_root
from dvcore.remote.roots.root import Tombstone
from dvcore.remote.roots.seen import seen_of
from dvcore.remote.storages.memory import MemoryStorage
from dvcore.remote.storages.storage import Capabilities
from dvcore.repo.add_options import OnExisting
from dvcore.repo.branches import create_branch, create_tag, switch_branch
from dvcore.repo.cells import set_cell, snapshot_counter
from dvcore.repo.projects import create_project
from dvcore.repo.repository import Repository
from dvcore.store import Table

__all__ = ["repository"]


@pytest.fixture
def storage() -> CountingStorage:
    return CountingStorage(MemoryStorage())


def test_the_first_push_brings_everything_and_says_what_it_did(
    repository: Repository, storage: CountingStorage
) -> None:
    head = commit(repository, *(f"a/{number}" for number in range(30)), entered=[box("nut")])
    report = push_refs(repository, storage)
    assert [(one.ref, one.before, one.after) for one in report.changes] == [("heads/main", None, head)]
    assert report.blobs == 30
    assert report.bytes == sum(one.size for one in storage.iter_names("packs"))
    root = assert_whole(storage).root
    assert root.refs == {"heads/main": head}
    assert root.head == "main"
    assert root.serial == 1
    assert list_tracked(repository, "origin") == {"heads/main": head}
    assert find_seen(repository, "origin") == seen_of(root)


def test_nothing_new_is_one_request(repository: Repository, storage: CountingStorage) -> None:
    commit(repository, "a")
    push_refs(repository, storage)
    storage.reset()
    report = push_refs(repository, storage)
    assert (report.changes, report.bytes) == ((), 0)
    assert dict(storage.requests) == {"get": 1}


def test_ten_changed_images_are_eight_requests_at_most(repository: Repository, storage: CountingStorage) -> None:
    commit(repository, *(f"a/{number}" for number in range(300)))
    push_refs(repository, storage)
    storage.reset()
    commit(repository, *(f"a/{number}" for number in range(10)), data="changed", on_existing=OnExisting.REPLACE)
    report = push_refs(repository, storage)
    assert storage.number <= 8
    assert storage.requests["put"] == 4  # metadata, images, index, root
    assert report.blobs == 1
    assert report.objects < 10
    assert_whole(storage)


def test_no_value_is_sent_twice(repository: Repository, storage: CountingStorage) -> None:
    for number in range(5):
        commit(repository, f"a/{number}", f"b/{number}", entered=[box(f"nut{number}")])
        push_refs(repository, storage)
    create_tag(repository, "v1", commit(repository, "c"))
    push_refs(repository, storage)
    values = values_in(storage)
    assert len(values) == len(set(values))
    assert_whole(storage)


def test_large_files_go_in_chunks_that_are_shared(repository: Repository, storage: CountingStorage) -> None:
    text = noise(2 << 20).hex()
    commit(repository, "a", data=text)
    push_refs(repository, storage)
    before = sum(one.size for one in storage.iter_names("packs"))
    commit(repository, "b", data=text[: 2 << 20] + "inserted" + text[2 << 20 :])
    push_refs(repository, storage)
    assert_whole(storage)
    assert before > 4 << 20
    assert sum(one.size for one in storage.iter_names("packs")) - before < 2 << 20


def test_everything_goes_with_all_refs(repository: Repository, storage: CountingStorage) -> None:
    first = commit(repository, "a", "b", entered=[box("nut")])
    create_tag(repository, "v1", first)
    create_project(repository, "nuts", Definition())
    snapshot(repository, "nuts", first)
    create_branch(repository, "other", first)
    switch_branch(repository, "other")
    commit(repository, "c")
    report = push_refs(repository, storage)
    names = {"heads/main", "heads/other", "tags/v1", "projects/nuts", "snapshots/nuts/1"}
    assert {one.ref for one in report.changes} == names
    root = assert_whole(storage).root
    assert root.refs.keys() == names
    assert root.counters == {"nuts": 1}
    assert root.head == "other"  # the current branch


def test_the_highest_number_of_a_snapshot_stays_the_higher_one(storage: CountingStorage) -> None:
    repository = Repository.in_memory(author=AUTHOR, clock=ticking())
    create_project(repository, "nuts", Definition())
    first = commit(repository, "a")
    snapshot(repository, "nuts", first)
    repository.store.update(lambda transaction: set_cell(transaction, snapshot_counter("nuts"), 7))
    push_refs(repository, storage)
    assert opened(storage).root.counters == {"nuts": 7}
    snapshot(repository, "nuts", commit(repository, "b"))
    repository.store.update(lambda transaction: set_cell(transaction, snapshot_counter("nuts"), 3))
    push_refs(repository, storage)
    assert opened(storage).root.counters == {"nuts": 7}


def test_a_branch_alone_leaves_other_projects_counters(repository: Repository, storage: CountingStorage) -> None:
    commit(repository, "a")
    create_project(repository, "nuts", Definition())
    push_refs(repository, storage, "heads/main")
    assert opened(storage).root.counters == {}


def test_the_branch_that_a_clone_begins_with_stays(repository: Repository, storage: CountingStorage) -> None:
    first = commit(repository, "a")
    push_refs(repository, storage)
    create_branch(repository, "other", first)
    switch_branch(repository, "other")
    commit(repository, "b")
    push_refs(repository, storage)
    assert opened(storage).root.head == "main"


def test_a_tag_alone_leaves_no_branch_to_begin_with(repository: Repository, storage: CountingStorage) -> None:
    create_tag(repository, "v1", commit(repository, "a"))
    push_refs(repository, storage, "tags/v1")
    root = assert_whole(storage).root
    assert (root.head, set(root.refs)) == (None, {"tags/v1"})


def test_what_another_branch_brought_is_not_sent_again(repository: Repository, storage: CountingStorage) -> None:
    first = commit(repository, *(f"a/{number}" for number in range(20)))
    push_refs(repository, storage)
    create_branch(repository, "other", first)
    report = push_refs(repository, storage)
    assert (report.objects, report.blobs, report.bytes) == (0, 0, 0)
    assert assert_whole(storage).root.refs == {"heads/main": first, "heads/other": first}


def test_what_a_pack_with_a_tombstone_held_is_sent_again(repository: Repository, storage: CountingStorage) -> None:
    """Everything is missing then, though an index still lists it."""
    commit(repository, "a", "b")
    push_refs(repository, storage)
    packs = {located.pack for _, _, located in opened(storage).indexes.iter_located()}
    buried = tuple(Tombstone(pack, datetime(2026, 1, 1, tzinfo=UTC)) for pack in packs)
    commit_root(storage, lambda root: replace(root, refs={}, head=None, tombstones=buried))
    report = push_refs(repository, storage)
    assert report.blobs == 2
    contents = assert_whole(storage)
    assert contents.root.tombstones == buried
    listed = [pack for index in IndexCache(None).open_all(storage, contents.root.indexes) for pack in index.packs]
    assert packs.isdisjoint(listed), "an index that is merged leaves them out"


def test_a_store_that_cannot_compare_and_swap_needs_to_be_allowed(repository: Repository) -> None:
    storage = MemoryStorage()
    storage.capabilities = Capabilities(conditional=False)
    commit(repository, "a")
    with pytest.raises(StateError, match="cannot compare and swap"):
        push_refs(repository, storage)
    assert list(storage.iter_names()) == []
    push_refs(repository, storage, is_unsafe=True)
    assert_whole(storage)


def test_a_name_that_no_root_may_hold_is_refused_before_anything_is_sent(
    repository: Repository, storage: CountingStorage
) -> None:
    head = commit(repository, "a")
    for name in ("heads/..", "notes/a", "heads/a b"):
        with pytest.raises(InvalidInputError, match="this cannot be the state of a remote"):
            push(repository, storage, "origin", [PushRef(name, head)])
    with pytest.raises(InvalidInputError, match="twice"):
        push(repository, storage, "origin", [PushRef("heads/main", head), PushRef("heads/main", None)])
    assert list(storage.iter_names()) == []


def test_a_blob_that_is_damaged_here_is_not_sent(storage: CountingStorage) -> None:
    repository = Repository.in_memory(author=AUTHOR, clock=ticking())
    commit(repository, "walnut", "almond")
    blob = digest(b"walnut")
    repository.stores.blobs.update(lambda transaction: transaction.put(Table.BLOBS, blob, b"wa1nut"))
    with pytest.raises(CorruptError, match=f"^blob {blob.hex()} is damaged here, and cannot be pushed; 'dset fsck'"):
        push_refs(repository, storage)
    assert read_root(storage) is None
    repository.stores.blobs.update(lambda transaction: transaction.delete(Table.BLOBS, blob))
    with pytest.raises(CorruptError, match=f"^blob {blob.hex()} is missing here"):
        push_refs(repository, storage)


def test_an_object_that_is_damaged_here_is_not_sent(storage: CountingStorage) -> None:
    repository = Repository.in_memory(author=AUTHOR, clock=ticking())
    head = commit(repository, "walnut")
    data = bytearray(repository.objects.read(head))
    data[-1] ^= 1
    repository.store.update(lambda transaction: transaction.put(Table.OBJECTS, head, bytes(data)))
    with pytest.raises(CorruptError, match=head.hex()[:12]):
        push_refs(repository, storage)
    assert read_root(storage) is None


def absent(repository: Repository, *texts: str) -> list[BlobId]:
    """Blobs that were evicted, as if a remote had them."""
    blobs = [BlobId(digest(text.encode())) for text in texts]
    repository.blobs.evict(blobs)
    assert repository.blobs.count_absent() == len(texts)
    return blobs


def test_absent_blobs_are_refused_by_name_before_images_are_sent(storage: CountingStorage) -> None:
    repository = Repository.in_memory(author=AUTHOR, clock=ticking())
    commit(repository, "walnut", "almond", "cashew")
    blobs = absent(repository, "walnut", "cashew")
    with pytest.raises(StateError, match=r"2 blobs .* on another remote and not here") as caught:
        push_refs(repository, storage)
    assert all(blob.hex()[:12] in caught.value.message for blob in blobs)
    assert not list(storage.iter_names("packs/blobs"))
    assert read_root(storage) is None


def test_absent_blobs_come_along_from_where_they_are(storage: CountingStorage) -> None:
    repository = Repository.in_memory(author=AUTHOR, clock=ticking())
    commit(repository, "walnut", "almond", "cashew")
    absent(repository, "walnut", "cashew")
    asked: list[bytes] = []

    def source(blobs: Iterable[BlobId]) -> Iterator[Value]:
        known = {digest(text): text for text in (b"walnut", b"cashew")}
        for blob in blobs:
            asked.append(blob)
            yield Value(Table.BLOBS, blob, known[blob])

    push_refs(repository, storage, absent=source)
    assert_whole(storage)
    assert sorted(asked) == sorted([digest(b"walnut"), digest(b"cashew")])
    assert repository.blobs.count_absent() == 2, "nothing is stored here"
    push_refs(repository, storage)  # nothing is missing any more


def test_what_is_absent_here_and_there_already_is_not_asked_for(storage: CountingStorage) -> None:
    repository = Repository.in_memory(author=AUTHOR, clock=ticking())
    commit(repository, "walnut")
    push_refs(repository, storage)
    absent(repository, "walnut")
    commit(repository, "almond")
    push_refs(repository, storage)
    assert_whole(storage)


def test_the_remote_of_a_repository_that_grew_for_long_has_few_indexes(storage: CountingStorage) -> None:
    repository = Repository.in_memory(author=AUTHOR, clock=ticking())
    for number in range(20):
        commit(repository, f"a/{number}")
        push_refs(repository, storage)
    assert len(assert_whole(storage).root.indexes) <= 6


def test_more_than_an_index_holds_becomes_several(storage: CountingStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("packs.packing", "packs.pack"):
        monkeypatch.setattr(f"dvcore.remote.{module}.MAX_ENTRIES", 10)
    monkeypatch.setattr("dvcore.remote.indexes.making.MAX_ENTRIES", 30)
    monkeypatch.setattr("dvcore.remote.indexes.levels.MAX_ENTRIES", 30)
    repository = Repository.in_memory(author=AUTHOR, clock=ticking())
    for number in range(4):
        commit(repository, *(f"{number}/{place}" for place in range(30)))
        push_refs(repository, storage)
        contents = assert_whole(storage)
        assert all(index.entries <= 30 for index in contents.root.indexes)
    values = values_in(storage)
    assert len(values) == len(set(values))


def test_two_remotes_are_told_apart(repository: Repository) -> None:
    one, two = MemoryStorage(), MemoryStorage()
    commit(repository, "a")
    push_refs(repository, one)
    push(repository, two, "backup", [PushRef("heads/main", commit_of(repository, "main"))])
    assert assert_whole(one).root.identity != assert_whole(two).root.identity
    with pytest.raises(StateError, match="is not the remote that it was"):
        push_refs(repository, two)


def test_pushing_needs_no_working_state_to_be_committed(repository: Repository, storage: CountingStorage) -> None:
    commit(repository, "a")
    put(repository, "b")
    push_refs(repository, storage)
    assert assert_whole(storage).indexes.find(Table.BLOBS, digest(b"b")) is None


def commit_of(repository: Repository, branch: str) -> CommitId:
    return refs_of(repository)[f"heads/{branch}"]


def test_a_chunk_list_that_is_there_without_its_chunks_does_not_stand_for_them(
    repository: Repository, storage: CountingStorage
) -> None:
    """A collection takes packs of chunks that nothing leads to, and may leave the list in a pack of living objects."""
    commit(repository, "a", data=noise(1 << 20).hex())
    push_refs(repository, storage)
    contents = opened(storage)
    chunks = {located.pack for table, _, located in contents.indexes.iter_located() if table is Table.CHUNKS}
    buried = tuple(Tombstone(pack, datetime(2026, 1, 1, tzinfo=UTC)) for pack in chunks)
    commit_root(storage, lambda root: replace(root, refs={}, head=None, tombstones=buried))
    push_refs(repository, storage)
    assert_whole(storage)
