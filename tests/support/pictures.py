"""Small drawn pictures in every mode and format, with nothing left to chance."""

import io
import zlib
from typing import Any

from PIL import Image

FORMATS_OF_MODES = {
    "1": ("PNG", "BMP", "TIFF", "PPM"),
    "L": ("JPEG", "PNG", "BMP", "GIF", "TIFF", "PPM", "JPEG2000"),
    "LA": ("PNG", "TIFF", "JPEG2000"),
    "P": ("PNG", "BMP", "GIF", "TIFF"),
    "RGB": ("JPEG", "PNG", "BMP", "TIFF", "WEBP", "PPM", "JPEG2000"),
    "RGBA": ("PNG", "TIFF", "WEBP", "JPEG2000"),
    "CMYK": ("JPEG", "TIFF"),
    "I;16": ("PNG", "TIFF", "JPEG2000"),
    "F": ("TIFF",),
}
MODES_AND_FORMATS = [(mode, name) for mode, names in FORMATS_OF_MODES.items() for name in names]


def drawn(mode: str = "RGB", size: tuple[int, int] = (24, 17)) -> Image.Image:
    """A picture without symmetry: gradients in red and green, a blue corner, an opaque left half."""
    width, height = size
    image = Image.new("RGB", size)
    image.putdata(
        [(255 * x // width, 255 * y // height, 200 if x + y < 9 else 20) for y in range(height) for x in range(width)]
    )
    if mode in ("RGBA", "LA"):
        image.putalpha(Image.new("L", size, 255))
        image.paste((10, 200, 90, 0), (width // 2, 0, width, height))
    if mode == "P":
        return image.quantize(16)
    if mode in ("I;16", "F"):
        return image.convert("L").convert("I").convert(mode)
    return image.convert(mode)


def encoded(image: Image.Image, format_name: str, **options: Any) -> bytes:
    """The bytes of a picture."""
    buffer = io.BytesIO()
    image.save(buffer, format_name, **options)
    return buffer.getvalue()


def pixels(data: bytes, mode: str | None = None) -> Image.Image:
    """The picture that bytes hold, as Pillow decodes it."""
    image = Image.open(io.BytesIO(data))
    image.load()
    return image if mode is None else image.convert(mode)


def exif(orientation: int) -> bytes:
    """An EXIF block with that orientation."""
    block = Image.Exif()
    block[0x0112] = orientation
    return block.tobytes()


def png_chunk(kind: bytes, content: bytes) -> bytes:
    """One chunk, with its length and checksum."""
    return len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")
