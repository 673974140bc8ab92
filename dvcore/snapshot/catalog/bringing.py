"""Shards of a snapshot at a URL, brought into the cache of the repository to be read from there.

A file in the cache is whole, has the bytes that its name says, and is never changed: it was hashed on the way, and got
its name afterwards.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeVar

from blake3 import blake3

from dvcore.errors import CorruptError, NotFoundError, StateError
from dvcore.model.manifest import Shard
from dvcore.progress import BYTES, Progress, Silent
from dvcore.remote.exchange.places import open_place
from dvcore.remote.storages.ranges import iter_pieces
from dvcore.remote.storages.storage import Storage
from dvcore.snapshot.catalog.copies import hold, trim
from dvcore.snapshot.catalog.files import Write, has_size, write_file
from dvcore.snapshot.catalog.places import Elsewhere, remake_command
from dvcore.snapshot.catalog.sent import SentShards
from dvcore.snapshot.catalog.snapshots import Snapshot
from dvcore.store.background import iter_results
from dvcore.store.folders import make_folder

T = TypeVar("T")

_AT_ONCE: Final = 2
"""Files; several pieces of each are under way, so that 64 MiB are in memory."""


def bring_shards(
    snapshot: Snapshot, place: Elsewhere, shards: Iterable[Shard], progress: Progress | None = None
) -> None:
    """Have the copies of these shards in the cache: what is missing is read at the URL and proved.

    Raises StorageError; StateError naming a shard that is not there, CorruptError one that has other bytes, with the
    command that makes it again.
    """
    shards = list(shards)
    hold(place.layout, shards)
    missing = {shard.blake3: shard for shard in shards if not has_size(place.path_of(snapshot, shard), shard)}
    if not missing:
        return
    make_folder(place.folder)
    storage = open_place(place.layout, place.url)
    with SentShards(place.layout, place.url) as sent:

        def bring(shard: Shard) -> None:
            name = snapshot.file_name(shard)
            try:
                write_file(place.path_of(snapshot, shard), lambda write: _copy(storage, name, shard, write))
            except (NotFoundError, CorruptError) as error:
                sent.forget(name)
                kind = StateError if isinstance(error, NotFoundError) else CorruptError
                hint = f"'{remake_command(snapshot, place)}' makes it again"
                raise kind(f"{snapshot.name}: {error.message}", hint=hint) from None
            sent.add(name, shard)

        each_in_turn(bring, list(missing.values()), "bringing shards", progress or Silent())
    trim(place.layout)


def each_in_turn(work: Callable[[Shard], T], shards: Sequence[Shard], what: str, progress: Progress) -> list[T]:
    """What the work gives for each shard, of which two are in work; the progress is told of their bytes.

    Raises what the work raises; what has not begun then is left.
    """
    progress.start(what, sum(shard.size for shard in shards), unit=BYTES)
    results = []
    for shard, result in zip(shards, iter_results(work, shards, _AT_ONCE), strict=True):
        results.append(result)
        progress.advance(shard.size)
    progress.finish()
    return results


def find_wrong_bytes(storage: Storage, name: str, shard: Shard) -> str | None:
    """What is wrong with the bytes of an object, or None: it is read whole, up to the length of the shard.

    Raises NotFoundError, StorageError.
    """
    try:
        _copy(storage, name, shard, lambda _: None)
    except CorruptError as error:
        return error.message
    return None


def is_longer(storage: Storage, name: str, size: int) -> bool:
    """Whether an object has more bytes than this, of a store that lists no sizes.

    Raises NotFoundError, StorageError.
    """
    try:
        storage.get_range(name, size, 1)
    except CorruptError:
        return False
    return True


def has_bytes(storage: Storage, name: str, data: bytes) -> bool:
    """Whether an object is there and has these bytes.

    Raises StorageError.
    """
    try:
        return storage.get(name, limit=len(data)).data == data
    except (NotFoundError, CorruptError):
        return False


def _copy(storage: Storage, name: str, shard: Shard, write: Write) -> None:
    hasher = blake3()
    for piece in iter_pieces(storage, name, shard.size):
        hasher.update(piece)
        write(piece)
    if hasher.digest() != shard.blake3:
        raise CorruptError(f"{name} at {storage.describe()} has other bytes than the snapshot")
