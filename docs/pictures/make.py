"""Makes the pictures of `docs/images.md`: python docs/pictures/make.py PHOTOGRAPH COCO_JSON

All of them are what `render` gives, at their size or enlarged without smoothing; the outlines are annotations that
follow it. The ones that are kept here are of `images/12.jpg` (see README.md).
"""

import io
import json
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from dvcore.image.downsample import INTERPOLATIONS, parse_downsampling
from dvcore.image.pipeline import parse_pipeline
from dvcore.image.render import render
from dvcore.model.geometry import Polygon
from dvcore.snapshot.instances.geometry_map import find_followed, image_map

HERE = Path(__file__).parent
Tile = tuple[str, Image.Image]

_LABEL_HEIGHT = 18
_MARGIN = 8
_DETAIL = (48, 34, 96, 70)
"""Of the photograph at an eighth of its size; shown four times as large."""


def main(photograph: Path, annotations: Path) -> None:
    """Write the four pictures beside this file."""
    data = photograph.read_bytes()
    outlines = outlines_of(json.loads(annotations.read_bytes()), photograph.name)
    save("downsampling", downsamplings(data, outlines), columns=4)
    save("interpolation", [(name, detail(data, interpolation=name)) for name in INTERPOLATIONS], columns=3)
    gaps = (("none", "none"), ("2", "2"), ("1", "1"))
    save("reducing_gap", [(f"reducing_gap = {name}", detail(data, reducing_gap=gap)) for name, gap in gaps], columns=3)
    save("range", ranges(data), columns=3)


def outlines_of(dataset: dict[str, list[dict[str, object]]], name: str) -> list[Polygon]:
    """The polygons of one image of a COCO file."""
    image = next(one["id"] for one in dataset["images"] if one["file_name"] == name)
    rings = (one["segmentation"] for one in dataset["annotations"] if one["image_id"] == image)
    return [Polygon(tuple((tuple(map(float, ring)),) for ring in parts)) for parts in rings]


def downsamplings(data: bytes, outlines: Iterable[Polygon]) -> list[Tile]:
    """The photograph with its outlines after each rule; what is padded is white."""
    rules = (
        *("factor:5", "factor:8", "height:90", "longest:90", "both:120x120", "both:120x120:pad", "both:120x120:crop"),
        "both:60x180:crop",
    )
    tiles = []
    for rule in rules:
        image = shown(data, downsample=rule, background="white")
        draw = ImageDraw.Draw(image)
        for outline in outlines:
            view = image_map(parse_downsampling(rule), *Image.open(io.BytesIO(data)).size)
            followed = find_followed(outline, view)
            for part in followed.parts if isinstance(followed, Polygon) else ():
                draw.polygon(part[0], outline=(255, 240, 0))
        tiles.append((f"{rule}  ({image.width} x {image.height})", image))
    return tiles


def ranges(data: bytes) -> list[Tile]:
    """The photograph as a sensor of 12 bits would store it in 16."""
    gray = np.asarray(shown(data, downsample="factor:4").convert("L"))
    deep = Image.fromarray((gray.astype(np.uint16) << 4) + 8)
    buffer = io.BytesIO()
    deep.save(buffer, "PNG")
    return [(f"range = {rule}", shown(buffer.getvalue(), range=rule)) for rule in ("full", "0:4095", "300:3200")]


def detail(data: bytes, **options: str) -> Image.Image:
    """A part of the photograph at an eighth of its size, enlarged so that every pixel shows."""
    part = shown(data, downsample="factor:8", **options).crop(_DETAIL)
    return part.resize((part.width * 4, part.height * 4), Image.Resampling.NEAREST)


def shown(data: bytes, **options: str) -> Image.Image:
    """The pixels that a project with these options gets."""
    rendered = render(data, parse_pipeline(**options, encoding="png"))
    return Image.open(io.BytesIO(rendered.data)).convert("RGB")


def save(name: str, tiles: list[Tile], columns: int) -> None:
    """Lay the tiles out in rows and write them as a JPEG."""
    width = max(*(image.width for _, image in tiles), 180) + _MARGIN
    rows = [tiles[start : start + columns] for start in range(0, len(tiles), columns)]
    heights = [max(image.height for _, image in row) + _LABEL_HEIGHT + _MARGIN for row in rows]
    sheet = Image.new("RGB", (width * columns + _MARGIN, sum(heights) + _MARGIN), (226, 226, 226))
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(12)
    for index, row in enumerate(rows):
        top = _MARGIN + sum(heights[:index])
        for place, (label, image) in enumerate(row):
            left = _MARGIN + place * width
            draw.text((left, top), label, fill="black", font=font)
            sheet.paste(image, (left, top + _LABEL_HEIGHT))
    sheet.save(HERE / f"{name}.jpg", quality=68, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
