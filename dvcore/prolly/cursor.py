"""Cursor: stands on one node of one level and moves forward only."""

from __future__ import annotations

from bisect import bisect_left

from dvcore.prolly.node import Node
from dvcore.prolly.nodes import NodeCache, check_neighbours


class Cursor:
    """Begins at the node of `level` that covers `key`: the first that ends at or after it, else the last.

    Moving reads the nodes between the two places' common ancestor and the new place, and raises CorruptError where they
    are not in key order.
    """

    __slots__ = ("_level", "_nodes", "_path", "node")

    def __init__(self, nodes: NodeCache, root: Node, level: int, key: bytes = b"") -> None:
        self._nodes = nodes
        self._level = level
        self._path: list[tuple[Node, int]] = []  # branches from the root down, each with the place of its child
        self.node = self._descend(root, key)

    @property
    def is_last(self) -> bool:
        """Whether no node of the level follows."""
        return all(place == len(branch.keys) - 1 for branch, place in self._path)

    def seek(self, key: bytes) -> None:
        """Move to the node that covers `key`, which must not lie before this one."""
        node = self.node
        while self._path and key > node.keys[-1]:
            node, _ = self._path.pop()
        self._move(self._descend(node, key))

    def advance(self) -> bool:
        """Move to the next node; False, without a move, where this is the last."""
        if self.is_last:
            return False
        branch, place = self._path.pop()
        while place == len(branch.keys) - 1:
            branch, place = self._path.pop()
        self._move(self._descend(self._enter(branch, place + 1), b""))
        return True

    def _descend(self, node: Node, key: bytes) -> Node:
        while node.level > self._level:
            node = self._enter(node, min(bisect_left(node.keys, key), len(node.keys) - 1))
        return node

    def _enter(self, branch: Node, place: int) -> Node:
        self._path.append((branch, place))
        return self._nodes.load_child(branch.keys[place], branch.values[place], branch.level - 1)

    def _move(self, node: Node) -> None:
        if node is not self.node:
            check_neighbours(self.node.keys[-1], node)
            self.node = node
