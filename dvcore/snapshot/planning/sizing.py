"""How many shards a split gets when nobody says: a power of two, each of about 64 to 128 MiB where there is so much.

TensorFlow reads well from files of 100 MB and more, and parallel work wants several of them. The number is chosen once,
at the first snapshot, from what the headers say; it is no promise about bytes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from dvcore.image.downsample import target_size
from dvcore.image.pipeline import Pipeline
from dvcore.model.definition import Definition
from dvcore.model.files import ImageFacts

SHARD_BYTES: Final = 128 * 2**20
MAX_CHOSEN: Final = 1024
_OTHER_FEATURES: Final = 512
"""About what an example holds beside the image."""
_BYTES_PER_SAMPLE: Final = {"png": 0.55, "jpeg": 0.2}
"""Of photographs, after encoding."""


def estimated_size(size: int, facts: ImageFacts, pipelines: Sequence[Pipeline]) -> int:
    """About the bytes of an example with an image of each pipeline: `size` is the file's."""
    return sum(_image_size(size, facts, pipeline) for pipeline in pipelines) + _OTHER_FEATURES


def _image_size(size: int, facts: ImageFacts, pipeline: Pipeline) -> int:
    if pipeline.keeps(facts):
        return size
    width, height = target_size(pipeline.downsampling, facts.width, facts.height)
    samples = width * height * (1 if pipeline.color == "gray" else 3)
    encoding = "jpeg" if pipeline.encoding == "jpeg" else "png"
    return int(samples * (int(pipeline.bit_depth) // 8) * _BYTES_PER_SAMPLE[encoding])


def with_shard_counts(definition: Definition, weights: Iterable[tuple[int, int]]) -> Definition:
    """The definition with a number of shards for every split that has none; `weights` are (split, bytes)."""
    totals = [0] * len(definition.splits)
    for split, weight in weights:
        totals[split] += weight
    splits = (
        split if split.shards is not None else replace(split, shards=_chosen(total))
        for split, total in zip(definition.splits, totals, strict=True)
    )
    return replace(definition, splits=tuple(splits))


def _chosen(total: int) -> int:
    shards = 1
    while total / shards > SHARD_BYTES and shards < MAX_CHOSEN:
        shards *= 2
    return shards
