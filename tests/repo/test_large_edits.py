"""Edits that spill to the disk and are applied in chunks make the tree that edits in memory make."""

from collections.abc import Iterator
from pathlib import Path as FolderPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.repositories import FACTS, assert_sound, box, file_at, paths, put

from dvcore.encoding import peek_kind
from dvcore.errors import ConflictError, DsetError
from dvcore.ids import BlobId, FileId, digest
from dvcore.model.annotations import Entered
from dvcore.model.files import FileRecord, ImageFacts
from dvcore.model.geometry import Box, Mask, Polygon
from dvcore.model.names import MAX_DEPTH, Path
from dvcore.model.tree import Entry, FileEntry
from dvcore.repo import edits as edits_module
from dvcore.repo.adding import AddOptions, Declared, OnExisting, add_files
from dvcore.repo.additions import Addition, AdditionSpool
from dvcore.repo.annotating import Annotation, GivenInstance, annotate
from dvcore.repo.copying import CopyOptions, copy
from dvcore.repo.editmaps import PathMap
from dvcore.repo.edits import Change, Edits, apply_edits, holds_still, spilling_edits
from dvcore.repo.entries import move, remove
from dvcore.repo.mirroring import mirror
from dvcore.repo.repository import Repository
from dvcore.repo.selection import Selection
from dvcore.store import Table, spilling, spool
from dvcore.store.scratch import ScratchMap

names = st.sampled_from(["a", "b", "ä", "c.jpg", "d-1"])
some_paths = st.lists(names, min_size=1, max_size=4).map(tuple)


@pytest.fixture
def everything_spills(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spilling.SpillingMap.__init__, "__kwdefaults__", {"memory_bytes": 0})
    monkeypatch.setattr(spool, "BLOCK_BYTES", 10)
    monkeypatch.setattr(spool, "MEMORY_BLOCKS", 1)
    monkeypatch.setattr(edits_module, "CHUNK", 3)


@pytest.fixture
def repository(tmp_path: FolderPath) -> Iterator[Repository]:
    with Repository.init(tmp_path / "repository") as made:
        yield made
        assert_sound(made)


def file_of(name: str) -> FileId:
    return FileId(digest(name.encode()))


steps = st.lists(st.tuples(st.sampled_from(["put", "delete", "list"]), some_paths, st.integers(0, 9)), max_size=40)


@settings(deadline=None)
@given(steps, st.sampled_from([0, 900, 1 << 20]))
def test_a_path_map_is_a_dict_in_the_order_of_trees(steps: list[tuple[str, Path, int]], memory: int) -> None:
    expected: dict[Path, Change[Entry]] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spilling.SpillingMap.__init__, "__kwdefaults__", {"memory_bytes": memory})
        entries = spilling_edits(None).entries
        for step, path, number in steps:
            if step == "put":
                entries[path] = expected[path] = Change(None, FileEntry(file_of(str(number))))
            elif step == "list":
                assert list(entries) == sorted(expected, key=lambda path: [name.encode() for name in path])
            elif expected.pop(path, None) is not None:
                del entries[path]
            else:
                with pytest.raises(KeyError):
                    del entries[path]
            assert entries.get(path) == expected.get(path)
            assert (path in entries, len(entries)) == (path in expected, len(expected))
        assert dict(entries) == expected
        assert entries.get(()) is None
        assert isinstance(entries, PathMap)
        entries.close()


def fill(repository: Repository, edits: Edits, count: int) -> Edits:
    """Files in nested directories; some entries go, one directory lies under an entry that the edits put there."""
    reader = repository.working_tree()
    for number in range(count):
        file = file_of(str(number))
        edits.entries["new", f"{number % 7}", f"{number}.jpg"] = Change(None, FileEntry(file))
        edits.files[file] = Change(None, FileRecord(BlobId(digest(b"")), 0, BlobId(digest(b"")), FACTS))
    gone = file_at(repository, "nuts/a.jpg")
    edits.entries["nuts", "a.jpg"] = Change(FileEntry(gone), None)
    edits.files[gone] = Change(reader.record(gone), None)
    edits.entries["moved",] = Change(None, reader.entry(("under",)))
    edits.entries["moved", "more.jpg"] = Change(None, FileEntry(file_of("0")))
    edits.takes["under",] = reader.entry(("under",))
    return edits


@pytest.mark.usefixtures("everything_spills")
def test_chunks_make_the_same_tree(repository: Repository) -> None:
    put(repository, "nuts/a.jpg", "nuts/b.jpg", "under/c.jpg")
    reader = repository.working_tree()
    draft = repository.draft()
    spilled = fill(repository, repository.edits(), 100)
    result = apply_edits(draft, reader, spilled)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(edits_module, "CHUNK", 1 << 20)
        assert apply_edits(draft, reader, fill(repository, Edits(), 100)) == result
    spilled.close()


@pytest.mark.usefixtures("everything_spills")
@pytest.mark.parametrize(
    ("meanwhile", "holds"),
    [("elsewhere/x.jpg", True), ("new/3/3.jpg", False), ("under/y.jpg", False), ("nuts/y.jpg", True)],
)
def test_preconditions_of_spilled_edits(repository: Repository, meanwhile: str, holds: bool) -> None:
    put(repository, "nuts/a.jpg", "nuts/b.jpg", "under/c.jpg")
    base = repository.working_tree()
    for edits in (fill(repository, repository.edits(), 10), fill(repository, Edits(), 10)):
        put(repository, meanwhile)
        assert holds_still(repository.working_tree(), edits, base.id) == holds
        edits.close()


@pytest.mark.usefixtures("everything_spills")
def test_a_record_that_changed_meanwhile_stops_spilled_edits(repository: Repository) -> None:
    put(repository, "nuts/a.jpg", "under/c.jpg")
    base = repository.working_tree()
    edits = fill(repository, repository.edits(), 10)
    put(repository, "nuts/a.jpg", entered=[box("dog")])
    assert not holds_still(repository.working_tree(), edits, base.id)
    edits.close()


@pytest.mark.usefixtures("everything_spills")
def test_a_large_import_is_the_small_one(repository: Repository) -> None:
    wanted = [f"{number % 3}/{number}.jpg" for number in range(40)]
    put(repository, *wanted, entered=[box("dog"), box("cat")])
    with pytest.MonkeyPatch.context() as patch, Repository.in_memory() as other:
        patch.setattr(edits_module, "CHUNK", 1 << 20)
        for one in wanted:
            put(other, one, entered=[box("dog"), box("cat")])
        assert other.working_tree().id == repository.working_tree().id
    report = put(repository, *wanted, entered=[box("dog"), box("cat")])
    assert (report.added, report.unchanged) == (0, 40)


@pytest.mark.usefixtures("everything_spills")
def test_ids_that_moved_files_have_are_passed_over(repository: Repository) -> None:
    """Several times over, and where the moved file gets other bytes in the same import."""
    for number in range(3):
        put(repository, "nuts/a.jpg", "nuts/b.jpg", data="same")
        move(repository, [("nuts", "a.jpg")], ("elsewhere", f"{number}.jpg"))
    put(repository, "elsewhere/0.jpg", data="other", on_existing=OnExisting.REPLACE)
    put(repository, "nuts/a.jpg", "elsewhere/0.jpg", data="same", on_existing=OnExisting.REPLACE)
    ids = [file_at(repository, path) for path in paths(repository)]
    assert len(set(ids)) == len(ids) == 5


@pytest.mark.usefixtures("everything_spills")
def test_many_conflicts_are_counted(repository: Repository) -> None:
    wanted = [f"{number:02}.jpg" for number in range(15)]
    put(repository, *wanted)
    with pytest.raises(ConflictError, match=r"15 names are taken already: 00.jpg, .*, 09.jpg and 5 more"):
        put(repository, *wanted, data="other")


@pytest.mark.usefixtures("everything_spills")
def test_additions_come_back_from_a_spool(tmp_path: FolderPath) -> None:
    outline = Polygon((((1.0, 2.0, 3.0, 4.0, 5.5, 6.0), (2.0, 2.0, 3.0, 3.0, 2.0, 3.0)),))
    entered = (
        Entered("dog", Box(1.0, 2.0, 3.0, 4.0), source="7", attributes={"crowd": True, "area": 1.5}),
        Entered("cat", outline, Box(1.0, 2.0, 4.5, 4.0)),
        Entered("nut", Mask(3, 4, b"PPP")),
    )
    additions = [
        Addition(("ä", "a.jpg"), BlobId(digest(b"a")), 7, FACTS, {"kind": "nut", "dpi": 2**40}, entered),
        Addition(("b.jpg",), BlobId(digest(b"b")), 0, ImageFacts(1, 2, "PNG", "I;16", 6, 16), {}, ()),
        Addition(("c",), BlobId(digest(b"c")), 2**40),
    ]
    with AdditionSpool(tmp_path) as spool_of_additions:
        for one in additions:
            spool_of_additions.append(one)
        assert len(spool_of_additions) == 3
        assert list(spool_of_additions) == additions
        assert list(spool_of_additions) == additions


def test_files_are_added_from_a_spool(repository: Repository) -> None:
    with repository.blobs.writer() as writer:
        nut = writer.add_bytes(b"nut")
    with AdditionSpool(repository.scratch) as additions:
        for number in range(20):
            additions.append(Addition((f"{number}.jpg",), nut, 3, FACTS))
        assert add_files(repository, additions, Declared(), AddOptions(), "import").added == 20


@pytest.mark.usefixtures("everything_spills")
def test_a_plan_that_fails_gives_its_room_back(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    put(repository, "nuts/a.jpg", "nuts/b.jpg", "nuts/c.jpg", "dogs/c.jpg")
    still_open: set[object] = set()

    class Watched(ScratchMap):
        def __init__(self, folder: FolderPath | None = None) -> None:
            super().__init__(folder)
            still_open.add(self)

        def close(self) -> None:
            super().close()
            still_open.discard(self)

    monkeypatch.setattr(spilling, "ScratchMap", Watched)
    many = [f"new/{number}.jpg" for number in range(20)]
    outside = GivenInstance(Entered("dog", Box(0, 0, 9_000, 9_000)))
    for fail in (
        lambda: put(repository, *many, "nuts/a.jpg", data="other"),
        lambda: copy(repository, [("nuts",)], ("dogs",), options=CopyOptions()),
        lambda: mirror(repository, [("nuts",)], ("dogs",), selection=Selection(sample=3)),
        lambda: mirror(repository, [("nuts",)], ("dogs", "under"), prune=True) and move(repository, [("none",)], ()),
        lambda: annotate(repository, [("nuts",)], Annotation(instances=[outside])),
        lambda: remove(repository, [("nuts",), ("none",)]),
        lambda: put(repository, "/".join(["deep"] * (MAX_DEPTH + 1))),  # found when the edits are applied
    ):
        with pytest.raises(DsetError):
            fail()
        assert not still_open
    put(repository, *many)
    assert not still_open


def test_a_plan_made_again_leaves_nothing_of_the_first(repository: Repository) -> None:
    put(repository, "nuts/a.jpg", data="same", entered=[box("dog")])
    move(repository, [("nuts", "a.jpg")], ("away.jpg",))
    put(repository, "nuts/a.jpg", data="same", entered=[box("cat")])
    with repository.store.read() as transaction:
        objects = list(transaction.iter_items(Table.OBJECTS))
    stored = {key for key, data in objects if peek_kind(data) == "annotations"}
    assert stored == {record.annotations for _, record in repository.working_tree().iter_records()}
    assert len(stored) == 2
