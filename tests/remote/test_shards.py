"""The TFRecords of snapshots on their way: as values that a push sends, and back into files."""

import shutil
from collections.abc import Iterable, Iterator

import pytest
from blake3 import blake3
from support.datasets import drawn_repository, make_project, put_drawn, put_files
from support.packs import index_of, opened, send

from dvcore.errors import CorruptError, StateError, StorageError
from dvcore.ids import BlobId
from dvcore.model.definition import Definition, Split
from dvcore.model.manifest import Manifest, Shard
from dvcore.model.shard_names import named_shards
from dvcore.progress import Silent
from dvcore.remote.contents.opened import Contents
from dvcore.remote.exchange.places import parse_url
from dvcore.remote.exchange.shards import iter_shard_values, shard_ids, write_shards
from dvcore.remote.indexes.index_set import IndexSet
from dvcore.remote.packs.packing import Value
from dvcore.remote.storages.memory import MemoryStorage
from dvcore.remote.storages.storage import Storage
from dvcore.repo.commits import commit_working
from dvcore.repo.repository import Repository
from dvcore.snapshot.catalog.sidefiles import side_files_of
from dvcore.snapshot.catalog.snapshots import load_snapshot
from dvcore.snapshot.taking.take import take_snapshot
from dvcore.snapshot.verifying.verify import verify_files
from dvcore.store import Table
from dvcore.store.chunk_list import ChunkList, decode_chunk_list

SPLITS = (Split("train", "1", None, 2), Split("test", "0", "name LIKE '0%'", 1), Split("none", "0", "name = ''", 1))
ONE = [("nuts", 1)]


@pytest.fixture
def repository(tmp_path) -> Iterator[Repository]:
    """Two shards are large, so that they travel in chunks; one is small, and one empty."""
    with drawn_repository(tmp_path / "work", 4) as made:
        noise = {f"nuts/large{number}.png": _large(number) for number in range(16)}
        put_files(made, noise, dict.fromkeys(noise, "walnut"))
        commit_working(made, "large ones")
        make_project(made, splits=SPLITS)
        take_snapshot(made, "nuts")
        yield made


def _large(number: int) -> bytes:
    import io
    import random

    from PIL import Image

    stream = io.BytesIO()
    noise = random.Random(number).randbytes(400 * 300 * 3)
    Image.frombytes("RGB", (400, 300), noise).save(stream, "PNG")
    return stream.getvalue()


def contents(*packs_of: Iterable[Value], storage: Storage | None = None) -> Contents:
    """A remote that has these values."""
    storage = storage or MemoryStorage()
    packs = [pack for values in packs_of for pack in send(storage, values)]
    indexes = IndexSet([opened(index_of(packs))] if packs else [])
    return Contents(storage, None, indexes)  # type: ignore[arg-type]


def empty_home(repository: Repository) -> None:
    shutil.rmtree(repository.layout.snapshots)
    repository.layout.snapshots.mkdir()


def files(repository: Repository, name: str = "nuts@1") -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (repository.layout.snapshots / name).iterdir()}


def shards(repository: Repository) -> tuple[Shard, ...]:
    return load_snapshot(repository, "nuts@1").manifest.shards


def test_shards_become_values_that_prove_themselves(repository):
    values = list(iter_shard_values(repository, ONE))
    chunks = {value.id: value.data for value in values if value.table is Table.CHUNKS}
    assert all(blake3(data).digest() == id_ for id_, data in chunks.items())
    blobs = {value.id: value.data for value in values if value.table is Table.BLOBS}
    for value in values:
        if value.table is Table.CHUNK_LISTS:
            blobs[value.id] = b"".join(chunks[chunk] for chunk, _ in decode_chunk_list(value.data).chunks)
    assert {id_: len(data) for id_, data in blobs.items()} == shard_ids(repository, ONE)
    assert {value.table for value in values} == {Table.CHUNKS, Table.CHUNK_LISTS, Table.BLOBS}
    assert all(blake3(data).digest() == id_ for id_, data in blobs.items())


def test_a_chunk_list_comes_after_its_chunks(repository):
    given: set[bytes] = set()
    lists = 0
    for value in iter_shard_values(repository, ONE):
        given.add(value.id)
        if value.table is Table.CHUNK_LISTS:
            lists += 1
            assert {chunk for chunk, _ in decode_chunk_list(value.data).chunks} <= given
    assert lists == 2


def test_shards_are_what_a_blob_of_their_bytes_is(repository):
    """So that whoever has the file as an image, or as anything else, has it once."""
    with repository.writing(), repository.blobs.writer() as writer:
        for name, data in files(repository).items():
            if "tfrecord" in name:
                writer.add_bytes(data)
    with repository.stores.blobs.read() as transaction:
        for value in iter_shard_values(repository, ONE):
            assert transaction.get(value.table, value.id) == value.data


def test_what_the_other_side_has_is_not_read(repository):
    there = BlobId(shards(repository)[0].blake3)
    (repository.layout.snapshots / "nuts@1" / "nuts-train.tfrecord-00000-of-00002").unlink()
    values = list(iter_shard_values(repository, ONE, is_wanted=lambda blob: blob != there))
    assert {value.id for value in values if value.table is Table.CHUNK_LISTS} == {shards(repository)[1].blake3}


def test_each_shard_comes_once(repository):
    put_drawn(repository, 1, first=900)
    commit_working(repository, "one more")
    take_snapshot(repository, "nuts")
    both = [("nuts", 1), ("nuts", 2)]
    ids = [value.id for value in iter_shard_values(repository, both) if value.table is not Table.CHUNKS]
    assert sorted(ids) == sorted(shard_ids(repository, both))
    assert len(ids) == 4


@pytest.mark.parametrize("is_cut", [True, False])
def test_a_file_that_is_not_what_it_was_gives_no_chunk_list(repository, is_cut):
    path = repository.layout.snapshots / "nuts@1" / "nuts-train.tfrecord-00001-of-00002"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.unlink()
    path.write_bytes(data[:-1] if is_cut else data)
    given: list[Value] = []
    with pytest.raises(StateError, match=r"nuts-train\.tfrecord-00001-of-00002"):
        given.extend(iter_shard_values(repository, ONE))
    assert {value.id for value in given if value.table is Table.CHUNK_LISTS} == {shards(repository)[0].blake3}


def test_a_missing_file_says_how_to_make_it(repository):
    empty_home(repository)
    with pytest.raises(StateError, match=r"missing.*'dset snapshot nuts --at nuts@1'"):
        list(iter_shard_values(repository, ONE))


@pytest.mark.parametrize("is_cached", [True, False])
def test_shards_at_a_url_are_sent_from_there(repository, tmp_path, is_cached):
    expected = list(iter_shard_values(repository, ONE))
    url = parse_url(f"file://{tmp_path}/share")
    take_snapshot(repository, "nuts", out=url)
    empty_home(repository)
    if is_cached:
        shutil.rmtree(tmp_path / "share")
    else:
        shutil.rmtree(repository.layout.shards)
    assert list(iter_shard_values(repository, ONE)) == expected


@pytest.mark.parametrize("harm", ["gone", "cut", "other"])
def test_what_is_not_at_the_url_is_told_with_the_command_that_sends_it_there(repository, tmp_path, harm):
    """Without `--out` it would be made in the repository, and looked for there from then on."""
    url = parse_url(f"file://{tmp_path}/share")
    take_snapshot(repository, "nuts", out=url)
    shutil.rmtree(repository.layout.shards)
    path = tmp_path / "share" / "nuts-train.tfrecord-00000-of-00002"
    data = path.read_bytes()
    path.unlink()
    if harm != "gone":
        path.write_bytes(data[:-1] if harm == "cut" else bytes(len(data)))
    with pytest.raises(StateError, match=f"{path.name}.*'dset snapshot nuts --at nuts@1 --out {url}'"):
        list(iter_shard_values(repository, ONE))


def test_what_is_not_in_a_chosen_folder_is_told_with_the_folder(repository, tmp_path):
    take_snapshot(repository, "nuts", out=tmp_path / "out here")
    (tmp_path / "out here" / "nuts-train.tfrecord-00000-of-00002").unlink()
    with pytest.raises(StateError, match=f"missing.*--at nuts@1 --out '{tmp_path}/out here'"):
        list(iter_shard_values(repository, ONE))


def test_they_come_back_as_the_same_files(repository):
    before = files(repository)
    remote = contents(iter_shard_values(repository, ONE))
    empty_home(repository)
    done = write_shards(repository, remote, ONE, side_files=side_files_of)
    assert (done.written, done.absent) == (("nuts@1",), ())
    assert files(repository) == before
    assert verify_files(repository, "nuts@1").ok
    assert {path.name for path in repository.layout.snapshots.iterdir()} == {"nuts@1"}
    assert all(path.stat().st_mode & 0o222 == 0 for path in repository.layout.snapshots.glob("*/*.tfrecord-*"))
    again = write_shards(repository, remote, ONE)
    assert (again.written, again.absent) == ((), ())


def test_what_the_remote_lacks_is_told_and_nothing_written(repository):
    empty_home(repository)
    done = write_shards(repository, contents(), ONE)
    assert (done.written, done.absent) == ((), ("nuts@1",))
    assert not list(repository.layout.snapshots.iterdir())


def test_files_that_are_missing_are_added(repository):
    before = files(repository)
    remote = contents(iter_shard_values(repository, ONE))
    (repository.layout.snapshots / "nuts@1" / "nuts-train.tfrecord-00001-of-00002").unlink()
    assert write_shards(repository, remote, ONE).written == ("nuts@1",)
    assert files(repository) == before


def test_a_snapshot_that_is_elsewhere_is_left_there(repository, tmp_path):
    remote = contents(iter_shard_values(repository, ONE))
    take_snapshot(repository, "nuts", out=tmp_path / "out")
    empty_home(repository)
    assert write_shards(repository, remote, ONE).written == ()
    take_snapshot(repository, "nuts", out=parse_url(f"file://{tmp_path}/share"))
    assert write_shards(repository, remote, ONE).written == ()
    assert not list(repository.layout.snapshots.iterdir())


def test_an_interrupted_fetch_goes_on(repository):
    before = files(repository)
    storage = Failing()
    remote = contents(iter_shard_values(repository, ONE), storage=storage)
    empty_home(repository)
    storage.left = 2  # the chunk lists, and the chunks of the first
    with pytest.raises(StorageError, match="gone"):
        write_shards(repository, remote, ONE, side_files=side_files_of)
    assert not (repository.layout.snapshots / "nuts@1").exists()
    (left,) = repository.layout.snapshots.glob(".making-*")
    assert [path.name for path in left.iterdir()] == ["nuts-train.tfrecord-00000-of-00002"]
    storage.left = 1000
    write_shards(repository, remote, ONE, side_files=side_files_of)
    assert files(repository) == before
    assert storage.left == 1000 - 2, "the first shard is not asked for again"


class Failing(MemoryStorage):
    """Answers so many reads and no more."""

    left = 1000

    def get_range(self, name: str, start: int, length: int) -> bytes:
        if self.left <= 0:
            raise StorageError("the remote has gone")
        self.left -= 1
        return super().get_range(name, start, length)


def lying(values: Iterable[Value], wanted: Table, data: bytes, shard: Shard) -> Iterator[Value]:
    """The same, but for the value of a shard in one table."""
    for value in values:
        is_it = value.table is wanted and value.id == shard.blake3
        yield Value(value.table, value.id, data) if is_it else value


def test_a_chunk_list_of_other_chunks_is_refused(repository):
    first, second = shards(repository)[:2]
    values = list(iter_shard_values(repository, ONE))
    (other,) = (value for value in values if value.table is Table.CHUNK_LISTS and value.id == second.blake3)
    empty_home(repository)
    for data in (other.data, _shuffled(values, first)):
        remote = contents(lying(values, Table.CHUNK_LISTS, data, first))
        with pytest.raises(CorruptError, match=r"memory: .*nuts-train\.tfrecord-00000-of-00002"):
            write_shards(repository, remote, ONE)
        assert not list(repository.layout.snapshots.iterdir())


def test_a_chunk_list_of_another_length_is_not_followed(repository):
    """It would fill the disk before its hash could tell."""
    first = shards(repository)[0]
    values = list(iter_shard_values(repository, ONE))
    (listed,) = (value for value in values if value.table is Table.CHUNK_LISTS and value.id == first.blake3)
    endless = ChunkList(decode_chunk_list(listed.data).chunks * 1000).encode()
    storage = Failing()
    remote = contents(lying(values, Table.CHUNK_LISTS, endless, first), storage=storage)
    empty_home(repository)
    with pytest.raises(CorruptError, match=r"memory: the chunk list of nuts-train\.tfrecord-00000-of-00002: it is of"):
        write_shards(repository, remote, ONE)
    assert storage.left == 1000 - 1


def test_a_chunk_list_that_says_chunks_are_shorter_is_not_followed(repository):
    """Each would be written whole at every place: of the right length, and terabytes of work."""
    first = shards(repository)[0]
    values = list(iter_shard_values(repository, ONE))
    (listed,) = (value for value in values if value.table is Table.CHUNK_LISTS and value.id == first.blake3)
    chunk = decode_chunk_list(listed.data).chunks[0][0]
    times, rest = divmod(first.size, 1000)
    many = ChunkList(((chunk, 1000),) * times + ((chunk, rest),) * (rest > 0)).encode()
    remote = contents(lying(values, Table.CHUNK_LISTS, many, first))
    empty_home(repository)
    written = Written()
    with pytest.raises(CorruptError, match=r"memory: a chunk of nuts-train\.tfrecord-00000-of-00002: it has"):
        write_shards(repository, remote, ONE, progress=written)
    assert written.bytes == 0


class Written(Silent):
    """Counts the bytes that are reported."""

    bytes = 0

    def advance(self, done: int = 1) -> None:
        self.bytes += done


def _shuffled(values: Iterable[Value], shard: Shard) -> bytes:
    """Its chunk list with the first two in the other order: of the right length, with other bytes."""
    (listed,) = (value for value in values if value.table is Table.CHUNK_LISTS and value.id == shard.blake3)
    first, second, *rest = decode_chunk_list(listed.data).chunks
    return ChunkList((second, first, *rest)).encode()


@pytest.mark.parametrize("name", ["../../outside", "a/b", "", "A", ".hidden", "x" * 64])
def test_a_manifest_from_elsewhere_leads_to_no_other_file(name):
    definition = Definition(splits=(Split(name, "1", None, 1),))
    id_ = bytes(32)
    manifest = Manifest((Shard(name, 0, 1, 1, id_, id_, id_),), id_, id_, ((),), {}, {})  # type: ignore[arg-type]
    with pytest.raises(CorruptError, match="does not fit"):
        named_shards("nuts", definition, manifest)
