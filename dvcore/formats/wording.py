"""Words of messages that all of this package says."""

import os
from pathlib import Path as FolderPath


def format_place(place: str | FolderPath) -> str:
    """A place on the disk, for messages: bytes that are no UTF-8 are escaped."""
    return os.fsencode(place).decode(errors="backslashreplace")


def format_count(number: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def format_reason(error: OSError | ValueError) -> str:
    """What the system says of a failure, without its number and the place again."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
