"""Examples as tensors. Importing this module imports TensorFlow, which takes seconds: only the reader does, when
tensors are asked for."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import tensorflow as tf

from dvcore.model.manifest import ImageShape

SHUFFLE_EXAMPLES: Final = 1000
"""Examples among which shuffling draws the next one."""
_CHANNELS: Final = {"gray": 1, "rgb": 3}
_SHUFFLED_FILES: Final = 4


def decoder(labels: int, color: str, shape: ImageShape | None) -> Callable[[tf.Tensor], Any]:
    """A function from a record to `(image, onehot)`, or to the image alone without labels. The image is uint8 [height,
    width, channels], of the given shape if all have one; mixed ones keep the channels that they have."""
    channels = _CHANNELS.get(color, 0)
    features = {"image/encoded": tf.io.FixedLenFeature([], tf.string)}
    if labels:
        features["image/class/onehot"] = tf.io.FixedLenFeature([labels], tf.float32)

    def decode(record: tf.Tensor) -> Any:
        example = tf.io.parse_single_example(record, features)
        image = tf.io.decode_image(example["image/encoded"], channels=channels, expand_animations=False)
        image.set_shape(shape or (None, None, channels or None))
        return (image, example["image/class/onehot"]) if labels else image

    return decode


def dataset(
    files: Sequence[str], decode: Callable[[tf.Tensor], Any], *, count: int, batch: int | None, shuffle: bool
) -> tf.data.Dataset:
    """The decoded examples of these files, `count` in all: in their order, or in another each time."""
    names = tf.data.Dataset.from_tensor_slices(list(files))
    if shuffle:
        names = names.shuffle(len(files))
        records = names.interleave(tf.data.TFRecordDataset, cycle_length=_SHUFFLED_FILES)
        records = records.shuffle(SHUFFLE_EXAMPLES)
    else:
        records = tf.data.TFRecordDataset(names)
    examples = records.map(decode, num_parallel_calls=tf.data.AUTOTUNE)
    examples = examples.apply(tf.data.experimental.assert_cardinality(count))
    return (examples if batch is None else examples.batch(batch)).prefetch(tf.data.AUTOTUNE)
