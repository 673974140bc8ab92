"""Prepares one query, and ends with 0 where that, or refusing it, took no more than it may.

Runs by itself, without this package or any other: `preparing` starts it and writes to its standard input.
"""

import json
import resource
import sqlite3
import sys
from contextlib import suppress
from typing import Final

_CPU_SECONDS: Final = 2
_BYTES: Final = 400_000_000
"""Of addresses, of which Python itself has 30 to 100 MB."""


def main() -> int:
    """The exit status; there is none where the time is over."""
    given = json.load(sys.stdin.buffer)
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    with suppress(ValueError, OSError):  # not everywhere; the time bounds the memory too, some GB
        resource.setrlimit(resource.RLIMIT_AS, (_BYTES, _BYTES))
    connection = sqlite3.connect(":memory:")
    for statement in given["statements"]:
        connection.execute(statement)
    for limit, value in given["limits"]:
        connection.setlimit(limit, value)
    try:
        connection.execute(f"EXPLAIN {given['text']}")
    except MemoryError:
        return 1
    except sqlite3.Error:
        return 0  # whoever runs it will tell
    return 0


if __name__ == "__main__":
    sys.exit(main())
