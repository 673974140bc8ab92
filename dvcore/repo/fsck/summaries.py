"""What is kept of an object that has been judged, so that whoever refers to it need not look again.

A thousand commits of a million files share nearly all their nodes; each is read once, and everything above it is judged
by its summary.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from operator import attrgetter
from pathlib import Path

import msgpack

from dvcore.repo.links import Kind, Link
from dvcore.store.spilling import SpillingMap

_pack = msgpack.Packer(use_bin_type=True, autoreset=True).pack


@dataclass(frozen=True, slots=True)
class Summary:
    """`faults` are the numbers of those in the object and under it (a commit's parents are not under it).

    Of a node: its level, its entries of the map, its first and last key, whether its end and those of the last nodes
    under it are boundaries (so that others may follow), and whether it is a branch of a single child. Of a node of a
    directory also, as totals over the entries under it: files, directories, and how deep those are nested.
    """

    faults: tuple[int, ...] = ()
    level: int = 0
    count: int = 0
    first: bytes = b""
    last: bytes = b""
    is_closed: bool = True
    is_lone: bool = False
    files: int = 0
    directories: int = 0
    depth: int = 0

    @property
    def is_unknown(self) -> bool:
        """Whether the object itself could not be read, so that nothing else is known of it."""
        return self.count == 0 and bool(self.faults)


_values = attrgetter(*(one.name for one in fields(Summary)))


def together(*faults: Iterable[int]) -> tuple[int, ...]:
    """The numbers that occur in any of these, in order."""
    return tuple(sorted(set().union(*faults)))


class Summaries:
    """The summaries so far, by link. `folder` is where those that memory does not hold are kept."""

    def __init__(self, folder: Path | None) -> None:
        self._map = SpillingMap(folder)

    def find(self, link: Link) -> Summary | None:
        """The summary, or None where the object was not judged yet."""
        data = self._map.get(link.kind.value + link.id)
        return None if data is None else _unpack(data)

    def put(self, link: Link, summary: Summary) -> None:
        """Keep a summary."""
        self._map.put(link.kind.value + link.id, _packed(summary))

    def iter_kind(self, kind: Kind) -> Iterator[tuple[bytes, Summary]]:
        """The ids of one kind with their summaries, in order."""
        for key, data in self._map.iter_items(kind.value):
            yield key[1:], _unpack(data)

    def close(self) -> None:
        """Give the room back."""
        self._map.close()


def _packed(one: Summary) -> bytes:
    data: bytes = _pack(_values(one))
    return data


def _unpack(data: bytes) -> Summary:
    return Summary(*msgpack.unpackb(data, use_list=False))
