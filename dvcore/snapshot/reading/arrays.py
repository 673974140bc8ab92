"""Examples as numpy sees them. Importing this module imports numpy and Pillow: only reading examples does."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dvcore.errors import CorruptError, InvalidInputError
from dvcore.image.pillow import opened
from dvcore.image.probe import probe
from dvcore.snapshot.features.fields import Field, Values
from dvcore.store.folders import storage_errors
from dvcore.tfrecord.example import Feature
from dvcore.tfrecord.parsing import parse_example
from dvcore.tfrecord.records import iter_records

Example = dict[str, Any]
"""Values by key: single ones are `bytes`, `np.int64` or `np.float32`, lists are arrays, of bytes arrays of objects.
Decoded images are arrays of [height, width, channels], decoded lists of masks of [instances, height, width]."""

_BUFFER: Final = 1 << 20
_DTYPES: Final[dict[Values, Any]] = {
    Values.BYTES: np.dtype(object),
    Values.INTEGERS: np.dtype(np.int64),
    Values.FLOATS: np.dtype(np.float32),
}


def iter_file(path: Path, fields: Sequence[Field], *, first: int = 0, step: int = 1) -> Iterator[Example]:
    """The examples of a file, images encoded: the `first`, counted from 0, and then every `step`-th.

    Raises StorageError where it cannot be read, CorruptError naming the record for what is damaged or of another form.
    """
    with storage_errors(path), path.open("rb", buffering=_BUFFER) as file:
        for number, record in enumerate(iter_records(file, path.name, first=first, step=step)):
            try:
                example = example_of(parse_example(record), fields)
            except CorruptError as error:
                raise CorruptError(f"record {first + number * step} of {path.name}: {error.message}") from None
            yield example


def example_of(features: Mapping[str, Feature], fields: Sequence[Field]) -> Example:
    """The values of the wanted fields.

    Raises CorruptError for a field that is not there or of another form.
    """
    return {field.key: _value(features.get(field.key), field) for field in fields}


def decode_images(example: Example, fields: Sequence[Field]) -> Example:
    """The same with pixels under the keys that hold images.

    Raises CorruptError for a damaged image.
    """
    return example | {field.key: _pixels(example[field.key], field) for field in fields if field.is_image}


def decode_pixels(data: bytes) -> NDArray[Any]:
    """[height, width, channels], uint8 or, where a sample has more than 8 bits, uint16.

    Raises InvalidInputError for a damaged image.
    """
    with opened(data, probe(data).format) as image:
        pixels = np.array(image)  # a copy: what Pillow gives cannot be written to
    return pixels if pixels.ndim == 3 else pixels[:, :, np.newaxis]


def _value(feature: Feature | None, field: Field) -> Any:
    values: Sequence[Any] = () if feature is None else feature.values
    if feature is None and field.shape is not None:
        raise CorruptError(f"the example has no {field.key}")
    if field.shape is not None and len(values) != (field.shape[0] if field.shape else 1):
        raise CorruptError(f"the example has {len(values)} values of {field.key}")
    array = np.array(values, _DTYPES[field.values]) if values else np.empty(0, _DTYPES[field.values])
    return array if field.shape != () else array[0]


def _pixels(value: Any, field: Field) -> NDArray[Any]:
    try:
        if field.shape == ():
            return decode_pixels(value)
        masks = [decode_pixels(one)[:, :, 0] for one in value]
    except InvalidInputError as error:
        raise CorruptError(f"an image under {field.key} {error.message}") from None
    return np.stack(masks) if masks else np.empty((0, 0, 0), np.uint8)
