"""Text files that options name, seen from the folder that the command runs in; `-` is standard input."""

import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import click

from dset.context import on_disk
from dset.output import note
from dvcore.errors import InvalidInputError, StorageError


def text_file() -> click.Path:
    """The type of an option that names a text file."""
    return click.Path(allow_dash=True, path_type=Path)


def read_text(path: Path) -> str:
    """What the file holds.

    Raises StorageError where it cannot be read, InvalidInputError where it is no UTF-8.
    """
    try:
        return sys.stdin.read() if str(path) == "-" else on_disk(path).read_text("utf-8")
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InvalidInputError(f"{name_of(path)} is no text in UTF-8") from None


def iter_lines(path: Path) -> Iterator[str]:
    """The lines of the file, one at a time, without their ends.

    Raises as `read_text` does.
    """
    try:
        with nullcontext(sys.stdin) if str(path) == "-" else on_disk(path).open(encoding="utf-8") as lines:
            for line in lines:
                yield line.rstrip("\r\n")
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InvalidInputError(f"{name_of(path)} is no text in UTF-8") from None


def write_text(path: Path, text: str) -> None:
    """Write a file, and say so on stderr.

    Raises StorageError where it cannot be written.
    """
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise StorageError(
            f"cannot write {path}: {error.strerror}", hint="name a file in a folder that is there"
        ) from None
    note(f"wrote {path}")


def name_of(path: Path) -> str:
    """What messages call the file."""
    return "standard input" if str(path) == "-" else str(path)
