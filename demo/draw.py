"""A folder of drawn nuts to try dset with: `python demo/draw.py FOLDER`.

Class sub-folders of 240x180 JPEGs, and beside them `boxes.json`, the boxes of all nuts in COCO's form. Each picture
shows one to three nuts of its folder's kind, and one in five has a guest of another kind among them. The name says the
background: `walnut/walnut_03_slate.jpg`. The same Pillow draws the same bytes.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

from backgrounds import BACKGROUNDS
from nuts import KINDS, SIZES, lit
from PIL import Image, ImageFilter

WIDTH: Final = 240
HEIGHT: Final = 180
PER_KIND: Final = 16
BOXES: Final = "boxes.json"

_SCALE: Final = 3
"""Pictures are drawn so many times larger and reduced, which smooths the edges."""
_GRID: Final = ((0, 0), (1, 0), (0, 1), (1, 1))
"""A nut has a quarter of the picture to itself, so that no two overlap."""

Box = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Picture:
    """One drawn picture: its path in the folder, its pixels, and the nuts on it with their boxes (x, y, width, height,
    in pixels from the top left).
    """

    path: str
    image: Image.Image
    nuts: tuple[tuple[str, Box], ...]


def draw_folder(folder: Path) -> None:
    """Draw all pictures into a new folder, and the boxes beside them."""
    pictures = []
    for picture in iter_pictures():
        target = folder / picture.path
        target.parent.mkdir(parents=True, exist_ok=True)
        picture.image.save(target, "JPEG", quality=90)
        pictures.append(picture)
    (folder / BOXES).write_text(json.dumps(_as_coco(pictures), indent=1), "utf-8")


def iter_pictures() -> Iterator[Picture]:
    """The pictures, kind by kind."""
    for kind in KINDS:
        for number in range(PER_KIND):
            yield draw_picture(kind, number)


def draw_picture(kind: str, number: int) -> Picture:
    """Picture `number` of a kind: a function of these two alone."""
    random = Random(f"{kind} {number}")
    background = list(BACKGROUNDS)[number % len(BACKGROUNDS)]
    image = BACKGROUNDS[background](random, (WIDTH * _SCALE, HEIGHT * _SCALE))
    kinds = [kind] * random.choice((1, 1, 2, 3))
    if number % 5 == 4:
        kinds.append(random.choice([other for other in KINDS if other != kind]))
    cells = random.sample(_GRID, len(kinds))
    nuts = tuple((one, _place(image, random, one, cell)) for one, cell in zip(kinds, cells, strict=True))
    name = f"{kind}/{kind}_{number:02d}_{background}.jpg"
    return Picture(name, image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS), nuts)


def _place(image: Image.Image, random: Random, kind: str, cell: tuple[int, int]) -> Box:
    """Put a nut with its shadow into a quarter of the picture; its box in the finished picture."""
    room_x, room_y = WIDTH * _SCALE // 2, HEIGHT * _SCALE // 2
    size = int(room_y * 0.98 * SIZES[kind] * random.uniform(0.85, 1.0))
    drawn = KINDS[kind](random, size).rotate(random.uniform(0, 360), Image.Resampling.BICUBIC, expand=True)
    nut = lit(drawn.crop(drawn.getchannel("A").getbbox()))
    left = cell[0] * room_x + random.randint(0, max(0, room_x - nut.width))
    top = cell[1] * room_y + random.randint(0, max(0, room_y - nut.height))
    _shadow(image, nut, (left, top))
    image.paste(nut, (left, top), nut)
    return _scaled_box(left, top, left + nut.width, top + nut.height)


def _shadow(image: Image.Image, nut: Image.Image, place: tuple[int, int]) -> None:
    margin = 30
    mask = Image.new("L", (nut.width + 2 * margin, nut.height + 2 * margin))
    mask.paste(nut.getchannel("A").point(lambda value: value * 3 // 5), (margin, margin))
    mask = mask.filter(ImageFilter.GaussianBlur(8))
    image.paste((24, 18, 14), (place[0] - margin + 10, place[1] - margin + 12), mask)


def _scaled_box(left: int, top: int, right: int, bottom: int) -> Box:
    x, y = left // _SCALE, top // _SCALE
    return x, y, min(WIDTH, -(-right // _SCALE)) - x, min(HEIGHT, -(-bottom // _SCALE)) - y


def _as_coco(pictures: list[Picture]) -> dict[str, object]:
    numbers = {kind: number for number, kind in enumerate(KINDS, 1)}
    images = [
        {"id": number, "file_name": picture.path, "width": WIDTH, "height": HEIGHT}
        for number, picture in enumerate(pictures, 1)
    ]
    boxes = [
        {"image_id": number, "category_id": numbers[kind], "bbox": list(box), "area": box[2] * box[3], "iscrowd": 0}
        for number, picture in enumerate(pictures, 1)
        for kind, box in picture.nuts
    ]
    return {
        "images": images,
        "annotations": [{"id": number, **box} for number, box in enumerate(boxes, 1)],
        "categories": [{"id": number, "name": kind} for kind, number in numbers.items()],
    }


if __name__ == "__main__":
    draw_folder(Path(sys.argv[1]))
