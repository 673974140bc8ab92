"""The scratch map: a plain dict, sorted, however large it grows and whatever is put on the way."""

import errno
import os
import tempfile
from pathlib import Path

import pytest

from dvcore.errors import StorageError
from dvcore.store import unnamed
from dvcore.store.scratch import TURN_ENTRIES, ScratchMap


def test_is_a_sorted_dict(tmp_path: Path) -> None:
    with ScratchMap(tmp_path) as scratch:
        expected = {os.urandom(8): os.urandom(20) for _ in range(3 * TURN_ENTRIES)}
        for key, value in expected.items():
            scratch.put(key, value)
        for key in list(expected)[::3]:
            assert scratch.delete(key)
            del expected[key]
        assert not scratch.delete(b"absent")
        assert list(scratch.iter_items()) == sorted(expected.items())
        assert len(scratch) == len(expected)
        assert all(scratch.get(key) == value for key, value in expected.items())
        assert scratch.get(b"absent") is None
        assert b"absent" not in scratch


def test_a_set_says_what_is_new(tmp_path: Path) -> None:
    with ScratchMap(tmp_path) as scratch:
        assert scratch.add(b"a")
        assert not scratch.add(b"a")
        assert b"a" in scratch


def test_scans_go_on_while_entries_are_put(tmp_path: Path) -> None:
    with ScratchMap(tmp_path) as scratch:
        for number in range(2 * TURN_ENTRIES):
            scratch.put(b"a%08d" % number)
        seen = []
        for key, _ in scratch.iter_items(b"a"):
            seen.append(key)
            scratch.put(b"b" + key)
        assert seen == [b"a%08d" % number for number in range(2 * TURN_ENTRIES)]
        assert sum(1 for _ in scratch.iter_items(b"b")) == len(seen)


def test_leaves_nothing_on_the_disk_even_while_in_use(tmp_path: Path) -> None:
    with ScratchMap(tmp_path) as scratch:
        scratch.put(b"a", b"1")
        assert list(tmp_path.iterdir()) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.ENOSPC])
def test_where_the_folder_takes_no_file_the_systems_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "system"))
    make, places = unnamed._make, list[Path]()

    def refusing(folder: Path) -> tuple[int, Path]:
        places.append(folder)
        if folder == tmp_path / "cache":
            raise OSError(number, os.strerror(number))
        return make(folder)

    monkeypatch.setattr(unnamed, "_make", refusing)
    with ScratchMap(tmp_path / "cache") as scratch:
        scratch.put(b"a", b"1")
        assert scratch.get(b"a") == b"1"
    assert places == [tmp_path / "cache", tmp_path / "system"]


@pytest.mark.parametrize(("number", "hint"), [(errno.ENOSPC, "make room"), (errno.EMFILE, "open files")])
def test_where_no_folder_takes_a_file_it_says_why(monkeypatch: pytest.MonkeyPatch, number: int, hint: str) -> None:
    def refuse(folder: Path) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(unnamed, "_make", refuse)
    with pytest.raises(StorageError, match=hint):
        unnamed.make_private_file(None)
