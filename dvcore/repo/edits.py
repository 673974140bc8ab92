"""Edits of a tree: what an operation changes, each change with what it expects to find.

An operation plans on one tree and is applied to the working state as it then is. `holds_still` tells whether
everything that the edits take or overwrite is as it was; if so, `apply_edits` gives the new tree at the cost of what
changes. The order of edits does not matter.

A plan of a few edits keeps them in dicts; one that may have a million takes `spilling_edits`, which hold them in
bounded memory. Both are worked through in chunks.
"""

from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path as FolderPath
from typing import Final, Generic, TypeVar

from dvcore.errors import ConflictError, InvalidInputError
from dvcore.ids import FileId, NodeId, TreeId
from dvcore.model.declarations import LabelDeclaration, VariableDeclaration
from dvcore.model.files import FileRecord, decode_record, encode_record
from dvcore.model.names import MAX_DEPTH, Path, format_path
from dvcore.model.tree import Directory, Entry, FileEntry, Tree, decode_entry, decode_entry_or_none, encode_entry
from dvcore.prolly import Edit, NodeReader, NodeWriter, ProllyMap, build, edit
from dvcore.repo.conflicts import has_conflicts, without_conflicts
from dvcore.repo.editmaps import FileMap, Level, PathMap
from dvcore.repo.objects import save_tree
from dvcore.repo.treereader import TreeReader

T = TypeVar("T")

CHUNK: Final = 32_768
"""Edits of one map that are in memory at a time, some 20 MB. The nodes at the edges of a chunk are written twice."""
_LENGTH_BYTES: Final = 4


@dataclass(frozen=True, slots=True)
class Change(Generic[T]):
    """What is expected and what it becomes; None where there is nothing."""

    before: T | None
    after: T | None


@dataclass(slots=True)
class Edits:
    """Changes by path, file and name. `settles` are keys of a merge's conflicts that are settled. `takes` are entries
    that the plan read and relies on; `exact` plans hold for the very tree that they were made on and no other. Where
    one path of `entries` lies under another, the outer one comes first: the inner one changes what it put there."""

    entries: MutableMapping[Path, Change[Entry]] = field(default_factory=dict)
    files: MutableMapping[FileId, Change[FileRecord]] = field(default_factory=dict)
    variables: dict[str, Change[VariableDeclaration]] = field(default_factory=dict)
    labels: dict[str, Change[LabelDeclaration]] = field(default_factory=dict)
    settles: set[bytes] = field(default_factory=set)
    takes: MutableMapping[Path, Entry] = field(default_factory=dict)
    exact: bool = False

    def __bool__(self) -> bool:
        return bool(self.entries or self.files or self.variables or self.labels or self.settles)

    def close(self) -> None:
        """Give the room back that the maps may have on the disk."""
        for one in (self.entries, self.files, self.takes):
            if isinstance(one, PathMap | FileMap):
                one.close()


def spilling_edits(folder: FolderPath | None) -> Edits:
    """No edits yet, and room for any number: beyond what memory should hold, they go to private files in a folder."""
    return Edits(
        entries=PathMap(_encode_entry_change, _decode_entry_change, folder),
        files=FileMap(_encode_record_change, _decode_record_change, folder),
        takes=PathMap(encode_entry, decode_entry, folder),
    )


@contextmanager
def kept(edits: Edits) -> Iterator[Edits]:
    """The edits, whose room is given back where the plan that they are for fails."""
    try:
        yield edits
    except BaseException:
        edits.close()
        raise


def holds_still(reader: TreeReader, edits: Edits, planned_on: TreeId) -> bool:
    """Whether the tree is, wherever the edits touch or rely on it, as it was when they were planned."""
    if reader.id == planned_on:
        return True
    if edits.exact:
        return False
    tree, base = reader.tree, reader.objects.load_tree(planned_on)
    if (edits.files or edits.variables) and tree.variables != base.variables:
        return False  # which values a file may have, and which names are free, rests on the declarations
    if edits.files and not set(base.labels) <= set(tree.labels):
        return False  # instances may have labels that were declared then
    numbers = {one.number: one.name for one in tree.labels}
    return (
        all(reader.find_entry(path) == change.before for path, change in _iter_paths(edits.entries))
        and all(reader.find_entry(path) == entry for path, entry in _iter_paths(edits.takes))
        and all(before == found for _, before, found in iter_found(reader, edits.files))
        and all(tree.find_variable(name) == change.before for name, change in edits.variables.items())
        and all(tree.find_label(name) == change.before for name, change in edits.labels.items())
        and all(numbers.get(change.after.number, name) == name for name, change in edits.labels.items() if change.after)
        and has_conflicts(reader.objects, tree, edits.settles)
    )


def apply_edits(writer: NodeWriter, reader: TreeReader, edits: Edits) -> TreeId:
    """Write the tree that the edits make of another one.

    Raises ConflictError where a directory is wanted in the place of a file, InvalidInputError where entries would be
    nested too deep.
    """
    tree = reader.tree
    root = _apply_level(writer, tree.root, (), _by_path(edits.entries).top())
    files = _edit(writer, tree.files, ((file, after) for file, _, after in _iter_records(edits.files)))
    edited = replace(
        tree,
        root=root,
        files=files,
        variables=_declared(tree.variables, edits.variables),
        labels=_declared(tree.labels, edits.labels),
        merging=without_conflicts(writer, tree, edits.settles),
    )
    return save_tree(writer, edited)


def empty_tree(writer: NodeWriter) -> TreeId:
    """Write the tree that holds nothing."""
    nothing = build(writer, ())
    return save_tree(writer, Tree(Directory(nothing), nothing))


def iter_found(
    reader: TreeReader, files: Mapping[FileId, Change[FileRecord]]
) -> Iterator[tuple[FileId, bytes | None, bytes | None]]:
    """Each file of some edits, in the order of the ids, with the encoded record that is expected and the one that the
    tree has."""
    changes = _iter_records(files)
    while chunk := list(islice(changes, CHUNK)):
        found = reader.files.get_many([file for file, _, _ in chunk])
        yield from ((file, before, data) for (file, before, _), (_, data) in zip(chunk, found, strict=True))


def _apply_level(writer: NodeWriter, directory: Directory, path: Path, level: Level[Change[Entry]]) -> Directory:
    """Edit the map of one directory, those under it first."""
    changes = _iter_applied(writer, directory, path, level)
    while chunk := list(islice(changes, CHUNK)):
        root = edit(writer, directory.root, [(name.encode(), _entry_bytes(one.after)) for name, one in chunk])
        files = sum(count_files(one.after) - count_files(one.before) for _, one in chunk)
        directories = sum(count_directories(one.after) - count_directories(one.before) for _, one in chunk)
        directory = Directory(root, directory.files + files, directory.directories + directories)
    return directory


def _iter_applied(
    writer: NodeWriter, directory: Directory, path: Path, level: Level[Change[Entry]]
) -> Iterator[tuple[str, Change[Entry]]]:
    """The changes in a directory, in order, with what comes of the directories under it; missing ones on the way to a
    change are made."""
    names = ProllyMap(writer, directory.root)
    for name, planned, under in level:
        inner = (*path, name)
        change = planned
        if planned is not None:
            _check_depth(writer, inner, planned.after)
        if under is not None:
            before = names.get(name.encode())
            there = decode_entry_or_none(before)
            change = planned or Change(there, there)
            start = _as_directory(writer, change.after, inner)
            change = replace(change, after=_apply_level(writer, start, inner, under))
        if change is not None:
            yield name, change


def _edit(writer: NodeWriter, root: NodeId, sorted_edits: Iterator[Edit]) -> NodeId:
    while chunk := list(islice(sorted_edits, CHUNK)):
        root = edit(writer, root, chunk)
    return root


def _by_path(entries: MutableMapping[Path, Change[Entry]]) -> PathMap[Change[Entry]]:
    if isinstance(entries, PathMap):
        return entries
    sorted_out: PathMap[Change[Entry]] = PathMap(_encode_entry_change, _decode_entry_change)
    sorted_out.update(entries)
    return sorted_out


def _iter_paths(values: Mapping[Path, T]) -> Iterable[tuple[Path, T]]:
    return values.iter_values() if isinstance(values, PathMap) else values.items()


def _iter_records(
    files: Mapping[FileId, Change[FileRecord]],
) -> Iterator[tuple[FileId, bytes | None, bytes | None]]:
    """Files in the order of their ids, with their encoded records before and after."""
    if isinstance(files, FileMap):
        yield from ((file, *_split_change(data)) for file, data in files.iter_encoded())
    else:
        for file in sorted(files):
            yield file, _record_bytes(files[file].before), _record_bytes(files[file].after)


def _encode_entry_change(change: Change[Entry]) -> bytes:
    return _join_change(_entry_bytes(change.before), _entry_bytes(change.after))


def _decode_entry_change(data: bytes) -> Change[Entry]:
    before, after = _split_change(data)
    return Change(decode_entry_or_none(before), decode_entry_or_none(after))


def _encode_record_change(change: Change[FileRecord]) -> bytes:
    return _join_change(_record_bytes(change.before), _record_bytes(change.after))


def _decode_record_change(data: bytes) -> Change[FileRecord]:
    before, after = _split_change(data)
    return Change(None if before is None else decode_record(before), None if after is None else decode_record(after))


def _join_change(before: bytes | None, after: bytes | None) -> bytes:
    """The length of the first, then both; None is empty, as no encoded value is."""
    first = before or b""
    return len(first).to_bytes(_LENGTH_BYTES, "big") + first + (after or b"")


def _split_change(data: bytes) -> tuple[bytes | None, bytes | None]:
    end = _LENGTH_BYTES + int.from_bytes(data[:_LENGTH_BYTES], "big")
    return data[_LENGTH_BYTES:end] or None, data[end:] or None


def _entry_bytes(entry: Entry | None) -> bytes | None:
    return None if entry is None else encode_entry(entry)


def _record_bytes(record: FileRecord | None) -> bytes | None:
    return None if record is None else encode_record(record)


def _as_directory(writer: NodeWriter, entry: Entry | None, path: Path) -> Directory:
    if isinstance(entry, FileEntry):
        raise ConflictError(f"{format_path(path)!r} is a file, where a directory is wanted")
    return entry if entry is not None else Directory(build(writer, ()))


def _check_depth(nodes: NodeReader, path: Path, entry: Entry | None) -> None:
    """Raises InvalidInputError where an entry would lie, or hold others, deeper than paths may be.

    A directory with few others under it cannot be too deep; only of one with many, those that hold more are looked at.
    """
    if len(path) > MAX_DEPTH:
        raise InvalidInputError(f"{format_path(path[:4])}/… would be nested deeper than {MAX_DEPTH} directories")
    if isinstance(entry, Directory) and len(path) + 1 + entry.directories > MAX_DEPTH:
        for name, value in ProllyMap(nodes, entry.root).iter_items():
            _check_depth(nodes, (*path, name.decode()), decode_entry(value))


def count_directories(entry: Entry | None) -> int:
    """How many directories are at and under an entry."""
    return 1 + entry.directories if isinstance(entry, Directory) else 0


def count_files(entry: Entry | None) -> int:
    """How many file entries are at and under an entry."""
    if entry is None:
        return 0
    return 1 if isinstance(entry, FileEntry) else entry.files


Declaration = TypeVar("Declaration", VariableDeclaration, LabelDeclaration)


def _declared(present: Sequence[Declaration], changes: Mapping[str, Change[Declaration]]) -> tuple[Declaration, ...]:
    """Changed ones stay in their place, new ones come last."""
    declared: dict[str, Declaration | None] = {one.name: one for one in present}
    declared.update((name, change.after) for name, change in changes.items())
    return tuple(one for one in declared.values() if one is not None)
