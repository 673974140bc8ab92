"""Where a file goes: which split by its split number, which shard and which place in it by its id.

Pure arithmetic on hashes: neither other files nor the order of anything takes part, so that adding images moves none.
`assigning` says whose number counts, and between which bounds.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate
from math import ceil
from typing import Final

from dvcore.encoding import encode
from dvcore.errors import InvalidInputError
from dvcore.ids import FileId, digest
from dvcore.model.definition import Split
from dvcore.model.values import Value

NUMBERS: Final = 2**64
"""Split numbers are below this."""

_DECIMAL: Final = re.compile(r"[0-9]{1,3}(\.[0-9]{1,18})?|\.[0-9]{1,18}")


def parse_ratio(text: str) -> Decimal:
    """The exact decimal from 0 to 1 that a text gives.

    Raises InvalidInputError.
    """
    ratio = Decimal(text) if _DECIMAL.fullmatch(text) else Decimal(-1)
    if not 0 <= ratio <= 1:
        raise InvalidInputError(f"{text!r} is no ratio", hint="give a decimal from 0 to 1, such as 0.7")
    return ratio


def format_ratio(ratio: Decimal) -> str:
    """The shortest text: `0.7` for 0.70."""
    return format(ratio.normalize() + 0, "f")


def check_total(splits: Iterable[Split]) -> None:
    """Raises InvalidInputError where the ratios do not total exactly 1."""
    ratios = [parse_ratio(split.ratio) for split in splits]
    total = sum(ratios, Decimal(0))
    if total != 1:
        listed = " + ".join(map(format_ratio, ratios))
        raise InvalidInputError(f"the ratios of the splits total {listed} = {format_ratio(total)}, not 1")


def thresholds(splits: Iterable[Split]) -> tuple[int, ...]:
    """For each split the least number that is beyond it, exact: the last one is 2**64 where the ratios total 1."""
    return tuple(ceil(total * NUMBERS) for total in cumulative_ratios(splits))


def cumulative_ratios(splits: Iterable[Split]) -> tuple[Fraction, ...]:
    """For each split the share of the files that go to it or to one before it, exact."""
    return tuple(accumulate(Fraction(parse_ratio(split.ratio)) for split in splits))


def group_number(value: Value) -> int:
    """The place of a group in [0, 2**64), uniform over the values."""
    return int.from_bytes(digest(b"dset split group\0" + encode(value))[:8], "big")


def split_of_number(bounds: Sequence[int], number: int) -> int:
    """The index of the split that a split number falls into."""
    return bisect_right(bounds, number)


def find_filtered(filters: Iterable[bool | None]) -> int | None:
    """The index of the first split whose filter is true (`filters`: one each, None for unknown or no filter)."""
    return next((index for index, matches in enumerate(filters) if matches), None)


def shard_of_file(file: FileId, shards: int) -> int:
    """The index of a file's shard among those of its split; uniform over files."""
    return _shard_hash(file) // NUMBERS * shards // NUMBERS


def place_in_shard(file: FileId) -> tuple[int, bytes]:
    """What the examples of a shard are ordered by. It is independent of the shard's index."""
    return _shard_hash(file) % NUMBERS, file


def _shard_hash(file: FileId) -> int:
    """128 bits: the upper half chooses the shard, the lower half the place."""
    return int.from_bytes(digest(b"dset shard\0" + file)[:16], "big")
