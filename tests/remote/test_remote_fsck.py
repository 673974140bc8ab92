"""Checking a remote: every kind of damage is told by name, and of a sound remote nothing is said."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.remotes import CountingStorage, TroubledStorage
from support.upkeep import (
    DAY,
    Clock,
    Commit,
    copy_of,
    data_of,
    files,
    held_by,
    listed_packs,
    littered,
    push,
    values_of,
)

from dvcore.errors import StorageError
from dvcore.ids import BlobId, CommitId, TreeId, digest, format_id
from dvcore.model.commit import encode_commit
from dvcore.model.tree import encode_tree
from dvcore.prolly import build
from dvcore.prolly.node import decode_node
from dvcore.remote.indexes.cache import IndexCache
from dvcore.remote.indexes.making import IndexMaker
from dvcore.remote.packs.entry import Entry
from dvcore.remote.packs.names import ROOT, PackKind
from dvcore.remote.packs.pack import Placed, new_salt
from dvcore.remote.packs.packing import Value, iter_packs
from dvcore.remote.roots.commit import commit_root, read_root
from dvcore.remote.roots.root import Root
from dvcore.remote.roots.seen import seen_of
from dvcore.remote.storages.memory import MemoryStorage
from dvcore.remote.storages.storage import Storage
from dvcore.remote.upkeep.checking import check_remote
from dvcore.remote.upkeep.collecting import collect_remote
from dvcore.remote.upkeep.problems import RemoteProblem
from dvcore.remote.upkeep.unheld import Unheld
from dvcore.store import BlobStore, MemoryStore, Table
from dvcore.store.absent import mark_absent
from dvcore.store.chunk_list import ChunkList, decode_chunk_list


def check(storage: Storage, *, read_data: bool = True) -> tuple[RemoteProblem, ...]:
    return check_remote(storage, IndexCache(None), read_data=read_data).problems


def things(storage: Storage, *, read_data: bool = True) -> set[str]:
    return {one.thing for one in check(storage, read_data=read_data)}


def root_of(storage: Storage) -> Root:
    root = read_root(storage)
    assert root is not None
    return root


def sound() -> MemoryStorage:
    """A remote with two branches, a large blob, several packs and indexes, and garbage."""
    storage, clock = littered()
    return copy_of(storage, Clock(clock.time))


def counted(storage: Storage) -> dict[str, str]:
    """Names of what the root lists and counts, and what problems call each."""
    root = root_of(storage)
    packs = {pack.name: f"pack {format_id(pack.id)}" for pack in listed_packs(storage, root)}
    return {**packs, **{index.name: f"index {format_id(index.id)}" for index in root.indexes}, ROOT: "root"}


@pytest.mark.parametrize("read_data", [False, True])
def test_nothing_is_said_of_a_sound_remote(read_data: bool) -> None:
    assert check(MemoryStorage(), read_data=read_data) == ()
    storage = sound()
    assert check(storage, read_data=read_data) == ()
    clock = Clock(littered()[1].time)
    storage = copy_of(storage, clock)
    for _ in range(3):
        collect_remote(storage, IndexCache(None))
        assert check(storage, read_data=read_data) == ()
        clock.time += DAY


def flipped(data: bytes, at: int) -> bytes:
    changed = bytearray(data)
    changed[at] ^= 1 << at % 8
    return bytes(changed)


def damages(storage: MemoryStorage, name: str) -> Iterator[tuple[str, bytes | None]]:
    """What can become of an object, in words and in bytes; None where it is gone."""
    data = storage.get(name).data
    for place in range(16):
        at = min(len(data) - 1, place * len(data) // 15)
        yield f"bit {at}", flipped(data, at)
    for length in (0, 1, len(data) // 2, len(data) - 1):
        yield f"cut to {length}", data[:length]
    yield "longer", data + b"x"
    yield "removed", None
    folder = name.rpartition("/")[0].removesuffix(name[-64:-62])
    others = [one for one in counted(storage) if one != name and folder and one.startswith(folder)]
    for other in others[:1]:
        yield f"swapped with {other}", storage.get(other).data


def overwrite(storage: MemoryStorage, name: str, data: bytes | None) -> None:
    if data is None:
        storage.remove(name)
    else:
        storage.put(name, data)


def test_every_damage_to_every_object_is_told_by_its_name() -> None:
    storage = sound()
    for name, thing in counted(storage).items():
        data = storage.get(name).data
        for what, damaged in damages(storage, name):
            overwrite(storage, name, damaged)
            found = check(storage)
            storage.put(name, data)
            no_matter = (what == "removed" and name == ROOT) or (what == "longer" and name.startswith("indexes/"))
            assert thing in {one.thing for one in found} or no_matter, f"{name}: {what}"
            assert all(one.remote == "memory" and not one.reason.startswith("memory: ") for one in found)
    assert check(storage) == ()


def test_without_reading_the_data_what_is_absent_or_of_another_size_is_told() -> None:
    storage = sound()
    for name, thing in counted(storage).items():
        data = storage.get(name).data
        for what, damaged in damages(storage, name):
            is_seen = what.startswith(("cut", "removed", "swapped")) or (what == "longer" and name.startswith("packs/"))
            if is_seen and name != ROOT:
                overwrite(storage, name, damaged)
                found = check(storage, read_data=False)
                named = {one.thing for one in found} | {f"pack {one.pack}" for one in found}
                assert thing in named, f"{name}: {what}"
                storage.put(name, data)


def test_of_a_damaged_pack_the_values_are_told_with_the_ref_that_leads_there() -> None:
    storage = MemoryStorage()
    commit = files("a", "b", "c")
    push(storage, main=commit)
    (pack,) = (one for one in listed_packs(storage, root_of(storage)) if one.kind is PackKind.BLOBS)
    blob = digest(data_of("b"))
    location = held_by(storage, root_of(storage)).find(Table.BLOBS, blob)
    assert location is not None
    storage.put(pack.name, flipped(storage.get(pack.name).data, location.offset + 100))
    whole, value = check(storage)
    assert str(whole) == f"memory: pack {format_id(pack.id)}: it does not have the bytes that its name says"
    assert (value.thing, value.pack, value.ref) == (f"blob {format_id(blob)}", format_id(pack.id), "heads/main")
    assert "does not have the bytes that its id says" in value.reason
    assert str(value).endswith("; heads/main leads to it")
    assert check(storage, read_data=False) == ()


def test_a_root_that_is_gone_or_old_is_told_where_it_was_seen_before() -> None:
    storage = MemoryStorage()
    push(storage, main=files("a"))
    old = storage.get(ROOT).data
    seen = seen_of(push(storage, side=files("b")))
    storage.put(ROOT, old)
    (problem,) = check_remote(storage, IndexCache(None), seen=seen).problems
    assert (problem.thing, problem.reason) == ("root", "memory is at state 1, and was at 2 before")
    storage.remove(ROOT)
    (problem,) = check_remote(storage, IndexCache(None), seen=seen).problems
    assert (problem.thing, problem.reason) == ("root", "memory is empty, and was not before")


def test_an_old_root_that_rests_on_what_was_collected_is_told() -> None:
    clock = Clock()
    storage = MemoryStorage(clock)
    push(storage, main=files("a"))
    push(storage, side=files("b"))
    old = storage.get(ROOT).data
    push(storage, side=None)
    for _ in range(2):
        collect_remote(storage, IndexCache(None))
        clock.time += DAY
    storage.put(ROOT, old)
    assert {one.split()[0] for one in things(storage)} == {"index", "object"}


def publish(
    storage: Storage, values: Iterable[Value], commit: CommitId, *, wrong: Callable[[Placed], Placed | None]
) -> None:
    """Put packs of these values, an index in which entries are as `wrong` says, or left out, and a root."""
    maker = IndexMaker()
    for pack in iter_packs(values, new_salt()):
        storage.put(pack.ref.name, pack.data)
        maker.add_pack(pack.ref, filter(None, map(wrong, pack.entries)))
    made = maker.finish(new_salt())
    assert made is not None
    storage.put(made.ref.name, made.data)
    commit_root(storage, lambda root: replace(root, refs={"heads/main": commit}, indexes=(*root.indexes, made.ref)))


def all_values(commit: Commit) -> list[Value]:
    return list({(one.table, one.id): one for one in values_of(*commit)}.values())


@pytest.mark.parametrize("read_data", [False, True])
def test_an_index_that_says_something_else_than_its_pack_is_told(read_data: bool) -> None:
    commit = files("a", "b")
    blob = digest(data_of("a"))
    other = digest(b"other")

    def moved(placed: Placed) -> Placed:
        return Placed(placed.entry, 40) if placed.entry.id == blob else placed

    def renamed(placed: Placed) -> Placed:
        entry, offset = placed
        return Placed(Entry(entry.table, other, *entry[2:]), offset) if entry.id == blob else placed

    for wrong, found in ((moved, {blob}), (renamed, {blob, other})):
        storage = MemoryStorage()
        publish(storage, all_values(commit), commit[1], wrong=wrong)
        assert things(storage, read_data=read_data) == {f"blob {format_id(one)}" for one in found}


@pytest.mark.parametrize("read_data", [False, True])
def test_what_a_pack_holds_and_no_index_lists_is_told(read_data: bool) -> None:
    commit = files("a")
    extra = Value(Table.BLOBS, digest(b"extra"), b"extra")
    storage = MemoryStorage()
    values = [*all_values(commit), extra]
    publish(storage, values, commit[1], wrong=lambda placed: None if placed.entry.id == extra.id else placed)
    (problem,) = check(storage, read_data=read_data)
    assert (problem.thing, problem.reason) == (f"blob {format_id(extra.id)}", "it is there, and no index lists it")
    assert problem.pack is not None


@pytest.mark.parametrize("read_data", [False, True])
def test_whatever_a_ref_leads_to_and_no_index_lists_is_told(read_data: bool) -> None:
    commit = files("a", "large")
    for value in all_values(commit):
        storage = MemoryStorage()
        left = [one for one in all_values(commit) if one != value]
        publish(storage, left, commit[1], wrong=lambda placed: placed)
        (problem,) = check(storage, read_data=read_data)
        assert (problem.thing.split()[-1], problem.ref) == (format_id(value.id), "heads/main")
        assert problem.reason == "it is in no index"


def test_what_else_an_object_is_read_with_is_followed_though_it_is_damaged() -> None:
    """Its directory cannot be read, and its map of files leads to a blob that is not there."""
    repository, commit = files("a", "b")
    blob = digest(data_of("a"))
    storage = MemoryStorage()
    values = [one for one in all_values((repository, commit)) if one.id != blob]
    publish(storage, values, commit, wrong=lambda placed: placed)
    directory = repository.objects.load_tree(repository.objects.load_commit(commit).tree).root.root
    location = held_by(storage, root_of(storage)).find(Table.OBJECTS, directory)
    assert location is not None
    data = storage.get(location.pack.name).data
    storage.put(location.pack.name, flipped(data, location.offset + 60))
    assert things(storage, read_data=False) == {f"object {format_id(directory)}", f"blob {format_id(blob)}"}


def test_indexes_that_were_fetched_before_are_fetched_again(tmp_path: Path) -> None:
    storage = sound()
    cache = IndexCache(tmp_path)
    assert check_remote(storage, cache).problems == ()
    index = root_of(storage).indexes[0]
    storage.put(index.name, flipped(storage.get(index.name).data, 100))
    assert check_remote(storage, cache).problems[0].thing == f"index {format_id(index.id)}"


def test_chunks_that_do_not_make_up_their_blob_are_told() -> None:
    commit = files("large")
    values = all_values(commit)
    (place,) = (at for at, value in enumerate(values) if value.table is Table.CHUNK_LISTS)
    chunks = decode_chunk_list(values[place].data).chunks
    values[place] = values[place]._replace(data=ChunkList(chunks[::-1]).encode())
    storage = MemoryStorage()
    publish(storage, values, commit[1], wrong=lambda placed: placed)
    assert things(storage, read_data=False) == set()
    (problem,) = check(storage)
    assert str(problem) == (
        f"memory: chunk list of blob {format_id(values[place].id)}: its chunks do not make up the blob; "
        "heads/main leads to it"
    )
    longer = ((chunks[0][0], chunks[0][1] + 1), *chunks[1:])
    values[place] = values[place]._replace(data=ChunkList(longer).encode())
    storage = MemoryStorage()
    publish(storage, values, commit[1], wrong=lambda placed: placed)
    assert things(storage, read_data=False) == {f"chunk {format_id(chunks[0][0])}"}


def test_a_directory_that_holds_what_is_no_name_is_told() -> None:
    repository, commit_id = files("a")
    commit = repository.objects.load_commit(commit_id)
    tree = repository.objects.load_tree(commit.tree)
    (entry,) = decode_node(repository.objects.read(tree.root.root)).values
    for name in (b"..", b"/etc", b"a/../b", b"\xff"):
        draft = repository.draft()
        root = build(draft, [(name, entry)])
        tree_id = TreeId(draft.put(encode_tree(replace(tree, root=replace(tree.root, root=root)))))
        evil = CommitId(draft.put(encode_commit(replace(commit, tree=tree_id))))
        made = [Value(Table.OBJECTS, one, draft.read(one)) for one in (root, tree_id, evil)]
        storage = MemoryStorage()
        publish(storage, [*all_values((repository, commit_id)), *made], evil, wrong=lambda placed: placed)
        (problem,) = check(storage)
        assert problem.thing == f"object {format_id(root)}"
        assert problem.reason.startswith("a directory holds ")


def test_refs_that_lead_to_something_else_and_numbers_that_would_be_given_again_are_told() -> None:
    repository, commit = files("a")
    storage = MemoryStorage()
    push(storage, main=(repository, commit))
    tree = repository.objects.load_commit(commit).tree
    refs = {"projects/p": commit, "snapshots/p/2": commit, "tags/t": CommitId(tree)}
    commit_root(storage, lambda root: replace(root, refs={**root.refs, **refs}, counters={"p": 1}))
    found = {one.thing: one.reason for one in check(storage)}
    assert found.pop("ref projects/p") == "its commit has no definition: it is none of a project's chain"
    assert found.pop("ref snapshots/p/2") == "its number would be given again"
    ((thing, reason),) = found.items()
    assert thing == f"object {format_id(refs['tags/t'])}"
    assert "commit" in reason


def test_absent_blobs_that_no_ref_of_any_remote_leads_to_are_left_over() -> None:
    mine = files("a", "b", "large")
    one, other = MemoryStorage(), MemoryStorage()
    push(one, main=files("a", "c"))
    push(other, main=files("large"), side=files("b"))
    push(other, side=None)
    ids = {name: digest(data_of(name)) for name in ("a", "b", "large")}

    def left_of(unheld: Unheld) -> set[bytes]:
        return {one for one in ids.values() if one in unheld}

    store = MemoryStore()
    mark_absent(store, map(BlobId, ids.values()))
    with Unheld(store, None) as unheld:
        assert left_of(unheld) == set(ids.values())
        for storage, left in ((one, {"b", "large"}), (other, {"b"})):
            assert check_remote(storage, IndexCache(None), local=mine[0].store, unheld=unheld).problems == ()
            assert left_of(unheld) == {ids[name] for name in left}
            assert unheld
        with BlobStore(store).writer() as writer:
            writer.add_bytes(data_of("b"))
        assert left_of(unheld) == set()
        assert not unheld


def test_a_remote_that_moves_while_it_is_checked_is_checked_again() -> None:
    """A pack goes that the root did not list any more when it went."""
    clock = Clock()
    storage = MemoryStorage(clock)
    push(storage, main=files("a"))
    push(storage, side=files("b"))

    def trouble(number: int, name: str) -> None:
        if number == 3:
            push(storage, side=None)
            for _ in range(2):
                collect_remote(storage, IndexCache(None))
                clock.time += DAY

    assert check(TroubledStorage(storage, trouble)) == ()


def test_a_remote_that_cannot_be_reached_has_no_problems() -> None:
    def trouble(number: int, name: str) -> None:
        if number >= moments[-1]:
            raise StorageError("the line is dead")

    moments: list[int] = []
    for moment in range(1, 9):
        moments.append(moment)
        with pytest.raises(StorageError, match="the line is dead"):
            check(TroubledStorage(sound(), trouble))


def test_footers_are_read_and_no_more_where_objects_are_here(tmp_path: Path) -> None:
    storage = MemoryStorage()
    commit = files("a", "b")
    root = push(storage, main=commit)
    counting = CountingStorage(storage)
    check_remote(counting, IndexCache(tmp_path), local=commit[0].store)
    packs = len(listed_packs(storage, root))
    # The root, the index, the footers, the list of packs.
    assert dict(counting.requests) == {"get": 1, "get_range": 1 + packs, "iter_names": 1}
