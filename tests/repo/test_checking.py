"""The check names what is damaged. Each test damages one thing in a repository of three files and a commit."""

from collections.abc import Iterator
from functools import partial

import pytest
from support.repositories import box, file_at, put, snapshot

from dvcore.ids import BlobId, FileId, NodeId, TreeId, digest
from dvcore.model.definition import Definition
from dvcore.model.files import FileRecord, encode_record
from dvcore.model.tree import Directory, FileEntry, Tree, encode_entry
from dvcore.prolly import build
from dvcore.repo.cells import HEAD, set_cell, snapshot_cell, snapshot_counter, work_cell
from dvcore.repo.check import check_repository
from dvcore.repo.commits import commit_working, head_commit
from dvcore.repo.objects import save_tree
from dvcore.repo.projects import create_project, load_project, record_snapshot
from dvcore.repo.repository import Repository
from dvcore.store import Store, Table


@pytest.fixture
def store_and_blobs() -> Iterator[tuple[Repository, Store, Store]]:
    with Repository.in_memory() as made:
        put(made, "nuts/a.jpg", "nuts/b.jpg", "c.jpg", entered=[box("dog")])
        commit_working(made, "first")
        assert check_repository(made) == []
        yield made, made.store, made._stores[1]


@pytest.fixture
def damaged(store_and_blobs: tuple[Repository, Store, Store]) -> Repository:
    return store_and_blobs[0]


def overwrite(store: Store, table: Table, key: bytes, value: bytes | None) -> None:
    if value is None:
        store.update(lambda transaction: transaction.delete(table, key))
    else:
        store.update(lambda transaction: transaction.put(table, key, value))


@pytest.mark.parametrize("value", [None, b"other bytes"], ids=["missing", "changed"])
def test_blobs(store_and_blobs: tuple[Repository, Store, Store], value: bytes | None) -> None:
    repository, _, blobs = store_and_blobs
    blob = digest(b"c.jpg")
    overwrite(blobs, Table.BLOBS, blob, value)
    problems = check_repository(repository)
    assert any(blob.hex()[:12] in problem for problem in problems)
    # Without reading them, only what is missing or has another length is found.
    assert check_repository(repository, read_blobs=False) != []


def test_a_blob_of_the_right_length_is_read(store_and_blobs: tuple[Repository, Store, Store]) -> None:
    repository, _, blobs = store_and_blobs
    overwrite(blobs, Table.BLOBS, digest(b"c.jpg"), b"x.jpg")
    assert check_repository(repository, read_blobs=False) == []
    assert check_repository(repository) != []


def test_every_object_is_missed_and_every_changed_one_is_found(damaged: Repository) -> None:
    with damaged.store.read() as transaction:
        objects = dict(transaction.iter_items(Table.OBJECTS))
    reachable = 0
    for key, value in objects.items():
        overwrite(damaged.store, Table.OBJECTS, key, None)
        missing = check_repository(damaged)
        overwrite(damaged.store, Table.OBJECTS, key, value[:-1] + bytes([value[-1] ^ 1]))
        changed = check_repository(damaged)
        overwrite(damaged.store, Table.OBJECTS, key, value)
        assert bool(missing) == bool(changed)
        reachable += bool(missing)
    assert reachable == len(objects)
    assert check_repository(damaged) == []


def test_cells(damaged: Repository) -> None:
    with damaged.store.read() as transaction:
        cells = dict(transaction.iter_items(Table.CELLS))
    assert len(cells) == 5  # head, the branch, its working state, two operations
    for key, value in cells.items():
        overwrite(damaged.store, Table.CELLS, key, value[:-1] + bytes([value[-1] ^ 1]))
        assert any("damaged" in problem for problem in check_repository(damaged)), key
        overwrite(damaged.store, Table.CELLS, key, value)
    damaged.store.update(lambda transaction: set_cell(transaction, HEAD, None))
    assert any("HEAD is missing" in problem for problem in check_repository(damaged))


def test_a_counter_that_would_give_a_number_again(damaged: Repository) -> None:
    commit = head_commit(damaged)
    damaged.store.update(lambda transaction: set_cell(transaction, snapshot_cell("p", 3), commit))
    for value in (None, 2, "3"):
        damaged.store.update(partial(set_cell, name=snapshot_counter("p"), value=value))
        assert any("would be given again" in problem for problem in check_repository(damaged)), value
    damaged.store.update(lambda transaction: set_cell(transaction, snapshot_counter("p"), 3))
    assert check_repository(damaged) == []
    damaged.store.update(lambda transaction: set_cell(transaction, "elsewhere/x", 1))
    assert any("unknown" in problem for problem in check_repository(damaged))


def problems_with(repository: Repository, tree: Tree, *, add: dict[bytes, bytes] | None = None) -> str:
    """What the check says when the working state is this tree."""
    draft = repository.draft()
    id_ = TreeId(save_tree(draft, tree))
    repository.store.update(draft.flush_into)
    repository.store.update(lambda transaction: set_cell(transaction, work_cell("main"), id_))
    return "\n".join(check_repository(repository))


def directory(repository: Repository, entries: dict[bytes, bytes], files: int) -> Directory:
    draft = repository.draft()
    root = build(draft, sorted(entries.items()))
    repository.store.update(draft.flush_into)
    return Directory(NodeId(root), files)


def test_a_wrong_number_of_files(damaged: Repository) -> None:
    tree = damaged.working_tree().tree
    wrong = Tree(Directory(tree.root.root, 4), tree.files, labels=tree.labels)
    assert "'' counts other numbers of files or directories than it holds" in problems_with(damaged, wrong)


def test_a_record_without_an_entry_and_an_entry_without_a_record(damaged: Repository) -> None:
    tree = damaged.working_tree().tree
    file, stranger = file_at(damaged, "c.jpg"), FileId(bytes(32))
    entries = {b"x": encode_entry(FileEntry(file)), b"y": encode_entry(FileEntry(stranger))}
    said = problems_with(damaged, Tree(directory(damaged, entries, 2), tree.files, labels=tree.labels))
    assert "files with a record but no entry: 2" in said
    assert "files with an entry but no record: 1, such as 000000000000" in said


@pytest.mark.parametrize("name", [b"..", b"a/b", b"\xff", "u\u0308".encode()])
def test_a_name_that_is_none(damaged: Repository, name: bytes) -> None:
    tree = damaged.working_tree().tree
    entries = {name: encode_entry(FileEntry(file_at(damaged, "c.jpg")))}
    assert "name" in problems_with(damaged, Tree(directory(damaged, entries, 1), tree.files, labels=tree.labels))


def test_a_record_that_is_none_or_has_another_size(damaged: Repository) -> None:
    file = file_at(damaged, "c.jpg")
    root = directory(damaged, {b"c.jpg": encode_entry(FileEntry(file))}, 1)
    blob = BlobId(digest(b"c.jpg"))
    for record, expected in (
        (encode_record(FileRecord(blob, 6, blob)), "another size"),
        (b"\x93", file.hex()[:12]),
    ):
        files = directory(damaged, {file: record}, 1)
        assert expected in problems_with(damaged, Tree(root, files.root))


def test_a_manifest_that_is_none(damaged: Repository) -> None:
    create_project(damaged, "nuts", Definition())
    head = head_commit(damaged)
    assert head is not None
    assert snapshot(damaged, "nuts", head) == 1
    assert check_repository(damaged) == []
    project, draft = load_project(damaged, "nuts"), damaged.draft()
    record_snapshot(damaged, project, dataset=head, definition=Definition(), manifest=b"\x93", draft=draft)
    assert any("snapshot" in problem for problem in check_repository(damaged))
