"""The way back from a file to the directories that hold it, for one root directory at a time, in a file under `cache/`.

The index knows, of every node of every directory's map, which nodes or entries refer to it: a file leads to leaves, a
leaf to the branches above it, a directory's topmost node to the leaves that name the directory. Nodes are named by
their hash, so what two directories or two states share is there once: a mirror of a million files adds one row, and
another root costs what differs.

Promises:

- What is found is true: each step up is checked against the nodes themselves. That nothing is missing rests on the
  file, which is a cache; whoever must not be wrong looks at all entries (`holders.find_paths`).
- Where the file cannot be had, or is damaged, there is no index, and no error.
"""

import sqlite3
from bisect import bisect_left
from collections.abc import Collection, Iterator
from contextlib import closing
from pathlib import Path as FolderPath
from typing import Final

from dvcore.errors import DsetError
from dvcore.ids import FileId, NodeId
from dvcore.model.names import ROOT, Path, decode_name
from dvcore.model.tree import Directory, FileEntry, decode_entry, encode_entry, find_file
from dvcore.prolly import NodeCache
from dvcore.prolly.node import Node, reference_id
from dvcore.store.cache_map import discard, is_damage

_SCHEMA_VERSION: Final = 1
_LOCK_SECONDS: Final = 2.0
_CACHE_KIB: Final = 32_768
_ATTEMPTS: Final = 2
"""Once more where damage was found, with a new file."""
_SORTED_ROWS: Final = 1_000_000
"""Rows of `holds` that are sorted before they go in, 40 MB: at random places each would touch a page of its own."""
_PREFIX_BYTES: Final = 5
"""Of a file's id in a row of `holds`; the leaf itself tells whether it is the file."""
_LEAF_BITS: Final = 23
"""Of a node's number in a row, below the prefix: room for 8 million leaves, some 2,000 million files."""
_MOST_NODES: Final = (1 << _LEAF_BITS) - 1

_TABLES: Final = (
    "CREATE TABLE meta (root INTEGER)",
    "CREATE TABLE nodes (number INTEGER PRIMARY KEY, id BLOB UNIQUE)",
    "CREATE TABLE parents (child INTEGER, parent INTEGER, PRIMARY KEY (child, parent)) WITHOUT ROWID",
    "CREATE TABLE holds (file_and_leaf INTEGER PRIMARY KEY)",
)


def find_indexed_paths(
    folder: FolderPath, nodes: NodeCache, root: NodeId, files: Collection[FileId]
) -> dict[FileId, list[Path]] | None:
    """All paths of some files under a root directory, in any order; None where no index can be had.

    Raises CorruptError where nodes of the directories are missing or damaged.
    """
    for _ in range(_ATTEMPTS):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with closing(_connect(folder / f"{folder.name}.sqlite")) as connection:
                if not _make_current(connection, nodes, root):
                    return None
                found = _Search(connection, nodes, root).paths(files)
                return found if all(found.values()) else None
        except sqlite3.Error as error:
            if not is_damage(error):
                return None
            discard(folder)
        except OSError:
            return None
    return None


def _connect(path: FolderPath) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_LOCK_SECONDS, isolation_level=None)
    try:
        settings = ("trusted_schema = OFF", "cell_size_check = ON", "journal_mode = WAL", "synchronous = NORMAL")
        for setting in (*settings, f"cache_size = -{_CACHE_KIB}"):
            connection.execute(f"PRAGMA {setting}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _make_current(connection: sqlite3.Connection, nodes: NodeCache, root: NodeId) -> bool:
    """Leaves a read transaction on an index of the root; False where another process has moved it at once."""
    connection.execute("BEGIN")
    if _held(connection) == root:
        return True
    connection.execute("ROLLBACK")
    connection.execute("BEGIN IMMEDIATE")
    held = _held(connection)
    if held is None or not _try_move(connection, nodes, held, root):
        _make_tables(connection)
        _Move(connection, nodes).run(None, root)
    connection.execute("COMMIT")
    connection.execute("BEGIN")
    return _held(connection) == root


def _try_move(connection: sqlite3.Connection, nodes: NodeCache, held: NodeId, root: NodeId) -> bool:
    try:
        if held != root:
            _Move(connection, nodes).run(held, root)
    except DsetError:
        return False  # the old nodes may have been collected; if the new ones are at fault, building says so
    return True


def _held(connection: sqlite3.Connection) -> NodeId | None:
    """The root that the index is of; None where there is none, or one of another schema."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version != _SCHEMA_VERSION:
        return None
    row = connection.execute("SELECT id FROM meta JOIN nodes ON number = root").fetchone()
    return None if row is None else NodeId(row[0])


def _make_tables(connection: sqlite3.Connection) -> None:
    for statement in _TABLES:
        connection.execute(f"DROP TABLE IF EXISTS {statement.split()[2]}")
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")


class _Move:
    """Brings in what the new root has, then drops what only the old one had."""

    def __init__(self, connection: sqlite3.Connection, nodes: NodeCache) -> None:
        self._connection = connection
        self._nodes = nodes
        self._held: list[int] = []

    def run(self, old: NodeId | None, new: NodeId) -> None:
        number = self._add(new)
        self._insert_held()
        self._connection.execute("DELETE FROM meta")
        self._connection.execute("INSERT INTO meta VALUES (?)", (number,))
        if old is not None:
            self._drop(old, number)

    def _add(self, node_id: NodeId) -> int:
        """The number of a node, which is brought in with all under it where it is new."""
        found = self._number(node_id)
        if found is not None:
            return found
        node = self._nodes.load(node_id)
        inserted = self._connection.execute("INSERT INTO nodes (id) VALUES (?)", (node_id,)).lastrowid
        assert inserted is not None, "a row was inserted"
        parents = [(self._add(child), inserted) for child in set(_iter_children(node))]
        self._connection.executemany("INSERT INTO parents VALUES (?, ?)", parents)
        self._held += _rows(node, inserted)
        if len(self._held) >= _SORTED_ROWS:
            self._insert_held()
        return inserted

    def _insert_held(self) -> None:
        self._held.sort()
        self._connection.executemany("INSERT INTO holds VALUES (?)", zip(self._held))
        self._held = []

    def _drop(self, node_id: NodeId, root: int) -> None:
        """Take out a node that nothing refers to any more, and what nothing refers to then."""
        number = self._number(node_id)
        if number is None or number == root or _parents(self._connection, number):
            return
        node = self._nodes.load(node_id)
        self._connection.execute("DELETE FROM nodes WHERE number = ?", (number,))
        self._connection.executemany("DELETE FROM holds WHERE file_and_leaf = ?", zip(_rows(node, number)))
        for child in set(_iter_children(node)):
            below = (self._number(child), number)
            self._connection.execute("DELETE FROM parents WHERE child = ? AND parent = ?", below)
            self._drop(child, root)

    def _number(self, node_id: NodeId) -> int | None:
        row = self._connection.execute("SELECT number FROM nodes WHERE id = ?", (node_id,)).fetchone()
        return None if row is None else int(row[0])


class _Search:
    """Follows the index upwards, and checks every step against the nodes."""

    def __init__(self, connection: sqlite3.Connection, nodes: NodeCache, root: NodeId) -> None:
        self._connection = connection
        self._nodes = nodes
        self._root = root
        self._directories: dict[int, list[Path]] = {}

    def paths(self, files: Collection[FileId]) -> dict[FileId, list[Path]]:
        """All paths of each file."""
        return {file: list(dict.fromkeys(self._iter_paths(file))) for file in files}

    def _iter_paths(self, file: FileId) -> Iterator[Path]:
        wanted = encode_entry(FileEntry(file))
        first = _row(file, 0)
        query = "SELECT file_and_leaf - ?1 FROM holds WHERE file_and_leaf BETWEEN ?1 AND ?2"
        for (leaf,) in self._connection.execute(query, (first, first + _MOST_NODES)).fetchall():
            _, node = self._node(leaf)
            for key, value in zip(node.keys, node.values, strict=True):
                if value == wanted:
                    yield from ((*path, decode_name(key)) for path in self._paths_of_map(leaf))

    def _paths_of_map(self, number: int) -> list[Path]:
        """The paths of the directories whose maps have a node."""
        found = self._directories.get(number)
        if found is None:
            found = self._directories[number] = list(self._iter_paths_of_map(number))
        return found

    def _iter_paths_of_map(self, number: int) -> Iterator[Path]:
        node_id, node = self._node(number)
        if node_id == self._root:
            yield ROOT
        for parent in _parents(self._connection, number):
            _, above = self._node(parent)
            if above.level > 0:
                if _refers(above, node_id, node):
                    yield from self._paths_of_map(parent)
            else:
                names = [key for key, below in _iter_directories(above) if below.root == node_id]
                yield from ((*path, decode_name(name)) for name in names for path in self._paths_of_map(parent))

    def _node(self, number: int) -> tuple[NodeId, Node]:
        row = self._connection.execute("SELECT id FROM nodes WHERE number = ?", (number,)).fetchone()
        if row is None:
            raise sqlite3.DatabaseError("a row of the index is missing")
        return NodeId(row[0]), self._nodes.load(NodeId(row[0]))


def _parents(connection: sqlite3.Connection, number: int) -> list[int]:
    return [row[0] for row in connection.execute("SELECT parent FROM parents WHERE child = ?", (number,))]


def _refers(branch: Node, node_id: NodeId, node: Node) -> bool:
    """Whether a branch has the node as a child."""
    at = bisect_left(branch.keys, node.keys[-1]) if node.keys else len(branch.keys)
    return at < len(branch.keys) and reference_id(branch.values[at]) == node_id


def _rows(node: Node, number: int) -> list[int]:
    """Of `holds`, for the files in a leaf; none for a branch."""
    if node.level > 0:
        return []
    if number > _MOST_NODES:
        raise sqlite3.DatabaseError("the index has no room for more nodes")  # it is made anew
    files = map(find_file, node.values)
    return list({_row(file, number) for file in files if file is not None})


def _row(file: FileId, leaf: int) -> int:
    return (int.from_bytes(file[:_PREFIX_BYTES], "big") << _LEAF_BITS) + leaf


def _iter_children(node: Node) -> Iterator[NodeId]:
    """The nodes that a node leads to: children of a branch, topmost nodes of the directories that a leaf names."""
    if node.level > 0:
        yield from map(reference_id, node.values)
    else:
        yield from (below.root for _, below in _iter_directories(node))


def _iter_directories(leaf: Node) -> Iterator[tuple[bytes, Directory]]:
    for key, value in zip(leaf.keys, leaf.values, strict=True):
        if find_file(value) is None:
            entry = decode_entry(value)
            if isinstance(entry, Directory):
                yield key, entry
