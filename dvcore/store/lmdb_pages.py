"""The pages of an LMDB file, read without LMDB: is the file's structure sound?

LMDB trusts its pages and follows a damaged one out of its map, which kills the process. This reads the file with plain
reads, so that whatever the pages say, the worst that comes of it is a line in a report. It sees one state of the file,
beside live writers, as long as the caller holds a read transaction: LMDB does not use the pages of that state again.

Checked is what LMDB relies on: numbers, kinds and bounds of pages, keys in order within a page and within what the
branches above it say, values within their pages, no page used twice or both used and free, and the totals of the meta
page. The bytes of values are not looked at: they have hashes of their own. Memory: a bit for each page.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from operator import attrgetter, ge
from pathlib import Path
from struct import Struct
from typing import Final, NamedTuple

from dvcore.errors import CorruptError
from dvcore.progress import Progress, Silent
from dvcore.store.lmdb_meta import NO_PAGE, PAGE_HEADER, Meta, TreeHead, read_metas, reading
from dvcore.store.page_set import PageSet

_BRANCH: Final = 0x01
_LEAF: Final = 0x02
_OVERFLOW: Final = 0x04
_NODE: Final = Struct("<HHHH")
"""Low and high half of the value's size (of a branch: of the child's number), flags (its highest part), key's size."""
_OUTSIDE: Final = 0x01
"""Flag of a node: the value is in overflow pages, and the node holds their number."""
_NUMBER: Final = Struct("<Q")
_MAX_DEPTH: Final = 32  # LMDB's stack of pages; a tree of that depth would not fit any disk

Bounds = tuple[bytes | None, bytes | None]
"""The least key that may be under a page, and the least that may not; None: no limit."""


class _Place(NamedTuple):
    """A page still to be read: its number, what may be under it, and how far it is from the root."""

    number: int
    bounds: Bounds
    depth: int


@dataclass(slots=True)
class _Totals:
    """What was met of a tree, to be held against its head."""

    depth: int = 0
    branches: int = 0
    leaves: int = 0
    overflow: int = 0
    entries: int = 0


class _Node(NamedTuple):
    """An entry of a page. `number` is a branch's child or a leaf's overflow page, `value` the bytes that a leaf holds
    itself; `size` is what it takes on the page."""

    key: bytes
    number: int | None
    value: bytes
    value_size: int
    size: int


class PageCheck:
    """One walk over all pages of the state that `meta` describes, in a file open for reading."""

    def __init__(self, descriptor: int, meta: Meta, older: Meta, progress: Progress) -> None:
        self._descriptor = descriptor
        self._meta = meta
        self._older = older
        self._progress = progress
        self._file_pages = os.fstat(descriptor).st_size // meta.page_size
        self._used = PageSet(meta.last_page + 1)
        self._used.add(0, 2)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_RANDOM)  # most is values, which are not read

    def run(self) -> None:
        """Raises CorruptError for the first damage, OSError where the disk fails."""
        for _ in self._iter_tree(self._meta.main):
            pass
        freed_last = set()
        for transaction, number in self._iter_free():
            if not self._used.add(number, 1):
                raise CorruptError(f"page {number} is free and used, or free twice")
            if transaction == self._meta.transaction:
                freed_last.add(number)
        self._check_newest(freed_last)

    def is_whole(self) -> bool:
        """Whether all pages that the file ends before are free: LMDB does not write a page that it made and gave up in
        one transaction. Raises CorruptError, OSError."""
        missing = self._meta.last_page + 1 - self._file_pages
        return missing <= 0 or missing == sum(number >= self._file_pages for _, number in self._iter_free())

    def _iter_tree(self, head: TreeHead) -> Iterator[_Node]:
        """The entries of a tree in order; each page is checked before its entries are given."""
        totals = _Totals()
        pending = [] if head.root == NO_PAGE else [_Place(head.root, (None, None), 1)]
        while pending:
            place = pending.pop()
            nodes = self._read_page(place, head)
            totals.depth = max(totals.depth, place.depth)
            self._prefetch(nodes)
            if place.depth < head.depth:
                totals.branches += 1
                pending += reversed(_children(nodes, place))
            else:
                totals.leaves += 1
                totals.entries += len(nodes)
                for node in nodes:
                    totals.overflow += self._check_outside(node)
                yield from nodes
            self._progress.advance()
        found = TreeHead(totals.depth, totals.branches, totals.leaves, totals.overflow, totals.entries, head.root)
        if found != head:
            raise CorruptError(
                f"it holds {found.entries} entries where its meta page says {head.entries}, or other pages"
            )

    def _read_page(self, place: _Place, head: TreeHead) -> list[_Node]:
        if head.depth > _MAX_DEPTH:
            raise CorruptError(f"its meta page claims a tree of {head.depth} levels")
        data = self._read(place.number, 1, self._meta.page_size)
        is_leaf = place.depth == head.depth
        nodes = _parse_page(data, place.number, is_leaf=is_leaf)
        if head is self._meta.free:
            nodes = [node._replace(key=node.key[::-1]) for node in nodes]  # its keys are numbers, in their order
        _check_keys(nodes if is_leaf else nodes[1:], place)
        return nodes

    def _read(self, number: int, pages: int, size: int) -> bytes:
        """The first bytes of a run of pages, which nothing else may use."""
        if number + pages > self._file_pages and number <= self._meta.last_page:
            raise CorruptError(f"it is cut off before page {number}")
        if not 2 <= number <= self._meta.last_page + 1 - pages:
            raise CorruptError(f"it refers to page {number}, which it does not have")
        if not self._used.add(number, pages):
            raise CorruptError(f"page {number} is used twice")
        data = os.pread(self._descriptor, size, number * self._meta.page_size)
        if len(data) < size:
            raise CorruptError(f"page {number} is cut off")
        return data

    def _prefetch(self, nodes: list[_Node]) -> None:
        """Have the disk look for all that a page refers to at once; one after the other takes ten times as long."""
        size = self._meta.page_size
        for node in nodes:
            if node.number is not None and node.number < self._file_pages:
                os.posix_fadvise(self._descriptor, node.number * size, size, os.POSIX_FADV_WILLNEED)

    def _check_outside(self, node: _Node) -> int:
        """The number of overflow pages of an entry."""
        if node.number is None:
            return 0
        needed = -(-(PAGE_HEADER.size + node.value_size) // self._meta.page_size)
        data = self._read(node.number, 1, PAGE_HEADER.size)
        number, _, flags, low, high = PAGE_HEADER.unpack(data)
        pages: int = low | high << 16
        # LMDB leaves a run too long where a value was replaced twice in one transaction.
        if (number, flags) != (node.number, _OVERFLOW) or pages < needed:
            raise CorruptError(f"page {node.number} is not the begin of {needed} overflow pages")
        if pages > 1:
            self._read(node.number + 1, pages - 1, 0)
        return pages

    def _iter_free(self) -> Iterator[tuple[int, int]]:
        """The free pages, each with the transaction that gave it up."""
        for node in self._iter_tree(self._meta.free):
            value = node.value
            if node.number is not None:
                at = node.number * self._meta.page_size + PAGE_HEADER.size
                value = os.pread(self._descriptor, node.value_size, at)
            numbers = _unpack_numbers(value)
            transaction = int.from_bytes(node.key, "big")
            if len(node.key) != _NUMBER.size or not 0 < transaction <= self._meta.transaction:
                raise CorruptError("it has free pages of a transaction that never was")
            if not numbers or numbers[0] >= len(numbers):
                raise CorruptError("a list of free pages is none")
            for number in numbers[1 : 1 + numbers[0]]:
                if not 2 <= number <= self._meta.last_page:
                    raise CorruptError(f"page {number} is free, which it does not have")
                yield transaction, number

    def _check_newest(self, freed_last: set[int]) -> None:
        """The other meta page must be the state before: else a damaged number makes an older state the newest.

        What belonged to the state before is in use still, or was freed by the newest transaction. Had the other page
        been the newest in truth, its root would be a page that this state knows nothing of.
        """
        if self._older.transaction > self._meta.transaction:
            return  # a writer has committed since
        if self._older.transaction != max(self._meta.transaction - 1, 0):
            raise CorruptError(
                f"its meta pages are of the transactions {self._meta.transaction} and {self._older.transaction}"
            )
        root = self._older.main.root
        if root not in {NO_PAGE, self._meta.main.root} | freed_last:
            raise CorruptError("its newest state is not the newest: a meta page has a wrong number")


def check_pages(path: Path, transaction: int, progress: Progress) -> bool:
    """Check the state that the transaction with this number left, which a read transaction of the caller holds.

    False where writers have moved on from that state so far that its meta page is gone, before it could be read: to be
    tried again in a new transaction. Raises CorruptError for the first damage, StorageError.
    """
    with _opened(path, transaction, progress) as check:
        if check is not None:
            check.run()
    return check is not None


def check_length(path: Path, transaction: int) -> bool:
    """Like `check_pages`, but only sees whether the file is cut off, without reading much of it."""
    with _opened(path, transaction, Silent()) as check:
        if check is not None and not check.is_whole():
            raise CorruptError("it is cut off")
    return check is not None


@contextmanager
def _opened(path: Path, transaction: int, progress: Progress) -> Iterator[PageCheck | None]:
    with reading(path) as descriptor:
        older, newer = sorted(read_metas(descriptor), key=attrgetter("transaction"))
        if newer.transaction == transaction:
            yield PageCheck(descriptor, newer, older, progress)
        elif older.transaction == transaction:
            yield PageCheck(descriptor, older, newer, progress)
        else:
            yield None


def _parse_page(data: bytes, number: int, *, is_leaf: bool) -> list[_Node]:
    """The entries of a leaf or branch page. Raises CorruptError where it is none, or its entries overlap."""
    found, _, flags, lower, upper = PAGE_HEADER.unpack_from(data)
    if (found, flags) != (number, _LEAF if is_leaf else _BRANCH):
        raise CorruptError(f"page {number} is not the {'leaf' if is_leaf else 'branch'} that it should be")
    if not PAGE_HEADER.size < lower <= upper <= len(data) or lower % 2:
        raise CorruptError(f"page {number} has other bounds than its size allows")
    offsets = memoryview(data)[PAGE_HEADER.size : lower].cast("H")
    if min(offsets) < upper or max(offsets) > len(data) - _NODE.size:
        raise CorruptError(f"page {number} has an entry outside its bounds")
    parse = _parse_leaf_node if is_leaf else _parse_branch_node
    nodes = [parse(data, offset) for offset in offsets]
    # LMDB leaves no gaps, so entries that overlap or have a wrong size do not add up.
    if sum(node.size for node in nodes) != len(data) - upper:
        raise CorruptError(f"page {number} has entries that overlap")
    return nodes


def _parse_leaf_node(data: bytes, offset: int) -> _Node:
    low, high, flags, key_size = _NODE.unpack_from(data, offset)
    start = offset + _NODE.size
    middle = start + key_size
    value_size = low | high << 16
    end = middle + (_NUMBER.size if flags == _OUTSIDE else value_size)
    if flags & ~_OUTSIDE or key_size == 0 or end > len(data):
        raise CorruptError(f"page {int.from_bytes(data[:8], 'little')} has an entry that is none")
    outside = _NUMBER.unpack_from(data, middle)[0] if flags else None
    return _Node(data[start:middle], outside, b"" if flags else data[middle:end], value_size, _even(end - offset))


def _parse_branch_node(data: bytes, offset: int) -> _Node:
    low, high, highest, key_size = _NODE.unpack_from(data, offset)
    start = offset + _NODE.size
    end = start + key_size
    if end > len(data):
        raise CorruptError(f"page {int.from_bytes(data[:8], 'little')} has an entry that is none")
    return _Node(data[start:end], low | high << 16 | highest << 32, b"", 0, _even(end - offset))


def _even(size: int) -> int:
    return size + (size & 1)


def _check_keys(nodes: list[_Node], place: _Place) -> None:
    """Raises CorruptError where the keys are not in order or not within the page's bounds."""
    keys = [node.key for node in nodes]
    low, high = place.bounds
    if any(map(ge, keys, keys[1:])):
        raise CorruptError(f"page {place.number} has keys that are out of order")
    if keys and ((low is not None and keys[0] < low) or (high is not None and keys[-1] >= high)):
        raise CorruptError(f"page {place.number} has keys that belong elsewhere")


def _children(nodes: list[_Node], place: _Place) -> list[_Place]:
    """The pages under a branch. The first entry's key means nothing: it is as low as the branch's own."""
    low, high = place.bounds
    starts = [low, *(node.key for node in nodes[1:])]
    ends = [*starts[1:], high]
    return [
        _Place(node.number or 0, bounds, place.depth + 1)
        for node, bounds in zip(nodes, zip(starts, ends, strict=True), strict=True)
    ]


def _unpack_numbers(value: bytes) -> tuple[int, ...]:
    """The whole 64-bit numbers that a value consists of; none where it does not."""
    return Struct(f"<{len(value) // _NUMBER.size}Q").unpack(value) if len(value) % _NUMBER.size == 0 else ()
