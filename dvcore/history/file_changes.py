"""What happened to one file between two trees."""

from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Final

from dvcore.ids import ID_BYTES, FileId
from dvcore.model.files import FileRecord, decode_record
from dvcore.model.names import Path

_BETWEEN: Final = b"\0/\0"
"""No name has a slash."""


class Kind(Enum):
    """What happened to a file."""

    ADDED = "added"
    REMOVED = "removed"
    MODIFIED = "modified"
    MOVED = "moved"


@dataclass(frozen=True)  # no slots: the decoded records are kept
class FileChange:
    """One change. `path` is where the file is now, or was for a removed one; `source` where a moved one was. Records
    are encoded; None where the file was not, or is no longer, anywhere at or under the path that is compared."""

    kind: Kind
    path: Path
    file: FileId
    old_record: bytes | None
    new_record: bytes | None
    source: Path | None = None

    @cached_property
    def old(self) -> FileRecord | None:
        """The file before. Raises CorruptError, NeedsNewerError."""
        return None if self.old_record is None else decode_record(self.old_record)

    @cached_property
    def new(self) -> FileRecord | None:
        """The file after. Raises as `old`."""
        return None if self.new_record is None else decode_record(self.new_record)

    @property
    def is_replaced(self) -> bool:
        """Whether the file has other bytes than before. Raises as `old`."""
        return self.old is not None and self.new is not None and self.old.blob != self.new.blob


@dataclass(frozen=True, slots=True)
class Found:
    """A `FileChange` whose records nobody has looked up yet. Its paths begin where the sides do that are compared."""

    kind: Kind
    path: Path
    file: FileId
    source: Path | None = None

    @property
    def order(self) -> tuple[bytes, str]:
        """Changes are in the order of the trees, those of one path in that of their kinds' names."""
        return pack_path(self.path), self.kind.value


def pack_path(path: Path) -> bytes:
    """Bytes that are ordered as a walk through a tree: what is in a directory in the place of its name."""
    return "\0".join(path).encode()


def unpack_path(data: bytes) -> Path:
    """The path that was packed."""
    return tuple(data.decode().split("\0")) if data else ()


def pack_found(one: Found) -> bytes:
    """As bytes, for private files."""
    paths = [one.path] if one.source is None else [one.path, one.source]
    return one.file + _BETWEEN.join([one.kind.value.encode(), *map(pack_path, paths)])


def unpack_found(data: bytes) -> Found:
    """The change that was packed."""
    kind, path, *source = data[ID_BYTES:].split(_BETWEEN)
    file = FileId(data[:ID_BYTES])
    return Found(Kind(kind.decode()), unpack_path(path), file, unpack_path(source[0]) if source else None)
