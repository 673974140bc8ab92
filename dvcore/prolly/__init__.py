"""The ordered Merkle map (prolly tree): keys and values are bytes, and one hash names the whole content.

Promises: the same content has the same root, however it came about; reading, editing and comparing cost what they
touch and not what is there; nodes are read through a seam of two methods and written through a third.

Modelled on Dolt's `store/prolly`. `docs/format/prolly.md` is the specification of the bytes.
"""

from dvcore.prolly.build import build
from dvcore.prolly.diff import Difference, diff
from dvcore.prolly.edit import Edit, edit
from dvcore.prolly.map import ProllyMap
from dvcore.prolly.node import MAX_ENTRY_BYTES, MAX_KEY_BYTES
from dvcore.prolly.nodes import NodeCache, NodeReader, NodeWriter
from dvcore.prolly.walk import iter_nodes, verify

__all__ = [
    "MAX_ENTRY_BYTES",
    "MAX_KEY_BYTES",
    "Difference",
    "Edit",
    "NodeCache",
    "NodeReader",
    "NodeWriter",
    "ProllyMap",
    "build",
    "diff",
    "edit",
    "iter_nodes",
    "verify",
]
