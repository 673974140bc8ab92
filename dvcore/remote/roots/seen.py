"""What a repository remembers of a remote's root, so that one that goes back in time is recognised.

An old root is what a cache that repeats an old answer gives, a bucket that was put back from a backup, or somebody who
means harm; what was pushed since would seem never to have been there.
"""

from dataclasses import dataclass
from typing import Any

from dvcore.encoding import check_id, is_count
from dvcore.errors import CorruptError, StateError
from dvcore.remote.roots.root import Root


@dataclass(frozen=True, slots=True)
class Seen:
    """The newest root that was read or written: whose it was, its number, and the write that made it."""

    identity: bytes
    serial: int
    write: bytes

    def pack(self) -> list[Any]:
        """The value of a cell."""
        return [self.identity, self.serial, self.write]


def unpack_seen(raw: object) -> Seen:
    """What a cell holds.

    Raises CorruptError.
    """
    if type(raw) is not list or len(raw) != 3 or not is_count(raw[1]) or type(raw[2]) is not bytes:
        raise CorruptError("what is remembered of a remote is damaged")
    return Seen(check_id(raw[0], "remote", "identity"), raw[1], raw[2])


def seen_of(root: Root) -> Seen:
    """What to remember of a root that was read or written."""
    return Seen(root.identity, root.serial, root.writes[-1])


def check_seen(root: Root, seen: Seen, where: str) -> None:
    """Raises StateError where it is another remote's root, CorruptError where it does not continue what was seen.

    A root of the same line that skips more than the 64 writes that it remembers is taken on trust.
    """
    if root.identity != seen.identity:
        raise StateError(
            f"{where} is not the remote that it was", hint="'dset remote remove' and 'dset remote add' take it as it is"
        )
    ago = root.serial - seen.serial
    if ago < 0:
        raise _gone_back(f"{where} is at state {root.serial}, and was at {seen.serial} before")
    if ago < len(root.writes) and root.writes[-1 - ago] != seen.write:
        raise _gone_back(f"the state {seen.serial} of {where} is not the one that was seen before")


def _gone_back(message: str) -> CorruptError:
    return CorruptError(
        message,
        hint="an old copy was put back, or a cache repeats an old answer; 'dset remote remove' and 'dset remote add' "
        "take it as it is",
    )
