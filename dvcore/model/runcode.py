"""COCO's run-length code: runs of pixels as bytes.

A mask is the lengths of its runs of 0 and 1 in turn, beginning with 0 (so the first may be 0), column by column. The
compressed form writes each length, from the fourth on as its difference to the one two places before, in groups of five
bits, the lowest first: `48 + bits`, plus 32 where more groups follow; the highest bit of the last group is the sign.
(pycocotools, `maskApi.c`, `rleToString` and `rleFrString`.)
"""

from collections.abc import Iterator, Sequence
from typing import Final

from dvcore.errors import InvalidInputError

_MAX_GROUPS: Final = 13
"""Groups of five bits that a 64-bit length can have."""


def parse_runs(counts: bytes) -> list[int]:
    """The lengths that a code gives, whatever they are.

    Raises InvalidInputError where the code is none.
    """
    runs: list[int] = []
    length = groups = 0
    for sign in counts:
        bits = sign - 48
        if not 0 <= bits < 64 or groups == _MAX_GROUPS:
            raise InvalidInputError("the mask's run-length code is none")
        length |= (bits & 0x1F) << 5 * groups
        groups += 1
        if not bits & 0x20:
            if bits & 0x10:
                length -= 1 << 5 * groups
            runs.append(length + runs[-2] if len(runs) > 2 else length)
            length = groups = 0
    if groups:
        raise InvalidInputError("the mask's run-length code ends within a number")
    return runs


def format_runs(runs: Sequence[int]) -> bytes:
    """The code of these lengths."""
    code = bytearray()
    for index, length in enumerate(runs):
        rest = length - runs[index - 2] if index > 2 else length
        while True:
            bits, rest = rest & 0x1F, rest >> 5
            is_last = rest == (-1 if bits & 0x10 else 0)
            code.append(48 + bits + (0 if is_last else 0x20))
            if is_last:
                break
    return bytes(code)


def merge_runs(runs: Sequence[int]) -> list[int]:
    """The same pixels without runs of length 0, but for the first: one way to say each mask."""
    merged = [0]
    for index, length in enumerate(runs):
        if len(merged) % 2 == (index + 1) % 2:
            merged[-1] += length
        elif length:
            merged.append(length)
    return merged


def iter_run_bounds(runs: Sequence[int], height: int) -> Iterator[tuple[int, int, int, int]]:
    """Left, top, right, bottom of each run of ones in a mask of this height."""
    place = 0
    for index, length in enumerate(runs):
        if index % 2:
            (left, top), (right, bottom) = divmod(place, height), divmod(place + length - 1, height)
            # A run over the end of a column reaches the bottom of one and the top of the next.
            yield (left, top, right + 1, bottom + 1) if left == right else (left, 0, right + 1, height)
        place += length
