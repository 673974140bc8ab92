"""Links that a walk has met and not opened yet, by kind and level, however many they are."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from dvcore.prolly.node import MAX_LEVEL
from dvcore.repo.links import Kind, Link
from dvcore.store.spilling import SpillingMap

UNKNOWN: Final = MAX_LEVEL + 1
"""The level of what is no node, or the root of a map, whose level only its bytes say."""
_MEMORY_BYTES: Final = 4 << 20


class LinkSet:
    """A set of links. `folder` is where its file is made where it grows large."""

    def __init__(self, folder: Path | None) -> None:
        self._links = SpillingMap(folder)

    def __contains__(self, link: Link) -> bool:
        return self._links.get(link.kind.value + link.id) is not None

    def add(self, link: Link) -> bool:
        """Whether it is new."""
        key = link.kind.value + link.id
        is_new = self._links.get(key) is None
        if is_new:
            self._links.put(key, b"")
        return is_new

    def close(self) -> None:
        """Give the room back."""
        self._links.close()


class Group:
    """Links of one kind and level, each once, in the order of their ids."""

    def __init__(self, kind: Kind, level: int, folder: Path | None) -> None:
        self.kind = kind
        self.level = level
        self._ids = SpillingMap(folder, memory_bytes=_MEMORY_BYTES)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, link: Link) -> bool:
        return self._ids.get(link.id) is not None

    def __iter__(self) -> Iterator[Link]:
        return (Link(self.kind, id_) for id_, _ in self._ids.iter_items())

    def add(self, id_: bytes) -> None:
        """Add a link by its id."""
        if self._ids.get(id_) is None:
            self._ids.put(id_, b"")
            self._count += 1

    def close(self) -> None:
        """Give the room back."""
        self._ids.close()


class Frontier:
    """Groups that are still to be opened."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._groups: defaultdict[Kind, dict[int, Group]] = defaultdict(dict)

    def add(self, link: Link, level: int) -> None:
        """Add a link to a node of this level."""
        groups = self._groups[link.kind]
        if level not in groups:
            groups[level] = Group(link.kind, level, self._folder)
        groups[level].add(link.id)

    def kinds(self) -> list[Kind]:
        """Of what there is any."""
        return [kind for kind, groups in self._groups.items() if groups]

    def top(self, kind: Kind) -> int:
        """The highest level of a kind; -1 where there is none."""
        return max(self._groups[kind], default=-1)

    def take(self, kind: Kind, level: int) -> Group:
        """The group of a level, which is the caller's to close; an empty one where there is none."""
        return self._groups[kind].pop(level, None) or Group(kind, level, self._folder)

    def drop(self, kind: Kind) -> None:
        """Forget all of a kind."""
        for group in self._groups.pop(kind, {}).values():
            group.close()

    def close(self) -> None:
        """Give the room back."""
        for kind in list(self._groups):
            self.drop(kind)
