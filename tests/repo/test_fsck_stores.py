"""What concerns a store as a whole: keys of no table, damaged pages, more damage than can be listed."""

from pathlib import Path as FolderPath

import lmdb
import pytest
from support.damage import overwrite
from support.repositories import put

from dvcore.errors import CorruptError
from dvcore.ids import digest
from dvcore.repo.cells import (
    HEAD,
)
from dvcore.repo.check import check, check_repository
from dvcore.repo.fsck import faults
from dvcore.repo.fsck.faults import Damaged, Faults
from dvcore.repo.repository import Repository
from dvcore.store import Store, Table


@pytest.mark.parametrize("first", [b"\0", b"d", b"n", b"p", b"\xff"])
@pytest.mark.parametrize("which", ["objects", "blobs"])
def test_a_key_of_no_table(tmp_path: FolderPath, which: str, first: bytes) -> None:
    with Repository.init(tmp_path) as repository:
        put(repository, "a.jpg")
        path = tmp_path / ".dset" / f"{which}.0.lmdb"
    with lmdb.open(str(path), subdir=False) as environment, environment.begin(write=True) as transaction:
        transaction.put(first + b"lost", b"value")
    with Repository.open(tmp_path) as repository:
        (problem,) = check_repository(repository)
    assert problem.name == f"{which}/{(first + b'lost').hex()}"
    assert "in no table of this store" in problem.reason


def test_a_key_of_the_other_store_s_table(store_and_blobs: tuple[Repository, Store, Store]) -> None:
    repository, store, blobs = store_and_blobs
    overwrite(store, Table.CHUNKS, b"stray", b"")
    overwrite(blobs, Table.CELLS, b"stray", b"")
    assert [problem.name for problem in check_repository(repository)] == [
        f"objects/{b'kstray'.hex()}",
        f"blobs/{b'cstray'.hex()}",
    ]


@pytest.mark.parametrize(("key", "value"), [(digest(b"a"), b"a"), (b"short", b"")])
def test_what_is_no_mark_of_an_absent_blob(
    store_and_blobs: tuple[Repository, Store, Store], key: bytes, value: bytes
) -> None:
    repository, _, blobs = store_and_blobs
    overwrite(blobs, Table.ABSENT, key, value)
    (problem,) = check_repository(repository)
    assert problem.name == f"blobs/{(b'a' + key).hex()}"
    assert "is no mark" in problem.reason


def break_structure(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def check_structure(_: object) -> None:
        raise CorruptError("page 7 is none")

    monkeypatch.setattr(store, "check_structure", check_structure)
    monkeypatch.setattr(store, "read", None)  # it must not be used any more


def test_damage_in_the_pages_of_blobs_hides_nothing_in_the_objects(
    store_and_blobs: tuple[Repository, Store, Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    repository, store, blobs = store_and_blobs
    overwrite(store, Table.OBJECTS, repository.working_tree().tree.root.root, None)
    break_structure(blobs, monkeypatch)
    pages, lost = check_repository(repository)
    assert (pages.name, pages.reason) == ("blobs", "page 7 is none; nothing in it was looked at")
    assert lost.name == repository.working_tree().tree.root.root.hex()
    assert lost.concerned.working.listed == ["main"]


def test_damage_in_the_pages_of_objects_hides_nothing_in_the_blobs(
    store_and_blobs: tuple[Repository, Store, Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    repository, store, blobs = store_and_blobs
    overwrite(blobs, Table.BLOBS, digest(b"c.jpg"), b"x.jpg")
    break_structure(store, monkeypatch)
    assert [problem.name for problem in check_repository(repository)] == ["objects", digest(b"c.jpg").hex()]


def test_each_sort_of_damage_is_listed_up_to_a_limit(
    store_and_blobs: tuple[Repository, Store, Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lost disk of blobs does not hide a lost cell, and all lost blobs can be put back."""
    repository, store, blobs = store_and_blobs
    monkeypatch.setattr(faults, "LISTED_FAULTS", 1)
    for path in (b"nuts/a.jpg", b"nuts/b.jpg", b"c.jpg"):
        overwrite(blobs, Table.BLOBS, digest(path), b"x" * len(path))
    overwrite(store, Table.CELLS, HEAD.encode(), None)
    checked = check(repository)
    assert [problem.damaged for problem in checked.problems] == [Damaged.BLOB, Damaged.CELL]
    assert checked.unlisted == 2
    assert checked.blobs == {digest(path): len(path) for path in (b"nuts/a.jpg", b"nuts/b.jpg", b"c.jpg")}


def test_what_is_known_of_faults_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "LISTED_FAULTS", 2)
    monkeypatch.setattr(faults, "KNOWN_FAULTS", 3)
    found = Faults()
    for _ in range(2):
        numbers = [found.add(Damaged.BLOB, bytes([name]), "lost") for name in range(3)]
        assert numbers == [0, 1, 1]
    assert (len(found.listed), found.unlisted.total()) == (2, 1)
    assert found.add(Damaged.CELL, "head", "lost") == 2
    found.add(Damaged.BLOB, b"more", "lost")
    assert (found.unlisted[Damaged.BLOB], found.find(Damaged.BLOB, b"more")) == (2, None)
