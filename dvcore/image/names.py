"""Which files are named like images.

Only formats that `probe` reads and checks for completeness are listed: a name that is here and content that is no image
is a fault of the file, a name that is not here is passed over by an import.
"""

from typing import Final

IMAGE_SUFFIXES: Final = frozenset(
    {
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".bmp", ".tif", ".tiff", ".webp"),
        *(".ppm", ".pgm", ".pbm", ".pnm", ".jp2", ".j2k"),
    }
)


def is_image_name(name: str) -> bool:
    """Whether a file name or path ends like an image's, in either case; `.jpg` alone has no suffix."""
    stem, dot, suffix = name.rpartition("/")[2].rpartition(".")
    return bool(stem) and dot + suffix.lower() in IMAGE_SUFFIXES
