"""Brings the bytes of files into the blob store: probed and hashed, in the order of the source.

Files that are as they were when they were last read, and whose blobs the store still has, are not opened. Threads read
files that are large enough to be worth it. Small ones are read by the caller's thread, as handing them over, and
waiting for Python's lock, takes longer than reading them; so that the disk is not waited for either, those of the next
group are opened and asked for first. Memory holds one file of at most `_WHOLE_BYTES` for each thread; larger ones are
streamed.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from io import FileIO
from typing import Final

from blake3 import blake3

from dvcore.errors import Fault, InvalidInputError
from dvcore.formats.disk.source_files import SourceFile
from dvcore.formats.disk.source_folder import SourceFolder
from dvcore.formats.disk.stat_cache import Known, Run, StatCache, iter_runs
from dvcore.formats.disk.steady import open_ahead, opened_steady, read_steady
from dvcore.formats.reader.contents import Contents
from dvcore.formats.wording import format_place, format_reason
from dvcore.ids import BlobId, digest
from dvcore.image.facts import Probe
from dvcore.image.probe import probe
from dvcore.image.window import FileWindow
from dvcore.progress import Progress
from dvcore.store import BlobStore
from dvcore.store.blob_writer import BlobWriter

_WHOLE_BYTES: Final = 8 << 20
_SMALL_BYTES: Final = 16 << 10
_GROUP_BYTES: Final = 4 << 20
_GROUP_FILES: Final = 64
_GROUPS_AHEAD: Final = 16
_THREADS: Final = max(2, min(4, os.cpu_count() or 2))
_HASH_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file that was read, its bytes stored unless `BlobIntake` says otherwise. `probe` is None where no image was
    expected. `state` is the one that the file was in when it held the bytes, empty where it lies inside another."""

    file: SourceFile
    blob: BlobId
    size: int
    probe: Probe | None
    state: bytes


@dataclass(frozen=True, slots=True)
class _Item:
    name: bytes
    state: bytes
    file: SourceFile
    known: Known | None


@dataclass(slots=True)
class _Reading:
    """A run on its way: what the cache held of it, and what it is to hold."""

    run: Run
    before: dict[bytes, Known]
    after: dict[bytes, Known] = field(default_factory=dict)


@dataclass(slots=True)
class _Group:
    """Files of one run that are read in one go. `size` counts the bytes that have to be read."""

    reading: _Reading
    items: list[_Item] = field(default_factory=list)
    size: int = 0
    is_last: bool = False

    def add(self, item: _Item) -> None:
        self.items.append(item)
        self.size += item.file.size if item.known is None else 0

    @property
    def is_full(self) -> bool:
        return self.size >= _GROUP_BYTES or len(self.items) >= _GROUP_FILES


Results = list[ReadFile | Fault]
Opened = int | OSError | None
"""A descriptor, or why there is none; None for a file that need not be opened ahead: known, or large."""


class _Opened:
    """A group whose files are open and on their way into memory: at most `_GROUP_FILES` descriptors."""

    def __init__(self, group: _Group, read: Callable[[_Item, Opened], ReadFile | Fault]) -> None:
        self._items = group.items
        self._read = read
        self._files = deque(map(_open, group.items))
        self._results: Results = []

    def results(self) -> Results:
        """What comes of reading them. Asked again, the same."""
        try:
            while self._files:
                self._results.append(self._read(self._items[len(self._results)], self._files.popleft()))
        finally:
            self.close()
        return self._results

    def close(self) -> None:
        """Give up what was not read."""
        while self._files:
            if isinstance(opened := self._files.popleft(), int):
                os.close(opened)


def _open(item: _Item) -> Opened:
    if item.known is not None or item.file.size > _WHOLE_BYTES:
        return None
    try:
        return open_ahead(item.file.place)
    except OSError as error:
        return error


class BlobIntake:
    """Reads files into a writer, and adds the faults of those that cannot be read to `faults`.

    With `stop` the files after the first fault are read and given, so that every fault is found, but not written:
    nothing will refer to them.

    `are_as_listed`: whether all files given so far were read in the state that the source was listed with.
    """

    def __init__(
        self,
        blobs: BlobStore,
        writer: BlobWriter,
        cache: StatCache,
        *,
        are_images: bool,
        stop: bool,
        faults: list[Fault],
    ) -> None:
        self._blobs = blobs
        self._writer = writer
        self._cache = cache
        self._are_images = are_images
        self._stop = stop
        self._faults = faults
        self._ahead: _Opened | None = None
        self.are_as_listed = True

    def iter_read(self, contents: Contents, progress: Progress) -> Iterator[ReadFile]:
        """The files in their order, without those that have a fault.

        Raises StorageError where the store cannot be written.
        """
        pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="dset-import")
        waiting: deque[tuple[_Group, Callable[[], Results]]] = deque()
        try:
            for group in self._iter_groups(contents):
                waiting.append((group, self._begin(group, pool)))
                if len(waiting) > _GROUPS_AHEAD:
                    yield from self._collect(*waiting.popleft(), progress)
            while waiting:
                yield from self._collect(*waiting.popleft(), progress)
            yield from self._iter_embedded(contents, progress)
        finally:
            pool.shutdown(cancel_futures=True)
            if self._ahead is not None:
                self._ahead.close()

    def _iter_embedded(self, contents: Contents, progress: Progress) -> Iterator[ReadFile]:
        """What lies inside other files is read by whoever knows these, every time."""
        for file, data in contents.embedded.iter_files() if contents.embedded else ():
            try:
                read = self._take(file, data, b"")
            except InvalidInputError as error:
                self._faults.append(Fault(format_place(file.place), error.message))
            else:
                yield read
            progress.advance(1)

    def _iter_groups(self, contents: Contents) -> Iterator[_Group]:
        for folder in contents.folders:
            for run in iter_runs(folder, are_images=self._are_images):
                reading = _Reading(run, self._cache.find(run))
                usable = self._usable(reading)
                group = _Group(reading)
                for name, state in run.files:
                    if group.is_full:
                        yield group
                        group = _Group(reading)
                    group.add(_Item(name, state, folder.file(name, state), usable.get(name)))
                group.is_last = True
                yield group

    def _usable(self, reading: _Reading) -> dict[bytes, Known]:
        """What is known of the files in the states that they are in, as far as their blobs are still there."""
        same = {
            name: known
            for name, state in reading.run.files
            if (known := reading.before.get(name)) and known.state == state
        }
        missing = set(self._blobs.find_missing(known.blob for known in same.values()))
        return {name: known for name, known in same.items() if known.blob not in missing} if missing else same

    def _begin(self, group: _Group, pool: ThreadPoolExecutor) -> Callable[[], Results]:
        if group.size >= _SMALL_BYTES * len(group.items):
            return pool.submit(lambda: _Opened(group, self._read).results()).result
        before, self._ahead = self._ahead, _Opened(group, self._read)
        if before is not None:
            before.results()
        return self._ahead.results

    def _collect(self, group: _Group, results: Callable[[], Results], progress: Progress) -> Iterator[ReadFile]:
        reading = group.reading
        for item, result in zip(group.items, results(), strict=True):
            if isinstance(result, Fault):
                self._faults.append(result)
                continue
            if result.state == item.state:
                reading.after[item.name] = item.known or Known(item.state, result.blob, result.probe)
            else:
                self.are_as_listed = False
            yield result
        progress.advance(len(group.items))
        if group.is_last and reading.after != reading.before:
            self._cache.put(reading.run, reading.after)

    def _read(self, item: _Item, opened: Opened) -> ReadFile | Fault:
        file, known = item.file, item.known
        if known is not None:
            return ReadFile(file, known.blob, file.size, known.probe, item.state)
        try:
            if isinstance(opened, OSError):
                raise opened
            whole = None if opened is None else read_steady(opened, file.size)
            return self._take(file, *whole) if whole else self._read_streamed(file)
        except OSError as error:
            return Fault(format_place(file.place), f"cannot be read: {format_reason(error)}")
        except InvalidInputError as error:
            return Fault(format_place(file.place), error.message)

    def _take(self, file: SourceFile, data: bytes, state: bytes) -> ReadFile:
        facts = probe(data) if self._are_images else None
        blob = BlobId(digest(data)) if self._is_stopped else self._writer.add_bytes(data)
        return ReadFile(file, blob, len(data), facts, state)

    def _read_streamed(self, file: SourceFile) -> ReadFile:
        with opened_steady(file.place) as (opened, state):
            facts = probe(FileWindow(opened)) if self._are_images else None
            opened.seek(0)
            blob = _hash_stream(opened) if self._is_stopped else self._writer.add_stream(opened)
            return ReadFile(file, blob, opened.tell(), facts, state)

    @property
    def _is_stopped(self) -> bool:
        return self._stop and bool(self._faults)


def are_all_stored(folders: Iterable[SourceFolder], cache: StatCache, blobs: BlobStore, are_images: bool) -> bool:
    """Whether nothing of these folders would have to be read."""
    for folder in folders:
        for run in iter_runs(folder, are_images=are_images):
            found = cache.find_unchanged(run)
            if found is None or blobs.find_missing(found):
                return False
    return True


def _hash_stream(opened: FileIO) -> BlobId:
    hasher = blake3()
    while piece := opened.read(_HASH_BYTES):
        hasher.update(piece)
    return BlobId(hasher.digest())
