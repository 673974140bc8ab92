"""Many numbers, said in few: quantiles and a histogram. Exact, over all of them."""

from array import array
from dataclasses import dataclass
from typing import Final

import numpy as np

BINS: Final = 24
_QUANTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)

_LARGE: Final = 1e280
_SMALLER: Final = 2.0**-64
"""A power of two, so that digits stay: the sum of numbers over `_LARGE` could leave what a float holds."""


@dataclass(frozen=True, slots=True)
class Summary:
    """`count` numbers, from `least` to `greatest`. `p5` is the number that one in twenty lies under; between two of the
    numbers it is interpolated (numpy's `linear`)."""

    count: int
    least: float
    p5: float
    p25: float
    median: float
    p75: float
    p95: float
    greatest: float
    mean: float


@dataclass(frozen=True, slots=True)
class Histogram:
    """`counts[i]` of the numbers lie in [edges[i], edges[i + 1]), of the last bin at both edges. `is_whole`: all
    numbers are, so that the greatest that a bin takes is 1 under its edge."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    is_whole: bool = False


@dataclass(frozen=True, slots=True)
class Distribution:
    """How some numbers, of which there is one at least, are distributed."""

    summary: Summary
    histogram: Histogram


def find_summary(*parts: "array[float]") -> Summary | None:
    """Of the numbers in all the lists; None where there are none."""
    values = _joined(parts)
    if not values.size:
        return None
    scale = _SMALLER if np.abs(values).max() > _LARGE else 1.0
    scaled = values * scale
    least, greatest = float(values.min()), float(values.max())
    middle = np.clip(np.quantile(scaled, _QUANTILES) / scale, least, greatest)
    p5, p25, median, p75, p95 = map(float, middle)
    return Summary(int(values.size), least, p5, p25, median, p75, p95, greatest, float(scaled.mean()) / scale)


def find_distribution(*parts: "array[float]", log: bool = False, whole: bool = False) -> Distribution | None:
    """Of the numbers in all the lists; None where there are none. `log` is for numbers over 0 that span magnitudes;
    `whole` for whole ones, so that each bin holds as many of them."""
    summary = find_summary(*parts)
    if summary is None:
        return None
    edges = _edges(summary.least, summary.greatest, log=log and summary.least > 0, whole=whole)
    counts, _ = np.histogram(_joined(parts), edges)
    return Distribution(summary, Histogram(tuple(map(float, edges)), tuple(map(int, counts)), whole))


def frequent_pairs(first: "array[float]", second: "array[float]", most: int) -> tuple[dict[tuple[int, int], int], int]:
    """How often whole numbers stand side by side: the `most` most frequent pairs, and how many different ones there
    are."""
    pairs = np.stack([_joined((first,)), _joined((second,))], axis=1)
    different, counts = np.unique(pairs, axis=0, return_counts=True)
    order = np.lexsort((different[:, 1], different[:, 0], -counts))[:most]
    listed = {(int(different[at, 0]), int(different[at, 1])): int(counts[at]) for at in order}
    return listed, len(different)


def ratios(numerators: "array[float]", denominators: "array[float]") -> "array[float]":
    """One by one; no denominator is 0."""
    return array("d", (_joined((numerators,)) / _joined((denominators,))).tobytes())


def _joined(parts: "tuple[array[float], ...]") -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    return np.concatenate([np.frombuffer(part, dtype=np.float64) for part in parts if part] or [np.zeros(0)])


def _edges(least: float, greatest: float, *, log: bool, whole: bool) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """The outer ones reach from the least to the greatest number."""
    if whole:
        step = -(-int(greatest - least + 1) // BINS)
        edges = least + step * np.arange(int(greatest - least) // step + 2, dtype=np.float64)
        edges[-1] = max(edges[-1], greatest)  # beyond 2**53 the sum may be rounded down
        return edges
    if least == greatest:
        return np.array([least, greatest])
    parts = np.arange(1, BINS) / BINS
    if log:
        inner = np.exp(np.log(least) * (1 - parts) + np.log(greatest) * parts)
    else:
        inner = least * (1 - parts) + greatest * parts  # greatest - least may be more than a float holds
    return np.array([least, *np.clip(np.maximum.accumulate(inner), least, greatest), greatest])
