"""The index from files to directories says what a scan of all entries says, whatever happened before."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path as FolderPath
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.repositories import file_at, put

from dvcore.errors import CorruptError, DsetError
from dvcore.ids import FileId
from dvcore.model.names import Path, parse_path
from dvcore.prolly import NodeCache
from dvcore.repo import holders
from dvcore.repo.addressing import resolve_address
from dvcore.repo.copying import CopyOptions, copy
from dvcore.repo.entries import move, remove
from dvcore.repo.holder_index import find_indexed_paths
from dvcore.repo.holders import find_paths
from dvcore.repo.mirroring import mirror
from dvcore.repo.operations import redo, undo
from dvcore.repo.repository import Repository

Found = dict[FileId, list[Path]] | None

places = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=3).map(tuple)
operations = st.tuples(st.sampled_from(["put", "mirror", "copy", "move", "remove", "undo", "redo"]), places, places)


@pytest.fixture
def repository() -> Iterator[Repository]:
    with Repository.in_memory() as made:
        yield made


def ask(repository: Repository, folder: FolderPath) -> Found:
    reader = repository.working_tree()
    files = [file for file, _ in reader.iter_records()]
    found = find_indexed_paths(folder, NodeCache(repository.objects), reader.tree.root.root, files)
    return None if found is None else {file: sorted(paths) for file, paths in found.items()}


def scan(repository: Repository) -> Found:
    reader = repository.working_tree()
    files = [file for file, _ in reader.iter_records()]
    return {
        file: sorted(paths)
        for file, paths in find_paths(NodeCache(repository.objects), reader.tree.root, files).items()
    }


def do(repository: Repository, kind: str, here: Path, there: Path) -> None:
    match kind:
        case "put":
            put(repository, "/".join((*here, "x.jpg")))
        case "many":  # over several leaves
            put(repository, *["/".join((*here, f"{number:04}.jpg")) for number in range(900)])
        case "mirror":
            mirror(repository, [here], there)
        case "copy":
            copy(repository, [here], there, options=CopyOptions())
        case "move":
            move(repository, [here], there)
        case "remove":
            remove(repository, [here])
        case "undo":
            repository.store.update(lambda one: undo(one, repository.who()))
        case "redo":
            repository.store.update(lambda one: redo(one, repository.who()))


@settings(max_examples=30, deadline=None)
@given(st.lists(operations, max_size=8), st.sets(st.integers(0, 8)))
def test_the_index_says_what_a_scan_says(steps: list[tuple[str, Path, Path]], asked: set[int]) -> None:
    """Asked after some of the steps, so that it moves over several at once, too."""
    with Repository.in_memory() as repository, TemporaryDirectory() as folder:
        put(repository, "a/1.jpg", "a/b/2.jpg", "c/3.jpg")
        for number, (kind, here, there) in enumerate(steps):
            with suppress(DsetError):
                do(repository, kind, here, there)
            if number in asked:
                assert ask(repository, FolderPath(folder)) == scan(repository)
        assert ask(repository, FolderPath(folder)) == scan(repository)


def rows(folder: FolderPath) -> list[int]:
    with closing(sqlite3.connect(folder / f"{folder.name}.sqlite")) as connection:
        tables = ("nodes", "parents", "holds")
        return [connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables]


def among(file: FileId) -> tuple[int, int]:
    """Between which numbers the rows of a file are."""
    first = int.from_bytes(file[:5], "big") << 23
    return first, first + (1 << 23) - 1


def test_a_mirror_costs_no_rows_of_files(repository: Repository, tmp_path: FolderPath) -> None:
    do(repository, "many", ("a",), ())
    ask(repository, tmp_path)
    before = rows(tmp_path)
    mirror(repository, [("a",)], ("m",))
    mirror(repository, [("a",)], ("a2", "under"))
    found = ask(repository, tmp_path)
    assert found == scan(repository)
    assert set(map(len, (found or {}).values())) == {3}
    assert rows(tmp_path)[2] == before[2]


def test_what_is_gone_leaves_the_index(repository: Repository, tmp_path: FolderPath) -> None:
    put(repository, "b/1.jpg")
    ask(repository, tmp_path)
    before = rows(tmp_path)
    do(repository, "many", ("a",), ())
    ask(repository, tmp_path)
    remove(repository, [("a",)])
    ask(repository, tmp_path)
    assert rows(tmp_path) == before


def test_a_damaged_file_is_made_anew(repository: Repository, tmp_path: FolderPath) -> None:
    put(repository, "a/1.jpg")
    ask(repository, tmp_path / "index")
    (tmp_path / "index" / "index.sqlite").write_bytes(b"nonsense" * 1000)
    assert ask(repository, tmp_path / "index") == scan(repository)
    assert [one.name for one in tmp_path.iterdir()] == ["index"]


def test_a_row_that_lies_is_not_believed(repository: Repository, tmp_path: FolderPath) -> None:
    put(repository, "a/1.jpg", "b/2.jpg")
    ask(repository, tmp_path)
    first, second = file_at(repository, "a/1.jpg"), file_at(repository, "b/2.jpg")
    with closing(sqlite3.connect(tmp_path / f"{tmp_path.name}.sqlite")) as connection, connection:
        (row,) = connection.execute("SELECT * FROM holds WHERE file_and_leaf BETWEEN ? AND ?", among(second)).fetchone()
        leaf = row - among(second)[0]
        connection.execute("INSERT INTO holds VALUES (?)", (among(first)[0] + leaf,))
        connection.execute("INSERT OR IGNORE INTO parents SELECT ?, number FROM nodes", (leaf,))
    assert ask(repository, tmp_path) == scan(repository)


def test_a_file_that_the_index_does_not_find_means_no_index(repository: Repository, tmp_path: FolderPath) -> None:
    put(repository, "a/1.jpg", "b/2.jpg")
    ask(repository, tmp_path)
    with closing(sqlite3.connect(tmp_path / f"{tmp_path.name}.sqlite")) as connection, connection:
        connection.execute(
            "DELETE FROM holds WHERE file_and_leaf BETWEEN ? AND ?", among(file_at(repository, "a/1.jpg"))
        )
    assert ask(repository, tmp_path) is None


def test_without_the_old_nodes_the_index_is_made_anew(repository: Repository, tmp_path: FolderPath) -> None:
    put(repository, "a/1.jpg")
    ask(repository, tmp_path)
    with Repository.in_memory() as other:
        put(other, "b/2.jpg")
        with pytest.raises(CorruptError):
            other.objects.read(repository.working_tree().tree.root.root)
        assert ask(other, tmp_path) == scan(other)


def test_a_file_that_cannot_be_had_means_no_index(repository: Repository, tmp_path: FolderPath) -> None:
    put(repository, "a/1.jpg")
    (tmp_path / "taken").write_bytes(b"")
    assert ask(repository, tmp_path / "taken") is None
    ask(repository, tmp_path)
    with closing(sqlite3.connect(tmp_path / f"{tmp_path.name}.sqlite", isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        assert ask(repository, tmp_path) == scan(repository)  # readers are not in the way
        put(repository, "a/2.jpg")
        assert ask(repository, tmp_path) is None


def test_large_directories_are_looked_up_in_the_index(tmp_path: FolderPath, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holders, "INDEXED_FILES", 100)
    with Repository.init(tmp_path / "repository") as repository:
        do(repository, "many", ("a",), ())
        mirror(repository, [("a",)], ("m",))
        reader = repository.working_tree()
        wanted = [file_at(repository, "a/0007.jpg")]
        both = [parse_path("a/0007.jpg"), parse_path("m/0007.jpg")]
        assert reader.paths_of(wanted) == reader.certain_paths_of(wanted) == {wanted[0]: both}
        index = tmp_path / "repository" / ".dset" / "cache" / "holders"
        assert rows(index)[2] == 900


def test_what_a_file_id_names_does_not_rest_on_the_index(tmp_path: FolderPath, monkeypatch: pytest.MonkeyPatch) -> None:
    """The path that it stands for may be about to be removed."""
    monkeypatch.setattr(holders, "INDEXED_FILES", 100)
    with Repository.init(tmp_path / "repository") as repository:
        do(repository, "many", ("b",), ())
        mirror(repository, [("b", "0007.jpg")], ("a",))
        file = file_at(repository, "a/0007.jpg")
        assert resolve_address(repository.working_tree(), file.hex()) == ("a", "0007.jpg")
        repository.working_tree().paths_of([file])  # makes the index
        index = tmp_path / "repository" / ".dset" / "cache" / "holders" / "holders.sqlite"
        with closing(sqlite3.connect(index)) as connection, connection:
            held = connection.execute("SELECT * FROM holds WHERE file_and_leaf BETWEEN ? AND ?", among(file)).fetchall()
            assert len(held) == 2
        for (row,) in held:
            with closing(sqlite3.connect(index)) as connection, connection:
                connection.execute("DELETE FROM holds WHERE file_and_leaf BETWEEN ? AND ?", among(file))
                connection.execute("INSERT INTO holds VALUES (?)", (row,))
            assert resolve_address(repository.working_tree(), file.hex()) == ("a", "0007.jpg")
