from pathlib import Path

import pytest
from support.repositories import assert_sound, paths, put

from dvcore.errors import (
    CorruptError,
    DsetError,
    ExistsError,
    InvalidInputError,
    NeedsNewerError,
    NotFoundError,
    StorageError,
)
from dvcore.ids import digest
from dvcore.repo.gc import collect_garbage
from dvcore.repo.layout import FOLDER, Layout, new_layout
from dvcore.repo.repository import Repository
from dvcore.store.durable import write_atomically


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with a repository of one file."""
    with Repository.init(tmp_path / "root") as repository:
        put(repository, "a.jpg")
    return tmp_path / "root"


def test_a_repository_is_found_from_anywhere_in_its_folder(root: Path) -> None:
    inner = root / "photos" / "deep"
    inner.mkdir(parents=True)
    for start in (root, inner, root / FOLDER):
        with Repository.open(start) as repository:
            assert repository.layout == Layout(root)
            assert paths(repository) == ["a.jpg"]
            assert_sound(repository)


def test_a_new_repository_has_its_folders_and_leaves_nothing_else(root: Path) -> None:
    layout = Layout(root)
    assert [path.name for path in root.iterdir()] == [FOLDER]
    assert {path.name for path in layout.folder.iterdir()} >= {"format", "current", "config.toml", "cache", "snapshots"}
    assert [path.name for path in layout.store_paths()] == ["objects.0.lmdb", "blobs.0.lmdb"]
    assert all(path.exists() for path in layout.store_paths())


def test_golden_files(root: Path) -> None:
    """`docs/format/repository.md` shows these."""
    assert (root / FOLDER / "format").read_text() == FORMAT
    assert (root / FOLDER / "current").read_text() == CURRENT


FORMAT = "dset-repository 1\nhash blake3\nchecksum 0a2032ea928824e015ab15ed0e5bd169\n"
CURRENT = "objects 0\nblobs 0\nchecksum 64e6503d70cca0b7b4eb220cfe7be7a6\n"


def test_a_second_one_in_the_same_place_is_refused(root: Path) -> None:
    with pytest.raises(ExistsError, match="is there already"):
        Repository.init(root)
    with Repository.open(root) as repository:
        assert paths(repository) == ["a.jpg"]


def test_no_repository(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="'dset init' makes one"):
        Repository.open(tmp_path)


def test_where_no_folder_can_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="cannot make a repository"):
        Repository.init(tmp_path / "file")
    with pytest.raises(StorageError, match="cannot write"):
        write_atomically(tmp_path / "absent" / "file", b"data")


@pytest.mark.parametrize("name", ["format", "current"])
@pytest.mark.parametrize(
    ("damage", "error"),
    [
        (lambda path: path.unlink(), StorageError),
        (lambda path: path.write_bytes(b""), CorruptError),
        (lambda path: path.write_bytes(b"\xff\xfe"), CorruptError),
        (lambda path: path.write_text(path.read_text().replace("0", "1").replace("blake3", "blake2")), CorruptError),
        (lambda path: path.write_text(path.read_text()[:-9]), CorruptError),
    ],
    ids=["absent", "empty", "no text", "changed", "cut off"],
)
def test_damaged_files_are_named(root: Path, name: str, damage: object, error: type[DsetError]) -> None:
    damage(root / FOLDER / name)  # type: ignore[operator]
    with pytest.raises(error, match=name):
        Repository.open(root)


@pytest.mark.parametrize(
    ("name", "body", "error"),
    [
        ("format", "dset-repository 2\nhash blake3\n", NeedsNewerError),
        ("format", "dset-repository 1\nhash sha256\n", NeedsNewerError),
        ("format", "dset-repository one\nhash blake3\n", CorruptError),
        ("format", "nothing\n", CorruptError),
        ("current", "objects 0\n", CorruptError),
        ("current", "objects ../../x\nblobs 0\n", CorruptError),
    ],
)
def test_files_with_a_fitting_checksum_are_checked_all_the_same(
    root: Path, name: str, body: str, error: type[DsetError]
) -> None:
    digits = digest(body.encode()).hex()[:32]
    (root / FOLDER / name).write_text(f"{body}checksum {digits}\n")
    with pytest.raises(error):
        Repository.open(root)


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomically(path, b"old")
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


def test_an_init_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise StorageError("no room")

    monkeypatch.setattr("dvcore.repo.repository.LmdbStore", fail)
    with pytest.raises(StorageError, match="no room"):
        Repository.init(tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []


@pytest.mark.parametrize("author", ["", "  ", "a\nb", "x\udcff"])
def test_authors_that_no_log_can_hold(author: str) -> None:
    with pytest.raises(InvalidInputError, match="author"):
        Repository.in_memory(author=author)


def test_what_a_killed_init_left_goes_with_the_next_and_what_is_being_made_stays(tmp_path: Path) -> None:
    left = tmp_path / ".dset-new-0123"
    (left / ".dset" / "cache").mkdir(parents=True)
    (left / ".dset" / "format").write_bytes(b"half")
    with new_layout(tmp_path) as staging:
        assert not left.exists()
        with new_layout(tmp_path):
            pass
        assert staging.folder.is_dir()
        (tmp_path / ".dset").rename(tmp_path / "away")
    assert [path.name for path in tmp_path.glob(".dset*")] == [".dset"]


def test_what_a_killed_init_left_beside_a_repository_goes_too(tmp_path: Path) -> None:
    Repository.init(tmp_path).close()
    left = tmp_path / ".dset-new-0123"
    left.mkdir()
    with pytest.raises(ExistsError):
        Repository.init(tmp_path)
    assert not left.exists()
    left.mkdir()
    with Repository.open(tmp_path) as repository:
        assert collect_garbage(repository).leftovers == 1
    assert not left.exists()
