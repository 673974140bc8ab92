"""Which encoded images are in shards that are on this disk already, so that no image is decoded and encoded twice.

The cache holds places, not images: under a digest of (blob, pipeline, codec versions) the shard's file, where in it the
image is, and its BLAKE3. What is read there is hashed before it is used: a file that is gone, was changed or is another
is a miss, as is whatever is wrong with the cache itself (`docs/decisions/0020-images-are-not-made-twice.md`). It lies
in `cache/encoded`, can be deleted at any time, and may be used by any number of processes and threads.
"""

import os
import struct
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, Self

from dvcore.encoding import encode
from dvcore.ids import BlobId, digest
from dvcore.image.encoding import EncodedFormat
from dvcore.image.pipeline import Pipeline
from dvcore.image.render import Rendered
from dvcore.snapshot.shards.parts import ImagePlace
from dvcore.snapshot.shards.receipts import Receipt, decode_receipt, encode_receipt
from dvcore.store.cache_map import CacheMap

MAX_BYTES: Final = 512 << 20
"""Of the cache's file: places of some four million images."""
_VERSION: Final = 3
_PLACE: Final = struct.Struct("<32s32sQIIIBBB")
_FORMATS: Final[tuple[EncodedFormat, ...]] = ("jpeg", "png")
_IMAGE, _PATH, _PIPELINE, _RECEIPT = b"image", b"path", b"pipeline", b"receipt"


class ImageCache:
    """The cache of a repository; in `None` nothing is kept."""

    def __init__(self, folder: Path | None) -> None:
        self._map = CacheMap(None if folder is None else folder / "encoded", _VERSION)
        self._paths: dict[bytes, bytes] = {}  # those that the last images were read from

    def find_image(self, key: bytes) -> Rendered | None:
        """The image that `image_key` names, read from a shard and checked."""
        value = self._map.find(_IMAGE + key)
        if value is None or len(value) != _PLACE.size:
            return None
        shard, blake3, start, size, height, width, channels, enlarged, format_ = _PLACE.unpack(value)
        path = self._paths.get(shard) or self._map.find(_PATH + shard)
        data = None if path is None else _read(path, start, size)
        if path is None or data is None or digest(data) != blake3:
            self._paths.pop(shard, None)
            return None
        self._paths[shard] = path
        return Rendered(data, _FORMATS[format_], height, width, channels, False, bool(enlarged))

    def find_receipt(self, inputs: bytes) -> Receipt | None:
        """The receipt of the shard of these inputs."""
        value = self._map.find(_RECEIPT + inputs)
        return None if value is None else decode_receipt(value)

    def knows(self, pipeline: bytes) -> bool:
        """Whether there may be images of the pipeline of this key."""
        return self._map.find(_PIPELINE + pipeline) is not None

    def put(self, receipt: Receipt, path: Path, places: Sequence[ImagePlace], pipelines: Iterable[bytes]) -> None:
        """Remember a shard that is in the file `path`, and images in it that pipelines of these keys made."""
        inputs = receipt.shard.inputs
        entries = [(_RECEIPT + inputs, encode_receipt(receipt)), (_PATH + inputs, os.fsencode(path))]
        if places:
            entries += [(_PIPELINE + key, b"") for key in pipelines]
        self._map.put_many([*entries, *((_IMAGE + place.key, _pack(inputs, place)) for place in places)])
        self._map.forget_oldest(MAX_BYTES)

    def move(self, paths: Mapping[bytes, Path]) -> None:
        """The files of the shards of these inputs are somewhere else now."""
        self._map.put_many((_PATH + inputs, os.fsencode(path)) for inputs, path in paths.items())

    def close(self) -> None:
        """Release the file. Closing twice is no error."""
        self._map.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def pipeline_key(pipeline: Pipeline, toolchain: Mapping[str, str]) -> bytes:
    """Names a pipeline with the codecs of a toolchain."""
    return digest(encode(["encoded images", pipeline.texts(), dict(toolchain)]))


def image_key(pipeline: bytes, blob: BlobId) -> bytes:
    """Names what the pipeline of a key makes of a blob."""
    return digest(pipeline + blob)


def _pack(inputs: bytes, place: ImagePlace) -> bytes:
    facts = (place.height, place.width, place.channels, place.enlarged, _FORMATS.index(place.format))
    return _PLACE.pack(inputs, place.digest, place.start, place.size, *facts)


def _read(path: bytes, start: int, size: int) -> bytes | None:
    try:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            return os.pread(descriptor, size, start)
        finally:
            os.close(descriptor)
    except OSError:
        return None
