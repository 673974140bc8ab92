"""The index as a cache: moved by a diff it equals one built anew; what happens to its file does not show in results."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.bounded import finish, start
from support.described_trees import Described, cached_repository, file_id, write_tree

from dvcore.errors import CorruptError, StorageError
from dvcore.ids import BlobId, FileId, InstanceId, NodeId, TreeId
from dvcore.model.annotations import AnnotationSet, Entered, Instance
from dvcore.model.declarations import LabelDeclaration, VariableDeclaration
from dvcore.model.files import FileRecord, ImageFacts, encode_record
from dvcore.model.geometry import Box
from dvcore.model.tree import Directory, FileEntry, Tree, encode_entry
from dvcore.model.values import ValueType
from dvcore.prolly import build
from dvcore.query import Row, evaluate, fill, index, making, select
from dvcore.query.index import open_index, open_private_index
from dvcore.query.schema import SCHEMA_VERSION, TABLES
from dvcore.repo.objects import save_annotations, save_tree
from dvcore.repo.repository import Repository
from dvcore.repo.treereader import TreeReader
from dvcore.store.file_lock import FileLock

VARIABLES = (VariableDeclaration("dpi", ValueType.INT), VariableDeclaration("location", ValueType.TEXT))
MANY = {
    f"d{n % 7}/f{n:04}": Described({"dpi": n, "location": f"place {n}" * 3}, labels=("dog",) * (n % 3))
    for n in range(1_000)
}


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Repository]:
    with cached_repository(tmp_path) as made:
        yield made


def index_file(repository: Repository) -> Path:
    assert repository.layout is not None
    return repository.layout.cache / "index" / "index.sqlite"


def rows(connection: sqlite3.Connection) -> dict[str, list[object]]:
    """Everything that an index holds, the tree's id included."""
    tables = ["meta", *sorted(TABLES)]
    return {table: sorted(connection.execute(f"SELECT * FROM {table}"), key=repr) for table in tables}


def assert_exact(repository: Repository, tree: TreeReader) -> None:
    with open_index(repository, tree) as shared, open_private_index(tree) as built:
        assert rows(shared) == rows(built)


ATTRIBUTES = st.dictionaries(st.sampled_from(["score", "pose"]), st.sampled_from([True, 1, 0.5, "left"]), max_size=2)
ENTERED = st.builds(
    lambda label, width, attributes: Entered(label, Box(1.0, 2.0, width, 4.0), attributes=attributes),
    st.sampled_from(["dog", "cat"]),
    st.sampled_from([3.0, 5.0]),
    ATTRIBUTES,
)
FILES = st.builds(
    Described,
    given=st.fixed_dictionaries({}, optional={"dpi": st.integers(0, 2), "location": st.sampled_from(["a", "b"])}),
    values=st.fixed_dictionaries({}, optional={"dpi": st.integers(3, 5)}),
    labels=st.lists(st.sampled_from(["dog", "cat"]), max_size=3).map(tuple),
    facts=st.sampled_from([None, ImageFacts(2, 1, "PNG", "L")]),
    annotated=st.booleans(),
    instances=st.lists(ENTERED, max_size=2).map(tuple),
)
PLACES = ["a", "a-", "a0", "a/b", "a/b/c", "a/b0", "a/ä/d", "b/b", "b/b/c", "c%/a", "c_/a"]


@st.composite
def trees(draw: st.DrawFn) -> dict[str, Described | str]:
    """Files and mirrors of them; no file lies under a file."""
    chosen = draw(st.lists(st.sampled_from(PLACES), unique=True))
    kept = [path for path in chosen if not any(other.startswith(path + "/") for other in chosen)]
    paths: dict[str, Described | str] = {path: draw(FILES) for path in kept}
    for path in kept[1:]:
        if draw(st.booleans()):
            first = next(one for one in kept if isinstance(paths[one], Described))
            paths[path] = first if first != path else paths[path]
    return paths


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(trees(), st.sampled_from([VARIABLES, VARIABLES, VARIABLES[:1], VARIABLES[::-1]])),
        min_size=2,
        max_size=5,
    )
)
def test_moved_from_tree_to_tree_it_equals_one_built_anew(
    tmp_path_factory: pytest.TempPathFactory,
    states: list[tuple[Mapping[str, Described | str], tuple[VariableDeclaration, ...]]],
) -> None:
    with cached_repository(tmp_path_factory.mktemp("repository")) as repository:
        for paths, variables in states:
            assert_exact(repository, write_tree(repository, paths, variables=variables, labels=("dog", "cat")))


def test_a_change_of_choices_moves_and_a_change_of_types_builds(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[TreeId] = []
    monkeypatch.setattr(making, "build", lambda connection, tree: (built.append(tree.id), fill.build(connection, tree)))
    kind = VariableDeclaration("kind", ValueType.ENUM, ("fig",))
    wider = VariableDeclaration("kind", ValueType.ENUM, ("fig", "walnut"))
    other = VariableDeclaration("kind", ValueType.INT)
    trees = [write_tree(repository, {"a": Described({"kind": "fig"})}, variables=[one]) for one in (kind, wider, other)]
    for tree in (trees[0], trees[0], trees[1], trees[2]):
        select(repository, tree, where="kind IS NOT NULL")
    assert built == [trees[0].id, trees[2].id]


def test_moving_touches_only_what_differs(repository: Repository) -> None:
    first = write_tree(repository, MANY, variables=VARIABLES)
    second = write_tree(repository, {**MANY, "d3/f0003": Described({"dpi": -1})}, variables=VARIABLES)
    with open_index(repository, first):
        pass
    connection = sqlite3.connect(index_file(repository))
    fill.move(connection, first, second)
    assert connection.total_changes < 10
    connection.close()


DAMAGES: dict[str, Callable[[Path], object]] = {
    "garbage": lambda path: path.write_bytes(b"no database at all" * 500),
    "empty": lambda path: path.write_bytes(b""),
    "cut": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "holes": lambda path: path.write_bytes(path.read_bytes()[:4096] + b"\xff" * (path.stat().st_size - 4096)),
    "hole in the middle": lambda path: path.write_bytes(
        (data := path.read_bytes())[: len(data) // 2] + b"\xee" * 40_000 + data[len(data) // 2 + 40_000 :]
    ),
    "other schema": lambda path: execute(path, f"PRAGMA user_version = {SCHEMA_VERSION + 1}"),
    "no table": lambda path: execute(path, "DROP TABLE instances"),
    "no column": lambda path: execute(path, "ALTER TABLE files RENAME COLUMN v0 TO w0"),
    "no tree": lambda path: execute(path, "DELETE FROM meta"),
    "unknown tree": lambda path: execute(path, "UPDATE meta SET tree = zeroblob(32)"),
    "tree that is none": lambda path: execute(path, "UPDATE meta SET tree = 'tree'"),
    "text that is no UTF-8": lambda path: execute(
        path, "UPDATE entries SET path = CAST(x'64ff' AS TEXT) WHERE path = 'd0/f0000'"
    ),
    "gone": lambda path: shutil.rmtree(path.parent),
    "a folder in its place": lambda path: (path.unlink(), path.mkdir()),
    "a file in place of its folder": lambda path: (shutil.rmtree(path.parent), path.parent.write_bytes(b"")),
}


def execute(path: Path, statement: str) -> None:
    with sqlite3.connect(path, isolation_level=None) as connection:
        connection.execute(statement)
    connection.close()


@pytest.mark.parametrize("damage", DAMAGES)
def test_whatever_happens_to_the_file_results_stay_right(repository: Repository, damage: str) -> None:
    tree = write_tree(repository, MANY, variables=VARIABLES, labels=("dog",))
    where = "dpi % 2 = 0 AND count('dog') < 2"
    expected = select(repository, tree, where=where)
    assert 0 < len(expected) < len(MANY)
    DAMAGES[damage](index_file(repository))
    assert select(repository, tree, where=where) == expected
    assert select(repository, tree, where=where) == expected


@pytest.mark.parametrize("damage", [name for name in DAMAGES if not name.startswith("a f")])
def test_a_damaged_file_is_made_anew(repository: Repository, damage: str) -> None:
    tree = write_tree(repository, MANY, variables=VARIABLES, labels=("dog",))
    select(repository, tree, where="true")
    DAMAGES[damage](index_file(repository))
    select(repository, tree, where="dpi >= 0 AND count('dog') >= 0")
    select(repository, tree, where="true")
    with closing(sqlite3.connect(index_file(repository))) as shared, open_private_index(tree) as built:
        assert rows(shared) == rows(built)
    assert repository.layout is not None
    assert sorted(path.name for path in repository.layout.cache.iterdir()) == ["index", "index.lock"]


def test_damage_that_shows_half_way_neither_repeats_nor_drops_a_row(repository: Repository) -> None:
    tree = write_tree(repository, {f"{n:04}": Described({"dpi": n}) for n in range(2_500)}, variables=VARIABLES)
    expected = select(repository, tree, where="dpi >= 0")
    execute(index_file(repository), "UPDATE entries SET path = CAST(x'32343939ff' AS TEXT) WHERE path = '2499'")
    outcomes = evaluate(repository, tree, expressions=[], where="dpi >= 0")
    first = next(outcomes)[0]
    assert [first, *(row for row, _ in outcomes)] == expected


def test_an_index_of_the_first_schema_is_made_anew(repository: Repository) -> None:
    path = index_file(repository)
    path.parent.mkdir()
    for statement in (
        "CREATE TABLE meta (tree)",
        "CREATE TABLE entries (path PRIMARY KEY, name, directory, file) WITHOUT ROWID",
        "CREATE TABLE counts (file, label, number, PRIMARY KEY (file, label)) WITHOUT ROWID",
        "PRAGMA user_version = 1",
        "PRAGMA journal_mode = WAL",
    ):
        execute(path, statement)
    tree = write_tree(repository, {"a": Described(labels=("dog",))}, labels=("dog",))
    assert select(repository, tree, where="has('dog', area > 0)") == [Row("a", file_id("a"))]
    assert_exact(repository, tree)
    with closing(sqlite3.connect(path)) as shared:
        assert shared.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)


def test_making_leaves_nothing_beside_the_index(repository: Repository) -> None:
    tree = write_tree(repository, MANY, variables=VARIABLES)
    assert repository.layout is not None
    leftover = repository.layout.cache / "index.new"
    leftover.mkdir()
    (leftover / "index.sqlite").write_bytes(b"of a process that was killed")
    select(repository, tree, where="true")
    assert sorted(path.name for path in repository.layout.cache.iterdir()) == ["index", "index.lock"]


def test_what_fails_half_way_leaves_nothing_either(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(connection: sqlite3.Connection, tree: TreeReader) -> None:
        fill.build(connection, tree)
        raise sqlite3.OperationalError("database or disk is full")

    tree = write_tree(repository, MANY, variables=VARIABLES)
    monkeypatch.setattr(making, "build", fail)
    with pytest.raises(StorageError, match="disk is full"):
        select(repository, tree, where="true")
    assert repository.layout is not None
    assert [path.name for path in repository.layout.cache.iterdir()] == ["index.lock"]


def test_while_another_process_makes_an_index(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """One is waited for, not for ever, and then there is a private one."""
    monkeypatch.setattr(index, "_LOCK_SECONDS", 0.05)
    tree = write_tree(repository, {"a": Described()}, variables=VARIABLES)
    assert repository.layout is not None
    with FileLock(repository.layout.cache / "index.lock") as lock:
        lock.take()
        assert select(repository, tree, where="true") == [Row("a", file_id("a"))]
        assert not index_file(repository).exists()
    assert_exact(repository, tree)
    assert index_file(repository).exists()


def test_an_index_that_is_replaced_while_it_is_opened(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its file may be of one index by then, and its log of another: neither is read, nor written."""
    old = write_tree(repository, {"a": Described()}, variables=VARIABLES)
    new = write_tree(repository, MANY, variables=VARIABLES)
    path = index_file(repository)
    select(repository, old, where="true")

    def replace(database: str, **_: float) -> sqlite3.Connection:
        connection = sqlite3.connect(database, isolation_level=None)
        assert making.make_index(path.parent, new, wait=1.0)
        return connection

    with monkeypatch.context() as patch:
        patch.setattr(index, "connect", replace)
        assert index._open_file(path) is None
    assert_exact(repository, new)


def test_where_nearly_all_differs_it_is_made_anew(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fill, "_MOVED_WHOLE", 100)
    moved: list[TreeId] = []
    monkeypatch.setattr(index, "move", lambda *given: (moved.append(given[2].id), fill.move(*given)))
    few = write_tree(repository, {"a": Described()}, variables=VARIABLES)
    many = write_tree(repository, MANY, variables=VARIABLES)
    most = write_tree(repository, dict(list(MANY.items())[:800]), variables=VARIABLES)
    for tree in (few, many, most, few):
        select(repository, tree, where="true")
        assert_exact(repository, tree)
    assert moved == [most.id]


def test_files_share_no_rows_when_ids_of_instances_do(repository: Repository) -> None:
    """Ids of instances are derived from their files', but a tree from elsewhere need not keep to that."""
    draft = repository.draft()
    one = Instance(InstanceId(b"i" * 32), "dog", Box(1.0, 1.0, 2.0, 2.0), attributes={"pose": "left"})
    saved = save_annotations(draft, AnnotationSet({}, (one,)))
    blob = BlobId(bytes(32))
    files = build(draft, [(bytes([n]) * 32, encode_record(FileRecord(blob, 1, blob, None, saved))) for n in (1, 2)])
    entries = [(name, encode_entry(FileEntry(FileId(bytes([n]) * 32)))) for n, name in ((1, b"a"), (2, b"b"))]
    root = Directory(NodeId(build(draft, entries)), 2)
    tree = save_tree(draft, Tree(root, NodeId(files), (), (LabelDeclaration("dog", 0),)))
    repository.store.update(draft.flush_into)
    found = select(repository, repository.tree(tree), where="count('dog', attribute('pose') = 'left') = 1")
    assert [row.path for row in found] == ["a", "b"]


def test_a_tree_that_is_no_longer_there_is_no_hindrance(repository: Repository) -> None:
    old = write_tree(repository, {"a": Described()}, variables=VARIABLES)
    select(repository, old, where="true")
    with cached_repository(repository.layout.root) as other:  # type: ignore[union-attr]
        new = write_tree(other, {"b": Described()}, variables=VARIABLES)
        assert select(other, new, where="true") == [Row("b", file_id("b"))]
        assert_exact(other, new)


def test_a_tree_that_cannot_be_read_leaves_the_index_as_it_was(repository: Repository) -> None:
    good = write_tree(repository, {"a": Described()}, variables=VARIABLES)
    select(repository, good, where="true")
    with cached_repository(repository.layout.root / "elsewhere") as other:  # type: ignore[union-attr]
        foreign = write_tree(other, MANY, variables=VARIABLES)
        lost = repository.draft()
        lost.put(other.objects.read(foreign.id))
        repository.store.update(lost.flush_into)
    with pytest.raises(CorruptError):
        select(repository, repository.tree(foreign.id), where="true")
    assert_exact(repository, good)


def test_a_file_that_another_process_holds_for_long(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "_LOCK_SECONDS", 0.01)
    first = write_tree(repository, {"a": Described()}, variables=VARIABLES)
    second = write_tree(repository, {"b": Described()}, variables=VARIABLES)
    select(repository, first, where="true")
    holder = sqlite3.connect(index_file(repository), isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    assert select(repository, second, where="true") == [Row("b", file_id("b"))]
    holder.close()
    assert_exact(repository, first)


def test_a_reader_keeps_its_tree_while_others_move_on(repository: Repository) -> None:
    first = write_tree(repository, MANY, variables=VARIABLES)
    second = write_tree(repository, {"b": Described()}, variables=VARIABLES)
    outcomes = evaluate(repository, first, expressions=[], where="dpi >= 0")
    next(outcomes)
    assert select(repository, second, where="true") == [Row("b", file_id("b"))]
    assert sum(1 for _ in outcomes) == len(MANY) - 1


def test_many_at_once_on_different_trees(repository: Repository) -> None:
    states = [{f"{n}/{k}": Described({"dpi": k}) for k in range(40)} for n in range(3)]
    trees = [write_tree(repository, paths, variables=VARIABLES) for paths in states]
    wrong: list[object] = []

    def work(seed: int) -> None:
        for turn in range(12):
            number = (seed + turn) % 3
            found = {row.path for row in select(repository, trees[number], where="dpi < 20")}
            if found != {f"{number}/{k}" for k in range(20)}:
                wrong.append(found)

    finish(*start(*(partial(work, seed) for seed in range(4))))
    assert wrong == []


def test_a_folder_that_cannot_be_written(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    tree = write_tree(repository, {"a": Described()}, variables=VARIABLES)
    monkeypatch.setattr(Path, "mkdir", refuse)
    assert select(repository, tree, where="true") == [Row("a", file_id("a"))]
