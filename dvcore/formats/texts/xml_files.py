"""XML of strangers as plain elements that know their lines.

Parsed by expat under defusedxml's guard, which refuses entities and anything outside the file. Every error says where
in the file it is.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import FileIO
from typing import Final
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from dvcore.errors import InvalidInputError
from dvcore.formats.texts.plain_text import parse_whole

_MAX_DEPTH: Final = 64
"""Elements in each other; annotations have at most 8."""
_READ_BYTES: Final = 1 << 20


@dataclass(slots=True)
class Element:
    """An element: its name without namespace, its attributes, the text before its first child with no space around it,
    its children, and the line that it begins in, from 1."""

    name: str
    attributes: dict[str, str]
    line: int
    text: str = ""
    children: list["Element"] = field(default_factory=list)

    def find(self, *names: str) -> "Element | None":
        """The first child of that name, of which the first child of the next name, and so on; or None."""
        found = self
        for name in names:
            for child in found.children:
                if child.name == name:
                    found = child
                    break
            else:
                return None
        return found

    def find_text(self, *names: str) -> str | None:
        """The text of what `find` finds; None where there is none or it is empty."""
        found = self.find(*names)
        return found.text or None if found else None

    def named(self, name: str) -> list["Element"]:
        """The children of that name."""
        return [child for child in self.children if child.name == name]


def parse_xml(data: bytes) -> Element:
    """The root of a document.

    Raises InvalidInputError, worded as a fault of the file.
    """
    root: Element | None = None
    for root, child in iter_children([data]):
        if child is not None:
            root.children.append(child)
    assert root is not None  # iter_children has raised for a document without one
    return root


def iter_children(pieces: Iterable[bytes]) -> Iterator[tuple[Element, Element | None]]:
    """The root, alone, and then with each of its children as soon as it is complete; of children that were given,
    nothing is held. The root has attributes but no text.

    Raises InvalidInputError, worded as a fault of the file, where the document ends or is none.
    """
    builder = _Builder()
    for piece in pieces:
        yield from builder.feed(piece)
    yield from builder.finish()


def parse_size(width: str | None, height: str | None) -> tuple[int, int] | None:
    """Width and height of an image as texts; None where one of them is missing.

    Raises InvalidInputError, worded to follow a name.
    """
    if width is None or height is None:
        return None
    size = parse_whole(width), parse_whole(height)
    if not 0 < min(size) <= max(size) < 2**31:
        raise InvalidInputError(f"has {size[0]} x {size[1]} as its width and height")
    return size


def pieces_of(file: FileIO) -> Iterator[bytes]:
    """An open file in pieces."""
    while piece := file.read(_READ_BYTES):
        yield piece


class _Builder:
    """Expat's events as elements. The parser's own handlers would build elements that know no lines, at twice the
    time; its guards stay as they are. The parser calls `data`."""

    def __init__(self) -> None:
        self._parser = DefusedXMLParser(target=self)
        self._expat = self._parser.parser
        self._expat.StartElementHandler = self._start
        self._expat.EndElementHandler = self._end
        self._expat.buffer_text = True
        self._open: list[Element] = []
        self._texts: list[str] | None = None  # of the innermost open element, until its first child
        self._complete: list[tuple[Element, Element | None]] = []

    def feed(self, data: bytes) -> list[tuple[Element, Element | None]]:
        """What is complete now. expat takes at most 2 GiB at once."""
        with _worded():
            for start in range(0, len(data), _READ_BYTES):
                self._parser.feed(data[start : start + _READ_BYTES])
        return self._given()

    def finish(self) -> list[tuple[Element, Element | None]]:
        """What the end completes: nothing, in a sound document."""
        with _worded():
            self._parser.close()
        return self._given()

    def _given(self) -> list[tuple[Element, Element | None]]:
        complete, self._complete = self._complete, []
        return complete

    def _start(self, name: str, attributes: list[str]) -> None:
        if len(self._open) == _MAX_DEPTH:
            raise InvalidInputError(f"is nested too deeply at line {self._expat.CurrentLineNumber}")
        element = Element(_local(name), _pairs(attributes) if attributes else {}, self._expat.CurrentLineNumber)
        self._close_text()
        self._texts = []
        if not self._open:
            self._complete.append((element, None))
        elif len(self._open) > 1:
            self._open[-1].children.append(element)
        self._open.append(element)

    def _end(self, _: str) -> None:
        self._close_text()
        element = self._open.pop()
        if len(self._open) == 1:
            self._complete.append((self._open[0], element))

    def data(self, text: str) -> None:
        """Take text, whole or in pieces."""
        if self._texts is not None:
            self._texts.append(text)

    def _close_text(self) -> None:
        if self._texts:
            self._open[-1].text = "".join(self._texts).strip()
        self._texts = None


def _local(name: str) -> str:
    # expat gives `namespace}name`.
    return name.rpartition("}")[2]


def _pairs(flat: list[str]) -> dict[str, str]:
    # The parser asks expat for attributes in their order: names and values in turn.
    return {_local(name): value for name, value in zip(flat[0::2], flat[1::2], strict=True)}


@contextmanager
def _worded() -> Iterator[None]:
    """Words what a parser raises."""
    try:
        yield
    except DefusedXmlException:
        raise InvalidInputError("declares entities, which annotations never need") from None
    except (ParseError, ValueError, LookupError) as error:  # the latter for encodings that nobody knows
        raise InvalidInputError(f"is no xml: {error}") from None
