"""Whether SQLite can prepare a query at all, tried in a process of its own.

SQLite writes out what a query's own tables stand for wherever they are mentioned: some hundred characters may become
gigabytes before the first step, while no clock is looked at. So a process without data, which may take little memory
and time, prepares it first, over empty tables of the same columns (`preparing_process`).
"""

import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from dvcore.errors import InvalidInputError, StorageError

_PROCESS: Final = str(Path(__file__).with_name("preparing_process.py"))
_SECONDS: Final = 60.0
"""For a process that may work for two; so slow a machine cannot be told from one that hangs."""
_ROWS: Final = re.compile(r"\b(?:select|values)\b", re.IGNORECASE)


def check_preparing(text: str, statements: Sequence[str], limits: Mapping[int, int]) -> None:
    """Raises InvalidInputError where the query takes too much to prepare over the tables that the statements make. A
    query that is wrong passes. `limits` are SQLite's, by their numbers.

    Raises StorageError where it cannot be tried.
    """
    if len(_ROWS.findall(text)) < 2:
        return  # nothing of its own to write out
    given = json.dumps({"text": text, "statements": [*statements], "limits": [*limits.items()]})
    try:
        command = [sys.executable, "-I", "-S", _PROCESS]
        done = subprocess.run(command, input=given.encode(), capture_output=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StorageError(f"cannot try the query in a process of its own: {error}", hint="try again") from None
    if done.returncode:
        raise InvalidInputError(
            "the query becomes too large before it begins", hint="mention its own tables and columns less often"
        )
