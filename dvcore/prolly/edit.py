"""Edit: the map that comes of setting and removing some keys, at the cost of the nodes touched.

The result has the root that `build` gives for the same content, whatever the edits were.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from operator import itemgetter

from dvcore.errors import InvalidInputError
from dvcore.ids import NodeId
from dvcore.prolly.build import stack
from dvcore.prolly.cursor import Cursor
from dvcore.prolly.node import Node, find_fault, reference_id
from dvcore.prolly.nodes import NodeCache, NodeWriter, cached, write_nodes
from dvcore.prolly.splitter import Splitter

Edit = tuple[bytes, bytes | None]
"""Key and its new value; None removes the key."""


def edit(writer: NodeWriter, root: NodeId, edits: Iterable[Edit]) -> NodeId:
    """Put the nodes that the edited map does not share with the old; the id of its root.

    Edits come in any order. Removing a key that is absent changes nothing.

    1. Put the edits in key order.
    2. Edit one level after the other from the leaves up: what changed on one, old last keys out and new ones in with
       their references, is the edits of the next.
    3. Build levels above the old root where it has become several nodes.
    4. Go down to the lowest node that stands alone on its level.

    Raises InvalidInputError where a key is given twice, or a key or an entry is too large; CorruptError where a node on
    the way is not what it should be.
    """
    nodes = cached(writer)
    top = nodes.load(root)
    changes = _in_order(edits)  # 1
    for level in range(top.level + 1):  # 2
        if not changes:
            return root
        changes = _edit_level(nodes, writer, top, level, changes)
    if not changes:
        return root
    alone = stack(writer, top.level, [(key, value) for key, value in changes if value is not None])  # 3
    return _lowest_alone(nodes, alone)  # 4


def _in_order(edits: Iterable[Edit]) -> list[Edit]:
    ordered = sorted(edits, key=itemgetter(0))
    fault = find_fault(tuple(key for key, _ in ordered), tuple(b"" if value is None else value for _, value in ordered))
    if fault is not None:
        raise InvalidInputError(f"edits of a map cannot hold {fault}", hint="give each key once")
    return ordered


def _edit_level(nodes: NodeCache, writer: NodeWriter, top: Node, level: int, edits: list[Edit]) -> list[Edit]:
    """Cut one level anew wherever it is edited; the edits that this makes of the level above.

    From the node that covers an edit on, entries go through the splitter until a cut falls on the end of an old node:
    from there the old nodes stand, up to the one that covers the next edit.
    """
    splitter = Splitter(level)
    keys = [key for key, _ in edits]
    cursor = Cursor(nodes, top, level, keys[0])
    changes: dict[bytes, bytes | None] = {}
    done = 0
    while True:
        node = cursor.node
        until = len(keys) if cursor.is_last else bisect_right(keys, node.keys[-1], done)
        entries = _merge(node, edits[done:until])
        done = until
        if not splitter.is_fresh or entries != (node.keys, node.values):
            changes |= dict.fromkeys(node.keys[-1:])
            changes |= write_nodes(writer, splitter.feed(*entries))
        if not splitter.is_fresh:
            if not cursor.advance():
                break
        elif done == len(keys):
            break
        else:
            cursor.seek(keys[done])
    changes |= write_nodes(writer, splitter.finish())
    return sorted(changes.items(), key=itemgetter(0))


def _merge(node: Node, edits: list[Edit]) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    entries = dict(zip(node.keys, node.values, strict=True))
    for key, value in edits:
        if value is None:
            entries.pop(key, None)
        else:
            entries[key] = value
    keys = tuple(sorted(entries))
    return keys, tuple(map(entries.__getitem__, keys))


def _lowest_alone(nodes: NodeCache, root: NodeId) -> NodeId:
    node = nodes.load(root)
    while node.level > 0 and len(node.keys) == 1:
        root = reference_id(node.values[0])
        node = nodes.load(root)
    return root
