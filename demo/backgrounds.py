"""What the nuts lie on: wood, linen, slate, leaf green paper. The same random numbers give the same pixels."""

from collections.abc import Callable
from random import Random
from typing import Final

from PIL import Image, ImageDraw, ImageFilter

Size = tuple[int, int]


def draw_wood(random: Random, size: Size) -> Image.Image:
    """Boards with a grain."""
    width, height = size
    image = Image.new("RGB", size, (150, 106, 66))
    draw = ImageDraw.Draw(image)
    board = height // 3
    for top in range(-random.randrange(board), height, board):
        base = random.randint(-16, 16)
        draw.rectangle((0, top, width, top + board), fill=(150 + base, 104 + base, 64 + base))
        for _ in range(46):
            y = top + random.randrange(board)
            tone = base + random.randint(-20, 12)
            points = [(x, y + random.uniform(-2, 2)) for x in range(0, width + 60, 60)]
            draw.line(points, fill=(146 + tone, 100 + tone, 60 + tone), width=random.randint(1, 4))
        draw.line((0, top, width, top), fill=(84, 55, 34), width=4)
    return image.filter(ImageFilter.GaussianBlur(1.2))


def draw_linen(random: Random, size: Size) -> Image.Image:
    """A blue and white weave."""
    width, height = size
    image = Image.new("RGB", size, (226, 228, 226))
    draw = ImageDraw.Draw(image)
    stripe = random.randint(80, 110)
    for x in range(random.randrange(stripe), width, stripe):
        draw.rectangle((x, 0, x + stripe // 3, height), fill=(136, 164, 190))
    for y in range(0, height, 5):
        tone = random.randint(-10, 10)
        draw.line((0, y, width, y), fill=(206 + tone, 210 + tone, 212 + tone), width=2)
    for x in range(0, width, 7):
        draw.line((x, 0, x, height), fill=(196, 202, 206), width=1)
    return image.filter(ImageFilter.GaussianBlur(0.9))


def draw_slate(random: Random, size: Size) -> Image.Image:
    """Dark grey stone with pale cracks."""
    image = _clouds(random, size, (66, 72, 80), (92, 99, 106))
    draw = ImageDraw.Draw(image)
    for _ in range(7):
        x, y = random.randrange(size[0]), random.randrange(size[1])
        points = [(x, y)]
        for _ in range(6):
            x, y = x + random.randint(20, 70), y + random.randint(-24, 24)
            points.append((x, y))
        draw.line(points, fill=(112, 118, 124), width=2)
    return image.filter(ImageFilter.GaussianBlur(0.8))


def draw_paper(random: Random, size: Size) -> Image.Image:
    """Green paper, a little uneven."""
    return _clouds(random, size, (122, 152, 118), (140, 168, 132))


BACKGROUNDS: Final[dict[str, Callable[[Random, Size], Image.Image]]] = {
    "wood": draw_wood,
    "linen": draw_linen,
    "slate": draw_slate,
    "paper": draw_paper,
}
"""Each background's name, and what draws it."""


def _clouds(random: Random, size: Size, dark: tuple[int, int, int], light: tuple[int, int, int]) -> Image.Image:
    """Two colours mixed by coarse and fine noise."""
    mask = Image.new("L", size)
    for grid, weight in (((6, 5), 0.6), ((48, 36), 0.4)):
        noise = Image.frombytes("L", grid, random.randbytes(grid[0] * grid[1])).resize(size, Image.Resampling.BICUBIC)
        mask = Image.blend(mask, noise, weight)
    return Image.composite(Image.new("RGB", size, light), Image.new("RGB", size, dark), mask)
