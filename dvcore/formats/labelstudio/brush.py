"""Label Studio's run-length code of brush strokes.

A stream of bits, the highest of each byte first: 32 bits, the number of values; 5 bits, the length of a value in bits
less 1; four times 4 bits, lengths less 1 of the lengths that runs have; then runs until all values are there: 1 bit,
whether the run repeats one value; 2 bits, which of the four lengths; as many bits, the number of values less 1; one
value, or all of them. The values are red, green, blue and alpha of the pixels, row by row. (`@thi.ng/rle-pack`.)
"""

from collections.abc import Sequence
from typing import Any, Final

from dvcore.errors import InvalidInputError
from dvcore.formats.texts.json_files import take_lengths
from dvcore.image.facts import check_pixels

_CHANNELS: Final = 4
_ALPHA: Final = 3
_BYTE: Final = 8


def brush_pixels(code: Any, size: tuple[int, int]) -> Any:
    """The pixels that are painted, as a numpy array of bools indexed [row, column], of an image of `size` (width,
    height).

    Raises InvalidInputError where the code is none, or for another size.
    """
    import numpy as np  # noqa: PLC0415 - heavy; brush strokes are rare

    bits = _Bits(take_lengths(code, "a brush stroke"))
    width, height = size
    check_pixels(width, height)
    count = bits.take(32)
    if count != width * height * _CHANNELS:
        raise InvalidInputError(f"is a brush stroke of {count} values, its image has {width}x{height} pixels")
    alpha = _alpha(bits, count)
    return (np.frombuffer(alpha, np.uint8) != 0).reshape(height, width)


def _alpha(bits: "_Bits", count: int) -> bytearray:
    length = bits.take(5) + 1
    if length != _BYTE:
        raise InvalidInputError(f"is a brush stroke with values of {length} bits")
    lengths = [bits.take(4) + 1 for _ in range(4)]
    alpha = bytearray(count // _CHANNELS)
    place = 0
    while place < count:
        repeats = bits.take(1)
        end = place + 1 + bits.take(lengths[bits.take(2)])
        if end > count:
            raise InvalidInputError("is a brush stroke that is longer than its image")
        if repeats:
            first, after = place // _CHANNELS, end // _CHANNELS  # alpha is the last value of its pixel
            alpha[first:after] = bytes([bits.take(_BYTE)]) * (after - first)
        else:
            for index in range(place, end):
                value = bits.take(_BYTE)
                if index % _CHANNELS == _ALPHA:
                    alpha[index // _CHANNELS] = value
        place = end
    return alpha


class _Bits:
    """Takes numbers from a stream of bits."""

    def __init__(self, code: Sequence[int]) -> None:
        try:
            self._bytes = bytes(code)
        except ValueError:
            raise InvalidInputError("is a brush stroke with numbers that are no bytes") from None
        self._at = 0

    def take(self, length: int) -> int:
        """The number that the next bits are.

        Raises InvalidInputError at the end.
        """
        start, end = self._at, self._at + length
        if end > len(self._bytes) * _BYTE:
            raise InvalidInputError("is a brush stroke that ends early")
        self._at = end
        first, last = start // _BYTE, (end + _BYTE - 1) // _BYTE
        number = int.from_bytes(self._bytes[first:last]) >> last * _BYTE - end
        return number & (1 << length) - 1
