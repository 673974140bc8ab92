"""Parsers of what lies on a remote: packs, indexes, roots. Checksums are put right, so that changes get past them."""

from typing import Final

from fuzz.target import Target

from dvcore.ids import CommitId, digest
from dvcore.remote.indexes.index import Index
from dvcore.remote.indexes.making import IndexMaker
from dvcore.remote.packs.entry import HEADER
from dvcore.remote.packs.names import PackKind, PackRef
from dvcore.remote.packs.pack import SALT_BYTES, TRAILER, iter_values
from dvcore.remote.packs.packing import Pack, Value, iter_packs
from dvcore.remote.roots.format import WRITE_BYTES, decode_root, encode_root
from dvcore.remote.roots.root import Root
from dvcore.store import Table

_SALT: Final = bytes(SALT_BYTES)
_ROOT_HEAD: Final = 12
"""Magic and number of the format; the checksum follows."""
_CHECKSUM: Final = 32


def remote_targets() -> dict[str, Target]:
    """One for each kind of object on a remote."""
    packs = _packs()
    return {
        "packs": Target(_read_pack, tuple(bytes(pack.data) for pack in packs)),
        "indexes": Target(_read_index, (_index(packs),)),
        "roots": Target(_read_root, (_root(packs),)),
    }


def _packs() -> list[Pack]:
    texts = [b"walnut", b"almond" * 2000]
    values = [Value(table, digest(text), text) for text in texts for table in (Table.BLOBS, Table.OBJECTS)]
    return list(iter_packs(values, _SALT))


def _index(packs: list[Pack]) -> bytes:
    maker = IndexMaker()
    for pack in packs:
        maker.add_pack(pack.ref, pack.entries)
    made = maker.finish(_SALT)
    assert made is not None
    return made.data


def _root(packs: list[Pack]) -> bytes:
    maker = IndexMaker()
    maker.add_pack(packs[0].ref, packs[0].entries)
    made = maker.finish(_SALT)
    assert made is not None
    commit = CommitId(digest(b"commit"))
    refs = {"heads/main": commit, "tags/v1": commit, "projects/nuts": commit, "snapshots/nuts/1": commit}
    root = Root(bytes(32), refs=refs, head="main", counters={"nuts": 1}, indexes=(made.ref,))
    return encode_root(root.written(bytes(WRITE_BYTES)))


def _read_pack(data: bytes) -> None:
    sealed = _with_right_footer(data)
    kind = PackKind.METADATA if data[12:13] == PackKind.METADATA.code else PackKind.BLOBS
    for _ in iter_values(PackRef(kind, digest(sealed), len(sealed)), sealed):
        pass


def _with_right_footer(data: bytes) -> bytes:
    if len(data) < TRAILER.size:
        return data
    version, count, _, magic = TRAILER.unpack(data[-TRAILER.size :])
    headers = data[-TRAILER.size - HEADER.size * count : -TRAILER.size] if count else b""
    return data[: -TRAILER.size] + TRAILER.pack(version, count, digest(headers), magic)


def _read_index(data: bytes) -> None:
    index = Index(data)
    index.find(Table.BLOBS, digest(b"walnut"))
    index.check()


def _read_root(data: bytes) -> None:
    checked = data[_ROOT_HEAD - 4 : _ROOT_HEAD] + data[_ROOT_HEAD + _CHECKSUM :]
    decode_root(data[:_ROOT_HEAD] + digest(checked) + data[_ROOT_HEAD + _CHECKSUM :])
