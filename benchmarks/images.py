"""Draws images to measure with: JPEGs of 480x360 and about 55 KB in ten class folders, boxes for them, replacements.

`class03/img_000123.jpg`, `annotations.json` (COCO) beside the classes, and the replacements under the same paths in a
folder of their own. Deterministic: image N is a function of N.
"""

import io
import json
from collections.abc import Iterator
from itertools import islice
from multiprocessing import Pool
from pathlib import Path
from random import Random
from typing import Any, Final

import numpy as np
from PIL import Image

CLASSES: Final = 10
CHANGED: Final = 10
_CATEGORIES: Final = 20
_BOXES: Final = 5
_WIDTH: Final = 480
_HEIGHT: Final = 360


def draw_images(folder: Path, replacements: Path, count: int) -> None:
    """Draw them all, on every core."""
    with Pool() as pool:
        for path, content in pool.imap_unordered(_draw, _plan(folder, replacements, count), chunksize=50):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    (folder / "annotations.json").write_text(json.dumps(_coco(count)))


def _plan(folder: Path, replacements: Path, count: int) -> Iterator[tuple[Path, int]]:
    for number in range(count):
        yield folder / _name(number), number
    for number in islice(range(0, count, max(1, count // CHANGED)), CHANGED):
        yield replacements / _name(number), number + count


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


def _coco(count: int) -> dict[str, Any]:
    random = Random("boxes")
    images = [{"id": n + 1, "file_name": _name(n), "width": _WIDTH, "height": _HEIGHT} for n in range(count)]
    categories = [{"id": n + 1, "name": f"cat{n + 1:02d}", "supercategory": ""} for n in range(_CATEGORIES)]
    annotations = [_box(random, number) for number in range(count * _BOXES)]
    return {"info": {}, "licenses": [], "images": images, "annotations": annotations, "categories": categories}


def _box(random: Random, number: int) -> dict[str, Any]:
    width, height = random.randrange(16, 200), random.randrange(16, 150)
    return {
        "id": number + 1,
        "image_id": number // _BOXES + 1,
        "category_id": random.randint(1, _CATEGORIES),
        "bbox": [random.randrange(_WIDTH - width), random.randrange(_HEIGHT - height), width, height],
        "area": width * height,
        "iscrowd": 0,
        "segmentation": [],
    }
