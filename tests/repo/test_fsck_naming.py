"""Damage is named with what it concerns, and put back where the bytes can be had."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.repositories import box, file_at, put, snapshot

from dvcore.ids import digest
from dvcore.model.definition import Definition
from dvcore.model.names import parse_path
from dvcore.progress import Silent
from dvcore.repo.branches import create_branch, create_tag, switch_branch
from dvcore.repo.check import Problem, check, check_repository
from dvcore.repo.commits import commit_working, head_commit
from dvcore.repo.entries import remove
from dvcore.repo.fsck import repair
from dvcore.repo.fsck.faults import Damaged
from dvcore.repo.fsck.problems import LISTED
from dvcore.repo.fsck.repair import repair_blobs
from dvcore.repo.gc import Way, collect_garbage
from dvcore.repo.mirroring import mirror
from dvcore.repo.projects import create_project, snapshot_commit
from dvcore.repo.repository import Repository
from dvcore.store import Table

LARGE = "".join(f"{number:08d}" for number in range(200_000))


@pytest.fixture(params=["memory", "disk"])
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Repository]:
    on_disk = request.param == "disk"
    with Repository.init(tmp_path / "r") if on_disk else Repository.in_memory() as repository:
        put(repository, "nuts/a.jpg", "nuts/b.jpg", "c.jpg", entered=[box("dog")])
        commit_working(repository, "first")
        yield repository


def damage(repository: Repository, table: Table, key: bytes) -> None:
    store = repository.stores.objects if table in {Table.OBJECTS, Table.CELLS} else repository.stores.blobs
    with store.read() as transaction:
        value = transaction.get(table, key)
    assert value
    store.update(lambda transaction: transaction.put(table, key, value[:-1] + bytes([value[-1] ^ 1])))


def only(repository: Repository) -> Problem:
    (problem,) = check_repository(repository)
    return problem


def test_a_blob_is_named_with_its_files_and_all_that_holds_them(made: Repository) -> None:
    head = head_commit(made)
    assert head is not None
    create_project(made, "kinds", Definition())
    snapshot(made, "kinds", head)
    create_branch(made, "side", head)
    put(made, "same.jpg", data="nuts/a.jpg")
    damage(made, Table.BLOBS, digest(b"nuts/a.jpg"))
    problem = only(made)
    assert (problem.damaged, problem.name) == (Damaged.BLOB, digest(b"nuts/a.jpg").hex())
    concerned = problem.concerned
    assert sorted(concerned.files.listed) == ["nuts/a.jpg", "same.jpg"]
    assert concerned.state == "WORK"
    assert head.hex() in concerned.commits.listed
    assert concerned.snapshots.listed == ["kinds@1"]
    assert concerned.working.listed == ["main", "side"]
    assert "nuts/a.jpg" in str(problem)


def test_a_file_that_only_a_commit_holds_is_named_there(made: Repository) -> None:
    remove(made, [parse_path("c.jpg")])
    damage(made, Table.BLOBS, digest(b"c.jpg"))
    head = head_commit(made)
    assert head is not None
    concerned = only(made).concerned
    assert (concerned.files.listed, concerned.state) == (["c.jpg"], head.hex()[:12])
    assert concerned.working.listed == []


def test_a_file_of_another_branch_is_named_there(made: Repository) -> None:
    head = head_commit(made)
    assert head is not None
    create_branch(made, "side", head)
    switch_branch(made, "side")
    put(made, "d.jpg")
    switch_branch(made, "main")
    damage(made, Table.BLOBS, digest(b"d.jpg"))
    concerned = only(made).concerned
    assert (concerned.files.listed, concerned.state) == (["d.jpg"], "WORK of side")
    assert concerned.working.listed == ["side"]


def test_annotations_and_nodes_name_files_too(made: Repository) -> None:
    reader = made.working_tree()
    annotations = reader.record(file_at(made, "c.jpg")).annotations
    assert annotations is not None
    damage(made, Table.OBJECTS, annotations)
    assert only(made).concerned.files.listed == ["c.jpg"]
    made.store.update(lambda transaction: transaction.delete(Table.OBJECTS, reader.tree.files))
    lost = {problem.name: problem.concerned.files.listed for problem in check_repository(made)}
    assert sorted(lost[reader.tree.files.hex()]) == ["c.jpg", "nuts/a.jpg", "nuts/b.jpg"]


def test_a_lost_directory_is_named_by_its_path(made: Repository) -> None:
    mirror(made, [parse_path("nuts")], parse_path("pets"))
    root = made.working_tree().directory(("nuts",)).root
    made.store.update(lambda transaction: transaction.delete(Table.OBJECTS, root))
    assert only(made).concerned.files.listed == ["nuts/"]


def test_a_commit_that_is_lost_is_named(made: Repository) -> None:
    head = head_commit(made)
    assert head is not None
    put(made, "e.jpg")
    commit_working(made, "second")
    damage(made, Table.OBJECTS, head)
    problem = only(made)
    assert problem.name == head.hex()
    assert head.hex() in problem.concerned.commits.listed


def test_a_lost_commit_is_named_by_all_that_leads_to_it(made: Repository) -> None:
    head = head_commit(made)
    assert head is not None
    create_tag(made, "v1", head)
    create_branch(made, "side", head)
    create_project(made, "kinds", Definition())
    snapshot(made, "kinds", head)
    put(made, "e.jpg")
    child = commit_working(made, "second")
    damage(made, Table.OBJECTS, head)
    concerned = only(made).concerned
    assert concerned.refs.listed == ["branch side", "tag v1"]
    taken = snapshot_commit(made, "kinds", 1)
    assert concerned.children.listed == sorted([child.hex(), taken.hex()])
    assert concerned.snapshots.listed == ["kinds@1"]
    assert "concerns branch side, tag v1; commits " in str(only(made))


def test_a_lost_commit_of_a_project(made: Repository) -> None:
    """Its first is not what a snapshot holds; its newest is what the project's ref leads to."""
    head = head_commit(made)
    assert head is not None
    first = create_project(made, "kinds", Definition())
    snapshot(made, "kinds", head)
    taken = snapshot_commit(made, "kinds", 1)
    damage(made, Table.OBJECTS, first)
    concerned = only(made).concerned
    assert (concerned.children.listed, concerned.snapshots.listed) == ([taken.hex()], [])
    damage(made, Table.OBJECTS, taken)
    lost = {problem.name: problem.concerned for problem in check_repository(made)}
    assert lost[taken.hex()].refs.listed == ["project kinds"]
    assert lost[taken.hex()].snapshots.listed == ["kinds@1"]


def test_what_nothing_refers_to_is_named_all_the_same(made: Repository) -> None:
    with made.blobs.writer() as writer:
        blob = writer.add_bytes(b"nobody wants this")
    damage(made, Table.BLOBS, blob)
    assert "nothing refers to it" in str(only(made))
    assert check(made).blobs == {}


def test_lists_stay_short(made: Repository) -> None:
    put(made, *(f"many/{number}.jpg" for number in range(50)), data="all the same")
    damage(made, Table.BLOBS, digest(b"all the same"))
    files = only(made).concerned.files
    assert (len(files.listed), files.more) == (LISTED, 50 - LISTED)
    assert f"and {50 - LISTED} more" in str(only(made))


@pytest.mark.parametrize("data", ["c.jpg", LARGE], ids=["whole", "chunked"])
def test_what_can_be_had_again_is_put_back(made: Repository, tmp_path: Path, data: str) -> None:
    put(made, "lost.bin", data=data)
    blob, folder = digest(data.encode()), tmp_path / "folder"
    tables = {Table.BLOBS} if data == "c.jpg" else {Table.CHUNKS, Table.CHUNK_LISTS}
    keys = []
    with made.stores.blobs.read() as transaction:
        for table in tables:
            found = [key for key, _ in transaction.iter_sizes(table)]
            keys += [(table, key) for key in found if table is not Table.BLOBS or key == blob]
    for key in keys[::2]:
        damage(made, *key)
    lost = check(made).blobs
    assert lost == {blob: len(data)}
    (folder / "deep").mkdir(parents=True)
    (folder / "other").write_bytes(b"x" * len(data))
    (folder / "loop").symlink_to(folder)
    assert repair_blobs(made, lost, [folder, tmp_path / "absent"], Silent()) == set()
    (folder / "deep" / "kept").write_bytes(data.encode())
    assert repair_blobs(made, lost, [folder], Silent()) == {blob}
    assert check_repository(made) == []
    assert made.blobs.read(blob) == data.encode()  # type: ignore[arg-type]


def test_quick_leaves_bytes_unread_but_misses_no_chunk(made: Repository) -> None:
    put(made, "large.bin", data=LARGE)
    with made.stores.blobs.read() as transaction:
        chunk = next(key for key, _ in transaction.iter_sizes(Table.CHUNKS))
    damage(made, Table.CHUNKS, chunk)
    assert check_repository(made, read_blobs=False) == []
    assert chunk.hex()[:12] in str(only(made))
    made.stores.blobs.update(lambda transaction: transaction.delete(Table.CHUNKS, chunk))
    assert any("is missing" in str(problem) for problem in check_repository(made, read_blobs=False))


def test_what_is_put_back_goes_where_writers_write(tmp_path: Path) -> None:
    """A collection that came in between has put other stores into use."""
    (tmp_path / "kept").write_bytes(b"a")
    with Repository.init(tmp_path / "r") as repository, Repository.open(tmp_path / "r") as other:
        put(repository, "a")
        collect_garbage(other, force=Way.REWRITE)
        damage(other, Table.BLOBS, digest(b"a"))
        assert repair_blobs(repository, check(other).blobs, [tmp_path / "kept"], Silent()) == {digest(b"a")}
        assert check_repository(other) == []


def test_an_empty_file_is_put_back_and_a_pipe_is_not_waited_for(made: Repository, tmp_path: Path) -> None:
    put(made, "empty", data="")
    blob = digest(b"")
    made.stores.blobs.update(lambda transaction: transaction.delete(Table.BLOBS, blob))
    folder = tmp_path / "folder"
    folder.mkdir()
    os.mkfifo(folder / "pipe")
    assert repair_blobs(made, check(made).blobs, [folder], Silent()) == set()
    (folder / "zero").touch()
    assert repair_blobs(made, check(made).blobs, [folder], Silent()) == {blob}
    assert check_repository(made) == []


@pytest.mark.parametrize("data", ["c.jpg", LARGE], ids=["whole", "chunked"])
def test_a_file_that_changes_while_it_is_read(
    made: Repository, tmp_path: Path, data: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It had the blob's bytes when it was looked at first; what counts is what it has when they are stored."""
    put(made, "lost.bin", data=data)
    blob, path = digest(data.encode()), tmp_path / "changed"
    for table in (Table.BLOBS, Table.CHUNK_LISTS):
        made.stores.blobs.update(lambda transaction, table=table: transaction.delete(table, blob))
    path.write_bytes(data.encode()[:-1] + b"!")
    monkeypatch.setattr(repair, "_find_blob", lambda *_: blob)
    assert repair_blobs(made, check(made).blobs, [path], Silent()) == set()
    assert check(made).blobs == {blob: len(data)}


def test_many_small_files_are_put_back_in_a_few_transactions(made: Repository, tmp_path: Path) -> None:
    paths = [f"many/{number}.jpg" for number in range(50)]
    put(made, *paths)
    for number, path in enumerate(paths):
        damage(made, Table.BLOBS, digest(path.encode()))
        (tmp_path / str(number)).write_bytes(path.encode())
    store, updates = made.stores.blobs, []
    update = store.update
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(store, "update", lambda action: (updates.append(action), update(action))[1])
        assert len(repair_blobs(made, check(made).blobs, [tmp_path], Silent())) == len(paths)
    assert len(updates) == 1
    assert check_repository(made) == []


def test_chunks_are_put_back_in_batches(made: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(made, "large.bin", data=LARGE)
    with made.stores.blobs.read() as transaction:
        chunks = [key for key, _ in transaction.iter_sizes(Table.CHUNKS)]
    assert len(chunks) > 2
    for chunk in chunks:
        damage(made, Table.CHUNKS, chunk)
    (tmp_path / "kept").write_bytes(LARGE.encode())
    monkeypatch.setattr(repair, "_BATCH_BYTES", 1)
    assert repair_blobs(made, check(made).blobs, [tmp_path / "kept"], Silent()) == {digest(LARGE.encode())}
    assert check_repository(made) == []
