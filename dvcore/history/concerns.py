"""Whether what changed between two trees is about a directory, a file, the instances of a label.

Roots and records that are equal are not looked into, so that an answer costs what changed. Readers of one history have
to share their nodes, since a tree is looked at as the newer one and then as the older one.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from dvcore.history.entry_changes import iter_entry_changes
from dvcore.ids import FileId
from dvcore.model.annotations import Instance
from dvcore.model.files import decode_record
from dvcore.model.names import ROOT, Path
from dvcore.model.tree import Directory, Entry, FileEntry, decode_entry, find_file
from dvcore.prolly import NodeReader, ProllyMap
from dvcore.prolly import diff as diff_maps
from dvcore.repo.holders import find_paths
from dvcore.repo.treereader import TreeReader

_Both = tuple[bytes | None, bytes | None]
"""Encoded records before and after."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a change has to be about, all at once: what is under a directory, one file, instances of a label."""

    directory: Path | None = None
    file: FileId | None = None
    label: str | None = None


class Concerns:
    """Tells of one pair of trees after the other, best of neighbours: of a directory, the files are kept at hand."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._members = _Members()

    def are_met(self, before: TreeReader, after: TreeReader) -> bool:
        """Whether something that is wanted differs."""
        label = self._wanted.label
        if before.id == after.id:
            return False
        if label is None:
            return self._has_moved(before, after) or any(True for _ in self._iter_records(before, after))
        if before.tree.find_label(label) is after.tree.find_label(label) is None:
            return False
        return any(_differs(before, after, both, label) for both in self._iter_records(before, after))

    def _has_moved(self, before: TreeReader, after: TreeReader) -> bool:
        """Whether the directory has other entries, or the file has."""
        if self._wanted.directory is not None:
            return before.find_entry(self._wanted.directory) != after.find_entry(self._wanted.directory)
        file = self._wanted.file
        changes = iter_entry_changes(before, after, ROOT, before.tree.root, after.tree.root)
        return file is not None and any(
            _holds(reader, entry, file) for _, old, new in changes for reader, entry in ((before, old), (after, new))
        )

    def _iter_records(self, before: TreeReader, after: TreeReader) -> Iterator[_Both]:
        """Records that differ, of files that are wanted."""
        if before.tree.files == after.tree.files:
            return
        if self._wanted.file is not None:
            both = before.files.get(self._wanted.file), after.files.get(self._wanted.file)
            if both[0] != both[1]:
                yield both
            return
        for one in diff_maps(after.nodes, before.tree.files, after.tree.files):
            if self._is_under(before if one.new is None else after, FileId(one.key)):
                yield one.old, one.new

    def _is_under(self, reader: TreeReader, file: FileId) -> bool:
        if not self._wanted.directory:
            return True
        entry = reader.find_entry(self._wanted.directory)
        return self._members.holds(reader, entry, file) if isinstance(entry, Directory) else _holds(reader, entry, file)


class _Members:
    """The files under a directory of one tree. Going on to another tree costs what the directory differs by."""

    def __init__(self) -> None:
        self._directory: Directory | None = None
        self._files: set[FileId] = set()
        """At least those under it."""
        self._left: set[FileId] = set()
        """Those that an entry went away of. They may have others."""

    def holds(self, reader: TreeReader, directory: Directory, file: FileId) -> bool:
        """Whether a file is under a directory."""
        if directory != self._directory:
            self._go_on(reader, directory)
        if file not in self._files:
            return False
        return file not in self._left or bool(find_paths(reader.nodes, directory, [file])[file])

    def _go_on(self, reader: TreeReader, directory: Directory) -> None:
        if self._directory is None:
            self._files.update(_iter_held(reader.nodes, directory))
        else:
            for _, old, new in iter_entry_changes(reader, reader, ROOT, self._directory, directory):
                self._left.update(_iter_held(reader.nodes, old))
                self._files.update(_iter_held(reader.nodes, new))
        self._directory = directory


def _iter_held(nodes: NodeReader, entry: Entry | None) -> Iterator[FileId]:
    """Files at and under an entry, one that is there twice twice."""
    if isinstance(entry, FileEntry):
        yield entry.file
    elif isinstance(entry, Directory):
        for leaf in ProllyMap(nodes, entry.root).iter_leaves():
            for value in leaf.values:
                file = find_file(value)
                if file is None:
                    yield from _iter_held(nodes, decode_entry(value))
                else:
                    yield file


def _holds(reader: TreeReader, entry: Entry | None, file: FileId) -> bool:
    if isinstance(entry, Directory):
        return bool(find_paths(reader.nodes, entry, [file])[file])
    return entry is not None and entry.file == file


def _differs(before: TreeReader, after: TreeReader, both: _Both, label: str) -> bool:
    """Whether a file's instances of a label do."""
    return _labelled(before, both[0], label) != _labelled(after, both[1], label)


def _labelled(reader: TreeReader, data: bytes | None, label: str) -> list[Instance]:
    if data is None:
        return []
    return [one for one in reader.annotations(decode_record(data)).instances if one.label == label]
