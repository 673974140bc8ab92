"""Small YAML files that strangers wrote, as texts, lists and maps of texts.

Scalars stay texts, so that a class called `no` is not false and `1e3` is not a number; tags, such as those that make
objects, mean nothing. The parser is the one in Python: libyaml's recursion ends the process on a file of brackets.
"""

from typing import Any, Final

from dvcore.errors import InvalidInputError
from dvcore.formats.texts.plain_text import decode_text

MAX_BYTES: Final = 1 << 20
"""What takes the parser about two seconds; thousands of class names are a tenth of it."""


def parse_yaml(data: bytes) -> Any:
    """The value of a YAML file: texts, lists, dicts, None for an empty file.

    Raises InvalidInputError with the place in the file.
    """
    import yaml  # noqa: PLC0415 - 15 ms, and only YOLO's data sets have such a file

    if len(data) > MAX_BYTES:
        raise InvalidInputError(f"is too large for a description in YAML: {len(data):,} bytes")
    try:
        return yaml.load(decode_text(data), Loader=yaml.BaseLoader)
    except RecursionError:
        raise InvalidInputError("is nested too deeply for a description in YAML") from None
    except yaml.YAMLError as error:
        raise InvalidInputError(f"is no YAML: {' '.join(str(error).split())}") from None
