"""What files on the disk held when they were last read, so that a file that has not changed is not opened again.

A file is known by its place and its five values: device, inode, size, mtime and ctime. `docs/decisions/0013` says why
that is enough, and what is not kept: files that changed so shortly before they were looked at that a later change could
bear the same time.

Files of a folder are kept in runs of about a thousand. A run ends behind a name that its own bytes choose, so that a
file that comes or goes touches one run. Images, which are probed, are kept apart from files as they are, and a file
that was a source of its own apart from its folder, so that no import forgets what another one, of more of the folder,
has read.
"""

import os
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from zlib import crc32

import msgpack

from dvcore.formats.disk.source_folder import STATE_BYTES, SourceFolder, newest_time
from dvcore.ids import BlobId
from dvcore.image.facts import Probe
from dvcore.image.probe import PROBE_VERSION
from dvcore.store.cache_map import CacheMap

SETTLED_NS: Final = 2_000_000_000
"""A change within the same tick of a file system's clock does not show in its times; FAT's ticks are the longest."""

_VERSION: Final = 2
_RUN_FILES: Final = 1_024
_MAX_RUN_FILES: Final = 4_096
_LAST: Final = b"\xff"  # behind every name, as names are UTF-8
_IMAGES, _FILES = b"i", b"f"  # what keys begin with


@dataclass(frozen=True, slots=True)
class Known:
    """What a file in a certain state held. `probe` is None where nobody has asked for it."""

    state: bytes
    blob: BlobId
    probe: Probe | None


@dataclass(frozen=True, slots=True)
class Run:
    """Files of one folder: names on the disk and states. `start` and `end` are the keys around it."""

    folder: SourceFolder
    files: Sequence[tuple[bytes, bytes]]
    start: bytes
    end: bytes


def iter_runs(folder: SourceFolder, *, are_images: bool) -> Iterator[Run]:
    """All files of the folder, in their order."""
    start = (_IMAGES if are_images else _FILES) + os.fsencode(Path(folder.place).absolute()) + b"\0"
    if folder.is_single:
        start += folder.packed[:-STATE_BYTES]  # the name and a zero byte, which no other key holds there
    prefix, files = start, list[tuple[bytes, bytes]]()
    for file in folder.iter_states():
        files.append(file)
        if crc32(file[0]) % _RUN_FILES == 0 or len(files) == _MAX_RUN_FILES:
            yield Run(folder, files, start, prefix + file[0])
            start, files = prefix + file[0], []
    yield Run(folder, files, start, prefix + _LAST)


def open_cache_map(cache: Path | None) -> CacheMap:
    """Where states of files and receipts of imports are kept, under a repository's `cache`, if it has one."""
    return CacheMap(None if cache is None else cache / "imports", _VERSION << 16 | PROBE_VERSION)


def iter_places(kept: CacheMap, blobs: Container[bytes]) -> Iterator[Path]:
    """Where files were that held these blobs when they were last read."""
    for key in kept.iter_keys():
        packed = kept.find(key) if key.startswith((_IMAGES, _FILES)) else None
        if packed is not None:
            folder = Path(os.fsdecode(key[1 : key.index(b"\0")]))
            for name, known in _iter_unpacked(packed):
                if known.blob in blobs:
                    yield folder / os.fsdecode(name)


class StatCache:
    """States of files, kept from `begun` (nanoseconds since 1970) on: when the folders were listed, or before."""

    def __init__(self, kept: CacheMap, begun: int) -> None:
        self._kept = kept
        self._settled = begun - SETTLED_NS

    def find(self, run: Run) -> dict[bytes, Known]:
        """What is kept of the files of a run, by their names, in whatever state they were."""
        packed = self._kept.find(run.end)
        if packed is None:
            return {}
        return dict(_iter_unpacked(packed))

    def find_unchanged(self, run: Run) -> list[BlobId] | None:
        """The blobs of a run's files, in their order; None where one is not kept, or in another state."""
        packed = self._kept.find(run.end) if run.files else None
        if packed is None:
            return None if run.files else []
        kept = msgpack.unpackb(packed)
        same = len(kept) == len(run.files) and all(map(_is_same, kept, run.files))
        return [BlobId(blob) for _, _, blob, _ in kept] if same else None

    def put(self, run: Run, known: Mapping[bytes, Known]) -> None:
        """Keep these of the run, those that have settled, instead of all that is kept of its part of the folder."""
        settled = [(name, *_packed(one)) for name, one in known.items() if newest_time(one.state) < self._settled]
        self._kept.delete_between(run.start, run.end)
        self._kept.put(run.end, msgpack.packb(settled))


def _is_same(kept: list[Any], file: tuple[bytes, bytes]) -> bool:
    return (kept[0], kept[1]) == file


def _packed(known: Known) -> tuple[bytes, bytes, Any]:
    probe = known.probe
    facts = probe and (
        probe.format,
        probe.mode,
        probe.bits,
        probe.raw_width,
        probe.raw_height,
        probe.orientation,
        probe.transparent,
    )
    return known.state, known.blob, facts


def _iter_unpacked(packed: bytes) -> Iterator[tuple[bytes, Known]]:
    for name, state, blob, facts in msgpack.unpackb(packed):
        yield name, Known(state, BlobId(blob), facts and Probe(*facts))
