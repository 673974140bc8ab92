"""Golden vectors: the bytes of packs, indexes and the root. `docs/format/remote.md` explains them."""

from datetime import UTC, datetime

from support.packs import SALT, index_of, value

from dvcore.ids import CommitId
from dvcore.remote.indexes.index import Index
from dvcore.remote.packs.names import IndexRef, PackKind, PackRef
from dvcore.remote.packs.packing import Value, iter_packs
from dvcore.remote.packs.reading import read_pack
from dvcore.remote.roots.format import decode_root, encode_root
from dvcore.remote.roots.root import Root, Tombstone
from dvcore.remote.storages.memory import MemoryStorage
from dvcore.store import Table

SALT_HEX = "000102030405060708090a0b0c0d0e0f"
WALNUT = "00b52608a2d41cace03c13132c74eae4c1a388a1e88241f77e4c3731010644f3"
TREE = "6baa6c9f461fe834a9da0ebb62e0f6fb8c11988a58cbc51b8da8040aea19bc3a"
ZEROS = "00" * 32
BLOBS_ID = "47edd0894a265b846dce33159d8004560b6bebb8e404f61d6833a1c38c5b0f39"
METADATA_ID = "a30c3297c8897f4289d59c9db50a1d0aac6d9a9d8073d93cf4f4302a5c3df233"

BLOBS = (
    "647365747061636b" "00000001" "62" "000000" + SALT_HEX
    + "62" "00" "0000" "00000006" "00000006" + WALNUT + "77616c6e7574"
    + "62" "00" "0000" "00000006" "00000006" + WALNUT
    + "00000001" "00000001" "0571431aa1138c9bb18b74e72c6ef8fedfdc49481c48c69e5fdfa5bec5d9e8ac" "6473657470656e64"
)  # fmt: skip
METADATA = (
    "647365747061636b" "00000001" "6d" "000000" + SALT_HEX
    + "6f" "00" "0000" "00000004" "00000004" + TREE + "74726565"
    + "6c" "00" "0000" "00000004" "00000004" + ZEROS + "6c697374"
    + "6f" "00" "0000" "00000004" "00000004" + TREE
    + "6c" "00" "0000" "00000004" "00000004" + ZEROS
    + "00000001" "00000002" "014f9ab1d65c91d15623ccf98a3679aa5effaf9efef270794e05d5320fcc551d" "6473657470656e64"
)  # fmt: skip
DEFLATED = (
    "647365747061636b" "00000001" "6d" "000000" + SALT_HEX
    + "6f" "01" "0000" "0000004b" "00001b58" "16794be6dbe516c52c8f7a09e11a10ac07e58e365c39f80191176ad8574c28dd"
    "7801edd5310d00400803402b5863273f3dc13e0a7070137b437b93f5fac73822f0058a600bcc21116848431ad2908634a4210d6948431ad2"
    "908634a4210d6948431ad2f0d67001e171ab0f"
    "6f" "01" "0000" "0000004b" "00001b58" "16794be6dbe516c52c8f7a09e11a10ac07e58e365c39f80191176ad8574c28dd"
    "00000001" "00000001" "fea07f0acccbe053195c73891a88ac1bcf6150b99c0f97735c7c270fad5ba858" "6473657470656e64"
)  # fmt: skip
INDEX = (
    "64736574696e6478" "00000001" "00000002" "00000003" + SALT_HEX
    + "62" "000000ae" + BLOBS_ID
    + "6d" "00000108" + METADATA_ID
    + ZEROS + "6c" "00000001" "00000050" "00000030"
    + WALNUT + "62" "00000000" "00000020" "00000032"
    + TREE + "6f" "00000001" "00000020" "00000030"
)  # fmt: skip
COMMIT_HEX = "c420" + "07" * 32
ROOT = (
    "64736574726f6f74" "00000001" "2da1fcb04f6651f47489fb4a3970d94d866bb012c5ce7f45850cbde22075b481"
    "93a4726f6f740188"
    "a8636f756e7465727381a46e75747303"
    "a468656164a46d61696e"
    "a86964656e74697479c420" + ZEROS
    + "a7696e64657865739193c420" + "03" * 32 + "7601"
    "a47265667384"
    "aa68656164732f6d61696e" + COMMIT_HEX
    + "ad70726f6a656374732f6e757473" + COMMIT_HEX
    + "b0736e617073686f74732f6e7574732f31" + COMMIT_HEX
    + "a9746167732f76312f61" + COMMIT_HEX
    + "a673657269616c02"
    "aa746f6d6273746f6e65739194a5626c6f6273c420" + ZEROS + "cd03e8cf0006475ef64cf346"
    "a677726974657392c410" + "01" * 16 + "c410" + "02" * 16
)  # fmt: skip


def test_packs() -> None:
    texts = [value(b"tree", Table.OBJECTS), Value(Table.CHUNK_LISTS, bytes(32), b"list")]
    metadata, blobs = iter_packs([*texts, value(b"walnut")], SALT)
    assert bytes(metadata.data).hex() == METADATA
    assert metadata.ref == PackRef(PackKind.METADATA, bytes.fromhex(METADATA_ID), 264)
    assert metadata.ref.name == f"packs/metadata/a3/{METADATA_ID}"
    assert bytes(blobs.data).hex() == BLOBS
    assert blobs.ref == PackRef(PackKind.BLOBS, bytes.fromhex(BLOBS_ID), 174)
    assert blobs.ref.name == f"packs/blobs/47/{BLOBS_ID}"


def test_a_deflated_entry_is_read() -> None:
    """Only reading is pinned: another zlib may deflate the same object otherwise."""
    digits = "1f30b994ec3340a9632a62fe824f564ee01c5b74c49b1f458190aa3d52142fec"
    pack = PackRef(PackKind.METADATA, bytes.fromhex(digits), 243)
    storage = MemoryStorage()
    storage.put(pack.name, bytes.fromhex(DEFLATED))
    ((entry, offset),) = read_pack(storage, pack)
    assert (entry.table, entry.size, entry.is_deflated, offset) == (Table.OBJECTS, 7000, True, 32)


def test_index() -> None:
    texts = [value(b"tree", Table.OBJECTS), Value(Table.CHUNK_LISTS, bytes(32), b"list")]
    metadata, blobs = iter_packs([*texts, value(b"walnut")], SALT)
    made = index_of([blobs, metadata])
    assert made.data.hex() == INDEX
    digits = "c4b7b3ea35cbec6ae7fcad34e27479f8528ef6601da8344684f325a683389996"
    assert made.ref == IndexRef(bytes.fromhex(digits), 245, 3)
    assert made.ref.name == f"indexes/{digits}"
    location = Index(bytes.fromhex(INDEX)).find(Table.BLOBS, bytes.fromhex(WALNUT))
    assert location == (blobs.ref, 32, 50)


def test_root() -> None:
    commit = CommitId(bytes([7] * 32))
    tombstone = Tombstone(PackRef(PackKind.BLOBS, bytes(32), 1000), datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC))
    root = Root(
        identity=bytes(32),
        serial=2,
        writes=(bytes([1] * 16), bytes([2] * 16)),
        refs=dict.fromkeys(("heads/main", "projects/nuts", "snapshots/nuts/1", "tags/v1/a"), commit),
        head="main",
        counters={"nuts": 3},
        indexes=(IndexRef(bytes([3] * 32), 118, 1),),
        tombstones=(tombstone,),
    )
    assert encode_root(root).hex() == ROOT
    assert decode_root(bytes.fromhex(ROOT)) == root
