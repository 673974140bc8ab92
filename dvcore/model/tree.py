"""The whole state of a dataset: root directory, files, declarations."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from dvcore.encoding import check_id, decode, decode_object, encode, encode_object, is_count
from dvcore.errors import CorruptError, NeedsNewerError
from dvcore.ids import ID_BYTES, FileId, NodeId
from dvcore.model.conflicts import Merging, pack_merging, unpack_merging
from dvcore.model.declarations import (
    LabelDeclaration,
    VariableDeclaration,
    least_tree_version,
    pack_label,
    pack_variable,
    unpack_label,
    unpack_variable,
)

KIND: Final = "tree"
NEWEST_VERSION: Final = 3
"""2 brought defaults of variables and keypoints of labels, 3 merges that are not committed yet; a tree is written as
the lowest version that holds it."""

_FILE: Final = 0
_DIRECTORY: Final = 1
_FILE_ENTRY_HEAD: Final = b"\x92\x00\xc4\x20"
"""Array of 2, the number 0, byte string of 32."""
_FILE_ENTRY_BYTES: Final = len(_FILE_ENTRY_HEAD) + ID_BYTES


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A directory's name for a file."""

    file: FileId


@dataclass(frozen=True, slots=True)
class Directory:
    """A prolly map name -> entry, by its root, and how many file entries and how many directories are under it at any
    depth. An entry of this kind mirrors the directory: whoever has the same root has the same files."""

    root: NodeId
    files: int = 0
    directories: int = 0


Entry = FileEntry | Directory


@dataclass(frozen=True, slots=True)
class Tree:
    """`files` is the root of the prolly map file id -> record; it holds exactly the files that some directory holds.
    `merging` is there in a working state whose merge has conflicts, and never in a commit's tree."""

    root: Directory
    files: NodeId
    variables: tuple[VariableDeclaration, ...] = ()
    labels: tuple[LabelDeclaration, ...] = ()
    merging: Merging | None = None

    def find_variable(self, name: str) -> VariableDeclaration | None:
        """The declaration of a variable, or None."""
        return next((one for one in self.variables if one.name == name), None)

    def find_label(self, name: str) -> LabelDeclaration | None:
        """The declaration of a label, or None."""
        return next((one for one in self.labels if one.name == name), None)


def encode_tree(tree: Tree) -> bytes:
    """The bytes of the object."""
    return encode_object(
        KIND,
        _least_version(tree),
        {
            "root": [tree.root.root, tree.root.files, tree.root.directories],
            "files": tree.files,
            "variables": [pack_variable(one) for one in tree.variables] or None,
            "labels": [pack_label(one) for one in tree.labels] or None,
            "merging": None if tree.merging is None else pack_merging(tree.merging),
        },
    )


def decode_tree(data: bytes) -> Tree:
    """The object that the bytes hold.

    Raises CorruptError, NeedsNewerError.
    """
    fields = decode_object(data, KIND, newest=NEWEST_VERSION)
    merging = fields.array_or_none("merging")
    tree = Tree(
        root=_unpack_directory(fields.array("root")),
        files=NodeId(fields.id("files")),
        variables=tuple(unpack_variable(raw) for raw in fields.array_or_empty("variables")),
        labels=tuple(unpack_label(raw) for raw in fields.array_or_empty("labels")),
        merging=None if merging is None else unpack_merging(merging),
    )
    fields.end()
    fields.check_version(_least_version(tree))
    if _has_twins(one.name for one in tree.variables):
        raise CorruptError("a tree declares a variable twice")
    if _has_twins(one.name for one in tree.labels) or _has_twins(one.number for one in tree.labels):
        raise CorruptError("a tree declares a label, or a label's number, twice")
    return tree


def _least_version(tree: Tree) -> int:
    return least_tree_version(tree.variables, tree.labels) if tree.merging is None else 3


def _has_twins(values: Iterable[str | int]) -> bool:
    listed = list(values)
    return len(set(listed)) < len(listed)


def encode_entry(entry: Entry) -> bytes:
    """The value that a directory's map holds under a name."""
    if isinstance(entry, FileEntry) and len(entry.file) == ID_BYTES:
        return _FILE_ENTRY_HEAD + entry.file
    if isinstance(entry, FileEntry):
        return encode([_FILE, entry.file])
    return encode([_DIRECTORY, entry.root, entry.files, entry.directories])


def decode_entry(data: bytes) -> Entry:
    """The entry that a value holds.

    Raises CorruptError, NeedsNewerError.
    """
    file = find_file(data)
    if file is not None:
        return FileEntry(file)
    match decode(data):
        case [kind, *rest] if kind == _DIRECTORY and is_count(kind):
            return _unpack_directory(rest)
        case [kind, *_] if is_count(kind) and kind > _DIRECTORY:
            raise NeedsNewerError(f"a directory holds an entry of kind {kind}", hint="it needs a newer dset")
        case _:
            raise CorruptError("a directory holds an entry that is none")


def decode_entry_or_none(data: bytes | None) -> Entry | None:
    """The same of a value that a map may not have."""
    return None if data is None else decode_entry(data)


def find_file(data: bytes) -> FileId | None:
    """The file that an encoded entry leads to, or None where it is of another kind.

    Nearly all entries are files, always 36 bytes of which 4 are the same: a scan of a million of them is as fast as
    this comparison.
    """
    is_file = len(data) == _FILE_ENTRY_BYTES and data.startswith(_FILE_ENTRY_HEAD)
    return FileId(data[len(_FILE_ENTRY_HEAD) :]) if is_file else None


def _unpack_directory(raw: list[Any]) -> Directory:
    match raw:
        case [bytes(root), files, directories] if is_count(files) and is_count(directories):
            return Directory(NodeId(check_id(root, "directory", "root")), files, directories)
        case _:
            raise CorruptError("a directory is none")
