"""The root as bytes: a head that all versions can read, a checksum, and an encoded object.

`docs/format/remote.md` has the byte table. What is decoded has been checked, names and sizes included, so that nothing
of a lying remote's choosing gets further than this.
"""

import re
from datetime import UTC, datetime, timedelta
from struct import Struct
from typing import Any, Final

from dvcore.encoding import Fields, check_id, decode_object, encode_object, is_count
from dvcore.errors import CorruptError, InvalidInputError, NeedsNewerError
from dvcore.ids import CommitId, digest
from dvcore.remote.indexes.index import MAX_ENTRIES, MAX_INDEX_BYTES
from dvcore.remote.packs.names import IndexRef, PackKind, PackRef
from dvcore.remote.packs.pack import check_size
from dvcore.remote.roots.root import FORMAT, KEPT_WRITES, Root, Tombstone
from dvcore.repo.cells import check_ref_name

MAX_ROOT_BYTES: Final = 64 << 20
WRITE_BYTES: Final = 16

_KIND: Final = "root"
_VERSION: Final = 1
_HEAD: Final = Struct(">8sI32s")
"""Magic, format that a reader has to know, BLAKE3 of that number and the payload. This stays in all formats."""
_MAGIC: Final = b"dsetroot"
_MOST_SERIAL: Final = 2**53
_REF_WORDS: Final = {"heads": "branch", "tags": "tag", "projects": "project", "snapshots": "project"}
_NUMBER: Final = re.compile("[1-9][0-9]{0,17}", re.ASCII)
_PACK_KINDS: Final = {kind.value: kind for kind in PackKind}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST: Final = (datetime(9999, 1, 1, tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)


def encode_root(root: Root) -> bytes:
    """The stored form.

    Raises InvalidInputError for a root that no reader would take.
    """
    payload = encode_object(_KIND, _VERSION, _pack_fields(root))
    number = root.oldest_reader.to_bytes(4, "big")
    data = _HEAD.pack(_MAGIC, root.oldest_reader, digest(number + payload)) + payload
    if len(data) > MAX_ROOT_BYTES:
        raise InvalidInputError(f"the root of a remote would have {len(data)} bytes", hint="remove branches or tags")
    try:
        decode_root(data)
    except (CorruptError, NeedsNewerError) as error:
        raise InvalidInputError(f"this cannot be the state of a remote: {error.message}") from None
    return data


def decode_root(data: bytes) -> Root:
    """The root that was stored.

    Raises NeedsNewerError for one that asks for a newer reader, CorruptError where the bytes are none.
    """
    if len(data) < _HEAD.size:
        raise CorruptError("it is cut off")
    magic, reader, checksum = _HEAD.unpack_from(data)
    if magic != _MAGIC:
        raise CorruptError("it is no root of a remote")
    payload = data[_HEAD.size :]
    if digest(reader.to_bytes(4, "big") + payload) != checksum:
        raise CorruptError("it is damaged: its checksum does not fit")
    if reader > FORMAT:
        raise NeedsNewerError(f"the remote has format {reader}", hint="it needs a newer dset")
    if reader < 1:
        raise CorruptError("it names no format")
    return _unpack_fields(decode_object(payload, _KIND, newest=_VERSION), reader)


def _pack_fields(root: Root) -> dict[str, Any]:
    return {
        "counters": dict(root.counters) or None,
        "head": root.head,
        "identity": root.identity,
        "indexes": [[index.id, index.size, index.entries] for index in root.indexes] or None,
        "refs": dict(root.refs) or None,
        "serial": root.serial,
        "tombstones": [_pack_tombstone(tombstone) for tombstone in root.tombstones] or None,
        "writes": list(root.writes),
    }


def _pack_tombstone(tombstone: Tombstone) -> list[Any]:
    pack, time = tombstone.pack, tombstone.time
    return [pack.kind.value, pack.id, pack.size, (time - _EPOCH) // timedelta(microseconds=1)]


def _unpack_fields(fields: Fields, reader: int) -> Root:
    root = Root(
        identity=fields.id("identity"),
        serial=fields.integer("serial", least=1, most=_MOST_SERIAL),
        writes=tuple(map(_check_write, fields.array("writes"))),
        refs={name: _check_ref(name, value) for name, value in fields.map_or_empty("refs").items()},
        head=fields.text_or_none("head"),
        counters={name: _check_counter(name, value) for name, value in fields.map_or_empty("counters").items()},
        indexes=tuple(map(_unpack_index, fields.array_or_empty("indexes"))),
        tombstones=tuple(map(_unpack_tombstone, fields.array_or_empty("tombstones"))),
        oldest_reader=reader,
    )
    fields.end()
    _check_together(root)
    return root


def _check_together(root: Root) -> None:
    if len(root.writes) != min(root.serial, KEPT_WRITES) or len(set(root.writes)) != len(root.writes):
        raise CorruptError(f"it is number {root.serial} and names {len(root.writes)} writes")
    if root.head is not None:
        _check_name("branch", root.head)
    if len({index.id for index in root.indexes}) != len(root.indexes):
        raise CorruptError("it lists an index twice")
    if len(root.dead_packs) != len(root.tombstones):
        raise CorruptError("it has two tombstones of one pack")


def _check_write(value: object) -> bytes:
    if type(value) is not bytes or len(value) != WRITE_BYTES:
        raise CorruptError("the id of a write is none")
    return value


def _check_ref(name: str, value: object) -> CommitId:
    folder, _, rest = name.partition("/")
    if folder not in _REF_WORDS:
        raise NeedsNewerError(f"it has a ref with the name {name[:80]!r}", hint="it needs a newer dset")
    if folder == "snapshots":
        rest, _, number = rest.rpartition("/")
        if not _NUMBER.fullmatch(number):
            raise CorruptError(f"{name[:80]!r} cannot be the name of a ref")
    _check_name(_REF_WORDS[folder], rest)
    return CommitId(check_id(value, f"ref {name!r}", "commit"))


def _check_counter(name: str, value: object) -> int:
    _check_name("project", name)
    if not is_count(value) or value < 1:
        raise CorruptError(f"the counter of {name!r} is none")
    return value


def _check_name(what: str, name: str) -> None:
    try:
        check_ref_name(what, name)
    except InvalidInputError as error:
        raise CorruptError(error.message) from None


def _unpack_index(raw: object) -> IndexRef:
    if type(raw) is not list or [*map(type, raw)] != [bytes, int, int]:
        raise CorruptError("it lists an index that is none")
    index_id, size, entries = raw
    if not (0 < size <= MAX_INDEX_BYTES and 0 < entries <= MAX_ENTRIES):
        raise CorruptError(f"it claims an index of {size} bytes and {entries} entries")
    return IndexRef(check_id(index_id, "list of indexes", "index"), size, entries)


def _unpack_tombstone(raw: object) -> Tombstone:
    if type(raw) is not list or [*map(type, raw)] != [str, bytes, int, int]:
        raise CorruptError("it has a tombstone that is none")
    kind, pack_id, size, time = raw
    if kind not in _PACK_KINDS or not 0 <= time < _LATEST:
        raise CorruptError(f"it has a tombstone of a pack of {kind[:80]!r}, at {time}")
    pack = PackRef(_PACK_KINDS[kind], check_id(pack_id, "tombstone", "pack"), size)
    check_size(pack)
    return Tombstone(pack, _EPOCH + timedelta(microseconds=time))
