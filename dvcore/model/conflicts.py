"""Conflicts of a merge: values in the working state, settled one by one before it can be committed.

A conflict names a thing that both sides changed, each otherwise, and holds what it was in the base and what each side
made of it, encoded as the tree holds it. The working state has our side until somebody settles it.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, NamedTuple

from dvcore.encoding import check_id, decode_object, encode, encode_object, is_count
from dvcore.errors import CorruptError, NeedsNewerError
from dvcore.ids import ID_BYTES, CommitId, FileId, NodeId, TreeId, digest
from dvcore.model.names import Path, format_path

KIND: Final = "conflict"
VERSION: Final = 1


class Subject(Enum):
    """What a conflict is about."""

    ENTRY = "entry"
    """A path: an entry of a directory, as encoded there."""
    FILE = "file"
    """A file, by its record: removed on one side and changed on the other, or given other bytes by both."""
    VARIABLE = "variable"
    """A file's value of a variable, encoded."""
    INSTANCE = "instance"
    """An instance of a file, packed and encoded."""
    VARIABLE_DECLARATION = "variable declaration"
    LABEL_DECLARATION = "label declaration"


_OF_FILES: Final = frozenset({Subject.FILE, Subject.VARIABLE, Subject.INSTANCE})


@dataclass(frozen=True, slots=True)
class Place:
    """Where a conflict is: `file` for the subjects that are part of one; `name` is the variable's or the label's, an
    instance's id in hex, or the path of an entry."""

    subject: Subject
    file: FileId | None
    name: str


class Sides(NamedTuple):
    """Encoded values of a thing; None where it is not there."""

    base: bytes | None
    ours: bytes | None
    theirs: bytes | None


@dataclass(frozen=True, slots=True)
class Conflict:
    """A thing that both sides changed, each otherwise, and what it is on each side."""

    place: Place
    sides: Sides


@dataclass(frozen=True, slots=True)
class Merging:
    """A merge that is not committed yet: the commit that becomes the second parent, None where what one commit did is
    done again or taken back; the message that is proposed for its commit; the trees that both sides came from and that
    of their side; the root of the map of conflicts (`conflict_key` -> id of the conflict), and how many there are."""

    parent: CommitId | None
    message: str
    base: TreeId
    theirs: TreeId
    conflicts: NodeId
    number: int


def entry_place(path: Path) -> Place:
    """The place of an entry."""
    return Place(Subject.ENTRY, None, format_path(path))


def conflict_key(place: Place) -> bytes:
    """The key in the map, 64 bytes: the conflicts of one file stand together, those of none first. A hash of the place
    has room for paths and names of any length."""
    return (place.file or bytes(ID_BYTES)) + digest(encode([place.subject.value, place.name]))


def encode_conflict(conflict: Conflict) -> bytes:
    """The bytes of the object."""
    place, sides = conflict.place, conflict.sides
    fields = {
        "subject": place.subject.value,
        "file": place.file,
        "name": place.name,
        "base": sides.base,
        "ours": sides.ours,
        "theirs": sides.theirs,
    }
    return encode_object(KIND, VERSION, fields)


def decode_conflict(data: bytes) -> Conflict:
    """The conflict that the bytes hold.

    Raises CorruptError, NeedsNewerError.
    """
    fields = decode_object(data, KIND, newest=VERSION)
    subject, file, name = _subject(fields.text("subject")), fields.id_or_none("file"), fields.text("name")
    sides = Sides(*(fields.take(side, bytes, None) for side in ("base", "ours", "theirs")))
    fields.end()
    if (file is not None) != (subject in _OF_FILES):
        raise CorruptError(f"a conflict about a {subject.value} names {'no' if file is None else 'a'} file")
    if sides.ours == sides.theirs:
        raise CorruptError("a conflict has two sides that are equal")
    return Conflict(Place(subject, None if file is None else FileId(file), name), sides)


def pack_merging(merging: Merging) -> list[Any]:
    """The array that a tree's encoding holds."""
    return [merging.parent, merging.message, merging.base, merging.theirs, merging.conflicts, merging.number]


def unpack_merging(raw: list[Any]) -> Merging:
    """The merge of a decoded array.

    Raises CorruptError.
    """
    match raw:
        case [parent, str(message), base, theirs, conflicts, number] if is_count(number):
            return Merging(
                None if parent is None else CommitId(check_id(parent, "merge", "commit")),
                message,
                TreeId(check_id(base, "merge", "base")),
                TreeId(check_id(theirs, "merge", "other side")),
                NodeId(check_id(conflicts, "merge", "map of conflicts")),
                number,
            )
        case _:
            raise CorruptError("a tree holds a merge that is none")


def _subject(text: str) -> Subject:
    try:
        return Subject(text)
    except ValueError:
        raise NeedsNewerError(f"a conflict is about {text!r}", hint="it needs a newer dset") from None
