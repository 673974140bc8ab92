"""The seam to a remote: bytes under names, somewhere else.

Promises of every implementation (`tests/remote/test_storage_contract.py` is their common suite):

- What `put` has returned is there whole, for everybody, and survives a crash of the store as far as the store promises
  it; one that raised has left the object as it was or replaced it whole. Nobody ever reads half an object.
- Where `capabilities.conditional` says so, a put with a condition looks and writes in one step: of several that rest on
  the same state, one succeeds, and the others raise ConflictError. Where an answer got lost, so that nobody can say
  which it was, that is UnknownOutcomeError, never a false conflict and never a false success.
- Tries are bounded, in number and in time. What still fails is StorageError, and can be tried again.
- No name leaves the store's folder or prefix. No message holds a credential, whatever the provider's library says.
- Threads may share one. A process makes its own: none is used across `fork`.

What is read is not believed: whoever reads compares it with the hash that it should have.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, NewType, Protocol

from blake3 import blake3

from dvcore.errors import CorruptError, InvalidInputError

Tag = NewType("Tag", str)
"""Names one state of one object, as the store sees it; equal tags mean equal bytes. Only its store can read it."""

GET_LIMIT: Final = 256 << 20
"""Bytes that `get` takes into memory unless told otherwise: four times a pack."""

_SEGMENT: Final = r"[A-Za-z0-9_-][A-Za-z0-9._=-]{0,199}"
_NAME: Final = re.compile(f"{_SEGMENT}(?:/{_SEGMENT})*")
_MAX_NAME: Final = 600
"""Characters; S3 and GCS take 1,024 bytes with the prefix."""

Data = bytes | bytearray | memoryview


@dataclass(frozen=True, slots=True)
class Stored:
    """An object as it was read, and the tag of that state."""

    data: bytes
    tag: Tag


@dataclass(frozen=True, slots=True)
class Listed:
    """An object in a list: its size in bytes, and when it was written by the store's clock (aware)."""

    name: str
    size: int
    time: datetime


@dataclass(frozen=True, slots=True)
class Always:
    """Put whatever is there."""


@dataclass(frozen=True, slots=True)
class Absent:
    """Put only where there is no object of the name."""


@dataclass(frozen=True, slots=True)
class Matches:
    """Put only over the state of this tag."""

    tag: Tag


Condition = Always | Absent | Matches
ALWAYS: Final = Always()
ABSENT: Final = Absent()


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a store can do.

    `conditional`: a put with a condition is one step. Where it is not, the condition is looked at, and then written:
    two at the same time may both succeed, and one is lost.
    """

    writable: bool = True
    conditional: bool = True
    lists: bool = True


class Storage(Protocol):
    """See the module for what it promises.

    Every method raises InvalidInputError for a name that `check_name` refuses, AccessDeniedError, and StorageError
    where the store, its bucket or folder, or the way to it fails.
    """

    @property
    def capabilities(self) -> Capabilities:
        """What a store of this kind should be able to do; `probing.probe` finds out what this one does."""

    def describe(self) -> str:
        """Where it is, for messages; without credentials."""

    def get(self, name: str, *, limit: int = GET_LIMIT) -> Stored:
        """The whole object.

        Raises NotFoundError; CorruptError, before its body is read, for one of more than `limit` bytes.
        """

    def get_range(self, name: str, start: int, length: int) -> bytes:
        """Exactly these bytes of an object; nothing is asked of the store where `length` is 0.

        Raises NotFoundError; CorruptError where the object ends before.
        """

    def put(self, name: str, data: Data, *, condition: Condition = ALWAYS) -> None:
        """Write an object.

        Raises ConflictError where the condition does not hold; UnknownOutcomeError, with a condition only.
        """

    def put_file(self, name: str, path: Path) -> None:
        """Write an object from a file of any size, in bounded memory; nobody may change the file meanwhile.

        Raises StorageError also where the file cannot be read.
        """

    def iter_names(self, prefix: str = "") -> Iterator[Listed]:
        """What lies under a folder (`packs`: all of `packs/…`), or all; other people's files are passed over.

        Objects that come or go meanwhile may or may not be listed. Raises StateError where nothing can be listed.
        """

    def is_empty(self) -> bool:
        """Whether nothing lies there, of whatever name: other people's files count, what is our own of a write that was
        killed does not. Raises StateError where nothing can be listed."""

    def remove(self, name: str) -> None:
        """Take an object away; none of the name is no error."""


def content_tag(data: Data) -> Tag:
    """The tag that stores of our own give: it follows from the bytes."""
    return Tag(blake3(data).hexdigest())


def check_name(name: str) -> str:
    """Raises InvalidInputError for what is no name. One is ASCII segments between slashes; none begins with a dot."""
    if len(name) > _MAX_NAME or not _NAME.fullmatch(name):
        raise InvalidInputError(f"{name[:80]!r} cannot be the name of an object on a remote")
    return name


def is_name(name: str) -> bool:
    """Whether it can be a name, of those that a listing gives."""
    return len(name) <= _MAX_NAME and _NAME.fullmatch(name) is not None


def check_prefix(prefix: str) -> str:
    """A folder's name without its last slash. Raises InvalidInputError."""
    folder = prefix.rstrip("/")
    return check_name(folder) if folder else folder


def check_range(start: int, length: int) -> None:
    """Raises InvalidInputError for what no object has."""
    if start < 0 or length < 0:
        raise InvalidInputError(f"there are no bytes {start} to {start + length}")


def check_size(size: int, limit: int, name: str, where: str) -> None:
    """Raises CorruptError for an object that is larger than the reader takes."""
    if size > limit:
        raise CorruptError(f"{name} on {where} has {size:,} bytes, and at most {limit:,} are taken")


def check_length(data: bytes, start: int, length: int, name: str, where: str) -> bytes:
    """Raises CorruptError where a range came back shorter, or longer, than was asked for."""
    if len(data) != length:
        raise CorruptError(f"{name} on {where} does not have the bytes {start:,} to {start + length:,}")
    return data
