"""The images that are measured with: JPEGs of 480x360 and about 55 KB in ten class folders, and ten replacements.

`D1/class03/img_000123.jpg` and `D1mod/` with the same paths. Deterministic: image N is a function of N.
"""

import io
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from multiprocessing import Pool
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

CLASSES: Final = 10
CHANGED: Final = 10
_WIDTH: Final = 480
_HEIGHT: Final = 360

_GENERATOR: Final = Path(__file__).resolve().parents[2] / "shared" / "bench" / "gen.py"
"""Where the project's developers keep the generator that the peers were measured with; it is used where it is there."""


@dataclass(frozen=True, slots=True)
class Data:
    """The folders of the images and of the replacements; how many images there are."""

    images: Path
    replacements: Path
    count: int

    @property
    def classes(self) -> list[str]:
        """The names of the class folders."""
        return sorted(one.name for one in self.images.iterdir() if one.is_dir())


def prepare(folder: Path, count: int) -> Data:
    """The data in a folder: what is there, if it has so many images, or made now."""
    data = Data(folder / "D1", folder / "D1mod", count)
    there = sum(1 for _ in data.images.rglob("*.jpg"))
    if there not in (0, count):
        raise SystemExit(f"{data.images} has {there:,} images, not {count:,}; give another folder with --data")
    if not there:
        _generate(folder, data)
    return data


def _generate(folder: Path, data: Data) -> None:
    if _GENERATOR.is_file():
        subprocess.run([sys.executable, _GENERATOR, folder, "D1", f"--n={data.count}"], check=True)
        return
    with Pool() as pool:
        for path, content in pool.imap_unordered(_draw, _plan(data), chunksize=50):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def _plan(data: Data) -> Iterator[tuple[Path, int]]:
    for number in range(data.count):
        yield data.images / _name(number), number
    for number in islice(range(0, data.count, max(1, data.count // CHANGED)), CHANGED):
        yield data.replacements / _name(number), number + data.count


def _name(number: int) -> str:
    return f"class{number % CLASSES:02d}/img_{number:06d}.jpg"


def _draw(task: tuple[Path, int]) -> tuple[Path, bytes]:
    """Smooth colours under noise, which is what gives a photograph its size in bytes."""
    path, number = task
    random = np.random.Generator(np.random.SFC64(number))
    coarse = Image.fromarray(random.integers(0, 256, (9, 12, 3), np.uint8))
    smooth = np.asarray(coarse.resize((_WIDTH, _HEIGHT), Image.Resampling.BICUBIC), np.float32)
    noise = random.standard_normal((_HEIGHT, _WIDTH, 1), np.float32) * 7
    stream = io.BytesIO()
    Image.fromarray(np.clip(smooth + noise, 0, 255).astype(np.uint8)).save(stream, "JPEG", quality=90)
    return path, stream.getvalue()
