"""Snapshot manifests: what the TFRecords of one project at one commit are, without being them.

The manifest is an object; its two maps are prolly maps beside it, so that the manifests of two snapshots share what did
not change. `docs/format/snapshot.md` is the specification.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from dvcore.encoding import check_id, decode, decode_object, encode, encode_object
from dvcore.errors import CorruptError
from dvcore.ids import BlobId, NodeId, digest

KIND: Final = "manifest"
VERSION: Final = 1

ImageShape = tuple[int, int, int]
"""Height, width, channels."""


@dataclass(frozen=True, slots=True)
class Shard:
    """One TFRecord file. `index` counts from 0 within the split; `size` is in bytes; `inputs` is a digest of all that
    the bytes depend on, so that shards of the same inputs have the same bytes. `image_shape` is height, width and
    channels where all its images share them; `passed` counts images whose bytes are the source's, `enlarged` those that
    were made larger."""

    split: str
    index: int
    examples: int
    size: int
    blake3: bytes
    sha256: bytes
    inputs: bytes
    image_shape: ImageShape | None = None
    passed: int = 0
    enlarged: int = 0


@dataclass(frozen=True, slots=True)
class Exported:
    """What a snapshot holds of one file. `digest` is the BLAKE3 of the example's bytes; `labels` are indices into the
    definition's labels, `split` and `shard` into its splits and the split's shards; `path` is the path that the
    example was given."""

    digest: bytes
    blob: BlobId
    path: str
    split: int
    shard: int
    labels: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Manifest:
    """`shards` are in the order of the definition's splits, then by index. `examples` is the root of the map file id ->
    Exported, `left_out` of the map file id -> reason. `label_counts` has a row for each split with a number for each
    label, `left_out_counts` a number for each reason. `toolchain` names what wrote the bytes, with versions."""

    shards: tuple[Shard, ...]
    examples: NodeId
    left_out: NodeId
    label_counts: tuple[tuple[int, ...], ...]
    left_out_counts: Mapping[str, int]
    toolchain: Mapping[str, str]

    @property
    def digest(self) -> bytes:
        """See `snapshot_digest`."""
        return snapshot_digest(self.shards)

    @property
    def image_shape(self) -> ImageShape | None:
        """The shape that all images share, or None where there is no such."""
        shapes = {shard.image_shape for shard in self.shards if shard.examples}
        return shapes.pop() if len(shapes) == 1 else None


def snapshot_digest(shards: Iterable[Shard]) -> bytes:
    """The digest of a snapshot: BLAKE3 of the canonical list of its shards' split, index, examples, bytes and BLAKE3.
    No commit, number, time or toolchain takes part."""
    return digest(encode([[one.split, one.index, one.examples, one.size, one.blake3] for one in shards]))


def encode_manifest(manifest: Manifest) -> bytes:
    """The bytes of the object."""
    return encode_object(
        KIND,
        VERSION,
        {
            "shards": [_pack_shard(shard) for shard in manifest.shards],
            "examples": manifest.examples,
            "left_out": manifest.left_out,
            "label_counts": [list(row) for row in manifest.label_counts],
            "left_out_counts": dict(manifest.left_out_counts),
            "toolchain": dict(manifest.toolchain),
        },
    )


def decode_manifest(data: bytes) -> Manifest:
    """The object that the bytes hold.

    Raises CorruptError, NeedsNewerError.
    """
    fields = decode_object(data, KIND, newest=VERSION)
    manifest = Manifest(
        shards=tuple(_unpack_shard(raw) for raw in fields.array("shards")),
        examples=NodeId(fields.id("examples")),
        left_out=NodeId(fields.id("left_out")),
        label_counts=tuple(_unpack_row(raw) for raw in fields.array("label_counts")),
        left_out_counts=_unpack_counts(fields.map("left_out_counts")),
        toolchain=_unpack_toolchain(fields.map("toolchain")),
    )
    fields.end()
    return manifest


def encode_exported(exported: Exported) -> bytes:
    """The value that the map of examples holds under a file's id."""
    return encode(
        [exported.digest, exported.blob, exported.path, exported.split, exported.shard, list(exported.labels)]
    )


def decode_exported(data: bytes) -> Exported:
    """The value that the bytes hold.

    Raises CorruptError.
    """
    match decode(data):
        case [digest_, blob, str(path), split, shard, [*labels]] if _are_counts(split, shard, *labels):
            what = "manifest's example"
            example = check_id(digest_, what, "digest")
            return Exported(example, BlobId(check_id(blob, what, "blob")), path, split, shard, tuple(labels))
        case _:
            raise CorruptError("a manifest holds an example that is none")


def encode_reason(reason: str) -> bytes:
    """The value that the map of what was left out holds under a file's id."""
    return encode(reason)


def decode_reason(data: bytes) -> str:
    """The reason that the bytes hold.

    Raises CorruptError.
    """
    reason = decode(data)
    if not isinstance(reason, str):
        raise CorruptError("a manifest leaves out a file for a reason that is no text")
    return reason


def _pack_shard(shard: Shard) -> list[Any]:
    digests = [shard.blake3, shard.sha256, shard.inputs]
    shape = [] if shard.image_shape is None else list(shard.image_shape)
    return [shard.split, shard.index, shard.examples, shard.size, *digests, shape, shard.passed, shard.enlarged]


def _unpack_shard(raw: object) -> Shard:
    match raw:
        case [str(split), *counts, blake3, sha256, inputs, shape, int(passed), int(enlarged)]:
            pass
        case _:
            raise CorruptError("a manifest holds a shard that is none")
    blake3, sha256, inputs = (check_id(one, "manifest's shard", "digest") for one in (blake3, sha256, inputs))
    match counts:
        case [int(index), int(examples), int(size)] if _are_counts(*counts, passed, enlarged):
            return Shard(split, index, examples, size, blake3, sha256, inputs, _unpack_shape(shape), passed, enlarged)
        case _:
            raise CorruptError("a manifest holds a shard with counts that are none")


def _unpack_shape(raw: object) -> ImageShape | None:
    match raw:
        case []:
            return None
        case [int(height), int(width), int(channels)] if _are_counts(height, width, channels) and 0 not in raw:
            return height, width, channels
        case _:
            raise CorruptError("a manifest has an image shape that is none")


def _unpack_row(raw: object) -> tuple[int, ...]:
    if not isinstance(raw, list) or not _are_counts(*raw):
        raise CorruptError("a manifest has counts that are none")
    return tuple(raw)


def _unpack_counts(raw: dict[str, Any]) -> dict[str, int]:
    if not _are_counts(*raw.values()):
        raise CorruptError("a manifest has counts that are none")
    return raw


def _unpack_toolchain(raw: dict[str, Any]) -> dict[str, str]:
    if not all(isinstance(version, str) for version in raw.values()):
        raise CorruptError("a manifest's toolchain has a version that is no text")
    return raw


def _are_counts(*values: object) -> bool:
    return all(type(value) is int and value >= 0 for value in values)
