"""Annotation files that use much of what their formats have, all of pictures `a.png` and `b.png` of 12x8 pixels."""

from pathlib import Path

SAMPLES = Path(__file__).parents[1] / "samples"


def sample(name: str) -> bytes:
    """The content of one of them."""
    return (SAMPLES / name).read_bytes()
