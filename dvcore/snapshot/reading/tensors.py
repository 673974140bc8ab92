"""Examples as tensors. Importing this module imports TensorFlow, which takes seconds: only the reader does, when
tensors are asked for."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import tensorflow as tf

from dvcore.snapshot.catalog.shapes import Shape
from dvcore.snapshot.features.fields import Field, Values
from dvcore.snapshot.features.kinds import BOXES, MASKS, SEMANTIC
from dvcore.snapshot.reading.batching import Size
from dvcore.snapshot.reading.inputs_and_targets import (
    CHANNELS,
    GroupPart,
    ImagePart,
    Parts,
    PixelPart,
    TargetPart,
    ValuePart,
)

SHUFFLE_EXAMPLES: Final = 1000
"""Examples among which shuffling draws the next one."""
_SHUFFLED_FILES: Final = 4
_DTYPES: Final = {Values.BYTES: tf.string, Values.INTEGERS: tf.int64, Values.FLOATS: tf.float32}


def decoder(parts: Parts, size: Size | None, channels: int | None) -> Callable[[tf.Tensor], Any]:
    """A function from a record to `(inputs, targets)`, as `Parts.arranged` has them. `size` and `channels`, where they
    are given, hold for all images; masks follow the size."""
    specs = {field.key: _spec(field) for field in parts.fields}

    def decode(record: tf.Tensor) -> Any:
        example = tf.io.parse_single_example(record, specs)
        values: dict[str, Any] = {}
        for image in parts.inputs:
            values |= _image(example, image, size, channels)
        for part in parts.targets:
            values[part.name] = _target(example, part, size)
        return parts.arranged(values)

    # Nothing here depends on a tensor's value but what `tf` does itself, and AutoGraph cannot read `match`.
    as_it_stands: Callable[[tf.Tensor], Any] = tf.autograph.experimental.do_not_convert(decode)
    return as_it_stands


def dataset(
    files: Sequence[str],
    decode: Callable[[tf.Tensor], Any],
    *,
    count: int,
    batch: int | None,
    shuffle: bool | int,
    ragged: bool,
) -> tf.data.Dataset:
    """The decoded examples of these files, `count` in all: in their order, or in another one in each pass. A number
    gives the same orders each time it is given. `ragged` where lists differ in length from example to example."""
    names = tf.data.Dataset.from_tensor_slices(list(files))
    if shuffle is False:
        records = tf.data.TFRecordDataset(names)
    else:
        seed = None if shuffle is True else shuffle
        names = names.shuffle(len(files), seed=seed)
        records = names.interleave(tf.data.TFRecordDataset, cycle_length=_SHUFFLED_FILES)
        records = records.shuffle(SHUFFLE_EXAMPLES, seed=seed)
    examples = records.map(decode, num_parallel_calls=tf.data.AUTOTUNE)
    examples = examples.apply(tf.data.experimental.assert_cardinality(count))
    if batch is not None:
        examples = examples.ragged_batch(batch) if ragged else examples.batch(batch)
    return examples.prefetch(tf.data.AUTOTUNE)


def _spec(field: Field) -> Any:
    dtype = _DTYPES[field.values]
    return tf.io.RaggedFeature(dtype) if field.shape is None else tf.io.FixedLenFeature(field.shape, dtype)


def _image(example: Any, part: ImagePart, size: Size | None, channels: int | None) -> dict[str, Any]:
    """The pixels, [height, width, channels]; of a mixed image also the number of channels that it has of its own."""
    dtype = tf.uint16 if part.bits > 8 else tf.uint8
    own = 0 if part.is_mixed else channels or part.shape[2] or 0
    image = tf.io.decode_image(example[f"{part.name}/encoded"], own, dtype, expand_animations=False)
    stored = tf.shape(image, tf.int64)[2]
    if part.is_mixed and channels is not None:
        image = _with_channels(image, stored, channels)
    if size is not None:
        image = tf.saturate_cast(tf.round(tf.image.resize(image, size, antialias=True)), dtype)
    image.set_shape(shown_shape(part.shape, size, channels))
    return {part.name: image, part.name + CHANNELS: stored} if part.is_mixed else {part.name: image}


def _with_channels(image: tf.Tensor, stored: tf.Tensor, channels: int) -> tf.Tensor:
    convert = tf.image.grayscale_to_rgb if channels == 3 else tf.image.rgb_to_grayscale
    image.set_shape((None, None, None))

    def converted() -> tf.Tensor:
        return convert(tf.ensure_shape(image, (None, None, 4 - channels)))

    return tf.cond(stored == channels, lambda: image, converted)


def shown_shape(shape: Shape, size: Size | None, channels: int | None) -> Shape:
    """The shape of an image after it was read, of what is known of it."""
    height, width = size or shape[:2]
    return height, width, channels or shape[2]


def _target(example: Any, part: TargetPart, size: Size | None) -> Any:
    match part:
        case PixelPart():
            return _mask(example[part.field.key], part.shape, size)
        case GroupPart():
            return _instances(example, part, size)
        case ValuePart():
            return example[part.field.key]


def _mask(data: tf.Tensor, shape: Shape, size: Size | None) -> tf.Tensor:
    """[height, width, 1], uint8."""
    mask = tf.io.decode_png(data, channels=1)
    if size is not None:
        mask = tf.image.resize(mask, size, method="nearest")
    mask.set_shape(shown_shape(shape, size, 1))
    return mask


def _instances(example: Any, part: GroupPart, size: Size | None) -> dict[str, tf.Tensor]:
    """`classes` [n] from 1, and of the features that the group has: `boxes` [n, 4], as `tf.image` takes them; `masks`
    [n, height, width] of 0 and 1; `semantic` [height, width, 1]; `keypoints` [n, points, 3] as x, y from 0 to 1 and
    visibility."""
    name = part.name
    found = {"classes": example[f"{name}/class/label"]}
    if BOXES in part.group.kinds:
        sides = ("ymin", "xmin", "ymax", "xmax")
        found["boxes"] = tf.stack([example[f"{name}/bbox/{side}"] for side in sides], axis=-1)
    if MASKS in part.group.kinds:
        found["masks"] = _masks(example, part, size)
    if SEMANTIC in part.group.kinds:
        found["semantic"] = _mask(example[f"{name}/encoded"], part.shape, size)
    if part.points:
        x, y, seen = (example[f"{name}/keypoint/{one}"] for one in ("x", "y", "visibility"))
        points = tf.stack([x, y, tf.cast(seen, tf.float32)], axis=-1)
        found["keypoints"] = tf.reshape(points, (-1, part.points, 3))
    return found


def _masks(example: Any, part: GroupPart, size: Size | None) -> tf.Tensor:
    """[n, height, width] of 0 and 1."""
    encoded = example[f"{part.name}/mask"]
    height, width = size or (example[f"{part.image}/height"], example[f"{part.image}/width"])
    spec = tf.TensorSpec(shown_shape(part.shape, size, 1), tf.uint8)
    masks = tf.cond(
        tf.size(encoded) > 0,
        lambda: tf.map_fn(lambda data: _mask(data, part.shape, size), encoded, fn_output_signature=spec),
        lambda: tf.zeros((0, height, width, 1), tf.uint8),  # of none, `map_fn` does not know the size
    )
    return tf.cast(masks[..., 0] > 0, tf.uint8)
