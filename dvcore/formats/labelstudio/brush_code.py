"""The code of Label Studio's brush strokes: the way out of what `brush` reads, which has where it comes from."""

from collections.abc import Iterator, Sequence
from typing import Final

_CHANNELS: Final = 4
_LENGTHS: Final = (3, 4, 8, 16)
"""Bits in which the length of a run may be written."""
_LONGEST: Final = 1 << _LENGTHS[-1]
_SET: Final = 255


def brush_code(runs: Sequence[int]) -> list[int]:
    """The bytes of a mask with these runs of 0 and 1 in turn, row by row: all channels of a pixel are 0 or 255."""
    bits = "".join(_iter_bits(runs))
    padded = bits + "0" * (-len(bits) % 8)
    return [int(padded[at : at + 8], 2) for at in range(0, len(padded), 8)]


def _iter_bits(runs: Sequence[int]) -> Iterator[str]:
    yield f"{sum(runs) * _CHANNELS:032b}{8 - 1:05b}"
    yield from (f"{length - 1:04b}" for length in _LENGTHS)
    for number, run in enumerate(runs):
        left = run * _CHANNELS
        while left:
            count = min(left, _LONGEST)
            size = next(index for index, length in enumerate(_LENGTHS) if count <= 1 << length)
            yield f"1{size:02b}{count - 1:0{_LENGTHS[size]}b}{_SET * (number % 2):08b}"
            left -= count
