"""What taking or showing a snapshot reports: pure data, in the shape that scripts rely on."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from dvcore.errors import StateError
from dvcore.ids import CommitId
from dvcore.repo.projects import Url
from dvcore.repo.repository import Repository
from dvcore.snapshot.catalog.places import Elsewhere, Place, check_own, check_there, place_of
from dvcore.snapshot.catalog.snapshots import Snapshot, load_snapshot
from dvcore.snapshot.features.groups import column_titles, counted_columns
from dvcore.snapshot.splits.balance import Balance


@dataclass(frozen=True, slots=True)
class ShardReport:
    """One file; `digest` is its BLAKE3."""

    name: str
    examples: int
    size: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class SplitReport:
    """One split: examples in all and by label, and its files."""

    examples: int
    labels: Mapping[str, int]
    shards: tuple[ShardReport, ...]


@dataclass(frozen=True, slots=True)
class SnapshotReport:
    """`commit` is the dataset's, `out` an absolute path or a URL. `is_new` is False where the project had this snapshot
    already; `made` counts the shards with examples that were written, `shared` those taken over: from other snapshots,
    another place of this one, or a process that was killed; `sent` those that went to a URL. `enlarged` counts images
    that were made larger. `balance` comes of a plan: it is there where the snapshot was taken, and not where it is only
    shown."""

    snapshot: str
    commit: CommitId
    digest: bytes
    out: Path | Url
    splits: Mapping[str, SplitReport]
    left_out: Mapping[str, int]
    enlarged: int = 0
    is_new: bool = False
    made: int = 0
    shared: int = 0
    sent: int = 0
    warnings: tuple[str, ...] = ()
    balance: Balance = field(default_factory=Balance)


def describe(snapshot: Snapshot, place: Place | Elsewhere) -> SnapshotReport:
    """What the manifest says of a snapshot in this place."""
    manifest = snapshot.manifest
    return SnapshotReport(
        snapshot.name,
        snapshot.dataset,
        manifest.digest,
        place.url if isinstance(place, Elsewhere) else place.folder,
        {split.name: _describe_split(snapshot, index) for index, split in enumerate(snapshot.definition.splits)},
        manifest.left_out_counts,
        sum(shard.enlarged for shard in manifest.shards),
    )


def describe_named(repository: Repository, name: str) -> SnapshotReport:
    """The same for the snapshot `nuts@1`, where its files were last written to; a warning says so if they are gone, or
    if another's are there.

    Raises NotFoundError, InvalidInputError, CorruptError, StorageError; StateError for a snapshot in memory that nobody
    wrote out.
    """
    snapshot = load_snapshot(repository, name)
    place = place_of(repository, snapshot)
    report = describe(snapshot, place)
    try:
        check_there(snapshot, place)
        check_own(snapshot, place)
    except StateError as gone:
        return replace(report, warnings=(str(gone),))
    return report


def _describe_split(snapshot: Snapshot, index: int) -> SplitReport:
    split = snapshot.definition.splits[index]
    shards = [shard for shard in snapshot.manifest.shards if shard.split == split.name]
    names = column_titles(counted_columns(snapshot.definition))
    return SplitReport(
        sum(shard.examples for shard in shards),
        dict(zip(names, snapshot.manifest.label_counts[index], strict=True)),
        tuple(ShardReport(snapshot.file_name(one), one.examples, one.size, one.blake3) for one in shards),
    )
