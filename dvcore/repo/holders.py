"""Which entries hold a file: the way back from file ids to paths.

`find_paths` looks at every leaf of every directory, each distinct directory once however often it is mirrored, and
opens only leaves that hold a wanted file. What it says is certain. `find_paths_quickly` asks an index in `cache/` where
that pays, for what is only shown.
"""

from collections.abc import Collection
from pathlib import Path as FolderPath
from typing import Final

from dvcore.ids import FileId, NodeId
from dvcore.model.names import Path, decode_name, path_sort_key
from dvcore.model.tree import Directory, FileEntry, decode_entry, encode_entry
from dvcore.prolly import NodeCache, NodeReader, ProllyMap

INDEXED_FILES: Final = 50_000
"""File entries from which on an index is kept: to look at fewer takes no longer than to open it."""
_SCANNED_SHARE: Final = 50
"""Where more than one in 50 files is wanted, nearly every leaf has to be read, and the scan is faster."""
_FOLDER: Final = "holders"

Held = list[tuple[Path, FileId]]
"""Paths below a directory, with the wanted files that they lead to."""


def find_paths(nodes: NodeReader, root: Directory, files: Collection[FileId]) -> dict[FileId, list[Path]]:
    """All paths of some files under a directory, in the order of their UTF-8 bytes."""
    found: dict[FileId, list[Path]] = {file: [] for file in files}
    if found:
        for path, file in _Search(nodes, files).under(root):
            found[file].append(path)
    return _ordered(found)


def find_paths_quickly(
    cache: FolderPath | None, nodes: NodeCache, root: Directory, files: Collection[FileId]
) -> dict[FileId, list[Path]]:
    """The same, by an index in the folder `cache` where the directory is large: made where it is missing, moved where
    it is of another state."""
    if cache is None or not files or root.files < max(INDEXED_FILES, _SCANNED_SHARE * len(files)):
        return find_paths(nodes, root, files)
    from dvcore.repo.holder_index import find_indexed_paths  # noqa: PLC0415 - 12 ms with SQLite, and few come here

    found = find_indexed_paths(cache / _FOLDER, nodes, root.root, files)
    return find_paths(nodes, root, files) if found is None else _ordered(found)


def _ordered(found: dict[FileId, list[Path]]) -> dict[FileId, list[Path]]:
    for paths in found.values():
        paths.sort(key=path_sort_key)
    return found


class _Search:
    """One search for some files; remembers what it found in each directory."""

    def __init__(self, nodes: NodeReader, files: Collection[FileId]) -> None:
        self._nodes = nodes
        self._wanted = {encode_entry(FileEntry(file)): file for file in files}
        self._known: dict[NodeId, Held] = {}

    def under(self, directory: Directory) -> Held:
        """What a directory holds at any depth."""
        known = self._known.get(directory.root)
        if known is None:
            known = self._known[directory.root] = self._look(directory)
        return known

    def _look(self, directory: Directory) -> Held:
        held: Held = []
        for leaf in ProllyMap(self._nodes, directory.root).iter_leaves():
            # A comparison of whole sets in C: a leaf has hundreds of entries, and nearly none is wanted.
            if not self._wanted.keys().isdisjoint(leaf.values):
                pairs = zip(leaf.keys, leaf.values, strict=True)
                held += [((decode_name(key),), self._wanted[value]) for key, value in pairs if value in self._wanted]
            if directory.directories:
                held += self._look_deeper(leaf.keys, leaf.values)
        return held

    def _look_deeper(self, keys: Collection[bytes], values: Collection[bytes]) -> Held:
        held: Held = []
        for key, value in zip(keys, values, strict=True):
            entry = decode_entry(value)
            if isinstance(entry, Directory):
                held += [((decode_name(key), *path), file) for path, file in self.under(entry)]
        return held
