"""Content-defined chunks: the rule as the specification states it, golden cuts, and what users rely on."""

import io
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.noise import noise

from dvcore.ids import digest
from dvcore.store import chunking
from dvcore.store.chunking import MAX_CHUNK, MIN_CHUNK, find_boundaries, iter_chunks

MIB = 1 << 20


def lengths(data: bytes) -> list[int]:
    return [len(chunk) for chunk in iter_chunks(io.BytesIO(data))]


def is_boundary(data: bytes, end: int) -> bool:
    """`docs/format/store.md`, word for word."""
    i = end - 1
    if (data[i] + 13 * data[i - 1] + 57 * data[i - 2]) % 256 != 0xDD:
        return False
    h = 0
    for start in range(end - 32, end, 8):
        h = (h ^ int.from_bytes(data[start : start + 8], "little")) * 0x9E3779B97F4A7C15 % 2**64
        h ^= h >> 32
    return h < 2**64 // 768


def test_boundaries_follow_the_specification() -> None:
    data = noise(600_000)
    assert find_boundaries(data) == [end for end in range(32, len(data) + 1) if is_boundary(data, end)]
    assert find_boundaries(data)


@pytest.mark.parametrize("block", [33, 64, 1001])
def test_boundaries_are_found_across_blocks(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    noisy = noise(600_000)
    end = find_boundaries(noisy)[0]
    data = noisy[end - 32 : end] * 300
    monkeypatch.setattr(chunking, "_BLOCK", block)
    assert set(range(32, len(data) + 1, 32)) <= set(find_boundaries(data))
    assert find_boundaries(data) == [end for end in range(32, len(data) + 1) if is_boundary(data, end)]


@pytest.mark.parametrize("size", [0, 1, 7, 31, 32, 33])
def test_short_data_has_boundaries_only_behind_a_whole_window(size: int) -> None:
    data = noise(size)
    assert find_boundaries(data) == [end for end in range(32, size + 1) if is_boundary(data, end)]


def test_golden_cuts() -> None:
    assert lengths(noise(4 * MIB)) == GOLDEN_NOISE
    assert lengths(bytes(2 * MIB + 5)) == [MIB, MIB, 5]
    text = b"".join(b"%d,%d,%d\n" % (n, n * n % 1009, n * 7919 % 10007) for n in range(120_000))
    assert lengths(text) == GOLDEN_TEXT


GOLDEN_NOISE = [
    *(171196, 80374, 189937, 97216, 73402, 91994, 197014, 153120, 414859, 92054, 112777),
    *(109496, 582147, 97490, 128107, 152760, 367570, 247649, 222748, 151988, 89639, 135417, 235350),
]
GOLDEN_TEXT = [149295, 450281, 340053, 176920, 191648, 141295, 333098]


class Dribble(io.RawIOBase):
    """Gives at most `step` bytes at a time."""

    def __init__(self, data: bytes, step: int) -> None:
        self._file = io.BytesIO(data)
        self._step = step

    def read(self, size: int = -1, /) -> bytes:
        return self._file.read(min(size, self._step))


@pytest.mark.parametrize("step", [4093, 65536, 1_000_003, 3 * MIB])
def test_cuts_do_not_depend_on_reads(step: int) -> None:
    data = noise(20 * MIB)
    assert [digest(chunk) for chunk in iter_chunks(Dribble(data, step))] == [
        digest(chunk) for chunk in iter_chunks(io.BytesIO(data))
    ]
    head = data[: MIB + 1]
    assert [len(chunk) for chunk in iter_chunks(io.BytesIO(data[len(head) :]), head)] == lengths(data)


def test_the_buffers_end_is_no_cut() -> None:
    """Data longer than the read buffer, against cuts found over the whole at once."""
    data = noise(20 * MIB, "long")
    boundaries = find_boundaries(data)
    cuts = [0]
    while cuts[-1] < len(data):
        start = cuts[-1]
        inside = [end for end in boundaries if start + MIN_CHUNK <= end <= start + MAX_CHUNK]
        cuts.append(inside[0] if inside else min(start + MAX_CHUNK, len(data)))
    assert lengths(data) == [end - start for start, end in pairwise(cuts)]


@settings(max_examples=30, deadline=None)
@given(pieces=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 900_000)), max_size=6))
def test_chunks_hold_the_data_within_bounds(pieces: list[tuple[int, int]]) -> None:
    """Noise, runs of the byte whose run is a candidate everywhere, zeros and short periods, in any mixture."""
    sources = (noise(900_000), b"\xbb" * 900_000, bytes(900_000), b"abcdefg" * 130_000)
    data = b"".join(sources[source][:size] for source, size in pieces)
    chunks = list(iter_chunks(io.BytesIO(data)))
    assert b"".join(chunks) == data
    assert all(MIN_CHUNK <= len(chunk) <= MAX_CHUNK for chunk in chunks[:-1])
    assert all(0 < len(chunk) <= MAX_CHUNK for chunk in chunks[-1:])


BASE = noise(6 * MIB, "base")
BASE_CHUNKS = {digest(chunk) for chunk in iter_chunks(io.BytesIO(BASE))}


@settings(max_examples=25, deadline=None)
@given(at=st.integers(0, len(BASE)), removed=st.integers(0, 1000), added=st.binary(max_size=1000))
def test_an_edit_changes_only_chunks_around_it(at: int, removed: int, added: bytes) -> None:
    edited = BASE[:at] + added + BASE[at + removed :]
    new = [chunk for chunk in iter_chunks(io.BytesIO(edited)) if digest(chunk) not in BASE_CHUNKS]
    # Those that hold the edit, and those until the cuts fall together again: usually one or two of some 25.
    assert len(new) <= 8


def test_the_mean_is_about_a_quarter_mebibyte() -> None:
    sizes = lengths(noise(64 * MIB))
    assert 200 << 10 < sum(sizes) / len(sizes) < 320 << 10
