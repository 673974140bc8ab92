"""Whether two encoded images are the same picture."""

from dvcore.image.pillow import opened
from dvcore.image.probe import probe


def have_same_pixels(one: bytes, other: bytes) -> bool:
    """Whether both decode to the same samples: size, mode and values, as stored and not turned.

    Raises InvalidInputError where one of them is no image, or is damaged.
    """
    with opened(one, probe(one).format) as first, opened(other, probe(other).format) as second:
        first.load()
        second.load()
        return (first.mode, first.size, first.tobytes()) == (second.mode, second.size, second.tobytes())
