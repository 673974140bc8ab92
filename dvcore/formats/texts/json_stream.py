"""Reads a json object of any size, member by member, and the lists in it item by item.

Memory holds one item and a few MiB of the file around it. Items are parsed by Python's own scanner, which is written in
C: a list of 100 MiB takes about a second. What is wrong with the json is named with its line and column.
"""

import codecs
import json
import re
from collections import deque
from collections.abc import Iterator
from io import FileIO
from typing import Any, Final

from dvcore.errors import InvalidInputError
from dvcore.formats.texts.json_files import take_pairs

_PIECE_BYTES: Final = 1 << 20
_LARGEST: Final = 64 << 20
"""Characters of one item: the outline of an image takes thousands of times fewer."""
_TOKEN: Final = 16
"""Characters: where less than this follows, a number or a name of json may go on in the next piece."""

_VALUES: Final = frozenset('{["-0123456789tfn')
"""What values begin with."""
_SPACE: Final = re.compile(r"[ \t\n\r]*")
_SCAN: Final = json.JSONDecoder(object_pairs_hook=take_pairs).raw_decode


def iter_members(file: FileIO) -> Iterator[tuple[str, Any]]:
    """Names and values of the object that a file holds from where it is read. A value that is a list is given as an
    iterator over its items, which ends, read or not, where the next member is asked for.

    Raises InvalidInputError, worded to follow the name of the file, where it holds anything else; OSError.
    """
    text = _Text(file)
    if text.next_sign() in _VALUES - {"{"}:
        raise InvalidInputError("holds no object")
    text.take("{")
    if text.found("}"):
        text.end()
        return
    while True:
        if text.next_sign() != '"':
            raise text.fault("Expecting property name enclosed in double quotes")
        name = text.value()
        text.take(":")
        if text.next_sign() == "[":
            items = _iter_items(text)
            yield name, items
            deque(items, maxlen=0)
        else:
            yield name, text.value()
        if text.found("}"):
            text.end()
            return
        text.take(",")


def iter_list(file: FileIO) -> Iterator[Any]:
    """The items of the list that a file holds. Raises as `iter_members` does."""
    text = _Text(file)
    if text.next_sign() in _VALUES - {"["}:
        raise InvalidInputError("holds no list")
    yield from _iter_items(text)
    text.end()


def _iter_items(text: "_Text") -> Iterator[Any]:
    text.take("[")
    if text.found("]"):
        return
    while True:
        yield text.value()
        if text.found(","):
            continue
        if text.found("]"):
            return
        raise text.fault("Expecting ','")


class _Text:
    """The text of a file, of which only what is not taken yet is held."""

    def __init__(self, file: FileIO) -> None:
        self._file = file
        self._text = ""
        self._at = 0
        self._lines = 0  # before the text that is held
        self._columns = 0  # of its first line, before it
        self._bytes = 0
        self._decoder: codecs.IncrementalDecoder | None = None
        self._is_at_end = False

    def next_sign(self) -> str:
        """The character that comes next but white space, which is taken; empty at the end."""
        while True:
            match = _SPACE.match(self._text, self._at)
            assert match is not None, "none is white space, too"
            self._at = match.end()
            if self._at < len(self._text) or not self._read_on():
                return self._text[self._at : self._at + 1]

    def found(self, sign: str) -> bool:
        """Take the character if it comes next."""
        is_next = self._text.startswith(sign, self._at) or self.next_sign() == sign
        self._at += is_next
        return is_next

    def take(self, sign: str) -> None:
        """Take the character, which has to come next."""
        if not self.found(sign):
            raise self.fault(f"Expecting {sign!r}")

    def end(self) -> None:
        """Nothing may follow."""
        if self.next_sign():
            raise self.fault("Extra data")

    def value(self) -> Any:
        """Take the value that comes next."""
        self.next_sign()
        while True:
            try:
                value, end = _SCAN(self._text, self._at)
            except json.JSONDecodeError as error:
                if self._is_cut_off(error) and self._read_on():
                    continue
                raise self.fault(error.msg, error.pos) from None
            except RecursionError:
                raise InvalidInputError("is nested too deeply for an annotation file") from None
            except ValueError as error:  # a number of thousands of digits, a name that stands there twice
                raise self.fault(str(error)) from None
            if end + _TOKEN < len(self._text) or not self._read_on():
                self._at = end
                return value

    def fault(self, reason: str, at: int | None = None) -> InvalidInputError:
        """What is wrong there, or where the text is taken to."""
        at = self._at if at is None else at
        line = self._text.count("\n", 0, at)
        column = at - self._text.rfind("\n", 0, at) if line else self._columns + at + 1
        return InvalidInputError(f"is no json: {reason}: line {self._lines + line + 1} column {column}")

    def _is_cut_off(self, error: json.JSONDecodeError) -> bool:
        return error.msg.startswith("Unterminated string") or error.pos + _TOKEN >= len(self._text)

    def _read_on(self) -> bool:
        """Hold more of the file, and nothing any more of what is taken; False, with all as it was, at the end."""
        if self._is_at_end:
            return False
        self._drop_taken()
        if len(self._text) > _LARGEST:
            raise self.fault(f"has a value of more than {_LARGEST >> 20} MiB")
        # As much again as there is, so that a large value is not scanned over and over.
        piece = self._file.read(max(_PIECE_BYTES, len(self._text)))
        self._text += self._decoded(piece)
        return True

    def _drop_taken(self) -> None:
        ended = self._text.count("\n", 0, self._at)
        self._lines += ended
        self._columns = self._at - self._text.rfind("\n", 0, self._at) - 1 if ended else self._columns + self._at
        self._text, self._at = self._text[self._at :], 0

    def _decoded(self, piece: bytes) -> str:
        self._is_at_end = not piece
        if self._decoder is None:
            self._decoder = codecs.getincrementaldecoder(json.detect_encoding(piece))()
        pending = len(self._decoder.getstate()[0])
        try:
            text = self._decoder.decode(piece, final=self._is_at_end)
        except UnicodeDecodeError as error:
            at = self._bytes - pending + error.start
            raise InvalidInputError(f"is no json: it is not {error.encoding} at byte {at}") from None
        self._bytes += len(piece)
        return text
