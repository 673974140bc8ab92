"""Conflicts of a merge: values in the working state, settled one by one before it can be committed.

A conflict names a thing that both sides changed, each otherwise, and holds what it was in the base and what each side
made of it, encoded as the tree holds it. The working state has our side until somebody settles it.
"""

from dataclasses import dataclass
from enum import Enum

from dvcore.encoding import check_id, decode, encode
from dvcore.errors import CorruptError, NeedsNewerError
from dvcore.ids import CommitId, FileId, NodeId
from dvcore.model.names import Path, format_path


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


_OF_FILES = frozenset({Subject.FILE, Subject.VARIABLE, Subject.INSTANCE})


@dataclass(frozen=True, slots=True)
class Place:
    """Where a conflict is: `file` for the subjects that are part of one; `name` is the variable's or the label's, an
    instance's id in hex, or the path of an entry."""

    subject: Subject
    file: FileId | None
    name: str


@dataclass(frozen=True, slots=True)
class Sides:
    """Encoded values of a thing; None where it is not there."""

    base: bytes | None
    ours: bytes | None
    theirs: bytes | None


@dataclass(frozen=True, slots=True)
class Merging:
    """A merge that is not committed yet: the commit that becomes the second parent, None where what one commit did is
    done again or taken back; the root of the map of conflicts (encoded place -> encoded sides), and how many there
    are."""

    theirs: CommitId | None
    conflicts: NodeId
    number: int


def entry_place(path: Path) -> Place:
    """The place of an entry."""
    return Place(Subject.ENTRY, None, format_path(path))


def encode_place(place: Place) -> bytes:
    """The key in the map: the conflicts of one file stand together."""
    return encode([place.file or b"", place.subject.value, place.name])


def decode_place(data: bytes) -> Place:
    """The place that a key holds.

    Raises CorruptError, NeedsNewerError.
    """
    match decode(data):
        case [bytes(file), str(subject), str(name)]:
            found = _subject(subject)
            if bool(file) != (found in _OF_FILES):
                raise CorruptError(f"a conflict about a {subject} names {'a' if file else 'no'} file")
            return Place(found, FileId(check_id(file, "conflict", "file")) if file else None, name)
        case _:
            raise CorruptError("a conflict has a place that is none")


def encode_sides(sides: Sides) -> bytes:
    """The value in the map."""
    return encode([sides.base, sides.ours, sides.theirs])


def decode_sides(data: bytes) -> Sides:
    """The sides that a value holds.

    Raises CorruptError.
    """
    match decode(data):
        case [bytes() | None as base, bytes() | None as ours, bytes() | None as theirs] if ours != theirs:
            return Sides(base, ours, theirs)
        case _:
            raise CorruptError("a conflict has sides that are none")


def _subject(text: str) -> Subject:
    try:
        return Subject(text)
    except ValueError:
        raise NeedsNewerError(f"a conflict is about {text!r}", hint="it needs a newer dset") from None
