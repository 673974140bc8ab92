"""From the cells along every link: each object that something leads to is read once, checked and judged.

Objects are judged after what they refer to, from the bottom up, with a list of those that wait instead of recursion: no
chain of commits and no nesting of directories is too deep. Nothing refers to itself, however indirectly, since an id is
a hash of what it names, and what does not have the hash it is named after is not followed.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from typing import Final

from dvcore.errors import CorruptError, DsetError
from dvcore.ids import digest, format_short
from dvcore.model.commit import Commit, decode_commit
from dvcore.model.conflicts import Conflict, decode_conflict
from dvcore.model.files import FileRecord
from dvcore.model.manifest import Manifest, decode_manifest
from dvcore.model.tree import Tree, decode_tree
from dvcore.progress import Progress
from dvcore.prolly.node import Node, decode_node
from dvcore.repo.fsck.faults import KNOWN_FAULTS, Damaged, Faults
from dvcore.repo.fsck.holding import Holding
from dvcore.repo.fsck.judging import check_conflict, check_file_ids, judge_manifest, judge_node, judge_tree
from dvcore.repo.fsck.summaries import Summaries, Summary, together
from dvcore.repo.fsck.values import ANNOTATIONS_HEAD, OTHER_BYTES
from dvcore.repo.links import (
    Kind,
    Link,
    commit_links,
    conflict_links,
    conflict_records,
    manifest_links,
    node_links,
    tree_links,
)
from dvcore.store import ReadTransaction, Table
from dvcore.store.absent import is_absent
from dvcore.store.chunk_list import decode_chunk_list
from dvcore.store.spilling import SpillingMap

NOT_COMPARED: Final = "entries and records are not compared in trees that hold it"

Object = Commit | Tree | Manifest | Node | Conflict


class Following:
    """Judges what links lead to, in one state of the two stores. Annotation sets and whole blobs were read before: of
    those only presence, kind and size are looked at, and whether they are among the faults. Without `blobs`, nothing
    is said of them. `absent` gets those that are marked and not here, but for the `lost` ones."""

    def __init__(
        self,
        objects: ReadTransaction,
        blobs: ReadTransaction | None,
        faults: Faults,
        *,
        summaries: Summaries,
        holding: Holding,
        absent: SpillingMap,
        lost: Container[bytes],
        progress: Progress,
    ) -> None:
        self._objects = objects
        self._blobs = blobs
        self._faults = faults
        self._summaries = summaries
        self._holding = holding
        self._absent = absent
        self._lost = lost
        self._progress = progress
        self._waiting: dict[Link, Object] = {}  # decoded, until what they refer to is judged
        self.sizes: dict[bytes, int] = {}
        """Of blobs that are damaged or missing, as many as are kept of faults: their lengths in bytes, as files say."""

    def follow(self, start: Link) -> None:
        """Judge what a link leads to, a commit's ancestors included."""
        later = [start]
        while later:
            pending = [later.pop()]
            while pending:
                link = pending[-1]
                if self._summaries.find(link) is None and (needed := self._turn_to(link, later)):
                    pending += needed
                else:
                    pending.pop()

    def _turn_to(self, link: Link, later: list[Link]) -> list[Link]:
        """Judge an object; what has to be judged first, where there is something. A commit's parents come later."""
        below: list[Link] = []
        try:
            found = self._waiting.pop(link, None) or self._load(link)
            below = list(_needed(link.kind, found))
            needed = [one for one in below if self._summaries.find(one) is None]
            if needed:
                self._waiting[link] = found
                return needed
            if isinstance(found, Commit):
                later += [Link(Kind.COMMIT, parent) for parent in found.parents]
            summary = self._judge(link.kind, found)
        except DsetError as error:
            number = self._faults.add(Damaged.OBJECT, link.id, error.message)
            summary = Summary(together([number], *(self._summary(one).faults for one in below)))
        self._summaries.put(link, summary)
        self._progress.advance(summary.count if summary.level == 0 else 0)
        return []

    def _load(self, link: Link) -> Object:
        data = self._objects.get(Table.OBJECTS, link.id)
        if data is None:
            raise CorruptError("it is missing")
        if digest(data) != link.id:
            raise CorruptError(OTHER_BYTES)
        if link.kind is Kind.COMMIT:
            return decode_commit(data)
        if link.kind is Kind.TREE:
            return decode_tree(data)
        if link.kind is Kind.MANIFEST:
            return decode_manifest(data)
        if link.kind is Kind.CONFLICT:
            return decode_conflict(data)
        return decode_node(data)

    def _judge(self, kind: Kind, found: Object) -> Summary:
        match found:
            case Node():
                if kind not in {Kind.DIRECTORY, Kind.CONFLICTS}:
                    check_file_ids(found)
                return judge_node(kind, found, self._summary, self._faults, self._record_faults)
            case Tree():
                summary = judge_tree(found, self._summary)
                self._check_holding(found, summary)
                return summary
            case Manifest():
                return judge_manifest(found, self._summary)
            case Conflict():
                check_conflict(found)
                return Summary(together(*(self._conflict_faults(found))))
            case Commit():
                self._check_committed(found)
                return Summary(together(*(self._summary(one).faults for one in _needed(kind, found))))

    def _check_committed(self, commit: Commit) -> None:
        """Raises CorruptError where a commit's tree is the state of a merge that is not settled; of one that cannot be
        read this says nothing."""
        data = self._objects.get(Table.OBJECTS, commit.tree)
        try:
            tree = None if data is None else decode_tree(data)
        except DsetError:
            return
        if tree is not None and tree.merging is not None:
            raise CorruptError("its tree holds a merge that is not committed")

    def _check_holding(self, tree: Tree, summary: Summary) -> None:
        """Only of trees of which every node can be read, whatever is wrong with blobs and annotations."""
        torn = [number for number in summary.faults if self._is_in_node(number)]
        for number in torn:
            self._faults.remark(number, NOT_COMPARED)
        disagreement = None if torn or self._faults.unlisted[Damaged.OBJECT] else self._holding.find_disagreement(tree)
        if disagreement is not None:
            raise CorruptError(disagreement)

    def _is_in_node(self, number: int) -> bool:
        fault = self._faults.listed[number]
        if fault.damaged is not Damaged.OBJECT:
            return False
        links = (Link(kind, bytes.fromhex(fault.name)) for kind in (Kind.DIRECTORY, Kind.FILES))
        return any(self._summaries.find(link) is not None for link in links)

    def _summary(self, link: Link) -> Summary:
        summary = self._summaries.find(link)
        assert summary is not None, "what an object needs is judged before it"
        return summary

    def _record_faults(self, record: FileRecord) -> Iterator[int]:
        """The faults in a file's blob and annotations. Raises CorruptError where the record itself is wrong."""
        if record.annotations is not None:
            fault = self._annotations_fault(record.annotations)
            if fault is not None:
                yield fault
        if self._blobs is not None:
            yield from self._blob_faults(record, self._blobs)

    def _blob_faults(self, record: FileRecord, blobs: ReadTransaction) -> Iterator[int]:
        fault = self._faults.find(Damaged.BLOB, record.blob)
        size = None if fault is not None else _blob_size(blobs, record.blob)
        is_marked = fault is None and size is None and is_absent(blobs, record.blob)
        if is_marked and record.blob not in self._lost:
            self._absent.put(record.blob, b"")
            return
        if fault is None and size is None:
            reason = "it is not here, and no remote has it" if is_marked else "it is missing"
            fault = self._faults.add(Damaged.BLOB, record.blob, reason)
        if fault is not None:
            if len(self.sizes) < KNOWN_FAULTS:
                self.sizes[record.blob] = record.size
            yield fault
        if size is not None and size != record.size:
            raise CorruptError(
                f"its blob {format_short(record.blob)} has another size: {size} bytes, not {record.size}"
            )

    def _conflict_faults(self, conflict: Conflict) -> Iterator[Iterable[int]]:
        yield from (self._summary(one).faults for one in _needed(Kind.CONFLICT, conflict))
        yield from (self._record_faults(record) for record in conflict_records(conflict))

    def _annotations_fault(self, id_: bytes) -> int | None:
        fault = self._faults.find(Damaged.OBJECT, id_)
        if fault is not None:
            return fault
        data = self._objects.get(Table.OBJECTS, id_)
        if data is None:
            return self._faults.add(Damaged.OBJECT, id_, "it is missing")
        if not data.startswith(ANNOTATIONS_HEAD):
            return self._faults.add(Damaged.OBJECT, id_, "it is no annotation set, which a file says it is")
        return None


def _blob_size(blobs: ReadTransaction, blob: bytes) -> int | None:
    size = blobs.size(Table.BLOBS, blob)
    if size is None:
        data = blobs.get(Table.CHUNK_LISTS, blob)
        return None if data is None else decode_chunk_list(data).size
    return size


def _needed(kind: Kind, found: Object) -> Iterator[Link]:
    """What has to be judged before this object."""
    match found:
        case Commit():
            return (link for link in commit_links(found) if link.kind is not Kind.COMMIT)
        case Tree():
            return tree_links(found)
        case Manifest():
            return manifest_links(found)
        case Conflict():
            return (link for link in conflict_links(found) if not link.kind.is_final)
        case Node() if found.level > 0 or kind is not Kind.FILES:
            return node_links(kind, found)
        case Node():
            return iter(())
