"""What lies where on a remote: names of the root, the packs and the indexes.

Names are made here and nowhere else. What a remote lists is only ever matched against them, so that no name of its
choosing becomes a path.
"""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from dvcore.ids import format_id

ROOT: Final = "root"
PACKS: Final = "packs/"
INDEXES: Final = "indexes/"

_PACK: Final = re.compile(r"packs/(metadata|blobs)/([0-9a-f]{2})/(\2[0-9a-f]{62})", re.ASCII)
_INDEX: Final = re.compile(r"indexes/([0-9a-f]{64})", re.ASCII)


class PackKind(Enum):
    """What a pack holds, as its name says: by prefix, a bucket's rules can move blobs to slower storage."""

    METADATA = "metadata"
    """Objects and chunk lists."""
    BLOBS = "blobs"
    """Blobs and chunks."""

    @property
    def code(self) -> bytes:
        """The byte that says so in packs and indexes."""
        return b"m" if self is PackKind.METADATA else b"b"


@dataclass(frozen=True, slots=True)
class PackRef:
    """A pack: its id is the BLAKE3 of its bytes, of which there are `size`."""

    kind: PackKind
    id: bytes
    size: int

    @property
    def name(self) -> str:
        """Its name on the remote; the two digits keep folders small."""
        digits = format_id(self.id)
        return f"{PACKS}{self.kind.value}/{digits[:2]}/{digits}"


@dataclass(frozen=True, slots=True)
class IndexRef:
    """An index: its id is the BLAKE3 of its bytes, of which there are `size`; it lists `entries`."""

    id: bytes
    size: int
    entries: int

    @property
    def name(self) -> str:
        """Its name on the remote."""
        return INDEXES + format_id(self.id)


def find_pack(name: str, size: int) -> PackRef | None:
    """The pack that a listed name is of, or None where it is another's."""
    match = _PACK.fullmatch(name)
    return None if match is None else PackRef(PackKind(match[1]), bytes.fromhex(match[3]), size)


def find_index_id(name: str) -> bytes | None:
    """The id of the index that a listed name is of, or None where it is another's."""
    match = _INDEX.fullmatch(name)
    return None if match is None else bytes.fromhex(match[1])
