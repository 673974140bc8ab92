"""A repository that an earlier version made always opens, and holds what it held.

They lie in `tests/golden/`: `.dset` folders of format 1 without cache and shards. `repository-1` was made by 0.1.0
through the command line: two commits, a tag, a second branch, mirrors, copies, variables, boxes, polygons, masks, a
project with a snapshot, an operation undone, and uncommitted work. `repository-2` has been through a garbage
collection: stores of the second generation, a horizon in the operation log, and a blob in chunks. Never make them anew;
add another one beside them.
"""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from support.repositories import labels_at, paths, values_at

from dvcore.errors import StateError
from dvcore.model.geometry import Box, Mask, Polygon
from dvcore.model.names import format_path
from dvcore.repo.annotating import Annotation, annotate
from dvcore.repo.branches import list_branches, switch_branch
from dvcore.repo.check import check_repository
from dvcore.repo.gc.collecting import collect_garbage
from dvcore.repo.gc.ways import Way
from dvcore.repo.operations import redo
from dvcore.repo.repository import Repository
from dvcore.repo.revisions import resolve_commit, resolve_revision
from dvcore.repo.undoing import undo_newest
from dvcore.snapshot.catalog.snapshots import load_snapshot

GOLDEN = Path(__file__).resolve().parents[1] / "golden"

FIRST = "113f7b232403"
SECOND = "2de36b7500035249069f46356253642eaec221ca10428c66aa2f9d1a12895b06"
DIGEST = "385db768ba5554defb3c12b0dc9952c49a9728b80d022146c9acef31bebb724b"
NAMES = ["a.png", "b.png", "ä c.png"]


COLLECTED_HEAD = "9ef2084808213c55ef517b71e1c89883da8588338dbe314aa50a8b1e35d9eb96"
COLLECTED_WORK = "8442aefda6be29c6538defddfb22d4cee60d222c921cb2780790e9e9c8abd47d"


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Repository]:
    yield from _opened("repository-1", tmp_path)


@pytest.fixture
def collected(tmp_path: Path) -> Iterator[Repository]:
    yield from _opened("repository-2", tmp_path)


def _opened(name: str, folder: Path) -> Iterator[Repository]:
    shutil.copytree(GOLDEN / name, folder / ".dset")
    with Repository.open(folder) as repository:
        yield repository
        assert check_repository(repository) == []


def test_its_history_has_the_same_ids(old: Repository) -> None:
    assert resolve_commit(old, "HEAD").hex() == SECOND
    assert resolve_commit(old, "v1").hex().startswith(FIRST)
    assert resolve_commit(old, "side") == resolve_commit(old, "HEAD~1") == resolve_commit(old, "v1")
    assert [(one.name, one.is_current, one.has_uncommitted) for one in list_branches(old)] == [
        ("main", True, True),
        ("side", False, False),
    ]


def test_its_files_and_annotations(old: Repository) -> None:
    held = [f"{directory}/{name}" for directory in ("all/of them", "nuts", "plain") for name in NAMES]
    assert paths(old) == sorted(held, key=str.encode)
    assert values_at(old, "nuts/a.png") == {"dpi": 200, "kind": "walnut", "sharp": False}
    assert labels_at(old, "plain/a.png") == []
    reader = old.working_tree()
    instances = {
        format_path(path): sorted(
            type(one.geometry).__name__ for one in reader.annotations(reader.record(file)).instances
        )
        for path, file in reader.iter_files(("nuts",))
    }
    assert instances == {
        "nuts/a.png": [Box.__name__, Polygon.__name__],
        "nuts/b.png": [Mask.__name__],
        "nuts/ä c.png": [],
    }
    assert old.blobs.read(reader.record(next(reader.iter_files(("nuts",)))[1]).blob).startswith(b"\x89PNG")


def test_its_snapshot(old: Repository) -> None:
    snapshot = load_snapshot(old, "kinds@1")
    assert snapshot.manifest.digest.hex() == DIGEST
    assert resolve_revision(old, "kinds@1").tree == resolve_revision(old, "HEAD").tree


def test_work_goes_on_in_it(old: Repository) -> None:
    annotate(old, [("all",)], Annotation(set={"kind": "almond"}))
    assert values_at(old, "nuts/ä c.png")["kind"] == "almond"
    switch_branch(old, "side")
    assert paths(old) == [f"nuts/{name}" for name in NAMES]


def test_what_was_undone_can_no_longer_be_redone_after_new_work(old: Repository) -> None:
    with pytest.raises(StateError, match="nothing to redo"):
        old.store.update(lambda transaction: redo(transaction, old.who()))


def test_a_collected_one_has_the_same_ids_and_files(collected: Repository) -> None:
    assert resolve_commit(collected, "HEAD").hex() == COLLECTED_HEAD
    assert collected.work("main").hex() == COLLECTED_WORK
    names = ["nuts/a.jpg", "nuts/b.jpg", "pets/a.jpg", "pets/b.jpg"]
    assert paths(collected) == sorted(["large.bin", "masks/m.jpg", "uncommitted.jpg", *names])
    assert labels_at(collected, "nuts/a.jpg") == ["cat", "dog"]


def test_a_collected_one_gives_its_chunked_blob_back(collected: Repository) -> None:
    reader = collected.working_tree()
    record = reader.record(next(reader.iter_files(("large.bin",)))[1])
    assert collected.blobs.read(record.blob) == "".join(f"line {n:07d}\n" for n in range(180_000)).encode()


def test_a_collected_one_is_undone_up_to_its_horizon(collected: Repository) -> None:
    undone = [undo_newest(collected).description for _ in range(4)]
    assert undone == ["import", "commit: second", "annotate: pets/a.jpg", "mirror: nuts to pets"]
    with pytest.raises(StateError, match="given up"):
        undo_newest(collected)


@pytest.mark.parametrize("name", ["repository-1", "repository-2"])
def test_they_can_be_collected_again(name: str, tmp_path: Path) -> None:
    shutil.copytree(GOLDEN / name, tmp_path / ".dset")
    with Repository.open(tmp_path) as repository:
        before = paths(repository)
        collect_garbage(repository, keep_operations=timedelta(0), force=Way.REWRITE)
        assert paths(repository) == before
        assert check_repository(repository) == []
