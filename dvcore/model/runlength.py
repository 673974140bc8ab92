"""Masks from run-length codes and back; `runcode` has the code itself.

Every mask has one code here: runs of length 0 are merged away, so equal masks are equal bytes.
"""

from collections.abc import Sequence

from dvcore.errors import InvalidInputError
from dvcore.model.geometry import Mask
from dvcore.model.runcode import format_runs, merge_runs, parse_runs


def mask_of_runs(height: int, width: int, runs: Sequence[int]) -> Mask:
    """The mask with these runs, which may have lengths of 0.

    Raises InvalidInputError where a length is negative or the total is not height x width.
    """
    _check_runs(height, width, runs)
    return Mask(height, width, format_runs(merge_runs(runs)))


def mask_of_counts(height: int, width: int, counts: bytes) -> Mask:
    """The mask with this compressed code.

    Raises InvalidInputError where the code is none, and as `mask_of_runs` does.
    """
    return mask_of_runs(height, width, parse_runs(counts))


def mask_runs(mask: Mask) -> list[int]:
    """The lengths of the runs of 0 and 1 in turn.

    Raises InvalidInputError where the code is none, or for a mask of another size.
    """
    runs = parse_runs(mask.counts)
    _check_runs(mask.height, mask.width, runs)
    return runs


def _check_runs(height: int, width: int, runs: Sequence[int]) -> None:
    if min(runs, default=0) < 0:
        raise InvalidInputError("a run of the mask has a negative length")
    if sum(runs) != height * width:
        raise InvalidInputError(f"the mask's runs total {sum(runs)} pixels, its size is {width}x{height}")
