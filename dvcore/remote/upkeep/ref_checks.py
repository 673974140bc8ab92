"""Everything that a remote's refs lead to: that its indexes have it, and that each object is what refers to it says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from blake3 import blake3

from dvcore.errors import CorruptError, NeedsNewerError, NotFoundError
from dvcore.ids import CommitId
from dvcore.model.commit import decode_commit
from dvcore.model.manifest import decode_manifest
from dvcore.model.names import decode_name
from dvcore.model.tree import decode_tree
from dvcore.progress import Progress
from dvcore.prolly.node import decode_node
from dvcore.remote.contents.opened import Contents
from dvcore.remote.contents.reading import read_many
from dvcore.remote.packs.entry import HEADER, name_of
from dvcore.remote.upkeep.marking import load_objects
from dvcore.remote.upkeep.marks import Marks
from dvcore.remote.upkeep.problems import Problems
from dvcore.repo.cells import REFS
from dvcore.repo.fsck.cells import find_commit_fault
from dvcore.repo.links import Kind, Link, links
from dvcore.store import Store, Table
from dvcore.store.chunk_list import ChunkList, decode_chunk_list

_BATCH: Final = 4_096
_CHUNKS: Final = 64
"""Chunks of a blob that are in memory at a time, of up to 1 MiB each."""

_Damaged = (CorruptError, NeedsNewerError, NotFoundError)


class RefChecks:
    """Follows the refs of one remote, and marks what they lead to. `local` is a store in which objects may be, to save
    requests; what it has is not looked at on the remote."""

    def __init__(
        self, contents: Contents, marks: Marks, local: Store | None, problems: Problems, progress: Progress
    ) -> None:
        self._contents = contents
        self._marks = marks
        self._local = local
        self._problems = problems
        self._progress = progress
        self._ref = ""

    def run(self, *, read_data: bool) -> None:
        """Follow all refs, one after the other, so that what is wrong is told with the first that leads to it; with
        `read_data`, put the large blobs together. Raises StorageError."""
        self._progress.start("following refs", None)
        for name, commit in sorted(self._contents.root.refs.items()):
            self._ref = name
            self._check_ref(name, commit)
            self._meet(Link(Kind.COMMIT, commit))
            while self._follow_links() or self._follow_lists(read_data=read_data):
                pass
        self._progress.finish()

    def _check_ref(self, name: str, commit: CommitId) -> None:
        """That a project's ref leads into its chain, and that no snapshot's number is given again."""
        folder, _, rest = name.partition("/")
        project, _, number = rest.rpartition("/")
        if folder == "snapshots" and self._contents.root.counters.get(project, 0) < int(number):
            self._problems.add(f"ref {name}", "its number would be given again")
        for _, data in self._load([Link(Kind.COMMIT, commit)]):
            try:
                fault = find_commit_fault(REFS + name, decode_commit(data))
            except _Damaged:
                return  # told of the commit
            if fault is not None:
                self._problems.add(f"ref {name}", fault)

    def _follow_links(self) -> bool:
        batch = self._marks.take_links(_BATCH)
        for link, data in self._load(batch):
            self._progress.advance()
            try:
                met = _judged(link, data)
            except (CorruptError, NeedsNewerError) as error:
                self._problems.add_error(_name(link), error, ref=self._ref)
                continue
            for one in met:
                self._meet(one)
            if link.kind is Kind.MANIFEST:
                for shard in decode_manifest(data).shards:
                    self._meet_blob(shard.blake3)
        return bool(batch)

    def _load(self, wanted: Sequence[Link]) -> Iterator[tuple[Link, bytes]]:
        """What can be had of these; of the rest it is noted why not."""
        kinds: defaultdict[bytes, list[Link]] = defaultdict(list)
        for link in wanted:
            if self._contents.indexes.find(Table.OBJECTS, link.id) is not None:
                kinds[link.id].append(link)
        pending = dict.fromkeys(kinds)
        try:
            for object_id, data in load_objects(self._contents, self._local, list(kinds)):
                del pending[object_id]
                yield from ((link, data) for link in kinds[object_id])
        except _Damaged:
            yield from self._load_singly([link for one in pending for link in kinds[one]])

    def _load_singly(self, wanted: Iterable[Link]) -> Iterator[tuple[Link, bytes]]:
        for link in wanted:
            try:
                found = list(load_objects(self._contents, self._local, [link.id]))
            except _Damaged as error:
                self._problems.add_error(_name(link), error, ref=self._ref)
            else:
                yield from ((link, data) for _, data in found)

    def _meet(self, link: Link) -> None:
        if link.kind is Kind.BLOB:
            if not self._meet_blob(link.id):
                self._problems.add(name_of(Table.BLOBS, link.id), "it is in no index", ref=self._ref)
            return
        self._problems.lead(_name(link), self._ref)
        if self._marks.add(Table.OBJECTS, link.id) and self._contents.indexes.find(Table.OBJECTS, link.id) is None:
            self._problems.add(_name(link), "it is in no index", ref=self._ref)
        elif not link.kind.is_final:
            self._marks.follow(link)

    def _meet_blob(self, blob: bytes) -> bool:
        """Whether the remote has it, in whichever form."""
        for table in (Table.BLOBS, Table.CHUNK_LISTS):
            self._problems.lead(name_of(table, blob), self._ref)
            if self._contents.indexes.find(table, blob) is not None:
                if self._marks.add(Table.BLOBS, blob) and table is Table.CHUNK_LISTS:
                    self._marks.follow_list(blob)
                return True
        return False

    def _follow_lists(self, *, read_data: bool) -> bool:
        blobs = self._marks.take_lists(1)
        for blob in blobs:
            chunks = self._read_list(blob)
            if chunks is not None and self._has_chunks(chunks) and read_data:
                self._put_together(blob, chunks)
        return bool(blobs)

    def _read_list(self, blob: bytes) -> ChunkList | None:
        try:
            (value,) = read_many(self._contents, [(Table.CHUNK_LISTS, blob)])
            return decode_chunk_list(value.data)
        except _Damaged as error:
            self._problems.add_error(name_of(Table.CHUNK_LISTS, blob), error, ref=self._ref)
            return None

    def _has_chunks(self, chunks: ChunkList) -> bool:
        is_whole = True
        for chunk, length in chunks.chunks:
            name = name_of(Table.CHUNKS, chunk)
            location = self._contents.indexes.find(Table.CHUNKS, chunk)
            self._marks.add(Table.CHUNKS, chunk)
            self._problems.lead(name, self._ref)
            if location is None:
                self._problems.add(name, "it is in no index", ref=self._ref)
            elif location.length != HEADER.size + length:
                self._problems.add(name, f"it has not the {length} bytes that its blob says", ref=self._ref)
            else:
                continue
            is_whole = False
        return is_whole

    def _put_together(self, blob: bytes, chunks: ChunkList) -> None:
        name = name_of(Table.CHUNK_LISTS, blob)
        whole = blake3()
        waiting = iter(chunks.chunks)
        try:
            while part := [chunk for chunk, _ in islice(waiting, _CHUNKS)]:
                values = {one.id: one.data for one in read_many(self._contents, _keys(part))}
                for chunk in part:
                    whole.update(values[chunk])
        except _Damaged as error:
            self._problems.add_error(name, error, ref=self._ref)
            return
        if whole.digest() != blob:
            self._problems.add(name, "its chunks do not make up the blob", ref=self._ref)


def _judged(link: Link, data: bytes) -> list[Link]:
    """What an object refers to. Raises CorruptError, NeedsNewerError where it is none that a remote may have."""
    if link.kind is Kind.TREE and decode_tree(data).merging is not None:
        raise CorruptError("it holds a merge that is not committed")
    if link.kind is Kind.DIRECTORY:
        node = decode_node(data)
        for key in node.keys if node.level == 0 else ():
            decode_name(key)
    return list(links(link.kind, data))


def _keys(chunks: Iterable[bytes]) -> list[tuple[Table, bytes]]:
    return [(Table.CHUNKS, chunk) for chunk in dict.fromkeys(chunks)]


def _name(link: Link) -> str:
    return name_of(Table.OBJECTS, link.id)
