"""Faults of what a remote gave, told with the remote and the thing on it that they are of."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from dvcore.errors import CorruptError, DamagedHereError, NeedsNewerError
from dvcore.ids import format_short
from dvcore.remote.packs.names import IndexRef, PackRef

_HINT = "'dset fsck --remote' tells what else is damaged"


class Described(Protocol):
    """A remote's storage, as far as messages need it."""

    def describe(self) -> str:
        """What messages call it; never credentials."""


@contextmanager
def naming(storage: Described, what: PackRef | IndexRef | str) -> Iterator[None]:
    """Within it, CorruptError and NeedsNewerError get the remote, and what is read there, in front of their message;
    once, where one is within another."""
    try:
        yield
    except DamagedHereError:
        raise
    except (CorruptError, NeedsNewerError) as error:
        if error.message.startswith(f"{storage.describe()}: "):
            raise
        message = f"{storage.describe()}: {_name(what)}: {error.message}"
        raise type(error)(message, hint=error.hint or _HINT) from None


def _name(what: PackRef | IndexRef | str) -> str:
    if isinstance(what, str):
        return what
    return f"{'pack' if isinstance(what, PackRef) else 'index'} {format_short(what.id)}"
