"""The kinds `image` and `file`: pixels, and where they came from."""

import hashlib

from dvcore.snapshot.examples.making import Maker, Source
from dvcore.tfrecord.example import BytesList, Features, Int64List, text_feature


def image_maker(name: str, place: int, *, with_channels: bool) -> Maker:
    """Of the image feature of this place among all."""

    def make(source: Source) -> Features:
        image = source.images[place]
        features: dict[str, BytesList | Int64List] = {
            f"{name}/encoded": BytesList((image.data,)),
            f"{name}/format": text_feature(image.format),
            f"{name}/height": Int64List((image.height,)),
            f"{name}/width": Int64List((image.width,)),
            f"{name}/key/sha256": text_feature(hashlib.sha256(image.data).hexdigest()),
        }
        if with_channels:
            features[f"{name}/channels"] = Int64List((image.channels,))
        return features

    return make


def file_maker(name: str) -> Maker:
    """Path and id of the file."""

    def make(source: Source) -> Features:
        return {
            f"{name}/filename": text_feature(source.planned.path),
            f"{name}/source_id": text_feature(source.planned.file.hex()),
        }

    return make
