"""How much of its file an LMDB store needs, and what an entry takes.

LMDB's files never shrink: what is removed leaves free pages, which later writes fill. `mdb.c` is the source of the
sizes.
"""

from dataclasses import dataclass
from typing import Final

import lmdb

_PAGE: Final = 4096
_PAGE_HEADER: Final = 16
_NODE_HEADER: Final = 8
_SLOT: Final = 2
_PAGE_NUMBER: Final = 8
_LARGEST_NODE: Final = (_PAGE - _PAGE_HEADER) // 2 - 2


@dataclass(frozen=True, slots=True)
class Room:
    """The size of a store's file, and how much of it holds entries; the rest is free pages. In bytes."""

    file: int
    used: int


def environment_room(environment: lmdb.Environment) -> Room:
    """Of the newest state."""
    stat = environment.stat()
    used = stat["branch_pages"] + stat["leaf_pages"] + stat["overflow_pages"]
    return Room((environment.info()["last_pgno"] + 1) * stat["psize"], used * stat["psize"])


def entry_room(key_bytes: int, value_bytes: int) -> int:
    """What an entry takes: on its page, and on pages of its own where it is large."""
    node = _NODE_HEADER + key_bytes + value_bytes
    if node <= _LARGEST_NODE:
        return _SLOT + node
    pages = -(-(_PAGE_HEADER + value_bytes) // _PAGE)
    return _SLOT + _NODE_HEADER + key_bytes + _PAGE_NUMBER + pages * _PAGE
