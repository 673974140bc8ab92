"""What comes from a remote is judged before it is stored: that it is of its kind, whole, and what its parent says.

Its hash says only that it is what the remote's ref leads to, and the remote may lie from the ref on. So each object is
decoded as what refers to it takes it for, nodes of maps are held against every reference to them, and directories may
not be nested too deep. What else can only be seen of a whole map, such as how many files are under a directory, is for
`dset fsck`; whoever reads such a map refuses what does not fit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from dvcore.errors import CorruptError
from dvcore.ids import format_id
from dvcore.model.annotations import decode_annotations
from dvcore.model.commit import decode_commit
from dvcore.model.manifest import decode_exported, decode_manifest, decode_reason
from dvcore.model.names import decode_name
from dvcore.model.tree import Tree, decode_entry, decode_tree, find_file
from dvcore.prolly.node import COUNT_BYTES, Node, decode_node, reference_count, reference_id
from dvcore.remote.exchange.fetch_depths import FetchDepths
from dvcore.repo.fsck.judging import check_file_ids
from dvcore.repo.fsck.masks import check_masks
from dvcore.repo.links import MAPS, Kind, Link
from dvcore.store.spilling import SpillingMap

_WORDS: Final = {
    Kind.COMMIT: "commit",
    Kind.TREE: "tree",
    Kind.DIRECTORY: "directory",
    Kind.FILES: "map of files",
    Kind.MANIFEST: "manifest",
    Kind.EXAMPLES: "map of examples",
    Kind.LEFT_OUT: "map of files that were left out",
    Kind.ANNOTATIONS: "annotation set",
    Kind.BLOB: "blob",
}


def word_for(link: Link) -> str:
    """What messages call it, such as `tree 1f3a…` with all digits."""
    return f"{_WORDS.get(link.kind, 'object')} {format_id(link.id)}"


class FetchChecks:
    """Judges objects, each with the links that lead to it. `folder` is where what grows with the history is kept."""

    def __init__(self, folder: Path | None) -> None:
        self._claims = SpillingMap(folder)
        self._depths = FetchDepths(folder)
        self._trees: dict[bytes, Tree] = {}
        """Loaded last; whether as new ones or to compare with, is not known yet."""

    def close(self) -> None:
        """Give the room back."""
        self._claims.close()
        self._depths.close()

    def check(self, link: Link, data: bytes) -> None:
        """Judge what came from the remote. What the records of files hold is left to who follows them.

        Raises CorruptError, NeedsNewerError for what is no object of this kind, or cannot be part of a history, or is
        not what refers to it says.
        """
        if link.kind in MAPS:
            node = decode_node(data)
            _check_node(link.kind, node)
            self._take_node(link, node)
        elif link.kind is Kind.COMMIT:
            decode_commit(data)
        elif link.kind is Kind.TREE:
            self._take_tree(link.id, data)
        elif link.kind is Kind.MANIFEST:
            decode_manifest(data)
        elif link.kind is Kind.ANNOTATIONS:
            check_masks(decode_annotations(data))
        else:
            raise CorruptError("it is nothing that a history leads to")

    def compare(self, link: Link, data: bytes) -> None:
        """Hold what was here before against what refers to it, which may have come from the remote.

        Raises CorruptError.
        """
        if link.kind in MAPS:
            self._take_node(link, decode_node(data))
        elif link.kind is Kind.TREE:
            self._take_tree(link.id, data)

    def accept(self, links: Iterable[Link]) -> None:
        """These, which were loaded just now, are part of what is fetched; others served to compare them with."""
        for link in links:
            tree = self._trees.pop(link.id, None)
            if tree is not None:
                self._depths.add_tree(link.id, tree)
        for tree in self._trees.values():
            self._depths.add_older(tree)
        self._trees = {}

    def check_depths(self, read: Callable[[bytes], bytes]) -> None:
        """Raises CorruptError for directories that are nested too deep. `read` gives the bytes of what is here."""
        self._depths.check(read)

    def _take_tree(self, id_: bytes, data: bytes) -> None:
        tree = decode_tree(data)
        if tree.merging is not None:
            raise CorruptError("it holds a merge that is not committed")
        self._trees[id_] = tree

    def _take_node(self, link: Link, node: Node) -> None:
        self._compare(link.id, node)
        if link.kind is Kind.DIRECTORY:
            self._depths.add_node(link.id, node)

    def _compare(self, id_: bytes, node: Node) -> None:
        if node.keys:
            self._claim(id_, node.level, node.count, node.keys[-1])
        if node.level > 0:
            for key, reference in zip(node.keys, node.values, strict=True):
                self._claim(reference_id(reference), node.level - 1, reference_count(reference), key)

    def _claim(self, id_: bytes, level: int, count: int, last: bytes) -> None:
        """What a node is, as it says itself or as a reference to it says: all must say the same."""
        claim = bytes([level]) + count.to_bytes(COUNT_BYTES, "big") + last
        known = self._claims.get(id_)
        if known is None:
            self._claims.put(id_, claim)
        elif known != claim:
            raise CorruptError(f"node {format_id(id_)} is not the child that its parent refers to")


def _check_node(kind: Kind, node: Node) -> None:
    if kind is Kind.CONFLICTS:
        raise CorruptError("it is part of a merge that is not committed")
    if kind is not Kind.DIRECTORY:
        check_file_ids(node)
    for key, value in zip(node.keys, node.values, strict=True) if node.level == 0 else ():
        if kind is Kind.DIRECTORY:
            decode_name(key)
            if find_file(value) is None:
                decode_entry(value)
        elif kind is Kind.EXAMPLES:
            decode_exported(value)
        elif kind is Kind.LEFT_OUT:
            decode_reason(value)
