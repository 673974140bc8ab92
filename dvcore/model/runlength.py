"""COCO's run-length code of masks.

A mask is the lengths of its runs of 0 and 1 in turn, beginning with 0 (so the first may be 0), column by column. The
compressed form writes each length, from the fourth on as its difference to the one two places before, in groups of five
bits, the lowest first: `48 + bits`, plus 32 where more groups follow; the highest bit of the last group is the sign.
(pycocotools, `maskApi.c`, `rleToString` and `rleFrString`.)

Every mask has one code here: runs of length 0 are merged away, so equal masks are equal bytes.
"""

from collections.abc import Iterator, Sequence

from dvcore.errors import InvalidInputError
from dvcore.model.geometry import Bounds, Mask

_MAX_GROUPS = 13
"""Groups of five bits that a 64-bit length can have."""


def mask_of_runs(height: int, width: int, runs: Sequence[int]) -> Mask:
    """The mask with these runs, which may have lengths of 0.

    Raises InvalidInputError where a length is negative or the total is not height x width.
    """
    if min(runs, default=0) < 0:
        raise InvalidInputError("a run of the mask has a negative length")
    if sum(runs) != height * width:
        raise InvalidInputError(f"the mask's runs total {sum(runs)} pixels, its size is {width}x{height}")
    return Mask(height, width, _format_runs(_merged(runs)))


def mask_of_counts(height: int, width: int, counts: bytes) -> Mask:
    """The mask with this compressed code.

    Raises InvalidInputError where the code is none, and as `mask_of_runs` does.
    """
    return mask_of_runs(height, width, _parse_runs(counts))


def mask_runs(mask: Mask) -> list[int]:
    """The lengths of the runs of 0 and 1 in turn."""
    return _parse_runs(mask.counts)


def mask_area(mask: Mask) -> int:
    """How many pixels are set."""
    return sum(mask_runs(mask)[1::2])


def mask_bounds(mask: Mask) -> Bounds:
    """The least rectangle around the pixels that are set, of which there must be one."""
    lefts, tops, rights, bottoms = zip(*_iter_run_bounds(mask), strict=True)
    return float(min(lefts)), float(min(tops)), float(max(rights)), float(max(bottoms))


def _iter_run_bounds(mask: Mask) -> Iterator[tuple[int, int, int, int]]:
    place = 0
    for index, length in enumerate(mask_runs(mask)):
        if index % 2:
            (left, top), (right, bottom) = divmod(place, mask.height), divmod(place + length - 1, mask.height)
            # A run over the end of a column reaches the bottom of one and the top of the next.
            yield (left, top, right + 1, bottom + 1) if left == right else (left, 0, right + 1, mask.height)
        place += length


def _merged(runs: Sequence[int]) -> list[int]:
    merged = [0]
    for index, length in enumerate(runs):
        if len(merged) % 2 == (index + 1) % 2:
            merged[-1] += length
        elif length:
            merged.append(length)
    return merged


def _parse_runs(counts: bytes) -> list[int]:
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


def _format_runs(runs: Sequence[int]) -> bytes:
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
