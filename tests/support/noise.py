"""Bytes without a pattern that are the same on every machine."""

from blake3 import blake3


def noise(size: int, seed: str = "") -> bytes:
    """BLAKE3's extendable output."""
    return blake3(b"noise" + seed.encode()).digest(length=size)
