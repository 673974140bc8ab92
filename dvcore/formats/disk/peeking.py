"""A look into a file to find out what it is: cheap, and good enough to choose by."""

import os
from pathlib import Path as FolderPath
from typing import Final

from dvcore.errors import InvalidInputError
from dvcore.formats.disk.steady import opened_steady
from dvcore.formats.texts.xml_files import Element, iter_children

PEEK_BYTES: Final = 1 << 18


def first_bytes(place: FolderPath) -> bytes:
    """The first quarter of a MiB of a file; nothing where it cannot be read, which whoever reads it says."""
    try:
        with opened_steady(os.fspath(place)) as (file, _):
            return file.read(PEEK_BYTES)
    except (OSError, InvalidInputError):
        return b""


def peek_xml(place: FolderPath) -> Element | None:
    """The root of a file with as many of its children as its first bytes hold; None where that begins no
    xml, or cannot be read."""
    root: Element | None = None
    try:
        for root, child in iter_children([first_bytes(place)]):
            if child is not None:
                root.children.append(child)
    except InvalidInputError:  # also of a file that ends later than that
        return root
    return root
