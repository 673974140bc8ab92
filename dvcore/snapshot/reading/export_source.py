"""The files of a snapshot as an export takes them: its images, each with its class and its split."""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from dvcore.formats.export.source import Chosen, ExportSource
from dvcore.ids import FileId
from dvcore.model.definition import Definition
from dvcore.model.manifest import Exported
from dvcore.model.names import ROOT, Path, format_path, parse_path
from dvcore.repo.repository import Repository
from dvcore.repo.treereader import TreeReader
from dvcore.snapshot.catalog.snapshots import Snapshot, iter_exported_of
from dvcore.snapshot.features.listing import Head, heads_of

_LOOKED_UP: Final = 4096
"""Files that are looked up in the manifest at a time, in the order of their ids."""


def snapshot_source(repository: Repository, snapshot: Snapshot) -> ExportSource:
    """The files of the snapshot, in the order of their paths, which are those that its examples were given.

    Memory does not grow with their number: the tree gives the order, the manifest says of each path whether it counts.
    """
    reader = repository.tree(snapshot.tree)

    def iter_chosen() -> Iterator[Chosen]:
        entries = _iter_entries(reader, snapshot.definition)
        while batch := list(islice(entries, _LOOKED_UP)):
            found = dict(iter_exported_of(repository, snapshot, {file for _, file in batch}))
            for path, file in batch:
                exported = found[file]
                if exported is not None and exported.path == format_path(path):
                    yield _chosen(path, file, exported, snapshot.definition)

    total = sum(shard.examples for shard in snapshot.manifest.shards)
    head = _find_head(snapshot.definition)
    labels = () if head is None else tuple(label.name for label in head.feature.classes)
    return ExportSource(reader, iter_chosen, total, labels, is_snapshot=True)


def _find_head(definition: Definition) -> Head | None:
    """The class feature whose labels are the classes: the first of which an image has one label."""
    return next((head for head in heads_of(definition) if head.overlap is not None), None)


def _iter_entries(reader: TreeReader, definition: Definition) -> Iterator[tuple[Path, FileId]]:
    """Every entry under the directories of a definition once, also where one of them is in another."""
    given = sorted({parse_path(directory) for directory in definition.directories} or {ROOT})
    for path in given:
        if not any(path[: len(other)] == other for other in given if other != path):
            yield from reader.iter_files(path)


def _chosen(path: Path, file: FileId, exported: Exported, definition: Definition) -> Chosen:
    head = _find_head(definition)
    columns = () if head is None else (index for index in exported.labels if index in head.columns)
    column = next(iter(columns), None)
    label = None if head is None or column is None else head.feature.classes[column - head.first].name
    return Chosen(path, file, definition.splits[exported.split].name, label)
