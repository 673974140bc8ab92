"""What an import would say that finds everything as it was, so that nothing has to be planned to say it.

A receipt is kept of an import that succeeded: the fingerprint of its options and of the whole source (every name that
was found, and the state of every file that was read), the tree that it left, and the report that the same import gives
on that tree. Where fingerprint and working state are the same again, so is the report. None is kept of a source that
changed so shortly before it was looked at that a later change could bear the same time, nor of one that was read in
other states than it was listed in, nor of one with faults, which may be mended in ways that do not show. Whether the
store still has the blobs is for the caller to see.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path as FolderPath
from typing import Any, Final

import msgpack

from dvcore.formats.disk.source_folder import SourceFolder, newest_time, pack_state
from dvcore.formats.disk.stat_cache import SETTLED_NS
from dvcore.formats.disk.walking import Walk
from dvcore.formats.intake.report import ImportReport, pack_report, unpack_report
from dvcore.ids import TreeId, digest
from dvcore.model.names import Path
from dvcore.repo.adding import AddReport
from dvcore.store.cache_map import CacheMap

_VERSION: Final = 5
"""To be raised whenever a format or the planning comes to another result, or a report to other words."""
_MAX_BYTES: Final = 1 << 20
"""A report that names thousands of instances is rather made anew than kept."""


@dataclass(frozen=True, slots=True)
class Receipts:
    """The receipt of one import: of these options, from this source, as it is now. Without a fingerprint there is
    none."""

    kept: CacheMap
    key: bytes
    fingerprint: bytes | None

    def find(self, tree: TreeId) -> ImportReport | None:
        """What the import gives on this tree, if that is known."""
        packed = None if self.fingerprint is None else self.kept.find(self.key)
        if packed is None:
            return None
        fingerprint, kept_tree, report = msgpack.unpackb(packed)
        return unpack_report(report) if (fingerprint, kept_tree) == (self.fingerprint, tree) else None

    def put(self, report: ImportReport, *, repeatable: bool) -> None:
        """Keep what the import will give on the tree that it has left. `repeatable`: what was read is what the
        fingerprint is of, and doing it again changes nothing, as the options are."""
        again = _again(report.files) if repeatable else None
        if again is None or self.fingerprint is None or report.faulty_files:
            return
        packed = msgpack.packb([self.fingerprint, report.files.tree, pack_report(replace(report, files=again))])
        if len(packed) <= _MAX_BYTES:
            self.kept.put(self.key, packed)


@dataclass(frozen=True, slots=True)
class NamedAnnotations:
    """The annotation file that an import is to read, and the state that it is in; None where it cannot be looked at.
    `devices` are those that it is on."""

    place: FolderPath
    state: bytes | None
    devices: frozenset[int] = frozenset()


def named_annotations(place: FolderPath) -> NamedAnnotations:
    """The file as it is now."""
    try:
        status = place.stat()
    except OSError:
        return NamedAnnotations(place, None)
    return NamedAnnotations(place, pack_state(status), frozenset([status.st_dev]))


def find_fingerprint(
    found: Walk, annotations: NamedAnnotations | None, options: Sequence[Any], begun: int
) -> bytes | None:
    """Of everything that the import depends on beside the working tree; None where a change might not show.

    `options` are values for msgpack; `begun`, nanoseconds since 1970, is before anything was looked at.
    """
    newest, stated = found.newest, None
    if annotations is not None:
        if annotations.state is None:
            return None
        newest = max(newest, newest_time(annotations.state))
        stated = os.fsencode(annotations.place.absolute()), annotations.state
    if found.faults or newest >= begun - SETTLED_NS:
        return None
    counts = (found.passed_over, found.json_files, found.loops)
    folders, beside = ([_listed(one) for one in listed] for listed in (found.folders, found.annotations))
    # Options that are no UTF-8 are refused by whoever they are for, not here.
    values = [_VERSION, list(options), stated, counts, folders, beside]
    packed = msgpack.packb(values, unicode_errors="surrogateescape")
    return digest(packed)


def _listed(folder: SourceFolder) -> tuple[bytes, Path, bytes]:
    return os.fsencode(folder.place), folder.path, digest(folder.packed)


def receipt_key(source: FolderPath, to: Sequence[str]) -> bytes:
    """Receipts are kept by where files come from and where they go; the newest stays."""
    packed = msgpack.packb([os.fsencode(source.absolute()), list(to)], unicode_errors="surrogateescape")
    return b"r" + digest(packed)


def _again(files: AddReport) -> AddReport | None:
    """The counts of the same import done again, where they follow from the first ones."""
    edited = files.replaced or files.instances_edited or files.instances_removed
    if files.tree is None or edited or files.skipped or files.renamed:
        return None
    return AddReport(
        unchanged=files.added + files.unchanged + files.completed,
        values_kept=files.values_kept,
        instances_present=files.instances_added + files.instances_present,
    )
