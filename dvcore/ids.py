"""Typed ids: BLAKE3-256 digests, 32 raw bytes inside, lower-case hex at the edges.

Each kind of thing has its own type, so that a type checker catches a blob's id where a tree's is meant. At run time all
are plain `bytes`: they sort, hash and compare at the speed of bytes.
"""

from typing import NewType

from blake3 import blake3

from dvcore.errors import InvalidInputError

ID_BYTES = 32
SHORT_DIGITS = 12
"""Hex digits shown to people."""

BlobId = NewType("BlobId", bytes)
"""Plain BLAKE3 of a file's bytes; `b3sum` agrees."""
ChunkId = NewType("ChunkId", bytes)
"""Plain BLAKE3 of a stored piece of a large blob."""
NodeId = NewType("NodeId", bytes)
"""Node of a prolly map; the root's id names the whole map."""
AnnotationsId = NewType("AnnotationsId", bytes)
"""Annotation set of one file."""
TreeId = NewType("TreeId", bytes)
"""Whole state of a dataset."""
CommitId = NewType("CommitId", bytes)
ManifestId = NewType("ManifestId", bytes)
"""Snapshot manifest."""
FileId = NewType("FileId", bytes)
"""Derived, stable id of a file; not the hash of anything stored."""
InstanceId = NewType("InstanceId", bytes)
"""Derived, stable id of an instance; not the hash of anything stored."""


def digest(data: bytes | memoryview) -> bytes:
    """BLAKE3-256 of `data`, 32 bytes."""
    return blake3(data).digest()


def format_id(raw: bytes) -> str:
    """All 64 hex digits."""
    return raw.hex()


def format_short(raw: bytes) -> str:
    """The first 12 hex digits, for people."""
    return raw.hex()[:SHORT_DIGITS]


def parse_id(text: str) -> bytes:
    """The 32 bytes that 64 hex digits name.

    Raises InvalidInputError where `text` is anything else.
    """
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        raw = b""
    if len(raw) != ID_BYTES or text != raw.hex():
        raise InvalidInputError(f"{text!r} is no id", hint="an id is 64 lower-case hex digits")
    return raw
