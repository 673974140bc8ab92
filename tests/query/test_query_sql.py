"""SQL over a tree: what it sees, and that a stranger's query reads this one index for a while and does nothing else."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.bounded import in_child
from support.described_trees import Described, cached_repository, file_id, write_tree

from dvcore.errors import InvalidInputError
from dvcore.ids import digest
from dvcore.model.annotations import Entered
from dvcore.model.declarations import VariableDeclaration
from dvcore.model.geometry import Box
from dvcore.model.values import ValueType
from dvcore.query import query_sql, sandbox, sql
from dvcore.query.sandbox import MAX_VALUE_BYTES
from dvcore.query.sql import FUNCTIONS, MAX_CHARACTERS
from dvcore.query.views import FILE_COLUMNS
from dvcore.repo.repository import Repository
from dvcore.repo.treereader import TreeReader

VARIABLES = (
    VariableDeclaration("Almond", ValueType.BOOL),
    VariableDeclaration("seen", ValueType.BOOL, three_valued=True),
    VariableDeclaration("nut size", ValueType.FLOAT, default=2.5),
    VariableDeclaration("location", ValueType.TEXT, default="it's\nhere"),
    VariableDeclaration("blob", ValueType.TEXT),
    VariableDeclaration("variable_blob", ValueType.INT),
    VariableDeclaration("q\"'uote", ValueType.INT),
    VariableDeclaration("select", ValueType.INT),
    VariableDeclaration("Ähre Gelb", ValueType.INT),
)
NUT = Entered("nut", Box(1.0, 2.0, 3.0, 4.0), attributes={"score": 0.5, "pose": "left", "crowd": True, "track_id": 7})
GIVEN = {"Almond": True, "blob": "b", "variable_blob": 7, "q\"'uote": 5, "select": 6}
PATHS: dict[str, Described | str] = {
    "a/x.jpg": Described(
        {"Almond": True, "blob": "b", "variable_blob": 7, "q\"'uote": 5, "select": 6}, instances=(NUT,)
    ),
    "a/y.jpg": Described({"location": "Reute"}, labels=("nut", "fig")),
    "b/x.jpg": "a/x.jpg",
    "notes": Described(facts=None),
}


@pytest.fixture(scope="module")
def repository() -> Iterator[Repository]:
    with Repository.in_memory() as made:
        yield made


@pytest.fixture(scope="module")
def tree(repository: Repository) -> TreeReader:
    return write_tree(repository, PATHS, variables=VARIABLES, labels=("nut", "fig"))


Ask = Any


@pytest.fixture
def ask(repository: Repository, tree: TreeReader) -> Ask:
    return lambda text: list(query_sql(repository, tree, text).rows)


def refusal(repository: Repository, tree: TreeReader, text: str) -> str:
    with pytest.raises(InvalidInputError) as caught:
        list(query_sql(repository, tree, text).rows)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_columns_of_files(repository: Repository, tree: TreeReader) -> None:
    answer = query_sql(repository, tree, "SELECT * FROM files ORDER BY path")
    own = ("Almond", "seen", "nut size", "location", "variable_blob", "variable_variable_blob", "q\"'uote", "select")
    own += ("Ähre Gelb",)
    assert answer.columns == FILE_COLUMNS + own
    rows = list(answer.rows)
    file, blob = file_id("a/x.jpg"), digest(b"blob of a/x.jpg")
    facts = (file, blob, 640, 480, "JPEG", 1000, "RGB", 0, 1)
    assert rows[0] == ("a/x.jpg", "x.jpg", "a", *facts, 1, None, 2.5, "it's\nhere", "b", 7, 5, 6, None)
    assert rows[2] == ("b/x.jpg", "x.jpg", "b", *facts, 1, None, 2.5, "it's\nhere", "b", 7, 5, 6, None)
    assert rows[3][:3] == ("notes", "notes", "")
    assert rows[3][5:9] == (None, None, None, 1000)
    assert [row[12:16] for row in rows[1:2]] == [(0, None, 2.5, "Reute")]


def test_columns_of_instances_and_attributes(repository: Repository, tree: TreeReader) -> None:
    answer = query_sql(repository, tree, "SELECT * FROM instances WHERE score IS NOT NULL")
    names = ("file", "id", "label", "geometry", "box_x", "box_y", "box_width", "box_height", "area", "score")
    assert answer.columns == (*names, "attributes")
    (row,) = answer.rows
    instance = tree.annotations(tree.record(file_id("a/x.jpg"))).instances[0].id
    assert row[:2] == (file_id("a/x.jpg"), instance)
    assert row[2:] == ("nut", "box", 1, 2, 3, 4, 12, 0.5, '{"crowd":true,"pose":"left","track_id":7}')
    attributes = query_sql(repository, tree, "SELECT * FROM attributes ORDER BY name")
    assert attributes.columns == ("file", "instance", "name", "value")
    assert [row[2:] for row in attributes.rows] == [("crowd", 1), ("pose", "left"), ("track_id", 7)]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("SELECT label, count(*) FROM instances GROUP BY label ORDER BY 1", [("fig", 1), ("nut", 2)]),
        ("select path from files join instances using (file) where label = 'fig'", [("a/y.jpg",)]),
        ("SELECT count(*) FROM files JOIN instances ON instances.file = files.file", [(4,)]),
        ("SELECT count(*) FROM instances WHERE attributes ->> 'pose' = 'left'", [(1,)]),
        ("SELECT count(*) FROM instances WHERE json_extract(attributes, '$.crowd') = true", [(1,)]),
        ("SELECT path FROM files WHERE NOT Almond ORDER BY path DESC", [("notes",), ("a/y.jpg",)]),
        ("SELECT path FROM files WHERE seen IS NULL AND \"nut size\" > 2 LIMIT 1", [("a/x.jpg",)]),
        ("SELECT \"SELECT\" + \"select\" AS \"in all\" FROM files WHERE \"in all\" > 1", [(12,), (12,)]),
        ("WITH big AS (SELECT * FROM instances WHERE area > 5) SELECT count(*) FROM big", [(1,)]),
        ("SELECT path FROM files f WHERE EXISTS (SELECT 1 FROM instances i WHERE i.file = f.file AND label = 'fig')",
         [("a/y.jpg",)]),
        ("SELECT path, rank() OVER (ORDER BY bytes) FROM files LIMIT 1", [("a/x.jpg", 1)]),
        ("WITH few AS (SELECT path FROM files LIMIT 3) SELECT count(*) FROM Few", [(3,)]),
        ("WITH n(l) AS NOT MATERIALIZED (SELECT DISTINCT label FROM instances), \"all\" AS (SELECT 1 FROM n) "
         "SELECT count(*) FROM \"all\", n AS other", [(4,)]),
        ("SELECT count(*) FROM (SELECT DISTINCT label FROM instances)", [(2,)]),
        ("SELECT trim('xxaxyx', 'yx'), ltrim('xax', 'x'), rtrim('xax', 'x'), trim(' a ')", [("a", "ax", "xa", "a")]),
        ("SELECT trim(NULL, 'x'), trim('x', NULL), trim('x', ''), trim(101, 1), trim(x'78', 'x'), typeof(trim(1, 2))",
         [(None, None, "x", "0", "", "text")]),
        ("VALUES (1), (2)", [(1,), (2,)]),
        ('SELECT count(*) FROM files WHERE "Ähre gelb" IS NULL', [(4,)]),
        ("SELECT group_concat(name, '+') FROM (SELECT name FROM files ORDER BY path)", [("x.jpg+y.jpg+x.jpg+notes",)]),
        ("SELECT path FROM files WHERE name LIKE 'Y%' UNION SELECT 'z' ORDER BY 1;", [("a/y.jpg",), ("z",)]),
        ("SELECT '\"no name\"' -- \"nor this\"", [('"no name"',)]),
        ("SELECT CAST(x'41ff42' AS TEXT)", [("A\ufffdB",)]),
        ("SELECT hex(file) = upper(hex(file)), typeof(file) FROM files LIMIT 1", [(1, "blob")]),
    ],
)  # fmt: skip
def test_answers(ask: Ask, text: str, rows: list[tuple[object, ...]]) -> None:
    assert ask(text) == rows


def test_it_sees_the_tree_that_it_is_asked_of(tmp_path: Path) -> None:
    with cached_repository(tmp_path) as repository:
        first = write_tree(repository, {"a": Described()})
        second = write_tree(repository, {"a": Described(), "b": Described()})
        for tree, files in ((first, 1), (second, 2), (first, 1)):
            assert list(query_sql(repository, tree, "SELECT count(*) FROM files").rows) == [(files,)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SELECT pth FROM files", "no column 'pth'; did you mean 'path'?"),
        ("SELECT files.pth FROM files", "no column 'pth'; did you mean 'path'?"),
        ("SELECT 1 FROM file", "no table 'file'; did you mean 'files'?"),
        ("SELECT lowr(path) FROM files", "no function 'lowr'; did you mean 'lower'?"),
        ('SELECT path FROM files WHERE location = "Reute"', "a text stands in single quotes: 'Reute'"),
        ('SELECT path FROM files WHERE "nut sice" > 1', "did you mean 'nut size'?"),
        ("SELECT", "incomplete input"),
        ("SELECT 1; SELECT 2", "one statement at a time"),
        ("SELECT ?", "cannot be run"),
        ("SELECT :path", "cannot be run"),
        ("", "begin it with SELECT"),
        ("  ", "begin it with SELECT"),
        ("SELECT 'a\0b'", "a character that no SQL has"),
        ("SELECT '\udcff'", "a character that no SQL has"),
        ("SELECT " + "1," * MAX_CHARACTERS, "too long"),
        ("SELECT abs(-9223372036854775808)", "integer overflow"),
        ("SELECT 'a' FROM files WHERE path LIKE '" + "%a" * 600 + "'", "too complex"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(repository: Repository, tree: TreeReader, text: str, said: str) -> None:
    assert said in refusal(repository, tree, text)


ATTACKS = [
    "ATTACH DATABASE '/tmp/other.sqlite' AS other",
    "DETACH DATABASE main",
    "PRAGMA query_only = OFF",
    "PRAGMA writable_schema = ON",
    "DELETE FROM files",
    "UPDATE files SET width = 1",
    "INSERT INTO main.entries VALUES (1, 2, 3, 4)",
    "DROP VIEW files",
    "DROP TABLE main.files",
    "CREATE TABLE x (y)",
    "CREATE TEMP TABLE x (y)",
    "CREATE TEMP TABLE x AS SELECT * FROM files",
    "VACUUM INTO '/tmp/other.sqlite'",
    "BEGIN",
    "COMMIT",
    "ANALYZE",
    "REINDEX",
    "EXPLAIN SELECT 1",
    "WITH x AS (SELECT 1) DELETE FROM files",
    "WITH x AS (SELECT 1) DELETE FROM main.entries",
    "WITH x AS (SELECT 1) INSERT INTO main.meta SELECT * FROM x",
    "WITH x AS (SELECT 1) UPDATE main.files SET width = 0",
    "WITH x AS (SELECT 1) REPLACE INTO main.meta SELECT * FROM x",
    "SELECT * FROM sqlite_master",
    "SELECT * FROM sqlite_schema",
    "SELECT * FROM temp.sqlite_temp_master",
    "SELECT sql FROM main.sqlite_master",
    "SELECT * FROM meta",
    "SELECT * FROM pragma_table_info('files')",
    "SELECT * FROM pragma_query_only",
    "SELECT * FROM json_each('[1]')",
    "SELECT * FROM json_tree('[1]')",
    "SELECT * FROM dbstat",
    "SELECT * FROM sqlite_dbpage",
    "SELECT * FROM files JOIN pragma_database_list",
    "SELECT load_extension('x')",
    "SELECT readfile('/etc/passwd')",
    "SELECT writefile('/tmp/other', 'x')",
    "SELECT edit('x')",
    "SELECT fts3_tokenizer('simple')",
    "SELECT random()",
    "SELECT randomblob(10)",
    "SELECT zeroblob(1000)",
    "SELECT datetime('now')",
    "SELECT CURRENT_TIMESTAMP",
    "SELECT julianday()",
    "SELECT strftime('%s', 'now')",
    "SELECT sqlite_version()",
    "SELECT sqlite_source_id()",
    "SELECT sqlite_compileoption_get(1)",
    "SELECT changes()",
    "SELECT last_insert_rowid()",
    "SELECT printf('%1000000000d', 1)",
    "SELECT format('%1000000000d', 1)",
    "SELECT printf('%.*c', 1000000000, 'x')",
    "SELECT char(65)",
    "SELECT quote(file) FROM files",
    "SELECT likelihood(1, 0.5)",
    "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n",
    "WITH RECURSIVE n(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n",
    "WITH n(x) AS (SELECT 1 UNION ALL SELECT x || x FROM n) SELECT max(length(x)) FROM n",
    "SELECT count(*) FROM meta",
    "SELECT count(*) FROM sqlite_master",
    "SELECT 1 FROM pragma_table_list",
    "WITH meta AS (SELECT 1) SELECT count(*) FROM main.meta",
    "SELECT path FROM files WHERE path REGEXP 'a'",
    "SELECT path FROM files WHERE path MATCH 'a'",
]


@pytest.mark.parametrize("text", ATTACKS)
def test_refuses_all_else(tmp_path: Path, text: str) -> None:
    with cached_repository(tmp_path) as repository:
        tree = write_tree(repository, {"a": Described()})
        before = list(query_sql(repository, tree, "SELECT * FROM files").rows)
        refusal(repository, tree, text)
        assert list(query_sql(repository, tree, "SELECT * FROM files").rows) == before
        assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file())[:1] == ["index.lock"]
    assert not Path("/tmp/other.sqlite").exists()


@pytest.mark.parametrize("text", [text for text in ATTACKS if text.startswith("WITH")])
def test_recursion_and_writing_are_not_even_begun(repository: Repository, tree: TreeReader, text: str) -> None:
    said = refusal(repository, tree, text)
    assert "it does more than read" in said or "circular reference" in said


GROWN = "replace(replace('aaaaaaaa', 'a', 'bbbbbbbb'), 'b', 'cccccccc')"
BIG = f"replace(replace({GROWN}, 'c', 'dddddddd'), 'd', 'aaaaaaaa')"
"""32 KB."""
HUGE = f"replace({BIG}, 'a', 'eeeeeeee')"
"""More than a value may have."""


@pytest.mark.parametrize(
    "text",
    [
        f"SELECT {HUGE}",
        f"SELECT length({HUGE})",
        f"SELECT group_concat({BIG}) FROM files, files, files",
        f"SELECT length(json_group_array({BIG})) FROM files a, files b, files c",
        f"SELECT hex({BIG} || {BIG} || {BIG} || {BIG})",
        f"SELECT path FROM files GROUP BY {BIG} || {HUGE}",
    ],
)
def test_a_value_may_not_grow_without_bound(repository: Repository, tree: TreeReader, text: str) -> None:
    assert "too large" in refusal(repository, tree, text.replace("files, files, files", "files a, files b, files c"))


def test_stored_texts_fit(tmp_path: Path) -> None:
    assert MAX_VALUE_BYTES > 65_536 * 3
    with cached_repository(tmp_path) as repository:
        variables = [VariableDeclaration(f"v{n}", ValueType.TEXT) for n in range(3)]
        described = Described({one.name: "x" * 65_536 for one in variables})
        tree = write_tree(repository, {"a": described}, variables=variables)
        (row,) = query_sql(repository, tree, "SELECT * FROM files WHERE v0 LIKE 'xx%'").rows
        assert sum(map(len, row[-3:])) == 3 * 65_536


RUNAWAYS = [
    "SELECT count(*) FROM {files} WHERE a.path || b.path || c.path || d.path || e.path LIKE '%x%y%'",
    "SELECT a.path FROM {files} ORDER BY a.path || b.path || e.path",
    "SELECT DISTINCT a.path, b.path, c.path, d.path, e.path FROM {files}",
    "SELECT count(*) OVER (ORDER BY a.path, e.path) FROM {files}",
    "SELECT a.path, count(*) FROM {files} GROUP BY a.path, b.path, c.path, d.path",
    "SELECT max(instr(" + BIG + " || a.path, 'aaaaaaaaaaaaaaaaab')) FROM {files}",
    "SELECT min(" + BIG + " || a.path || e.path) FROM {files}",
    "SELECT * FROM files WHERE (SELECT count(*) FROM {files} WHERE a.path || e.path = 'x') > 0",
]
MANY = ", ".join(f"files {name}" for name in "abcde")


def stopped(text: str, seconds: float) -> None:
    with Repository.in_memory() as repository:
        tree = write_tree(repository, {f"d/{n}": Described() for n in range(300)})
        began = time.monotonic()
        sandbox.SECONDS = seconds
        assert "takes too long" in refusal(repository, tree, text)
        assert time.monotonic() - began < 10


@pytest.mark.parametrize("text", RUNAWAYS)
def test_a_runaway_is_stopped_in_little_memory(text: str) -> None:
    """In a process of its own, whose anonymous memory may grow by 200 MB and not more."""

    def attack() -> None:
        import resource

        size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (size + 200_000_000, size + 200_000_000))
        stopped(text.format(files=MANY), 0.4)

    assert in_child(attack) == 0


LONG = f"{BIG} || {BIG} || {BIG} || {BIG} || {BIG} || {BIG} || {BIG}"


@pytest.mark.parametrize(
    "text",
    [
        f"SELECT instr({LONG}, substr({LONG}, 1, 110000) || 'b')",
        f"SELECT length(trim({LONG}, replace(substr({LONG}, 1, 20000), 'a', 'b') || 'a'))",
        f"SELECT length(ltrim({LONG}, replace(substr({LONG}, 1, 20000), 'a', 'b') || 'a'))",
        f"SELECT length(rtrim({LONG}, replace(substr({LONG}, 1, 20000), 'a', 'b') || 'a'))",
    ],
)
def test_one_call_of_a_function_ends_soon(ask: Ask, text: str) -> None:
    """Nothing interrupts one: the worst is to seek a long text in another, at each of its letters."""
    began = time.monotonic()
    assert ask(text) == [(0,)]
    assert time.monotonic() - began < 5


def doubling(levels: int, first: str, then: str) -> str:
    """Each level mentions the one before more than once, and SQLite writes out what is mentioned."""
    query = first
    for _ in range(levels):
        query = then.format(query)
    return query


def chained(first: str, then: str) -> str:
    """The same of forty tables that the query names."""
    tables = [f"t{n} AS ({then.format(f't{n - 1}') if n else first})" for n in range(40)]
    return f"WITH {', '.join(tables)} SELECT 1 FROM t39 WHERE x > 1"


SWELLING = [
    doubling(12, "SELECT area + 1 AS x FROM instances", "SELECT max(x, x, x, x, x, x) AS x FROM ({})"),
    chained("SELECT area + 1 AS x FROM instances", "SELECT x + x AS x FROM {}"),
    chained("VALUES (1)", "SELECT 1 AS x FROM {0} a, {0} b LIMIT 1"),
    chained("SELECT area AS x FROM instances", "SELECT a.x FROM {0} a WHERE a.x IN (SELECT x FROM {0})"),
]


@pytest.mark.parametrize("text", SWELLING)
def test_what_swells_before_its_first_step_is_refused(text: str) -> None:
    def attack() -> None:
        import resource

        size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (size + 200_000_000, size + 200_000_000))
        with Repository.in_memory() as repository:
            tree = write_tree(repository, PATHS, variables=VARIABLES, labels=("nut", "fig"))
            began = time.monotonic()
            assert "too large before it begins" in refusal(repository, tree, text)
            assert time.monotonic() - began < 20

    assert in_child(attack) == 0


def test_a_statement_of_too_many_steps_is_refused(
    repository: Repository, tree: TreeReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql, "_MAX_STEPS", 20)
    assert "too large" in refusal(repository, tree, "SELECT area, attributes, attributes || 'x' FROM instances")


def test_many_columns_are_refused(repository: Repository, tree: TreeReader) -> None:
    assert "too many" in refusal(repository, tree, "SELECT " + ", ".join("1" for _ in range(200)))


CALLS = [f"{call}{over}" for call in ("()", "(1)", "('[1]', '$')", "(1, 2)", "(1, 2, 3)") for over in ("", " OVER ()")]


@pytest.mark.parametrize("function", sorted(FUNCTIONS - {"->", "->>"}))
def test_every_function_of_the_list_can_be_called(ask: Ask, function: str) -> None:
    """In one of these ways; those of mathematics only where SQLite was built with them."""
    said = []
    for call in CALLS:
        try:
            assert ask(f"SELECT {function}{call} FROM files")
        except InvalidInputError as error:
            said.append(str(error))
    is_missing = function in {"ceil", "ceiling", "floor", "pow", "power", "sqrt"} and "no function" in said[0]
    assert len(said) < len(CALLS) or is_missing


WORDS = """
SELECT FROM WHERE files instances attributes path label area score * , ( ) = < 1 'a' "path" x'00' AND OR NOT IN
EXISTS UNION ALL ORDER BY GROUP HAVING LIMIT WITH AS RECURSIVE count(*) max( lower( group_concat( -> ->> ; -- /* */
CASE WHEN THEN END NULL LIKE ESCAPE GLOB MATCH JOIN ON USING(file) CAST( AS TEXT) PRAGMA ATTACH sqlite_master OVER
:x ? ?1 $y @z 1e999 -9223372036854775808 '' "" ` [ ] \\ . main. temp. rowid 0x1 ||
"""
QUERIES = st.lists(st.sampled_from(WORDS.split()), max_size=14).map(lambda words: "SELECT " + " ".join(words))


@settings(max_examples=300, deadline=None)
@given(QUERIES | st.text(max_size=30) | st.text(max_size=30).map("SELECT ".__add__))
def test_no_query_gets_past_the_error_tree(text: str) -> None:
    with Repository.in_memory() as repository:
        tree = write_tree(repository, PATHS, variables=VARIABLES, labels=("nut", "fig"))
        with suppress(InvalidInputError):
            list(query_sql(repository, tree, text).rows)


def test_an_index_that_is_damaged_is_no_fault_of_the_query(tmp_path: Path) -> None:
    with cached_repository(tmp_path) as repository:
        tree = write_tree(repository, {f"{n:04}": Described(labels=("nut",)) for n in range(2_000)}, labels=("nut",))
        text = "SELECT sum(area), count(DISTINCT path) FROM files JOIN instances USING (file)"
        assert list(query_sql(repository, tree, text).rows) == [(2_000.0, 2_000)]
        path = tmp_path / ".dset" / "cache" / "index" / "index.sqlite"
        data = path.read_bytes()
        path.write_bytes(data[: len(data) // 2] + b"\xee" * 40_000 + data[len(data) // 2 + 40_000 :])
        assert list(query_sql(repository, tree, text).rows) == [(2_000.0, 2_000)]
        assert list(query_sql(repository, tree, text).rows) == [(2_000.0, 2_000)]
        with sqlite3.connect(path) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connection.close()
