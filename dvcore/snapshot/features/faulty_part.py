"""How a message says which part of a definition is wrong: as people speak of it, or as its place in a TOML file."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from dvcore.errors import DsetError

Naming = Callable[[str, int, str], str]
"""What an entry of a list is called: of the list's key in TOML (`labels`), the entry's index, and its name."""

_NOUNS: Final = {"labels": "label", "splits": "split", "features": "feature", "features.classes": "class"}


def spoken(table: str, index: int, name: str) -> str:
    """`the label 'walnut'`."""
    return f"the {_NOUNS[table]} {name!r}"


def in_file(table: str, index: int, name: str) -> str:
    """`[[labels]] 2 ('walnut')`. TOML's reader gives no line numbers."""
    return f"[[{table}]] {index + 1} ({name!r})" if name else f"[[{table}]] {index + 1}"


@contextmanager
def in_part(place: str) -> Iterator[None]:
    """Whatever error of ours comes out of this names the place first."""
    try:
        yield
    except DsetError as error:
        error.message = f"{place}: {error.message}"
        raise
