"""The files of a snapshot at a URL against its manifest: the bytes that are there, not the copies here, of which those
go that are damaged."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from dvcore.errors import NotFoundError
from dvcore.model.manifest import Shard
from dvcore.progress import Progress
from dvcore.remote.exchange.places import open_place
from dvcore.remote.storages.storage import Storage
from dvcore.snapshot.catalog.bringing import each_in_turn, find_wrong_bytes, has_bytes, is_longer
from dvcore.snapshot.catalog.files import is_sound
from dvcore.snapshot.catalog.places import Elsewhere
from dvcore.snapshot.catalog.sent import SentShards
from dvcore.snapshot.catalog.sidefiles import side_files
from dvcore.snapshot.catalog.snapshots import Snapshot
from dvcore.store.folders import storage_errors


def find_problems(snapshot: Snapshot, place: Elsewhere, progress: Progress) -> Iterator[str]:
    """What is wrong, one line each. What is found of shards is remembered, so that taking the snapshot again sends what
    is not as it should be.

    Raises StorageError.
    """
    storage = open_place(place.layout, place.url)
    sizes = _sizes(storage, snapshot) if storage.capabilities.lists else None
    with SentShards(place.layout, place.url) as sent:

        def look(shard: Shard) -> str | None:
            name = snapshot.file_name(shard)
            _drop_damaged(place.path_of(snapshot, shard), shard)
            problem = _find_problem(storage, name, shard, sizes)
            if problem is None:
                sent.add(name, shard)
            else:
                sent.forget(name)
            return problem

        problems = each_in_turn(look, snapshot.manifest.shards, "reading shards", progress)
    yield from (problem for problem in problems if problem is not None)
    for name, data in side_files(snapshot).items():
        if not has_bytes(storage, name, data):
            yield f"{name} is missing or was changed"


def _drop_damaged(copy: Path, shard: Shard) -> None:
    """A copy here that has other bytes than its name says: it would be in the way of those at the URL."""
    if copy.exists() and not is_sound(copy, shard):
        with storage_errors(copy):
            copy.unlink(missing_ok=True)


def _sizes(storage: Storage, snapshot: Snapshot) -> dict[str, int]:
    """Lengths of the shards that are there; whatever else is there may be much."""
    names = {snapshot.file_name(shard) for shard in snapshot.manifest.shards}
    return {one.name: one.size for one in storage.iter_names() if one.name in names}


def _find_problem(storage: Storage, name: str, shard: Shard, sizes: Mapping[str, int] | None) -> str | None:
    if sizes is not None and name not in sizes:
        return f"{name} is missing"
    if sizes is not None and sizes[name] != shard.size:
        return f"{name} has not {shard.size} bytes"
    try:
        if sizes is None and is_longer(storage, name, shard.size):
            return f"{name} is longer than the snapshot's"
        return find_wrong_bytes(storage, name, shard)
    except NotFoundError:
        return f"{name} is missing"
