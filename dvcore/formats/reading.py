"""Brings the bytes of files into the blob store: read, probed and hashed by several threads, in the order of the list.

Memory holds at most `_WINDOW_BYTES` of files, or one that is larger; files that are not probed are streamed.
"""

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from io import FileIO
from typing import Final

from dvcore.errors import Fault, InvalidInputError
from dvcore.formats.source import SourceFile, format_place, format_reason
from dvcore.ids import BlobId, digest
from dvcore.image.facts import Probe
from dvcore.image.probe import probe
from dvcore.progress import Progress
from dvcore.store.blob_writer import BlobWriter

_WINDOW_BYTES: Final = 64 << 20
_STREAMED_BYTES: Final = 32 << 20
_GROUP_BYTES: Final = 4 << 20
_GROUP_FILES: Final = 64
"""Handing work to a thread costs about as much as reading a small file, so files go in groups."""
_THREADS: Final = max(2, min(4, os.cpu_count() or 2))


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file that was read, its bytes stored unless `BlobIntake` says otherwise. `probe` is None where no image was
    expected."""

    file: SourceFile
    blob: BlobId
    size: int
    probe: Probe | None


@dataclass(frozen=True, slots=True)
class _Group:
    files: list[SourceFile] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)

    @property
    def bytes(self) -> int:
        return sum(self.sizes)


class BlobIntake:
    """Reads files into a writer, and adds the faults of those that cannot be read to `faults`.

    With `stop` the files after the first fault are read and given, so that every fault is found, but not written:
    nothing will refer to them.
    """

    def __init__(self, writer: BlobWriter, *, are_images: bool, stop: bool, faults: list[Fault]) -> None:
        self._faults = faults
        self._writer = writer
        self._are_images = are_images
        self._stop = stop

    def iter_read(self, files: Sequence[SourceFile], progress: Progress) -> Iterator[ReadFile]:
        """The files in their order, without those that have a fault.

        Raises StorageError where the store cannot be written.
        """
        pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="dset-import")
        waiting: deque[tuple[_Group, Future[list[ReadFile | Fault]]]] = deque()
        try:
            for group in _groups(files):
                while waiting and sum(one.bytes for one, _ in waiting) + group.bytes > _WINDOW_BYTES:
                    yield from self._collect(*waiting.popleft(), progress)
                waiting.append((group, pool.submit(self._read_group, group)))
            while waiting:
                yield from self._collect(*waiting.popleft(), progress)
        finally:
            pool.shutdown(cancel_futures=True)

    def _collect(self, group: _Group, future: Future[list[ReadFile | Fault]], progress: Progress) -> Iterator[ReadFile]:
        for result in future.result():
            if isinstance(result, Fault):
                self._faults.append(result)
            else:
                yield result
        progress.advance(len(group.files))

    def _read_group(self, group: _Group) -> list[ReadFile | Fault]:
        return [self._read(file, size) for file, size in zip(group.files, group.sizes, strict=True)]

    def _read(self, file: SourceFile, size: int) -> ReadFile | Fault:
        try:
            if not self._are_images and size > _STREAMED_BYTES:
                return self._read_streamed(file)
            with FileIO(file.place) as opened:
                data = opened.readall()
            facts = probe(data) if self._are_images else None
        except OSError as error:
            return Fault(format_place(file.place), f"cannot be read: {format_reason(error)}")
        except InvalidInputError as error:
            return Fault(format_place(file.place), error.message)
        blob = BlobId(digest(data)) if self._stop and self._faults else self._writer.add_bytes(data)
        return ReadFile(file, blob, len(data), facts)

    def _read_streamed(self, file: SourceFile) -> ReadFile:
        with FileIO(file.place) as opened:
            blob = self._writer.add_stream(opened)
            return ReadFile(file, blob, opened.tell(), None)


def _groups(files: Iterable[SourceFile]) -> Iterator[_Group]:
    group = _Group()
    for file in files:
        size = _size(file.place)
        if group.files and (group.bytes + size > _GROUP_BYTES or len(group.files) == _GROUP_FILES):
            yield group
            group = _Group()
        group.files.append(file)
        group.sizes.append(size)
    if group.files:
        yield group


def _size(place: str) -> int:
    try:
        return os.stat(place).st_size  # noqa: PTH116 - half the time of a Path for each
    except OSError:  # reading it says so
        return 0
