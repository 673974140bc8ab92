"""Shards: which examples each holds in which order, and the bytes that come out.

A shard's bytes are a pure function of its plan, the recipe and the blobs, so shards can be made anywhere, in any order,
by any number of workers. Memory holds one example at a time.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from blake3 import blake3

from dvcore.encoding import encode
from dvcore.errors import InvalidInputError
from dvcore.ids import digest
from dvcore.image.render import Rendered, render
from dvcore.model.definition import Definition
from dvcore.model.manifest import ImageShape, Shard
from dvcore.snapshot.plan import Plan, Planned
from dvcore.snapshot.recipe import Recipe
from dvcore.snapshot.splits import place_in_shard, shard_of_file
from dvcore.store import BlobStore
from dvcore.tfrecord.example import BytesList, Features, FloatList, Int64List, encode_example, text_feature
from dvcore.tfrecord.records import frame_record


@dataclass(frozen=True, slots=True)
class ShardPlan:
    """One shard to be made: the `index`-th of its split's `count`, its examples in the order of the file."""

    split: str
    index: int
    count: int
    examples: tuple[Planned, ...]


@dataclass(frozen=True, slots=True)
class Made:
    """A shard that was made, and the BLAKE3 of each of its examples, in their order."""

    shard: Shard
    digests: tuple[bytes, ...]


def plan_shards(plan: Plan, definition: Definition) -> list[ShardPlan]:
    """All shards, those without examples too, in the order of the splits; `definition` has the numbers of shards."""
    counts = [split.shards or 1 for split in definition.splits]
    groups: dict[tuple[int, int], list[Planned]] = {
        (split, index): [] for split, count in enumerate(counts) for index in range(count)
    }
    for example in plan.examples:
        groups[example.split, shard_of_file(example.file, counts[example.split])].append(example)
    for group in groups.values():
        group.sort(key=lambda example: place_in_shard(example.file))
    return [
        ShardPlan(definition.splits[split].name, index, counts[split], tuple(group))
        for (split, index), group in groups.items()
    ]


def shard_inputs(recipe: Recipe, plan: ShardPlan) -> bytes:
    """A digest of all that the shard's bytes depend on: shards of the same inputs have the same bytes."""
    basis = ["shard inputs", recipe.pipeline.texts(), list(recipe.labels), dict(recipe.toolchain)]
    examples = [[one.file, one.blob, one.path, list(one.labels)] for one in plan.examples]
    return digest(encode([*basis, examples]))


def make_shard(
    blobs: BlobStore, recipe: Recipe, plan: ShardPlan, write: Callable[[bytes], object], advance: Callable[[], None]
) -> Made:
    """Make the records of a shard and give them to `write`, one after the other; `advance` is called after each.

    Raises InvalidInputError naming the image that cannot be rendered, CorruptError for a blob that is missing.
    """
    by_blake3, by_sha256 = blake3(), hashlib.sha256()
    digests: list[bytes] = []
    images: list[tuple[ImageShape, bool, bool]] = []
    size = 0
    for planned in plan.examples:
        image = _render(blobs, recipe, planned)
        example = encode_example(example_features(recipe, planned, image))
        record = frame_record(example)
        by_blake3.update(record)
        by_sha256.update(record)
        write(record)
        digests.append(digest(example))
        images.append(((image.height, image.width, image.channels), image.passed_through, image.enlarged))
        size += len(record)
        advance()
    shard = Shard(
        plan.split,
        plan.index,
        len(digests),
        size,
        by_blake3.digest(),
        by_sha256.digest(),
        inputs=shard_inputs(recipe, plan),
        image_shape=_common(shape for shape, _, _ in images),
        passed=sum(passed for _, passed, _ in images),
        enlarged=sum(enlarged for _, _, enlarged in images),
    )
    return Made(shard, tuple(digests))


def example_features(recipe: Recipe, planned: Planned, image: Rendered) -> Features:
    """The features of an example, named as in the TensorFlow object-detection API."""
    features: dict[str, BytesList | FloatList | Int64List] = {
        "image/encoded": BytesList((image.data,)),
        "image/format": text_feature(image.format),
        "image/height": Int64List((image.height,)),
        "image/width": Int64List((image.width,)),
        "image/filename": text_feature(planned.path),
        "image/source_id": text_feature(planned.file.hex()),
        "image/key/sha256": text_feature(hashlib.sha256(image.data).hexdigest()),
    }
    if recipe.labels:
        label = planned.labels[0]
        features["image/class/text"] = text_feature(recipe.labels[label])
        features["image/class/label"] = Int64List((label,))
        features["image/class/onehot"] = FloatList(tuple(float(index == label) for index in range(len(recipe.labels))))
    return features


def _render(blobs: BlobStore, recipe: Recipe, planned: Planned) -> Rendered:
    try:
        return render(blobs.read(planned.blob), recipe.pipeline)
    except InvalidInputError as error:
        raise InvalidInputError(f"{planned.path} {error.message}", hint=error.hint) from None


def _common(shapes: Iterable[ImageShape]) -> ImageShape | None:
    distinct = set(shapes)
    return distinct.pop() if len(distinct) == 1 else None
