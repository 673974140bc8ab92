"""The functions of expressions: what they take and give. The list is fixed, and each gives the same on every machine.

Left out on purpose: whatever knows the time, chance or the machine; `round` to places and numbers as texts, as SQLite
changed how it writes them; patterns as a function.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final

ATTRIBUTE: Final = "attribute"
"""The function that gives an attribute of an instance; it is a sub-query, as `has` and `count` are."""


class Kind(Enum):
    """What a part of an expression gives."""

    BOOL = "true or false"
    INT = "a whole number"
    FLOAT = "a number"
    TEXT = "a text"
    NULL = "NULL"
    ATTRIBUTE = "an attribute"
    """Of no kind by itself: it takes that of what it is compared with."""


@dataclass(frozen=True, slots=True)
class Signature:
    """Kinds of the arguments (FLOAT takes whole numbers too), how many must be given, and the kind of the result; None
    is that of the first argument. With `same`, there may be more of them, all of one kind, whichever it is."""

    arguments: tuple[Kind, ...]
    required: int
    result: Kind | None
    same: bool = False


_SAME: Final = Signature((), 2, None, same=True)

SQL_FUNCTIONS: Final = {
    "abs": Signature((Kind.FLOAT,), 1, None),
    "coalesce": _SAME,
    "instr": Signature((Kind.TEXT, Kind.TEXT), 2, Kind.INT),
    "length": Signature((Kind.TEXT,), 1, Kind.INT),
    "lower": Signature((Kind.TEXT,), 1, Kind.TEXT),
    "max": _SAME,
    "min": _SAME,
    "replace": Signature((Kind.TEXT, Kind.TEXT, Kind.TEXT), 3, Kind.TEXT),
    "round": Signature((Kind.FLOAT,), 1, Kind.FLOAT),
    "substr": Signature((Kind.TEXT, Kind.INT, Kind.INT), 2, Kind.TEXT),
    "trim": Signature((Kind.TEXT, Kind.TEXT), 1, Kind.TEXT),
    "upper": Signature((Kind.TEXT,), 1, Kind.TEXT),
}
"""Those that SQLite has under the same name."""
