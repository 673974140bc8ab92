"""Node of a prolly map: a run of entries in key order, and its canonical bytes.

Leaves and branches have one shape. In a leaf (level 0) an entry is a key and its value; in a branch (level n > 0) it is
the last key under a child and a *reference* to that child: its id and the number of entries under it, 40 bytes. So
whatever cuts, writes and merges entries works on every level without asking which.

`docs/format/prolly.md` is the specification.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import add, lt
from typing import Final

import msgpack

from dvcore.encoding import decode_object
from dvcore.errors import CorruptError
from dvcore.ids import ID_BYTES, NodeId

KIND: Final = "node"
VERSION: Final = 1

MAX_KEY_BYTES: Final = 1024
MAX_ENTRY_BYTES: Final = 256 * 1024
"""Key and value together; with the heaviest possible last entry a node stays under 321 KiB."""
MAX_LEVEL: Final = 16
"""A closed branch has 16 children or more, so no map that can exist reaches this; deeper ones are refused."""

COUNT_BYTES: Final = 8
MAX_COUNT: Final = 2**63 - 1
REFERENCE_BYTES: Final = ID_BYTES + COUNT_BYTES

Entry = tuple[bytes, bytes]
"""Key and value, or last key under a child and the reference to it."""

# A node holds bytes and one small int, which the canonical encoder would copy item by item, at ten times the cost.
_pack = msgpack.Packer(use_bin_type=True, autoreset=True).pack


@dataclass(frozen=True, slots=True)
class Node:
    """Entries with strictly ascending keys; `values[i]` belongs to `keys[i]`."""

    level: int
    keys: tuple[bytes, ...]
    values: tuple[bytes, ...]

    @property
    def count(self) -> int:
        """Entries of the map under this node; raises CorruptError where a branch claims 2**63 or more."""
        if self.level == 0:
            return len(self.keys)
        total = sum(map(reference_count, self.values))
        if total > MAX_COUNT:
            raise CorruptError(f"a node of a map claims {total} entries")
        return total


def encode_node(node: Node) -> bytes:
    """The bytes that `dvcore.encoding.encode_object` gives for the node's fields."""
    data: bytes = _pack([KIND, VERSION, {"keys": node.keys, "level": node.level, "values": node.values}])
    return data


def decode_node(data: bytes) -> Node:
    """The node that these bytes hold.

    Raises CorruptError where they are no canonical bytes of a possible node, NeedsNewerError where they are a later
    version's.
    """
    fields = decode_object(data, KIND, newest=VERSION, is_checked=False)
    level = fields.integer("level")
    node = Node(level, tuple(fields.array("keys")), tuple(fields.array("values")))
    fields.end()
    fault = find_fault(node.keys, node.values) or _shape_fault(node)
    if fault is not None:
        raise CorruptError(f"a node of a map holds {fault}")
    if encode_node(node) != data:
        raise CorruptError("a node of a map is not canonically encoded")
    return node


def encode_reference(node_id: bytes, count: int) -> bytes:
    """Reference to a child: its id, then the number of entries under it, big-endian."""
    return node_id + count.to_bytes(COUNT_BYTES, "big")


def reference_id(reference: bytes) -> NodeId:
    """Id of the child."""
    return NodeId(reference[:ID_BYTES])


def reference_count(reference: bytes) -> int:
    """Entries under the child."""
    return int.from_bytes(reference[ID_BYTES:], "big")


def find_fault(keys: tuple[bytes, ...], values: tuple[bytes, ...]) -> str | None:
    """Why these cannot be consecutive entries of a map, as the object of "it holds …", or None where they can.

    Built of whole-tuple operations: this runs over every entry that is ever built or decoded.
    """
    if len(keys) != len(values):
        return f"{len(keys)} keys and {len(values)} values"
    if not {bytes}.issuperset(map(type, keys + values)):
        return "an entry that is not made of bytes"
    ascending = list(map(lt, keys, keys[1:]))
    if not all(ascending):
        at = ascending.index(False)
        return f"the key {_shown(keys[at + 1])} directly after {_shown(keys[at])}"
    lengths = list(map(len, keys))
    if max(lengths, default=0) > MAX_KEY_BYTES:
        at = lengths.index(max(lengths))
        return f"the key {_shown(keys[at])} of {lengths[at]} bytes, over {MAX_KEY_BYTES}"
    sizes = list(map(add, lengths, map(len, values)))
    if max(sizes, default=0) > MAX_ENTRY_BYTES:
        at = sizes.index(max(sizes))
        return f"under the key {_shown(keys[at])} an entry of {sizes[at]} bytes, over {MAX_ENTRY_BYTES}"
    return None


def _shape_fault(node: Node) -> str | None:
    if node.level == 0:
        return None
    if node.level > MAX_LEVEL:
        return f"the level {node.level}, over {MAX_LEVEL}"
    if not node.keys:
        return "no children"
    if set(map(len, node.values)) != {REFERENCE_BYTES}:
        return f"a reference to a child that is not {REFERENCE_BYTES} bytes long"
    return None


def _shown(key: bytes) -> str:
    return repr(key if len(key) <= 64 else key[:61] + b"...")
