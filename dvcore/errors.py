"""The error tree: everything the library raises on purpose.

Grouped by what the one who catches it does::

    DsetError
    ├── InvalidInputError     "invalid-input"  mend what was given
    │   ├── ExpressionError   "expression"     … a filter; `column` says where
    │   └── FaultyFilesError  "faulty-files"   … or leave the files out; `faults` names each
    ├── NotFoundError         "not-found"      name something that exists
    ├── ExistsError           "exists"         choose another name
    ├── ConflictError         "conflict"       two things claim one place; nothing was done
    ├── StateError            "state"          something has to be done first
    ├── NeedsNewerError       "needs-newer"    use a newer dset; nothing is wrong with the data
    ├── StorageError          "storage"        disk, permissions, the file system, the network
    │   ├── AccessDeniedError "denied"         … credentials or permissions do not allow it
    │   └── UnknownOutcomeError "unknown-outcome" … the write was sent and not answered: look whether it was done
    └── CorruptError          "corrupt"        stored bytes are not what was stored
        └── DamagedHereError  "damaged-here"   … in this machine's own store, met while a remote was read

Each says what is wrong and where (`message`) and what to do about it (`hint`); `kind` is stable and meant for programs.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import ClassVar


class DsetError(Exception):
    """Root of the tree. `str()` gives one line: the message, then the hint."""

    kind: ClassVar[str] = "error"

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}; {self.hint}" if self.hint else self.message


class InvalidInputError(DsetError):
    """What was given cannot be used."""

    kind = "invalid-input"


class ExpressionError(InvalidInputError):
    """A filter expression is wrong at `column` (from 1, in characters)."""

    kind = "expression"

    def __init__(self, message: str, *, expression: str, column: int, hint: str | None = None) -> None:
        super().__init__(f"{message} at column {column} of {_excerpt(expression, column)!r}", hint=hint)
        self.expression = expression
        self.column = column


def _excerpt(expression: str, column: int) -> str:
    """What an error shows of an expression: 120 characters around the column, so that it stays readable."""
    start = max(0, min(column - 60, len(expression) - 120))
    shown = expression[start : start + 120]
    return f"{'…' if start else ''}{shown}{'…' if start + 120 < len(expression) else ''}"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one file: where it is and why it cannot be used."""

    where: str
    reason: str

    def __str__(self) -> str:
        """One line for a terminal, whatever signs a stranger's file names hold."""
        text = f"{self.where}: {self.reason}"
        return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


class FaultyFilesError(InvalidInputError):
    """Some files cannot be used; all of them are named in `faults`."""

    kind = "faulty-files"

    def __init__(self, message: str, faults: Sequence[Fault], *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.faults = tuple(faults)


class NotFoundError(DsetError):
    """A name or an id that nothing has."""

    kind = "not-found"


class ExistsError(DsetError):
    """A name that something has already."""

    kind = "exists"


class ConflictError(DsetError):
    """Two things claim one place. Nothing was done."""

    kind = "conflict"


class StateError(DsetError):
    """The repository is not in the state that the operation needs."""

    kind = "state"


class NeedsNewerError(DsetError):
    """Data of a kind, version or field that this version of dset does not know. It is never dropped."""

    kind = "needs-newer"


class StorageError(DsetError):
    """The disk, the file system or its permissions; a remote store or the way to it."""

    kind = "storage"


class AccessDeniedError(StorageError):
    """What is asked for is not allowed to these credentials, or to this user. Nothing was done."""

    kind = "denied"


class UnknownOutcomeError(StorageError):
    """A write was sent, and whether it was done is not known: reading again tells."""

    kind = "unknown-outcome"


class CorruptError(DsetError):
    """Stored bytes are not what was stored."""

    kind = "corrupt"


class DamagedHereError(CorruptError):
    """They are not so in this machine's own store: never told as the fault of a remote that is being read."""

    kind = "damaged-here"


def nearest_hint(name: str, candidates: Iterable[str]) -> str | None:
    """`did you mean 'x'?` for the candidate nearest to `name`, or None where none is near; case counts least."""
    near = find_nearest(name, candidates)
    return None if near is None else f"did you mean {near!r}?"


def find_nearest(name: str, candidates: Iterable[str], *, likeness: float = 0.6) -> str | None:
    """The candidate nearest to a name, or None where none is as like it (difflib's ratio); case counts least."""
    known = list(candidates)
    twins = [one for one in known if one.casefold() == name.casefold()]
    near = twins or get_close_matches(name, known, n=1, cutoff=likeness)
    return near[0] if near else None
