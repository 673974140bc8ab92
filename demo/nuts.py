"""Five kinds of nuts, each drawn in its own shape, colours and skin.

A nut is drawn upright on a square transparent canvas, in coordinates from -1 to 1 with y downwards; light and shadow
are put on later, when it lies where it belongs. The same random numbers give the same pixels.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import cos, pi, pow, sin, sqrt  # noqa: A004 - that of floats
from random import Random
from typing import Final

from PIL import Image, ImageChops, ImageDraw

Point = tuple[float, float]
Color = tuple[int, int, int]

_STEPS: Final = 120
"""Corners of an outline: enough to look round at 200 pixels."""


@dataclass(frozen=True, slots=True)
class Canvas:
    """A square picture whose coordinates run from -1 to 1; `size` in pixels."""

    size: int
    image: Image.Image

    @classmethod
    def filled(cls, size: int, color: Color) -> "Canvas":
        """A canvas of one colour."""
        return cls(size, Image.new("RGB", (size, size), color))

    def polygon(self, points: Sequence[Point], fill: Color) -> None:
        """A filled outline."""
        ImageDraw.Draw(self.image).polygon(self._pixels(points), fill=fill)

    def line(self, points: Sequence[Point], fill: Color, width: float) -> None:
        """A curve through the points; `width` in the canvas's own unit."""
        pixels = max(1, round(width * self.size / 2))
        ImageDraw.Draw(self.image).line(self._pixels(points), fill=fill, width=pixels, joint="curve")

    def cut(self, outline: Sequence[Point]) -> Image.Image:
        """What lies inside the outline, as RGBA."""
        mask = Image.new("L", self.image.size)
        ImageDraw.Draw(mask).polygon(self._pixels(outline), fill=255)
        result = self.image.convert("RGBA")
        result.putalpha(mask)
        return result

    def _pixels(self, points: Sequence[Point]) -> list[Point]:
        return [((x * 0.96 + 1) * self.size / 2, (y * 0.96 + 1) * self.size / 2) for x, y in points]


def draw_walnut(random: Random, size: int) -> Image.Image:
    """Nearly round, tan, wrinkled, with a seam from top to bottom."""
    phase = random.uniform(0, 2 * pi)
    outline = _around(lambda t: 0.9 + 0.025 * sin(9 * t + phase) + 0.015 * sin(17 * t), width=0.92)
    canvas = Canvas.filled(size, _vary(random, (201, 158, 104)))
    for number in range(26):
        wrinkle = _wander(random, start=(random.uniform(-0.9, 0.9), random.uniform(-0.95, 0.8)), steps=9, stride=0.09)
        canvas.line([(x + 0.02, y + 0.02) for x, y in wrinkle], (228, 190, 138), 0.05)
        canvas.line(wrinkle, (143, 101, 58) if number % 2 else (158, 116, 70), 0.045)
    seam = [(0.05 * sin(4 * y + phase), y) for y in _range(-1, 1, 24)]
    canvas.line(seam, (232, 198, 150), 0.2)
    canvas.line([(x - 0.1, y) for x, y in seam], (134, 93, 52), 0.045)
    canvas.line([(x + 0.1, y) for x, y in seam], (134, 93, 52), 0.045)
    canvas.line(seam, (117, 79, 43), 0.035)
    return canvas.cut(outline)


def draw_hazelnut(random: Random, size: int) -> Image.Image:
    """Round and red-brown with a small tip; the pale, rough scar at the foot."""
    outline = _around(lambda t: 0.86 + 0.14 * max(0.0, -sin(t)) ** 12, width=0.95)
    canvas = Canvas.filled(size, _vary(random, (158, 88, 40)))
    for number in range(-9, 10):
        bend = number / 9
        stripe = [(bend * sqrt(max(0.0, 1 - y * y)), y) for y in _range(-1, 1, 24)]
        color = (134, 70, 30) if number % 2 else (176, 104, 52)
        canvas.line(stripe, _vary(random, color, 8), random.uniform(0.02, 0.06))
    scar = [(x, 0.52 + 0.05 * sin(11 * x) - 0.12 * x * x) for x in _range(-1, 1, 24)]
    canvas.polygon([*scar, (1, 1), (-1, 1)], (214, 184, 140))
    for _ in range(70):
        x, y = random.uniform(-0.8, 0.8), random.uniform(0.55, 0.95)
        canvas.line([(x, y), (x + random.uniform(-0.05, 0.05), y + 0.07)], (186, 152, 106), 0.025)
    canvas.line(scar, (112, 60, 28), 0.035)
    return canvas.cut(outline)


def draw_almond(random: Random, size: int) -> Image.Image:
    """A long drop, cinnamon brown, with fine furrows from tip to foot."""
    right = [(_drop_width(y), y) for y in _range(-0.96, 0.96, _STEPS)]
    outline = right + [(-x, y) for x, y in reversed(right)]
    canvas = Canvas.filled(size, _vary(random, (176, 106, 55)))
    for _ in range(34):
        bend = random.uniform(-1, 1)
        top, foot = sorted((random.uniform(-0.95, 0.3), random.uniform(-0.2, 0.95)))
        furrow = [(bend * _drop_width(y) * 0.97, y) for y in _range(top, foot, 16)]
        color = random.choice(((137, 75, 35), (151, 86, 42), (202, 136, 82)))
        canvas.line(furrow, color, random.uniform(0.012, 0.035))
    return canvas.cut(outline)


def draw_cashew(random: Random, size: int) -> Image.Image:
    """A cream-coloured crescent."""
    bow = random.uniform(0.9, 1.05)
    spine = [(0.62 * cos(t) + 0.1, 0.66 * sin(t)) for t in _range(pi - bow * 1.75, pi + bow * 1.75, 40)]
    outline = _thick(spine, lambda part: 0.27 + 0.07 * sin(pi * part) + 0.05 * (1 - part))
    canvas = Canvas.filled(size, _vary(random, (236, 214, 172), 8))
    for offset in (-0.16, -0.05, 0.07, 0.17):
        rib = [(x * (1 + offset), y * (1 + offset)) for x, y in spine[4:-4]]
        canvas.line(rib, (219, 191, 144), random.uniform(0.015, 0.03))
    belly = [(0.32 * cos(t) + 0.14, 0.36 * sin(t)) for t in _range(pi - 1.4, pi + 1.4, 30)]
    canvas.line(belly, (201, 168, 118), 0.05)
    return canvas.cut(outline)


def draw_pistachio(random: Random, size: int) -> Image.Image:
    """A pale split shell, and the green kernel that looks out of it."""
    outline = _around(lambda t: 0.94 - 0.02 * cos(2 * t), width=0.66)
    canvas = Canvas.filled(size, _vary(random, (226, 204, 166), 8))
    for bend in (-0.9, -0.72, 0.72, 0.9):
        rib = [(bend * 0.66 * sqrt(max(0.0, 1 - y * y)), y) for y in _range(-0.9, 0.9, 20)]
        canvas.line(rib, (204, 178, 136), 0.025)
    gape = random.uniform(0.28, 0.36)
    canvas.polygon(_lens(gape + 0.07, -0.98, 0.62), (168, 134, 92))
    canvas.polygon(_lens(gape, -0.96, 0.55), (118, 141, 58))
    for _ in range(10):
        x, y = random.uniform(-0.16, 0.16), random.uniform(-0.6, 0.1)
        canvas.line([(x, y), (x * 1.1, y + 0.22)], random.choice(((147, 168, 80), (126, 84, 92), (98, 120, 46))), 0.035)
    return canvas.cut(outline)


KINDS: Final[dict[str, Callable[[Random, int], Image.Image]]] = {
    "walnut": draw_walnut,
    "hazelnut": draw_hazelnut,
    "almond": draw_almond,
    "cashew": draw_cashew,
    "pistachio": draw_pistachio,
}
"""Each kind's name, and what draws it on a canvas of so many pixels a side."""

SIZES: Final = {"walnut": 1.0, "hazelnut": 0.72, "almond": 0.85, "cashew": 0.85, "pistachio": 0.78}
"""How large each is beside a walnut."""


def lit(nut: Image.Image) -> Image.Image:
    """The nut with the light from the upper left: darker towards the lower right, a soft highlight opposite."""
    width, height = nut.size
    globe = Image.radial_gradient("L").resize((int(width * 1.5), int(height * 1.5)))
    shade = globe.crop((width * 3 // 8, height * 3 // 8, width * 3 // 8 + width, height * 3 // 8 + height))
    dark = ImageChops.multiply(nut.convert("RGB"), Image.new("RGB", nut.size, (88, 70, 62)))
    result = Image.composite(dark, nut.convert("RGB"), shade.point(lambda value: max(0, value - 40) * 4 // 5))
    gleam = globe.resize((width, height)).point(lambda value: max(0, 84 - value))
    result.paste((255, 250, 238), (-width * 3 // 16, -height * 3 // 16), gleam)
    result.putalpha(nut.getchannel("A"))
    return result


def _around(radius: Callable[[float], float], *, width: float) -> list[Point]:
    return [(radius(t) * cos(t) * width, radius(t) * sin(t)) for t in _range(0, 2 * pi, _STEPS)]


def _drop_width(y: float) -> float:
    """Half the width of an almond at the height y: pointed at the top, round at the foot."""
    place = min(1.0, max(0.0, (y + 0.96) / 1.92))
    return 1.47 * pow(place, 0.8) * sqrt(1 - place)


def _lens(width: float, top: float, foot: float) -> list[Point]:
    heights = _range(0, 1, 30)
    right = [(width * sin(pi * part**0.8), top + (foot - top) * part) for part in heights]
    return right + [(-x, y) for x, y in reversed(right)]


def _thick(spine: Sequence[Point], half_width: Callable[[float], float]) -> list[Point]:
    """The outline of a curve that has a width at each of its parts, 0 to 1, with round ends."""
    left, right = [], []
    for number in range(1, len(spine) - 1):
        (before_x, before_y), (after_x, after_y) = spine[number - 1], spine[number + 1]
        along_x, along_y = after_x - before_x, after_y - before_y
        length = sqrt(along_x**2 + along_y**2)
        width = half_width(number / (len(spine) - 1))
        x, y = spine[number]
        left.append((x - along_y / length * width, y + along_x / length * width))
        right.append((x + along_y / length * width, y - along_x / length * width))
    return [*left, *_cap(left[-1], right[-1]), *reversed(right), *_cap(right[0], left[0])]


def _cap(start: Point, end: Point) -> list[Point]:
    """Half a circle from start to end, to the right of the way between them."""
    (x0, y0), (x1, y1) = start, end
    middle_x, middle_y, dx, dy = (x0 + x1) / 2, (y0 + y1) / 2, (x0 - x1) / 2, (y0 - y1) / 2
    return [(middle_x + dx * cos(t) + dy * sin(t), middle_y + dy * cos(t) - dx * sin(t)) for t in _range(0, pi, 12)]


def _wander(random: Random, *, start: Point, steps: int, stride: float) -> list[Point]:
    heading = random.uniform(pi * 0.3, pi * 0.7)
    points = [start]
    for _ in range(steps):
        heading += random.uniform(-0.9, 0.9)
        x, y = points[-1]
        points.append((x + stride * cos(heading), y + stride * sin(heading)))
    return points


def _vary(random: Random, color: Color, by: int = 14) -> Color:
    """The colour, a little lighter or darker."""
    step = random.randint(-by, by)
    red, green, blue = (min(255, max(0, value + step)) for value in color)
    return red, green, blue


def _range(start: float, stop: float, steps: int) -> list[float]:
    return [start + (stop - start) * number / steps for number in range(steps + 1)]
