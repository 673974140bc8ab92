"""Edits of a tree: what an operation changes, each change with what it expects to find.

An operation plans on one tree and is applied to the working state as it then is. `holds_still` tells whether
everything that the edits take or overwrite is as it was; if so, `apply_edits` gives the new tree at the cost of what
changes. The order of edits does not matter.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from dvcore.errors import ConflictError, InvalidInputError
from dvcore.ids import FileId, TreeId
from dvcore.model.declarations import LabelDeclaration, VariableDeclaration
from dvcore.model.files import FileRecord, encode_record
from dvcore.model.names import MAX_DEPTH, Path, format_path
from dvcore.model.tree import Directory, Entry, FileEntry, Tree, decode_entry, encode_entry
from dvcore.prolly import NodeReader, NodeWriter, ProllyMap, build, edit
from dvcore.repo.objects import save_tree
from dvcore.repo.treereader import TreeReader

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Change(Generic[T]):
    """What is expected and what it becomes; None where there is nothing."""

    before: T | None
    after: T | None


@dataclass(slots=True)
class Edits:
    """Changes by path, file and name. `takes` are entries that the plan read and relies on; `exact` plans hold for the
    very tree that they were made on and no other. Where one path of `entries` lies under another, the outer one comes
    first: the inner one changes what it put there."""

    entries: dict[Path, Change[Entry]] = field(default_factory=dict)
    files: dict[FileId, Change[FileRecord]] = field(default_factory=dict)
    variables: dict[str, Change[VariableDeclaration]] = field(default_factory=dict)
    labels: dict[str, Change[LabelDeclaration]] = field(default_factory=dict)
    takes: dict[Path, Entry] = field(default_factory=dict)
    exact: bool = False

    def __bool__(self) -> bool:
        return bool(self.entries or self.files or self.variables or self.labels)


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
        all(reader.find_entry(path) == change.before for path, change in edits.entries.items())
        and all(reader.find_entry(path) == entry for path, entry in edits.takes.items())
        and all(reader.find_record(file) == change.before for file, change in edits.files.items())
        and all(tree.find_variable(name) == change.before for name, change in edits.variables.items())
        and all(tree.find_label(name) == change.before for name, change in edits.labels.items())
        and all(numbers.get(change.after.number, name) == name for name, change in edits.labels.items() if change.after)
    )


def apply_edits(writer: NodeWriter, reader: TreeReader, edits: Edits) -> TreeId:
    """Write the tree that the edits make of another one.

    Raises ConflictError where a directory is wanted in the place of a file, InvalidInputError where entries would be
    nested too deep.
    """
    tree = reader.tree
    for path, change in edits.entries.items():
        _check_depth(writer, path, change.after)
    root = _apply_entries(writer, tree.root, (), _by_parent(edits.entries))
    files = edit(
        writer,
        tree.files,
        [(file, None if one.after is None else encode_record(one.after)) for file, one in edits.files.items()],
    )
    edited = replace(
        tree,
        root=root,
        files=files,
        variables=_declared(tree.variables, edits.variables),
        labels=_declared(tree.labels, edits.labels),
    )
    return save_tree(writer, edited)


def empty_tree(writer: NodeWriter) -> TreeId:
    """Write the tree that holds nothing."""
    nothing = build(writer, ())
    return save_tree(writer, Tree(Directory(nothing), nothing))


@dataclass(slots=True)
class _Branch:
    """The changes directly in a directory, and the directories under it that have any."""

    changes: dict[str, Change[Entry]] = field(default_factory=dict)
    under: dict[str, "_Branch"] = field(default_factory=dict)


def _by_parent(entries: Mapping[Path, Change[Entry]]) -> _Branch:
    top = _Branch()
    for path, change in entries.items():
        branch = top
        for name in path[:-1]:
            branch = branch.under.setdefault(name, _Branch())
        branch.changes[path[-1]] = change
    return top


def _apply_entries(writer: NodeWriter, directory: Directory, path: Path, branch: _Branch) -> Directory:
    """Edit the map of one directory, those under it first; missing ones on the way are made."""
    changes = dict(branch.changes)
    if branch.under:
        names = ProllyMap(writer, directory.root)
        for name, under in branch.under.items():
            before = names.get(name.encode())
            there = None if before is None else decode_entry(before)
            change = changes.get(name) or Change(there, there)
            start = _as_directory(writer, change.after, (*path, name))
            changes[name] = replace(change, after=_apply_entries(writer, start, (*path, name), under))
    root = edit(
        writer,
        directory.root,
        [(name.encode(), None if one.after is None else encode_entry(one.after)) for name, one in changes.items()],
    )
    files = sum(count_files(one.after) - count_files(one.before) for one in changes.values())
    directories = sum(count_directories(one.after) - count_directories(one.before) for one in changes.values())
    return Directory(root, directory.files + files, directory.directories + directories)


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
