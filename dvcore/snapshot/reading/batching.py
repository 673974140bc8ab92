"""What batches need: images of one shape."""

from collections.abc import Iterator
from operator import index
from typing import SupportsIndex

from dvcore.errors import InvalidInputError, StateError
from dvcore.snapshot.reading.inputs_and_targets import ImagePart, Parts, PixelPart

Size = tuple[int, int]
"""Height and width that images are brought to while they are read."""


def check_shape(size: Size | None, channels: int | None) -> None:
    """Raises InvalidInputError for a shape that no image can have."""
    if size is not None and not _is_size(size):
        raise InvalidInputError(f"images cannot have the size {size!r}", hint="give size=(HEIGHT, WIDTH)")
    if channels not in (None, 1, 3):
        raise InvalidInputError(f"images cannot have {channels} channels", hint="give channels=1 or channels=3")


def _is_size(size: object) -> bool:
    """Callers need not be checked by types."""
    match size:
        case (SupportsIndex() as height, SupportsIndex() as width):
            return min(index(height), index(width)) >= 1
        case _:
            return False


def check_batch(parts: Parts, size: Size | None, channels: int | None) -> None:
    """Raises StateError where the images of a batch would differ in shape, naming what makes them equal."""
    for part in (*parts.inputs, *parts.targets):
        if isinstance(part, ImagePart | PixelPart):
            asked = " and ".join(_missing(part, size, channels))
            if asked:
                raise StateError(
                    f"the images of {part.name!r} differ in shape, and a batch needs equal ones",
                    hint=f"give {asked}, or take the snapshot of a project with --downsample both:HEIGHTxWIDTH and "
                    "--color gray or rgb",
                )


def _missing(part: ImagePart | PixelPart, size: Size | None, channels: int | None) -> Iterator[str]:
    height, width, own = part.shape
    if size is None and None in (height, width):
        yield "size=(HEIGHT, WIDTH)"
    if channels is None and own is None:
        yield "channels=3 or channels=1"
