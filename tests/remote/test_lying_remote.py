"""A remote that lies is refused, with the remote and the object named, and nothing here has changed."""

import os
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from support.datasets import drawn_repository
from support.fetching import change_some, noise, put_files, shared_history
from support.packs import index_of
from support.remotes import CountingStorage, cells_of, publish, published, refs_of

from dvcore.encoding import encode_object
from dvcore.errors import CorruptError, DsetError, NeedsNewerError, NotFoundError
from dvcore.ids import AnnotationsId, BlobId, CommitId, ManifestId, NodeId, TreeId, digest, format_id
from dvcore.model.commit import Commit, encode_commit
from dvcore.model.conflicts import Merging
from dvcore.model.definition import Definition
from dvcore.model.files import FileRecord, encode_record
from dvcore.model.manifest import Manifest, encode_manifest
from dvcore.model.tree import Directory, FileEntry, Tree, encode_entry, encode_tree
from dvcore.prolly.node import Node, encode_node, encode_reference
from dvcore.remote.exchange.fetch import fetch
from dvcore.remote.indexes.index import HEAD, PACK, RECORD
from dvcore.remote.packs.entry import Entry
from dvcore.remote.packs.names import IndexRef, PackKind, PackRef
from dvcore.remote.packs.pack import encode_footer, encode_head, new_salt
from dvcore.remote.packs.packing import Value, iter_packs
from dvcore.remote.roots import format as root_format
from dvcore.remote.roots.commit import commit_root, read_root
from dvcore.remote.roots.root import Root
from dvcore.remote.storages.memory import MemoryStorage
from dvcore.repo.check import check_repository
from dvcore.repo.commits import commit_working
from dvcore.repo.repository import Repository
from dvcore.store import Table
from dvcore.store.chunk_list import ChunkList

EMPTY_NODE = encode_node(Node(0, (), ()))
EMPTY = NodeId(digest(EMPTY_NODE))
FILE = digest(b"a file")
BLOB = BlobId(digest(b"walnut"))
SIZE = len(b"walnut")
RECORD_BYTES = encode_record(FileRecord(BLOB, SIZE, BLOB))
ENTRY_BYTES = encode_entry(FileEntry(FILE))


@pytest.fixture(params=["whole", "lazy"])
def is_lazy(request: pytest.FixtureRequest) -> bool:
    return request.param == "lazy"


@pytest.fixture
def ours() -> Iterator[Repository]:
    """A repository with work of its own, which must be what it was, and sound, when the test is through with it."""
    made = drawn_repository(None, 6)
    change_some(made)
    before = cells_of(made)
    yield made
    assert cells_of(made) == before
    assert check_repository(made) == []


class Liar:
    """Objects that are well packed, indexed and hashed, whatever they say."""

    def __init__(self) -> None:
        self._values = [Value(Table.OBJECTS, EMPTY, EMPTY_NODE), Value(Table.BLOBS, BLOB, b"walnut")]

    def put(self, data: bytes, table: Table = Table.OBJECTS, id_: bytes | None = None) -> bytes:
        """The id of a value, or the one that it is to have."""
        key = digest(data) if id_ is None else id_
        self._values.append(Value(table, key, data))
        return key

    def node(self, level: int, *items: tuple[bytes, bytes]) -> NodeId:
        """A node, whether or not it can be one."""
        keys, values = [key for key, _ in items], [value for _, value in items]
        return NodeId(self.put(encode_object("node", 1, {"keys": keys, "level": level, "values": values})))

    def commit(self, tree: bytes, **fields: object) -> CommitId:
        """A commit of a tree."""
        made = Commit(TreeId(tree), (), "Eve <eve@example.org>", 1_700_000_000_000_000, "a gift", **fields)  # type: ignore[arg-type]
        return CommitId(self.put(encode_commit(made)))

    def tree(self, root: Directory | None = None, files: bytes | None = None, **fields: object) -> bytes:
        """A tree, by default of one file."""
        plain = Directory(self.node(0, (b"a.png", ENTRY_BYTES)), 1)
        record = self.node(0, (FILE, RECORD_BYTES)) if files is None else NodeId(files)
        return self.put(encode_tree(Tree(root or plain, record, **fields)))  # type: ignore[arg-type]

    def storage(self, ref: CommitId, name: str = "heads/main") -> MemoryStorage:
        """A remote with a ref that leads to it all."""
        storage = MemoryStorage()
        salt = new_salt()
        packs = list(iter_packs({(one.table, one.id): one for one in self._values}.values(), salt))
        for pack in packs:
            storage.put(pack.ref.name, pack.data)
        made = index_of(packs, salt)
        storage.put(made.ref.name, made.data)
        commit_root(storage, lambda root: replace(root, refs={name: ref}, head="main", indexes=(made.ref,)))
        return storage


def refused(
    ours: Repository, storage: MemoryStorage, *names: str, kind: type[DsetError] = CorruptError, is_lazy: bool = False
) -> str:
    """What the fetch says, which names the remote and these; and it says so again."""
    messages = []
    for _ in range(2):
        with pytest.raises(kind) as caught:
            fetch(ours, storage, "origin", is_lazy=is_lazy)
        messages.append(str(caught.value))
    for message in messages:
        assert message.startswith("memory: "), message
        assert message.count("memory: ") == 1, message
        assert all(name in message for name in names), message
    return messages[0]


def test_an_honest_history_of_such_objects_is_taken() -> None:
    liar = Liar()
    ours = Repository.in_memory()
    fetch(ours, liar.storage(liar.commit(liar.tree())), "origin")
    assert check_repository(ours) == []


@pytest.mark.parametrize(
    "name",
    [b"..", b".", b"/etc/passwd", b"a/b", b"a\0b", b"a\nb", b"", b"\xff", "u\u0308".encode(), b"x" * 256],
    ids=repr,
)
def test_names_that_no_directory_has(ours: Repository, name: bytes, is_lazy: bool) -> None:
    liar = Liar()
    root = liar.node(0, (name, ENTRY_BYTES))
    storage = liar.storage(liar.commit(liar.tree(Directory(root, 1))))
    refused(ours, storage, f"directory {format_id(root)}", is_lazy=is_lazy)


@pytest.mark.parametrize("depth", [65, 1_500])
def test_directories_nested_too_deep(ours: Repository, depth: int, is_lazy: bool) -> None:
    liar = Liar()
    storage = liar.storage(liar.commit(_chain(liar, depth)))
    refused(ours, storage, "nested deeper than 64", is_lazy=is_lazy)


def test_a_depth_that_only_the_longest_way_has(ours: Repository) -> None:
    """Each directory is met near the root first, where it is not too deep."""
    liar = Liar()
    inner = Directory(liar.node(0, (b"a.png", ENTRY_BYTES)), 1)
    every = [inner]
    for _ in range(65):
        inner = Directory(liar.node(0, (b"d", encode_entry(inner))), 1, inner.directories + 1)
        every.append(inner)
    items = [(b"%03d" % number, encode_entry(one)) for number, one in enumerate(reversed(every))]
    root = Directory(liar.node(0, *items), len(every), len(every))
    refused(ours, liar.storage(liar.commit(liar.tree(root))), "nested deeper than 64")


def test_what_is_here_already_hung_too_deep(ours: Repository) -> None:
    """The deep part is not opened, since it is part of what the new tree is compared with."""
    liar = Liar()
    first = liar.commit(_chain(liar, 60))
    fetched = Repository.in_memory()
    storage = liar.storage(first)
    fetch(fetched, storage, "origin")
    deep = fetched.objects.load_tree(fetched.objects.load_commit(first).tree).root
    root = _nested(liar, deep, 10)
    both = liar.node(0, (b"a", encode_entry(root)), (b"b", encode_entry(deep)))
    tree = liar.tree(Directory(both, 2, 200))
    second = CommitId(liar.put(encode_commit(Commit(TreeId(tree), (first,), "Eve <e@e>", 1_700_000_000_000_001, "2"))))
    before = cells_of(fetched)
    evil = liar.storage(second)
    evil.put("root", _root_of(storage, evil))
    with pytest.raises(CorruptError, match="nested deeper than 64"):
        fetch(fetched, evil, "origin")
    assert cells_of(fetched) == before


@pytest.mark.parametrize("depth", [64])
def test_directories_nested_as_deep_as_they_may_be(depth: int) -> None:
    liar = Liar()
    ours = Repository.in_memory()
    fetch(ours, liar.storage(liar.commit(_chain(liar, depth))), "origin")
    assert check_repository(ours) == []


def test_maps_that_are_not_in_order_or_repeat_a_key(ours: Repository, is_lazy: bool) -> None:
    for keys in ((b"b", b"a"), (b"a", b"a")):
        liar = Liar()
        root = liar.node(0, *((key, ENTRY_BYTES) for key in keys))
        refused(ours, liar.storage(liar.commit(liar.tree(Directory(root, 2)))), format_id(root), is_lazy=is_lazy)


@pytest.mark.parametrize(
    ("level", "key", "count"), [(2, b"a.png", 1), (1, b"b.png", 1), (1, b"a.png", 2**40)], ids=["level", "key", "count"]
)
def test_a_child_that_is_not_what_its_parent_says(ours: Repository, level: int, key: bytes, count: int) -> None:
    liar = Liar()
    child = liar.node(0, (b"a.png", ENTRY_BYTES))
    root = liar.node(level, (key, encode_reference(child, count)))
    refused(ours, liar.storage(liar.commit(liar.tree(Directory(root, 1)))), format_id(child)[:12])


def test_records_that_are_none(ours: Repository, is_lazy: bool) -> None:
    for value in (b"", b"\xc0", encode_object("file", 1, {"blob": BLOB}), encode_object("file", 99, {})):
        liar = Liar()
        files = liar.node(0, (FILE, value))
        kind = NeedsNewerError if value == encode_object("file", 99, {}) else CorruptError
        refused(
            ours, liar.storage(liar.commit(liar.tree(files=files))), format_id(files)[:12], kind=kind, is_lazy=is_lazy
        )


def test_a_file_whose_id_is_none(ours: Repository) -> None:
    liar = Liar()
    files = liar.node(0, (b"short", RECORD_BYTES))
    refused(ours, liar.storage(liar.commit(liar.tree(files=files))), format_id(files))


def test_objects_of_another_kind_than_is_referred_to(ours: Repository, is_lazy: bool) -> None:
    liar = Liar()
    tree = liar.tree()
    commit = liar.commit(tree)
    as_tree = liar.commit(commit)
    refused(ours, liar.storage(as_tree), f"tree {format_id(commit)}", is_lazy=is_lazy)
    refused(ours, liar.storage(CommitId(tree)), f"commit {format_id(tree)}", is_lazy=is_lazy)
    as_directory = liar.commit(liar.tree(Directory(NodeId(tree), 1)))
    refused(ours, liar.storage(as_directory), f"directory {format_id(tree)}", is_lazy=is_lazy)
    as_manifest = liar.commit(tree, definition=Definition(), manifest=ManifestId(commit))
    refused(ours, liar.storage(as_manifest), f"manifest {format_id(commit)}", is_lazy=is_lazy)


def test_an_object_that_is_here_as_something_else(ours: Repository) -> None:
    """The tree of files of our own work, named as the examples of a snapshot."""
    liar = Liar()
    mine = ours.working_tree().tree.files
    manifest = ManifestId(liar.put(encode_manifest(Manifest((), mine, EMPTY, (), {}, {}))))
    ref = liar.commit(liar.tree(), definition=Definition(), manifest=manifest)
    refused(ours, liar.storage(ref), f"map of examples {format_id(mine)}")


def test_annotations_that_are_none(ours: Repository, is_lazy: bool) -> None:
    box = [digest(b"i"), "walnut", [1, [1.0, 2.0, -3.0]], {}]
    for data in (
        EMPTY_NODE,
        encode_object("annotations", 99, {}),
        encode_object("annotations", 1, {"instances": [box]}),
        encode_object("annotations", 1, {"instances": 5}),
    ):
        liar = Liar()
        annotations = AnnotationsId(liar.put(data))
        files = liar.node(0, (FILE, encode_record(FileRecord(BLOB, SIZE, BLOB, annotations=annotations))))
        kind = NeedsNewerError if b"\x63" in data[:20] else CorruptError
        storage = liar.storage(liar.commit(liar.tree(files=files)))
        refused(ours, storage, f"annotation set {format_id(annotations)}", kind=kind, is_lazy=is_lazy)


def test_a_tree_in_the_midst_of_a_merge(ours: Repository) -> None:
    liar = Liar()
    inner = TreeId(liar.tree())
    merging = Merging(None, "merge", inner, inner, EMPTY, 0)
    tree = liar.tree(merging=merging)
    refused(ours, liar.storage(liar.commit(tree)), f"tree {format_id(tree)}")


@pytest.mark.parametrize("kind", ["commit", "tree", "node", "annotations", "blob"])
def test_objects_that_are_not_there(ours: Repository, kind: str, is_lazy: bool) -> None:
    liar = Liar()
    gone = digest(b"not there")
    record = FileRecord(
        BlobId(gone) if kind == "blob" else BLOB,
        SIZE,
        BLOB,
        annotations=AnnotationsId(gone) if kind == "annotations" else None,
    )
    files = gone if kind == "node" else liar.node(0, (FILE, encode_record(record)))
    tree = gone if kind == "tree" else liar.tree(files=files)
    ref = CommitId(gone) if kind == "commit" else liar.commit(tree)
    refused(ours, liar.storage(ref), format_id(gone), is_lazy=is_lazy)


def test_a_large_blob_that_its_chunks_do_not_make_up(ours: Repository) -> None:
    chunks = [noise(600_000, 1), noise(600_000, 2)]
    real = BlobId(digest(b"".join(chunks)))
    for listed, what in (
        ([(digest(one), len(one)) for one in reversed(chunks)], "do not make up"),
        ([(digest(one), len(one) + 1) for one in chunks], "has 600000 bytes"),
        ([(digest(b"no such chunk"), 600_000), (digest(chunks[1]), 600_000)], "none of its indexes"),
        ([(digest(chunks[0]), 5)], "under 1048577"),
    ):
        liar = Liar()
        for chunk in chunks:
            liar.put(chunk, Table.CHUNKS)
        liar.put(ChunkList(tuple(listed)).encode(), Table.CHUNK_LISTS, real)  # type: ignore[arg-type]
        files = liar.node(0, (FILE, encode_record(FileRecord(real, 1_200_000, real))))
        message = refused(ours, liar.storage(liar.commit(liar.tree(files=files))))
        assert what in message
        assert ours.blobs.find_missing([real])


def test_every_byte_that_is_wrong_is_found_or_not_asked_for(ours: Repository) -> None:
    source = Repository.in_memory()
    put_files(source, {"a.png": noise(3_000, 1), "b.png": noise(3_000, 2)})
    commit_working(source, "two")
    honest = published(source)
    for listed in list(honest.iter_names()):
        data = honest.get(listed.name).data
        for at in range(0, len(data), 37 if listed.name != "root" else 5):
            storage = _copied(honest)
            storage.put(listed.name, data[:at] + bytes([data[at] ^ 0x40]) + data[at + 1 :])
            mine = Repository.in_memory()
            before = cells_of(mine)
            try:
                fetch(mine, storage, "origin")
            except (CorruptError, NeedsNewerError) as error:
                assert error.message.startswith("memory: ")  # noqa: PT017
                assert cells_of(mine) == before
            assert check_repository(mine) == []


@pytest.mark.parametrize("size", [0, 10, -1])
def test_an_object_that_ends_early_or_is_gone(ours: Repository, size: int) -> None:
    honest = published(shared_history())
    for listed in list(honest.iter_names()):
        if listed.name == "root":
            continue
        storage = _copied(honest)
        if size < 0:
            storage.remove(listed.name)
        else:
            storage.put(listed.name, storage.get(listed.name).data[:size])
        with pytest.raises((CorruptError, NotFoundError)) as caught:
            fetch(ours, storage, "origin")
        assert listed.name.rpartition("/")[2][:12] in str(caught.value)
        assert "memory" in str(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        lambda number, offset, length: (number, 0xFFFF_0000, length),
        lambda number, offset, length: (number, 0, length),
        lambda number, offset, length: (number, offset, 0xFFFF_FFFF),
        lambda number, offset, length: (number, offset, 0),
        lambda number, offset, length: (0xFFFF, offset, length),
        lambda number, offset, length: (number, offset + 1, length),
    ],
    ids=["behind", "before", "longer than any", "nothing", "no pack", "beside"],
)
def test_an_index_that_points_where_nothing_is(
    ours: Repository, change: Callable[[int, int, int], tuple[int, int, int]]
) -> None:
    source = shared_history()
    storage = published(source)
    _change_index(storage, lambda fields: (*fields[:2], *change(*fields[2:])))
    asked = CountingStorage(storage)
    with pytest.raises(CorruptError, match=r"memory: (index|pack|commit|blob|object)"):
        fetch(ours, asked, "origin")
    assert asked.bytes_read < 10 << 20


def test_an_index_that_says_that_one_value_is_where_another_is(ours: Repository) -> None:
    storage = published(shared_history())
    places: list[tuple[int, int, int]] = []

    def shifted(fields: tuple[bytes, bytes, int, int, int]) -> tuple[bytes, bytes, int, int, int]:
        places.append(fields[2:])
        return (*fields[:2], *places[max(0, len(places) - 2)])

    _change_index(storage, shifted)
    with pytest.raises(CorruptError, match=r"memory: (index|pack)"):
        fetch(ours, storage, "origin")


@pytest.mark.parametrize("size", [1 << 45, 97 << 20, -5, 0])
def test_a_root_that_claims_an_index_of_terabytes(ours: Repository, size: int) -> None:
    storage = published(shared_history())
    root = read_root(storage)
    assert root is not None
    _put_root(storage, replace(root, indexes=(replace(root.indexes[0], size=size),)))
    refused(ours, storage, "its root")


@pytest.mark.parametrize(
    "name",
    ["heads/../../x", "heads/", "/heads/x", "heads/a\0b", "tags/..", "snapshots/p/-1", "snapshots/p/1e9", "heads/HEAD"],
)
def test_refs_with_names_that_none_has(ours: Repository, name: str) -> None:
    storage = published(shared_history())
    root = read_root(storage)
    assert root is not None
    _put_root(storage, replace(root, refs={name: next(iter(root.refs.values()))}))
    with pytest.raises((CorruptError, NeedsNewerError), match="memory: its root"):
        fetch(ours, storage, "origin")


def test_refs_to_commits_of_another_sort(ours: Repository) -> None:
    source = shared_history()
    plain = refs_of(source)["heads/main"]
    for name in ("projects/evil", "snapshots/evil/1"):
        storage = MemoryStorage()
        publish(source, storage, {"heads/main": plain, name: plain})
        refused(ours, storage, name, format_id(plain))


def test_a_value_that_would_be_gigabytes_when_it_is_inflated(ours: Repository) -> None:
    bomb = zlib.compress(bytes(200 << 20), 9)
    commit = digest(b"the bomb")
    for size in (64 << 20, 1_000_000, 0xFFFF_FFFF):
        storage = MemoryStorage()
        entry = Entry(Table.OBJECTS, commit, size, len(bomb), True)
        data = encode_head(PackKind.METADATA, bytes(16)) + entry.encode() + bomb + encode_footer([entry])
        ref = PackRef(PackKind.METADATA, digest(data), len(data))
        storage.put(ref.name, data)
        made = HEAD.pack(b"dsetindx", 1, 1, 1, bytes(16)) + PACK.pack(b"m", len(data), ref.id)
        made += RECORD.pack(commit, b"o", 0, 32, 44 + len(bomb))
        index = IndexRef(digest(made), len(made), 1)
        storage.put(index.name, made)
        commit_root(
            storage, lambda root, index=index: replace(root, refs={"heads/main": CommitId(commit)}, indexes=(index,))
        )
        refused(ours, storage, format_id(commit))


def _chain(liar: Liar, depth: int) -> bytes:
    """A tree with a file that many directories down."""
    return liar.tree(_nested(liar, Directory(liar.node(0, (b"a.png", ENTRY_BYTES)), 1), depth))


def _nested(liar: Liar, inner: Directory, depth: int) -> Directory:
    for _ in range(depth):
        inner = Directory(liar.node(0, (b"d", encode_entry(inner))), inner.files, inner.directories + 1)
    return inner


def _copied(storage: MemoryStorage) -> MemoryStorage:
    copy = MemoryStorage()
    for listed in storage.iter_names():
        copy.put(listed.name, storage.get(listed.name).data)
    return copy


def _root_of(before: MemoryStorage, after: MemoryStorage) -> bytes:
    """The root of `after`, as the next state of `before`."""
    first, second = read_root(before), read_root(after)
    assert first is not None
    assert second is not None
    return root_format.encode_root(
        replace(second, identity=first.identity, writes=first.writes).written(os.urandom(16))
    )


def _put_root(storage: MemoryStorage, root: Root) -> None:
    """Write a root that no honest writer would."""
    payload = encode_object("root", 1, root_format._pack_fields(root))
    number = (1).to_bytes(4, "big")
    storage.put("root", root_format._HEAD.pack(b"dsetroot", 1, digest(number + payload)) + payload)


def _change_index(
    storage: MemoryStorage,
    change: Callable[[tuple[bytes, bytes, int, int, int]], tuple[bytes, bytes, int, int, int]],
) -> None:
    """Change every record of the only index, and have the root list it under its new name."""
    root = read_root(storage)
    assert root is not None
    data = storage.get(root.indexes[0].name).data
    packs = HEAD.unpack_from(data)[2]
    start = HEAD.size + packs * PACK.size
    records = b"".join(RECORD.pack(*change(fields)) for fields in RECORD.iter_unpack(data[start:]))
    made = data[:start] + records
    ref = IndexRef(digest(made), len(made), root.indexes[0].entries)
    storage.put(ref.name, made)
    commit_root(storage, lambda root: replace(root, indexes=(ref,)))
