"""Collecting a remote: what is dead goes in two steps, what is alive stays, and the room comes back."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from support.damage import overwrite
from support.noise import noise
from support.remotes import CountingStorage, TroubledStorage
from support.upkeep import (
    DAY,
    Clock,
    Commit,
    Pusher,
    assert_complete,
    blob_values,
    commit_of,
    held_by,
    listed_packs,
    push,
    read_value,
    stored_bytes,
)

from dvcore.errors import CorruptError, NeedsNewerError, StateError
from dvcore.ids import BlobId, digest
from dvcore.model.definition import Definition
from dvcore.model.manifest import Manifest, Shard, encode_manifest
from dvcore.progress import Silent
from dvcore.prolly import build
from dvcore.remote.indexes.cache import IndexCache
from dvcore.remote.packs.names import find_pack
from dvcore.remote.packs.packing import Value
from dvcore.remote.roots.commit import commit_root, read_root
from dvcore.remote.roots.root import Root, Tombstone
from dvcore.remote.roots.seen import seen_of
from dvcore.remote.storages.local import LocalStorage
from dvcore.remote.storages.memory import MemoryStorage
from dvcore.remote.storages.storage import Capabilities, Storage
from dvcore.remote.upkeep import survey
from dvcore.remote.upkeep.collecting import GRACE, collect_remote
from dvcore.remote.upkeep.marking import Marking
from dvcore.remote.upkeep.marks import Marks
from dvcore.remote.upkeep.report import RemoteGcReport
from dvcore.remote.upkeep.view import view_of
from dvcore.repo.projects import create_project, load_project, record_snapshot
from dvcore.store import Table
from dvcore.store.chunk_list import WHOLE_BYTES, decode_chunk_list


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def storage(clock: Clock) -> MemoryStorage:
    return MemoryStorage(clock)


def collect(storage: Storage, *, grace: timedelta = GRACE) -> RemoteGcReport:
    return collect_remote(storage, IndexCache(None), grace=grace)


def files(*names: str, size: int = 2000) -> dict[str, bytes]:
    return {f"{name}.jpg": noise(size, name) for name in names}


def names(storage: Storage, folder: str = "") -> set[str]:
    return {one.name for one in storage.iter_names(folder)}


def push_files(storage: Storage, **branches: dict[str, bytes]) -> Root:
    """Unrelated histories in one push, so that they share packs."""
    return push(storage, **{name: commit_of(contents) for name, contents in branches.items()})


def delete(storage: Storage, *branches: str) -> Root:
    return push(storage, **dict.fromkeys(branches))


def test_nothing_was_pushed_and_nothing_is_done(storage: MemoryStorage) -> None:
    assert collect(storage) == RemoteGcReport()
    assert names(storage) == set()


@pytest.mark.parametrize("size", [6, 2000, WHOLE_BYTES + 1])
def test_a_remote_without_garbage_stays_as_it_is(storage: MemoryStorage, clock: Clock, size: int) -> None:
    root = push_files(storage, main=files("a", "b", size=size))
    before = names(storage)
    clock.time += 10 * DAY
    report = collect(storage)
    assert report.kept.number == 2
    assert report == RemoteGcReport(kept=report.kept)
    assert (read_root(storage), names(storage)) == (root, before)


def test_a_dead_pack_first_gets_a_tombstone_and_goes_after_its_grace(storage: MemoryStorage, clock: Clock) -> None:
    push_files(storage, main=files("a"))
    packs = names(storage, "packs")
    push_files(storage, side=files("b"))
    dead = names(storage, "packs") - packs
    delete(storage, "side")
    report = collect(storage)
    assert (report.condemned.number, report.removed.number, report.waiting.number) == (len(dead), 0, 0)
    root = assert_complete(storage)
    assert {one.pack.name for one in root.tombstones} == dead <= names(storage, "packs")
    assert {pack.name for pack in listed_packs(storage, root)} == packs
    assert all(clock.time - one.time < timedelta(minutes=1) for one in root.tombstones)

    clock.time += DAY - timedelta(minutes=1)
    report = collect(storage)
    assert (report.condemned.number, report.removed.number, report.waiting.number) == (0, 0, len(dead))
    assert dead <= names(storage, "packs")

    clock.time += timedelta(minutes=1)
    report = collect(storage)
    assert (report.condemned.number, report.removed.number, report.waiting.number) == (0, len(dead), 0)
    assert names(storage, "packs") == packs
    assert assert_complete(storage).tombstones == ()


def test_what_is_alive_in_a_mostly_dead_pack_moves_to_another(storage: MemoryStorage, clock: Clock) -> None:
    push_files(storage, main=files("a"), side=files("b", "c", "d"))
    before = read_root(storage)
    assert before is not None
    packs = names(storage, "packs")
    delete(storage, "side")
    report = collect(storage)
    assert report.condemned.number == len(packs)
    assert report.copied.number > 5
    root = assert_complete(storage)
    assert {pack.name for pack in listed_packs(storage, root)}.isdisjoint(packs)
    assert held_by(storage, root).find(Table.BLOBS, digest(noise(2000, "b"))) is None
    assert_complete(storage, older=before)
    clock.time += DAY
    collect(storage)
    assert names(storage, "packs") == {pack.name for pack in listed_packs(storage, root)}
    assert names(storage, "indexes") == {index.name for index in root.indexes}
    assert collect(storage).condemned.number == 0


def test_a_pack_that_is_less_than_half_dead_stays(storage: MemoryStorage) -> None:
    push_files(storage, main=files("a", "b", "c"), side=files("d"))
    delete(storage, "side")
    report = collect(storage)
    assert report.condemned.number == 0
    assert report.copied.number == 0


def test_large_blobs_stay_whole_and_dead_ones_go_chunk_by_chunk(storage: MemoryStorage, clock: Clock) -> None:
    common = noise(3 << 20, "common")
    kept, dead = common + noise(2 << 20, "kept"), common + noise(9 << 20, "dead")
    push_files(storage, main={"kept.bin": kept}, side={"dead.bin": dead})
    delete(storage, "side")
    assert collect(storage).copied.size > 4 << 20
    root = assert_complete(storage)
    assert held_by(storage, root).find(Table.CHUNK_LISTS, digest(dead)) is None
    clock.time += DAY
    collect(storage)
    assert stored_bytes(storage) < len(kept) + (1 << 20)
    assert_complete(storage)


@pytest.mark.parametrize("entries", [survey.BATCH_ENTRIES, 1])
def test_no_root_lists_a_chunk_list_without_its_chunks(
    storage: MemoryStorage, entries: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(survey, "BATCH_ENTRIES", entries)
    large = noise(WHOLE_BYTES + 1, "large")
    push_files(storage, main=files(*map(str, range(40))), side={"large": large})  # whose objects are in one pack
    delete(storage, "side")
    roots = []

    def note(_: int, what: str) -> None:
        root = read_root(storage)
        assert root is not None
        roots.append(root)

    collect(TroubledStorage(storage, note))
    last = read_root(storage)
    assert last is not None
    for root in (*roots, last):
        held = held_by(storage, root)
        located = {(table, value_id) for table, value_id, _ in held.iter_located()}
        if (Table.CHUNK_LISTS, digest(large)) in located:
            chunks = decode_chunk_list(read_value(storage, held, Table.CHUNK_LISTS, digest(large))).chunks
            assert all((Table.CHUNKS, chunk) in located for chunk, _ in chunks)
    assert last != roots[0]


def test_the_room_of_what_was_deleted_comes_back_however_often(storage: MemoryStorage, clock: Clock) -> None:
    push_files(storage, main=files("a", "b"))
    sizes = []
    for number in range(12):
        push_files(storage, keep=files(f"k{number:02}"), drop=files(f"x{number:02}", f"y{number:02}"))
        delete(storage, "drop")
        collect(storage)
        clock.time += DAY
        sizes.append(stored_bytes(storage))
    assert max(sizes[6:]) <= max(sizes[:6])
    delete(storage, "keep")
    for _ in range(2):
        collect(storage)
        clock.time += DAY
    root = assert_complete(storage)
    assert names(storage, "packs") == {pack.name for pack in listed_packs(storage, root)}
    assert len(names(storage, "packs")) == 2
    assert len(names(storage, "indexes")) == 1


def test_packs_of_an_unfinished_push_go_by_their_age_and_after_a_tombstone(
    storage: MemoryStorage, clock: Clock
) -> None:
    push_files(storage, main=files("a"))
    packs = names(storage, "packs")
    pusher = Pusher(storage, {"heads/side": commit_of(files("b"))})
    pusher.look()
    pusher.send()
    left = names(storage, "packs") - packs
    clock.time += DAY - timedelta(minutes=1)
    assert collect(storage).condemned.number == 0
    clock.time += timedelta(minutes=1)
    assert collect(storage).condemned.number == len(left)
    assert left <= names(storage, "packs")
    clock.time += DAY
    assert collect(storage).removed.number == len(left)
    assert names(storage, "packs") == packs


def test_indexes_that_others_stand_for_go_by_their_age(storage: MemoryStorage, clock: Clock) -> None:
    for branch in "ab":
        push_files(storage, **{branch: files(branch)})
    old = names(storage, "indexes")
    assert collect(storage).indexes == 0
    clock.time += DAY
    young = push_files(storage, c=files("c")).indexes
    root = push_files(storage, d=files("d"))
    assert not old & {one.name for one in root.indexes}
    assert collect(storage).indexes == len(old)
    assert names(storage, "indexes") == {one.name for one in (*root.indexes, *young)} - old
    assert assert_complete(storage).serial == root.serial + 1, "so that nobody publishes one of them after all"


def test_other_peoples_objects_stay_and_packs_of_impossible_sizes_go(storage: MemoryStorage, clock: Clock) -> None:
    push_files(storage, main=files("a"))
    others = {"readme.txt", "packs/notes", "packs/blobs/00/ab", "indexes/x", "shards/p-train.tfrecord"}
    for name in others:
        storage.put(name, b"of somebody else")
    misfit = f"packs/blobs/ab/{'ab' * 32}"
    storage.put(misfit, b"cut off")
    clock.time += 10 * DAY
    collect(storage)
    assert others <= names(storage)
    assert misfit not in names(storage)
    assert assert_complete(storage).tombstones == ()


def test_a_value_that_two_packs_hold_keeps_one_of_them(storage: MemoryStorage, clock: Clock) -> None:
    """Two pushed it at once. What the other pack has besides is dead by now."""
    many = files(*"abcdefghijkl")
    pushers = [
        Pusher(storage, {"heads/many": commit_of(many)}),
        Pusher(storage, {"heads/few": commit_of(files("a", "x"))}),
    ]
    for pusher in pushers:
        pusher.look()
        pusher.send()
    for pusher in pushers:
        pusher.publish()
    root = delete(storage, "few")
    assert len(root.indexes) == 2
    report = collect(storage)
    assert (report.condemned.number, report.copied.number) == (len(pushers[1].sent), 0)
    root = assert_complete(storage)
    assert listed_packs(storage, root) == {pack.ref for pack in pushers[0].sent}


def test_a_pack_of_which_all_is_alive_counts_as_such_to_the_byte(storage: MemoryStorage) -> None:
    root = push_files(storage, main=files("a", "b", "c") | {"large.bin": noise(3 << 20)})
    view = view_of(storage, IndexCache(None), root)
    with Marks(None) as marks:
        Marking(marks, None, Silent()).mark(view.contents)
        assert {pack: usage.size for pack, usage in survey.survey(view, marks).items()} == {
            pack: pack.size for pack in listed_packs(storage, root)
        }


def test_an_index_that_has_shrunk_takes_in_smaller_ones(storage: MemoryStorage) -> None:
    push_files(storage, main=files("a"), side=files(*"bcdefghijkl"))
    root = push_files(storage, other=files("m"))
    assert len(root.indexes) == 2
    delete(storage, "side")
    collect(storage)
    assert len(assert_complete(storage).indexes) == 1


def test_many_packs_go_in_several_steps(storage: MemoryStorage, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(survey, "BATCH_ENTRIES", 8)
    for number in range(4):
        dead = files(*(f"{number}{one}" for one in "bcd"))
        push_files(storage, **{f"m{number}": files(f"a{number}"), f"s{number}": dead})
    delete(storage, *(f"s{number}" for number in range(4)))
    before = read_root(storage)
    assert before is not None
    packs = names(storage, "packs")
    assert collect(storage).condemned.number == len(packs)
    root = assert_complete(storage)
    assert root.serial >= before.serial + 3
    assert_complete(storage, older=before)
    sizes = sorted(index.entries for index in root.indexes)
    assert all(2 * small <= large for small, large in pairwise(sizes))


def with_shard(shard: bytes) -> tuple[Commit, list[Value]]:
    """The commit of a snapshot that has this shard, which is pushed for who asks for that, and the values for it."""
    repository, commit = commit_of(files("a"))
    create_project(repository, "p", Definition())
    project, draft = load_project(repository, "p"), repository.draft()
    nothing = build(draft, ())
    made = Shard("train", 0, 1, len(shard), digest(shard), bytes(32), bytes(32))
    manifest = encode_manifest(Manifest((made,), nothing, nothing, (), {}, {}))
    definition = project.definition
    record_snapshot(repository, project, dataset=commit, definition=definition, manifest=manifest, draft=draft)
    with repository.blobs.writer() as writer:
        writer.add_bytes(shard)
    return (repository, load_project(repository, "p").commit), list(blob_values(repository, BlobId(digest(shard))))


def push_shard(storage: Storage, commit: Commit, values: list[Value]) -> None:
    pusher = Pusher(storage, {"projects/p": commit})
    pusher.look()
    pusher.missing += values
    pusher.send()
    pusher.publish()


@pytest.mark.parametrize("size", [3000, WHOLE_BYTES * 2])
def test_shards_that_are_on_the_remote_stay(storage: MemoryStorage, clock: Clock, size: int) -> None:
    shard = noise(size, "shard")
    commit, values = with_shard(shard)
    push_shard(storage, commit, values)
    for _ in range(2):
        assert collect(storage).condemned.number == 0
        clock.time += DAY
    held = held_by(storage, assert_complete(storage))
    assert b"".join(
        read_value(storage, held, one.table, one.id) for one in values if one.table is not Table.CHUNK_LISTS
    )


def test_shards_that_nobody_pushed_are_not_missed_and_such_as_come_meanwhile_stay(
    storage: MemoryStorage, clock: Clock
) -> None:
    """Some of its chunks lie there, dead, when the collection begins; then somebody sends the others and their list."""
    shard = noise(4 << 20, "shard")
    commit, values = with_shard(shard)
    root = push(storage, side=commit_of({"longer": shard + noise(1 << 20, "more")}))
    held = held_by(storage, root)
    assert held.find(Table.CHUNK_LISTS, digest(shard)) is None
    assert [one for one in values if held.find(one.table, one.id) is not None]
    push(storage, side=None, main=commit)
    times = iter([True])

    def trouble(_: int, name: str) -> None:
        if name.startswith("clock/") and next(times, False):
            held = held_by(storage, read_root(storage) or Root(b""))
            push_shard(storage, commit, [one for one in values if held.find(one.table, one.id) is None])

    collect(TroubledStorage(storage, trouble))
    clock.time += DAY
    collect(storage)
    held = held_by(storage, assert_complete(storage))
    assert all(read_value(storage, held, one.table, one.id) == one.data for one in values)


def test_packs_with_tombstones_that_an_index_still_lists_leave_it(storage: MemoryStorage, clock: Clock) -> None:
    """As another implementation may leave them."""
    push_files(storage, main=files("a"))
    packs = names(storage, "packs")
    root = push_files(storage, side=files("b"))
    dead = [pack for pack in listed_packs(storage, root) if pack.name not in packs]
    tombstones = tuple(Tombstone(pack, clock()) for pack in dead)
    commit_root(storage, lambda now: replace(now, refs={"heads/main": now.refs["heads/main"]}, tombstones=tombstones))
    clock.time += DAY
    assert collect(storage).removed.number == len(dead)
    root = assert_complete(storage)
    assert root.tombstones == ()
    assert {pack.name for pack in listed_packs(storage, root)} == packs == names(storage, "packs")


def test_where_something_alive_is_missing_nothing_is_removed(storage: MemoryStorage, clock: Clock) -> None:
    push_files(storage, main=files("a"))
    push_files(storage, side=files("b"))
    delete(storage, "side")
    collect(storage)
    root = delete(storage)
    push_files(storage, other=files("c"))
    commit_root(storage, lambda now: replace(now, indexes=root.indexes))
    clock.time += DAY
    before = names(storage)
    with pytest.raises(
        CorruptError, match=r"cannot tell what is alive on memory: memory: object [0-9a-f]{64} is missing"
    ):
        collect(storage)
    assert names(storage) == before


def test_what_is_alive_and_damaged_is_not_copied_and_nothing_is_taken_out(storage: MemoryStorage) -> None:
    push_files(storage, main=files("a"), side=files("b", "c", "d"))
    root = delete(storage, "side")
    location = held_by(storage, root).find(Table.BLOBS, digest(noise(2000, "a")))
    assert location is not None
    data = bytearray(storage.get(location.pack.name).data)
    data[location.offset + 100] ^= 1
    storage.put(location.pack.name, data)
    with pytest.raises(CorruptError, match=r"memory: pack [0-9a-f]{12}: blob [0-9a-f]{64} does not have the bytes"):
        collect(storage)
    assert read_root(storage) == root
    assert {pack.name for pack in listed_packs(storage, root)} <= names(storage)


def test_a_root_from_before_what_was_seen_is_refused(storage: MemoryStorage, clock: Clock) -> None:
    push_files(storage, main=files("a"))
    old = storage.get("root").data
    seen = seen_of(push_files(storage, side=files("b")))
    storage.put("root", old)
    clock.time += 10 * DAY
    before = names(storage)
    with pytest.raises(CorruptError, match="memory is at state 1, and was at 2 before"):
        collect_remote(storage, IndexCache(None), seen=seen)
    assert names(storage) == before


def test_refs_that_this_version_does_not_know_keep_everything(
    storage: MemoryStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    push_files(storage, main=files("a"))
    push_files(storage, side=files("b"))
    delete(storage, "side")
    monkeypatch.setattr("dvcore.remote.roots.format.FORMAT", 2)
    commit_root(storage, lambda root: replace(root, oldest_reader=2))
    monkeypatch.undo()
    before = names(storage)
    with pytest.raises(NeedsNewerError):
        collect(storage)
    assert names(storage) == before


def test_a_dry_run_says_the_same_and_changes_nothing(storage: MemoryStorage, clock: Clock) -> None:
    push_files(storage, main=files("a"), side=files("b", "c", "d"))
    delete(storage, "side")
    before = read_root(storage), names(storage)
    foreseen = collect_remote(storage, IndexCache(None), is_dry_run=True)
    assert (read_root(storage), names(storage)) == before
    done = collect(storage)
    assert foreseen.condemned == done.condemned
    assert foreseen.copied.number == done.copied.number > 0


def test_a_store_without_conditional_writes_needs_leave(storage: MemoryStorage) -> None:
    storage.capabilities = Capabilities(conditional=False)
    with pytest.raises(StateError, match="cannot compare and swap"):
        push_files(storage, main=files("a"))


def test_objects_that_are_here_are_not_fetched(storage: MemoryStorage, tmp_path: Path) -> None:
    repository, commit = commit_of(files("a", "b"))
    push(storage, main=(repository, commit))
    push_files(storage, side=files("c"))
    delete(storage, "side")
    counting = CountingStorage(storage)
    cache = IndexCache(tmp_path)
    collect_remote(counting, cache, local=repository.store, is_dry_run=True)
    counting.reset()
    collect_remote(counting, cache, local=repository.store)
    assert not [name for name, _, _ in counting.reads if find_pack(name, 0)]
    # Root twice and its new state, two lists, the time twice, the new index.
    assert dict(counting.requests) == {"get": 2, "iter_names": 4, "put": 4, "remove": 2}


def test_objects_that_are_damaged_here_are_fetched(storage: MemoryStorage) -> None:
    repository, commit = commit_of(files("a", "b"))
    push(storage, main=(repository, commit))
    overwrite(repository.store, Table.OBJECTS, commit, b"damaged")
    assert collect_remote(storage, IndexCache(None), local=repository.store).kept.number == 2


def test_a_folder_is_collected_too(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path / "remote", create=True)
    push_files(storage, main=files("a"), side=files("b", "c", "d"))
    delete(storage, "side")
    for _ in range(3):
        collect(storage, grace=timedelta(0))
    root = assert_complete(storage)
    assert names(storage, "packs") == {pack.name for pack in listed_packs(storage, root)}
    assert names(storage, "indexes") == {index.name for index in root.indexes}
    assert names(storage, "clock") == set()
