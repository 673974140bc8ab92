"""The check names what is damaged. Each test damages one thing in a repository of three files and a commit."""

import pytest
from support.damage import overwrite
from support.repositories import file_at, snapshot

from dvcore.ids import AnnotationsId, BlobId, FileId, NodeId, TreeId, digest
from dvcore.model.definition import Definition
from dvcore.model.files import FileRecord, encode_record
from dvcore.model.manifest import Exported, Manifest, Shard, encode_exported, encode_manifest, encode_reason
from dvcore.model.tree import Directory, FileEntry, Tree, encode_entry
from dvcore.prolly import build
from dvcore.prolly.node import Node, encode_node
from dvcore.repo.cells import (
    set_cell,
    work_cell,
)
from dvcore.repo.check import check_repository
from dvcore.repo.commits import head_commit
from dvcore.repo.objects import save_tree
from dvcore.repo.projects import create_project, load_project, record_snapshot
from dvcore.repo.repository import Repository
from dvcore.store import Store, Table


@pytest.mark.parametrize("value", [None, b"other bytes"], ids=["missing", "changed"])
def test_blobs(store_and_blobs: tuple[Repository, Store, Store], value: bytes | None) -> None:
    repository, _, blobs = store_and_blobs
    blob = digest(b"c.jpg")
    overwrite(blobs, Table.BLOBS, blob, value)
    problems = check_repository(repository)
    assert any(blob.hex()[:12] in str(problem) for problem in problems)
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


def problems_with(repository: Repository, tree: Tree, *, add: dict[bytes, bytes] | None = None) -> str:
    """What the check says when the working state is this tree."""
    draft = repository.draft()
    id_ = TreeId(save_tree(draft, tree))
    repository.store.update(draft.flush_into)
    repository.store.update(lambda transaction: set_cell(transaction, work_cell("main"), id_))
    return "\n".join(map(str, check_repository(repository)))


def directory(repository: Repository, entries: dict[bytes, bytes], files: int) -> Directory:
    draft = repository.draft()
    root = build(draft, sorted(entries.items()))
    repository.store.update(draft.flush_into)
    return Directory(NodeId(root), files)


def test_a_directory_that_has_turned_into_one_that_holds_itself(damaged: Repository) -> None:
    """Links that no hash vouches for may lead round and round."""
    root = damaged.working_tree().tree.root
    inside = Node(0, (b"again",), (encode_entry(Directory(root.root, 0)),))
    overwrite(damaged.store, Table.OBJECTS, root.root, encode_node(inside))
    (problem,) = check_repository(damaged)
    assert problem.name == root.root.hex()
    assert problem.reason.startswith("its bytes are not those that were stored")


def test_a_wrong_number_of_files(damaged: Repository) -> None:
    tree = damaged.working_tree().tree
    wrong = Tree(Directory(tree.root.root, 4), tree.files, labels=tree.labels)
    assert "a directory counts 4 files and 0 directories, and holds 3 and 1" in problems_with(damaged, wrong)


def test_a_record_without_an_entry_and_an_entry_without_a_record(damaged: Repository) -> None:
    tree = damaged.working_tree().tree
    file, stranger = file_at(damaged, "c.jpg"), FileId(bytes(32))
    entries = {b"x": encode_entry(FileEntry(file)), b"y": encode_entry(FileEntry(stranger))}
    said = problems_with(damaged, Tree(directory(damaged, entries, 2), tree.files, labels=tree.labels))
    assert "files with a record but no entry: 2" in said
    assert "files with an entry but no record: 1, such as 000000000000" in said


def test_entries_and_records_are_compared_unless_a_node_is_lost(
    store_and_blobs: tuple[Repository, Store, Store],
) -> None:
    """A lost blob or annotation set does not keep the check from it; where a node does, it is said."""
    repository, store, blobs = store_and_blobs
    tree = repository.working_tree().tree
    annotations = repository.working_tree().record(file_at(repository, "c.jpg")).annotations
    assert annotations is not None
    overwrite(blobs, Table.BLOBS, digest(b"c.jpg"), None)
    overwrite(store, Table.OBJECTS, annotations, None)
    entries = {b"y": encode_entry(FileEntry(FileId(bytes(32))))}
    said = problems_with(repository, Tree(directory(repository, entries, 1), tree.files, labels=tree.labels))
    assert "files with a record but no entry: 3" in said
    assert "files with an entry but no record: 1" in said
    assert "not compared" not in said
    overwrite(store, Table.OBJECTS, tree.files, None)
    (lost,) = [problem for problem in check_repository(repository) if problem.name == tree.files.hex()]
    assert lost.reason == "it is missing; entries and records are not compared in trees that hold it"


@pytest.mark.parametrize("name", [b"..", b"a/b", b"\xff", "u\u0308".encode()])
def test_a_name_that_is_none(damaged: Repository, name: bytes) -> None:
    tree = damaged.working_tree().tree
    entries = {name: encode_entry(FileEntry(file_at(damaged, "c.jpg")))}
    assert "name" in problems_with(damaged, Tree(directory(damaged, entries, 1), tree.files, labels=tree.labels))


def test_a_record_that_is_none_or_has_another_size(damaged: Repository) -> None:
    file = file_at(damaged, "c.jpg")
    root = directory(damaged, {b"c.jpg": encode_entry(FileEntry(file))}, 1)
    blob = BlobId(digest(b"c.jpg"))
    for value, expected in (
        (encode_record(FileRecord(blob, 6, blob)), "another size"),
        (encode_record(FileRecord(blob, 5, blob, annotations=AnnotationsId(root.root))), "it is no annotation set"),
        (b"\x93", file.hex()[:12]),
    ):
        files = directory(damaged, {file: value}, 1)
        assert expected in problems_with(damaged, Tree(root, files.root))


def manifest_problems(repository: Repository, *, examples: bytes, left_out: bytes, counted: int) -> str:
    """What the check says of a snapshot with a shard of 2 examples, and so many files left out as it says."""
    create_project(repository, "nuts", Definition())
    head = head_commit(repository)
    assert head is not None
    file, draft = file_at(repository, "c.jpg"), repository.draft()
    exported = encode_exported(Exported(bytes(32), BlobId(digest(b"c.jpg")), "c.jpg", 0, 0))
    maps = (
        build(draft, sorted({examples: exported, file: exported}.items())),
        build(draft, [(left_out, encode_reason("label"))]),
    )
    shard = Shard("train", 0, 2, 100, bytes(32), bytes(32), bytes(32))
    manifest = encode_manifest(Manifest((shard,), *map(NodeId, maps), (), {"label": counted}, {}))
    project = load_project(repository, "nuts")
    record_snapshot(repository, project, dataset=head, definition=Definition(), manifest=manifest, draft=draft)
    return "\n".join(map(str, check_repository(repository)))


def test_a_manifest_counts_what_its_maps_hold(damaged: Repository) -> None:
    other = bytes(32)
    assert manifest_problems(damaged, examples=other, left_out=other, counted=1) == ""


@pytest.mark.parametrize(
    ("examples", "left_out", "counted", "expected"),
    [
        (b"short", bytes(32), 1, "'key' of a map by files is no id; concerns"),
        (bytes(32), b"short", 1, "'key' of a map by files is no id; concerns"),
        (bytes(32), bytes(32), 2, "a manifest counts 2 files that were left out, and holds 1"),
        (None, bytes(32), 1, "a manifest counts 2 examples, and holds 1"),
    ],
)
def test_a_manifest_that_cannot_be_right(
    damaged: Repository, examples: bytes | None, left_out: bytes, counted: int, expected: str
) -> None:
    same = file_at(damaged, "c.jpg")
    said = manifest_problems(damaged, examples=examples or same, left_out=left_out, counted=counted)
    assert expected in said
    assert "nuts@1" in said


def test_a_manifest_that_is_none(damaged: Repository) -> None:
    create_project(damaged, "nuts", Definition())
    head = head_commit(damaged)
    assert head is not None
    assert snapshot(damaged, "nuts", head) == 1
    assert check_repository(damaged) == []
    project, draft = load_project(damaged, "nuts"), damaged.draft()
    record_snapshot(damaged, project, dataset=head, definition=Definition(), manifest=b"\x93", draft=draft)
    assert any("snapshot" in str(problem) for problem in check_repository(damaged))
