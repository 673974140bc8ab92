"""JSON that people and scripts write: none of it is dropped without a word."""

import json
from functools import partial
from typing import Any

from dvcore.errors import InvalidInputError


def parse_json(text: str, where: str) -> Any:
    """The value; `where` names the text in messages.

    Raises InvalidInputError where it is no JSON, or an object in it has a key twice.
    """
    try:
        return json.loads(text, object_pairs_hook=partial(_unique, where))
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"{where} is no JSON: {error}") from None


def _unique(where: str, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of a key that is there twice, Python's reader takes the last one: what the others say is lost."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise InvalidInputError(f"{where} has the key {key!r} twice in one object")
        found[key] = value
    return found
