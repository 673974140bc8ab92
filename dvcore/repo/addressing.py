"""Addresses: what people and scripts write for a file or a directory, its path or a file's id."""

import re
from collections.abc import Iterable
from typing import Final

from dvcore.ids import FileId
from dvcore.model.names import Path, parse_path
from dvcore.repo.treereader import TreeReader

_FILE_ID: Final = re.compile(r"[0-9a-f]{64}")


def resolve_address(reader: TreeReader, text: str) -> Path:
    """The path that a text names in a tree; for a file's id, the first of its paths.

    Raises InvalidInputError for a text that can be no path. Whether something is at the path is not asked.
    """
    return resolve_addresses(reader, [text])[0]


def resolve_addresses(reader: TreeReader, texts: Iterable[str]) -> list[Path]:
    """Many at once, at the cost of one search for all ids; see `resolve_address`."""
    asked = list(texts)
    ids = {text: FileId(bytes.fromhex(text)) for text in asked if _FILE_ID.fullmatch(text)}
    found = reader.certain_paths_of(ids.values())  # it may be about to be removed
    by_id = {text: found[file][0] for text, file in ids.items() if found[file]}
    return [by_id.get(text) or parse_path(text) for text in asked]
