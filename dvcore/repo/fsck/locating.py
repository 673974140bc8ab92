"""Which files of a tree some faults are in: from what is damaged to paths."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from dvcore.errors import DsetError
from dvcore.ids import ID_BYTES
from dvcore.model.files import decode_record
from dvcore.model.names import Path, format_path
from dvcore.model.tree import FileEntry, Tree, decode_entry
from dvcore.prolly import NodeCache, NodeReader
from dvcore.prolly.node import Node, reference_id
from dvcore.repo.fsck.faults import Damaged, Faults
from dvcore.repo.fsck.problems import LISTED, Some
from dvcore.repo.fsck.summaries import Summaries, Summary
from dvcore.repo.links import Kind, Link, record_links

_LAST_ID = b"\xff" * ID_BYTES


@dataclass(frozen=True, slots=True)
class _Lost:
    """A node of the files map that cannot be read: with it the records of all files after one id and up to another."""

    after: bytes
    last: bytes
    fault: int


@dataclass(slots=True)
class _Search:
    """What is looked for in a tree, and what was found of it. `wanted` has a few files for each fault, out of as many
    as `counts` says."""

    found: dict[int, Some]
    counts: Counter[int] = field(default_factory=Counter)
    wanted: dict[bytes, list[int]] = field(default_factory=dict)
    lost: list[_Lost] = field(default_factory=list)

    def want(self, file: bytes, number: int) -> None:
        """Look for a file, which a fault is in, unless enough of its files are looked for."""
        self.counts[number] += 1
        if self.counts[number] <= LISTED:
            self.wanted.setdefault(file, []).append(number)
        else:
            self.found[number].more += 1

    def faults_of(self, file: bytes) -> list[int]:
        known = self.wanted.get(file, [])
        return known + [one.fault for one in self.lost if one.after < file <= one.last] if self.lost else known


class Locator:
    """Finds the files of trees that were followed."""

    def __init__(self, reader: NodeReader, faults: Faults, summaries: Summaries) -> None:
        self._nodes = NodeCache(reader)
        self._faults = faults
        self._summaries = summaries

    def locate(self, tree: Tree, numbers: Collection[int]) -> dict[int, Some]:
        """Paths for these faults, as far as there are any. Looks at each distinct directory once: of a file's names in
        mirrors, one is given."""
        search = _Search({number: Some() for number in numbers})
        self._search_records(tree, search)
        self._search_entries(tree, search)
        return search.found

    def _search_records(self, tree: Tree, search: _Search) -> None:
        pending = [(Link(Kind.FILES, tree.files), b"", _LAST_ID)]
        while pending:
            link, after, last = pending.pop()
            summary = self._summary(link)
            if summary.is_unknown:
                search.lost += [_Lost(after, last, number) for number in summary.faults if number in search.found]
            elif not search.found.keys().isdisjoint(summary.faults):
                node = self._nodes.load(link.id)
                if node.level > 0:
                    starts = [after, *node.keys[:-1]]
                    links = (Link(Kind.FILES, reference_id(value)) for value in node.values)
                    pending += zip(links, starts, node.keys, strict=True)
                else:
                    self._search_leaf(node, search)

    def _search_leaf(self, node: Node, search: _Search) -> None:
        for file, value in zip(node.keys, node.values, strict=True):
            for number in self._record_faults(file, value):
                if number in search.found:
                    search.want(file, number)

    def _record_faults(self, file: bytes, value: bytes) -> list[int]:
        try:
            links = list(record_links(decode_record(value)))
        except DsetError:
            links = []  # then the record is what is damaged
        named = [(Damaged.BLOB if link.kind is Kind.BLOB else Damaged.OBJECT, link.id) for link in links]
        found = (self._faults.find(*one) for one in [(Damaged.FILE, file), *named])
        return [number for number in found if number is not None]

    def _search_entries(self, tree: Tree, search: _Search) -> None:
        looked_at = set()
        pending: list[tuple[Path, Link]] = [((), Link(Kind.DIRECTORY, tree.root.root))]
        while pending:
            path, link = pending.pop()
            if link.id in looked_at:
                continue
            looked_at.add(link.id)
            summary = self._summary(link)
            concerned = [number for number in summary.faults if number in search.found]
            if summary.is_unknown:
                for number in concerned:
                    search.found[number].add(f"{format_path(path)}/")
            elif concerned or search.wanted or search.lost:
                pending += reversed(list(self._look_into(path, self._nodes.load(link.id), search)))

    def _look_into(self, path: Path, node: Node, search: _Search) -> Iterator[tuple[Path, Link]]:
        """What is to be searched under a node of a directory; files that are looked for are noted."""
        if node.level > 0:
            yield from ((path, Link(Kind.DIRECTORY, reference_id(value))) for value in node.values)
            return
        for key, value in zip(node.keys, node.values, strict=True):
            entry = decode_entry(value)
            inside = (*path, key.decode(errors="replace"))
            if isinstance(entry, FileEntry):
                for number in search.faults_of(entry.file):
                    search.found[number].add(format_path(inside))
            else:
                yield inside, Link(Kind.DIRECTORY, entry.root)

    def _summary(self, link: Link) -> Summary:
        return self._summaries.find(link) or Summary()
