"""The TFRecords of snapshots on their way: a shard travels as any blob does, under the BLAKE3 that its manifest names.

Sent is what the files have, proved against the manifest; whoever fetches gets the same files, and makes nothing anew.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import BinaryIO, Final

from blake3 import blake3

from dvcore.errors import CorruptError, NotFoundError, StateError
from dvcore.ids import BlobId, ChunkId, digest, format_id, format_short
from dvcore.model.manifest import Shard, decode_manifest, snapshot_digest
from dvcore.model.shard_names import named_shards
from dvcore.progress import BYTES, Progress, Silent
from dvcore.remote.contents.opened import Contents
from dvcore.remote.contents.reading import read_many
from dvcore.remote.exchange.places import open_place
from dvcore.remote.packs.naming import naming
from dvcore.remote.packs.packing import Value
from dvcore.remote.storages.ranges import PiecesReader, iter_pieces
from dvcore.repo.layout import Layout
from dvcore.repo.origins import SideFiles, is_of, settle_folders
from dvcore.repo.projects import Url, find_place, snapshot_commit
from dvcore.repo.repository import Repository
from dvcore.repo.staging import mended_folder, resumable_folder
from dvcore.store import Table
from dvcore.store.chunk_list import WHOLE_BYTES, ChunkList, decode_chunk_list
from dvcore.store.chunking import Reader, iter_chunks, read_up_to
from dvcore.store.durable import new_read_only_file, sync_folder, write_atomically
from dvcore.store.folders import clear_folder, publish, storage_errors

_BUFFER: Final = 1 << 20

SnapshotName = tuple[str, int]
"""Project and number: of `nuts@3` `("nuts", 3)`."""


@dataclass(frozen=True, slots=True)
class ShardsWritten:
    """Names of snapshots (`nuts@3`): `written` were filled or completed; of `absent` the remote lacks a shard, so that
    nothing was written. Those whose files were here are in neither."""

    written: tuple[str, ...]
    absent: tuple[str, ...]


def shard_ids(repository: Repository, snapshots: Iterable[SnapshotName]) -> dict[BlobId, int]:
    """The shards of these snapshots, each once, and their lengths in bytes.

    Raises NotFoundError, CorruptError.
    """
    return {
        BlobId(shard.blake3): shard.size for one in snapshots for _, shard in _shards_of(repository, *one) if shard.size
    }


def iter_shard_values(
    repository: Repository,
    snapshots: Iterable[SnapshotName],
    *,
    is_wanted: Callable[[BlobId], bool] = lambda _: True,
) -> Iterator[Value]:
    """The shards of these snapshots as values of BLOBS, or of CHUNKS and, after them, of CHUNK_LISTS. Each shard comes
    once; a chunk that several shards have comes with each. `is_wanted` is asked before a shard is read, as a rule
    whether the other side lacks it.

    They are read where the files were last written to, in bounded memory. Raises NotFoundError, CorruptError,
    StorageError; StateError where a file is missing or has other bytes than its manifest says. What came of such a file
    are chunks, and no chunk list that leads to them.
    """
    seen: set[bytes] = set()
    for project, number in snapshots:
        for name, shard in _shards_of(repository, project, number):
            if shard.size and shard.blake3 not in seen and is_wanted(BlobId(shard.blake3)):
                yield from _iter_proved(repository, project, number, name, shard)
            seen.add(shard.blake3)


def write_shards(
    repository: Repository,
    contents: Contents,
    snapshots: Iterable[SnapshotName],
    *,
    side_files: SideFiles | None = None,
    progress: Progress | None = None,
) -> ShardsWritten:
    """Bring the shards of these snapshots into their folders in the repository, each proved against its manifest, which
    is here already. A folder gets its name when it is whole. What is here, in a folder that says that it is the
    snapshot's, by name and size, is not asked for again; nor are snapshots whose files are somewhere else, as `place/…`
    says.

    Raises NotFoundError, StorageError; StateError where another process makes the same; CorruptError naming the remote
    and the shard.
    """
    written, absent = [], []
    snapshots = list(snapshots)
    for project in sorted({project for project, _ in snapshots}):
        settle_folders(repository, project)
    for project, number in snapshots:
        named = _shards_of(repository, project, number)
        folder = _find_incomplete(repository, project, number, named)
        if folder is None:
            continue
        if not all(_is_there(contents, shard) for _, shard in named):
            absent.append(f"{project}@{number}")
            continue
        beside = side_files(repository, project, number) if side_files else {}
        with _filling(folder, named) as target:
            _bring(contents, target, named, progress or Silent())
            for name, data in beside.items():
                write_atomically(target / name, data)
        written.append(f"{project}@{number}")
    return ShardsWritten(tuple(written), tuple(absent))


def _shards_of(repository: Repository, project: str, number: int) -> list[tuple[str, Shard]]:
    """With the names of their files."""
    commit = repository.objects.load_commit(snapshot_commit(repository, project, number))
    if commit.definition is None or commit.manifest is None:
        raise CorruptError(f"the commit of {project}@{number} lacks definition or manifest")
    return named_shards(project, commit.definition, decode_manifest(repository.objects.read(commit.manifest)))


def _home(repository: Repository, project: str, number: int) -> Path:
    if repository.layout is None:
        raise StateError("a repository in memory has no place for snapshots", hint="open one that is in a folder")
    return repository.layout.snapshots / f"{project}@{number}"


def _iter_proved(repository: Repository, project: str, number: int, name: str, shard: Shard) -> Iterator[Value]:
    """Raises StateError, with what to do, where the file is missing or not what the manifest says."""
    place = find_place(repository, project, number)
    try:
        with _opened(repository.layout, place or _home(repository, project, number), name, shard) as reader:
            yield from _iter_values(reader, shard, name)
    except (NotFoundError, CorruptError) as error:
        out = "" if place is None else f" --out {quote(str(place))}"
        hint = f"'dset snapshot {project} --at {project}@{number}{out}' makes it again"
        raise StateError(f"{project}@{number}: {error.message}", hint=hint) from None


@contextmanager
def _opened(layout: Layout | None, place: Path | Url, name: str, shard: Shard) -> Iterator[Reader]:
    """The file of a shard: in its folder, or of a URL the copy here, or else what is there."""
    cached = None if layout is None else layout.shards / format_id(shard.blake3)
    path = place / name if isinstance(place, Path) else cached
    if isinstance(place, Url) and not _has_size(cached, shard):
        yield PiecesReader(iter_pieces(open_place(layout, place), name, shard.size))
        return
    if path is None or not _has_size(path, shard):
        raise NotFoundError(f"{path} is missing or damaged")
    with storage_errors(path), path.open("rb") as file:
        yield file


def _iter_values(reader: Reader, shard: Shard, name: str) -> Iterator[Value]:
    """Raises CorruptError where these are not the bytes of the shard."""
    if shard.size <= WHOLE_BYTES:
        data = read_up_to(reader, WHOLE_BYTES + 1)
        _check_bytes(digest(data), shard, name)
        yield Value(Table.BLOBS, shard.blake3, data)
        return
    hasher = blake3()
    chunks = []
    for data in iter_chunks(reader):
        hasher.update(data)
        chunk = ChunkId(digest(data))
        chunks.append((chunk, len(data)))
        yield Value(Table.CHUNKS, chunk, data)
    _check_bytes(hasher.digest(), shard, name)
    yield Value(Table.CHUNK_LISTS, shard.blake3, ChunkList(tuple(chunks)).encode())


def _check_bytes(found: bytes, shard: Shard, name: str) -> None:
    if found != shard.blake3:
        raise CorruptError(f"{name} has other bytes than the snapshot")


def _find_incomplete(
    repository: Repository, project: str, number: int, named: Sequence[tuple[str, Shard]]
) -> Path | None:
    """The folder that shards are to be brought into; None where all are here, or somewhere else on purpose."""
    place = find_place(repository, project, number)
    home = _home(repository, project, number)
    is_home = is_of(home, _digest_of(named)) and _is_complete(home, named)
    if isinstance(place, Url) or is_home or (place is not None and _is_complete(place, named)):
        return None
    return home


def _is_complete(folder: Path, named: Iterable[tuple[str, Shard]]) -> bool:
    return all(_has_size(folder / name, shard) for name, shard in named)


def _digest_of(named: Iterable[tuple[str, Shard]]) -> bytes:
    return snapshot_digest(shard for _, shard in named)


def _has_size(path: Path | None, shard: Shard) -> bool:
    try:
        return path is not None and path.stat().st_size == shard.size
    except OSError:
        return False


def _is_there(contents: Contents, shard: Shard) -> bool:
    return not shard.size or contents.indexes.find(_table_of(shard), shard.blake3) is not None


def _table_of(shard: Shard) -> Table:
    return Table.BLOBS if shard.size <= WHOLE_BYTES else Table.CHUNK_LISTS


@contextmanager
def _filling(folder: Path, named: Sequence[tuple[str, Shard]]) -> Iterator[Path]:
    """Where to write what is missing: the folder itself, where it is there already, or one that gets its name when all
    went well."""
    digest_ = _digest_of(named)
    if folder.is_dir():
        with mended_folder(folder):
            if not is_of(folder, digest_):
                clear_folder(folder)
            yield folder
            sync_folder(folder)
        return
    with resumable_folder(folder.parent, f"fetched-{folder.name}-{format_short(digest_)}") as staging:
        clear_folder(staging, {name for name, _ in named})
        yield staging
        publish(staging, folder)


def _bring(contents: Contents, folder: Path, named: Iterable[tuple[str, Shard]], progress: Progress) -> None:
    missing = [(folder / name, shard) for name, shard in named if not _has_size(folder / name, shard)]
    progress.start("bringing shards", sum(shard.size for _, shard in missing), unit=BYTES)
    for path, shard in missing:
        with storage_errors(path), new_read_only_file(path) as file:
            for start, data in _iter_parts(contents, shard, path.name):
                file.seek(start)
                file.write(data)
                progress.advance(len(data))
            if _hash_of(file) != shard.blake3:
                raise CorruptError(
                    f"{contents.storage.describe()}: {path.name} came with other bytes than its snapshot's"
                )
    progress.finish()


def _iter_parts(contents: Contents, shard: Shard, name: str) -> Iterator[tuple[int, bytes]]:
    """The bytes of a shard with the offset of each, in any order."""
    if not shard.size:
        return
    if _table_of(shard) is Table.BLOBS:
        for value in read_many(contents, [(Table.BLOBS, shard.blake3)]):
            yield 0, value.data
        return
    with naming(contents.storage, f"the chunk list of {name}"):
        chunks = _chunk_list(contents, shard)
    places: defaultdict[bytes, list[tuple[int, int]]] = defaultdict(list)
    for (chunk, length), start in zip(chunks.chunks, chunks.starts(), strict=True):
        places[chunk].append((start, length))
    for value in read_many(contents, ((Table.CHUNKS, chunk) for chunk in places)):
        with naming(contents.storage, f"a chunk of {name}"):
            _check_lengths(value.data, (length for _, length in places[value.id]))
        for start, _ in places[value.id]:
            yield start, value.data


def _check_lengths(data: bytes, lengths: Iterable[int]) -> None:
    """Raises CorruptError for a list that says less than a chunk has: it would be written whole at many places."""
    for length in lengths:
        if len(data) != length:
            raise CorruptError(f"it has {len(data):,} bytes, and the list says {length:,}")


def _chunk_list(contents: Contents, shard: Shard) -> ChunkList:
    """Raises CorruptError for one of another length than the shard's: it would be followed into terabytes."""
    (value,) = read_many(contents, [(Table.CHUNK_LISTS, shard.blake3)])
    chunks = decode_chunk_list(value.data)
    if chunks.size != shard.size:
        raise CorruptError(f"it is of {chunks.size:,} bytes, and the shard has {shard.size:,}")
    return chunks


def _hash_of(file: BinaryIO) -> bytes:
    hasher = blake3()
    file.seek(0)
    while data := file.read(_BUFFER):
        hasher.update(data)
    return hasher.digest()
