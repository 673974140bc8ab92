"""Which examples of a rebuilt snapshot came out different from what was written, and what differs in them."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from dvcore.errors import CorruptError, StateError
from dvcore.model.manifest import Shard
from dvcore.repo.projects import Url
from dvcore.repo.repository import Repository
from dvcore.snapshot.catalog.places import Elsewhere, Place, place_of, read_from
from dvcore.snapshot.catalog.snapshots import Snapshot, iter_exported_of
from dvcore.snapshot.planning.plan import Planned
from dvcore.snapshot.shards.shard import Made, ShardPlan
from dvcore.snapshot.shards.shard_making import ShardMaker
from dvcore.snapshot.verifying.differences import (
    Difference,
    Differences,
    WrittenShard,
    collect_differences,
    compare_examples,
)
from dvcore.tfrecord.records import unframed


def find_differences(
    repository: Repository,
    snapshot: Snapshot,
    maker: ShardMaker,
    rebuilt: Iterable[tuple[ShardPlan, Made]],
    folder: Path | Url | None,
) -> Differences:
    """Of the examples that the manifest names with another digest. Each is made once more, and held against what its
    shard's file has, in `folder` (or at a URL) or where it was last written to.

    Raises CorruptError, StorageError.
    """
    place = _find_place(repository, snapshot, folder)
    found: dict[str, Difference] = {}
    for plan, made in rebuilt:
        expected = [one for one in snapshot.manifest.shards if (one.split, one.index) == (plan.split, plan.index)]
        if made.shard.blake3 in (one.blake3 for one in expected):
            continue
        written = None if place is None else _written(snapshot, place, expected)
        for planned, digest in _iter_different(repository, snapshot, plan, made):
            old = None if written is None else written.find(digest)
            new = bytes(unframed(memoryview(maker.record(planned).data)))
            found[planned.path] = compare_examples(old, new)
    return collect_differences(found)


def _find_place(repository: Repository, snapshot: Snapshot, folder: Path | Url | None) -> Place | Elsewhere | None:
    try:
        return place_of(repository, snapshot, folder)
    except StateError:  # in memory, and never written out
        return None


def _written(snapshot: Snapshot, place: Place | Elsewhere, shards: Sequence[Shard]) -> WrittenShard | None:
    """The file of a shard as it was written, of what can be read of it."""
    with suppress(StateError, CorruptError):  # it is not there, or other bytes are
        read_from(snapshot, place, shards)
    return next((WrittenShard(place.path_of(snapshot, shard)) for shard in shards), None)


def _iter_different(
    repository: Repository, snapshot: Snapshot, plan: ShardPlan, made: Made
) -> Iterator[tuple[Planned, bytes]]:
    """The examples that came out different, with the BLAKE3 that they had."""
    exported = dict(iter_exported_of(repository, snapshot, (one.file for one in plan.examples)))
    for planned, digest in zip(plan.examples, made.digests, strict=True):
        known = exported[planned.file]
        if known is not None and known.digest != digest:
            yield planned, known.digest
