"""Which entries hold a file: the way back from file ids to paths.

Looks at every leaf of every directory, each distinct directory once however often it is mirrored, and opens only leaves
that hold a wanted file. The one place to replace by an index.
"""

from collections.abc import Collection

from dvcore.ids import FileId, NodeId
from dvcore.model.names import Path, decode_name, path_sort_key
from dvcore.model.tree import Directory, FileEntry, decode_entry, encode_entry
from dvcore.prolly import NodeReader, ProllyMap

Held = list[tuple[Path, FileId]]
"""Paths below a directory, with the wanted files that they lead to."""


def find_paths(nodes: NodeReader, root: Directory, files: Collection[FileId]) -> dict[FileId, list[Path]]:
    """All paths of some files under a directory, in the order of their UTF-8 bytes."""
    found: dict[FileId, list[Path]] = {file: [] for file in files}
    if found:
        for path, file in _Search(nodes, files).under(root):
            found[file].append(path)
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
