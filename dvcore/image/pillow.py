"""The one door to Pillow's readers: no exception of theirs and no warning gets out.

The reader of the format that the bytes show is called directly rather than through `Image.open`, which would try others
(one of them starts Ghostscript), load forty plug-ins and warn where it refuses. Pillow is loaded at the first call.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from io import BytesIO, FileIO
from threading import Lock
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from dvcore.errors import InvalidInputError
from dvcore.image.facts import TRUNCATED, check_pixels
from dvcore.image.window import FileWindow, ImageBytes

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

_READERS: Final = {
    "BMP": ("BmpImagePlugin", "BmpImageFile"),
    "GIF": ("GifImagePlugin", "GifImageFile"),
    "JPEG": ("JpegImagePlugin", "JpegImageFile"),
    "JPEG2000": ("Jpeg2KImagePlugin", "Jpeg2KImageFile"),
    "PNG": ("PngImagePlugin", "PngImageFile"),
    "PPM": ("PpmImagePlugin", "PpmImageFile"),
    "TIFF": ("TiffImagePlugin", "TiffImageFile"),
    "WEBP": ("WebPImagePlugin", "WebPImageFile"),
}


@contextmanager
def opened(data: ImageBytes, format_name: str) -> Iterator[ImageFile]:
    """The image that the reader of `format_name` makes of the bytes; nothing is decoded until it is asked to.

    Raises InvalidInputError for whatever goes wrong in the reader or inside the block.
    """
    with translated_errors(), quiet, _reader(format_name)(_file(data)) as image:
        check_pixels(*image.size)
        yield image


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turns what Pillow raises into InvalidInputError, worded to follow the name of a file."""
    try:
        yield
    except InvalidInputError:
        raise
    except MemoryError:
        raise InvalidInputError("takes more memory to decode than there is") from None
    except Exception as error:  # damaged bytes make its readers raise nearly every built-in exception
        raise InvalidInputError(_reason(error)) from error


def _file(data: ImageBytes) -> BinaryIO | FileIO:
    if isinstance(data, FileWindow):
        data.file.seek(0)
        return data.file
    return BytesIO(data)


@cache
def _reader(format_name: str) -> Any:
    module, name = _READERS[format_name]
    # Without a handler, Python prints what Pillow logs to stderr.
    logging.getLogger("PIL").addHandler(logging.NullHandler())
    return getattr(import_module(f"PIL.{module}"), name)


def _reason(error: Exception) -> str:
    if type(error).__name__ == "DecompressionBombError":
        return "is larger than an image may be"
    text = " ".join(str(error).split())
    if "truncated" in text.lower() or isinstance(error, EOFError):
        return TRUNCATED
    # Only these are raised on purpose, with words for people.
    words = f" ({text})" if text and isinstance(error, OSError | SyntaxError | ValueError) else ""
    return f"is damaged or of a kind that is not supported{words}"


class _Quiet:
    """Silences Pillow's warnings while at least one thread is inside.

    Python 3.11 keeps warning filters for the whole process, so that two threads that each save and restore them leave
    the wrong ones behind: the first in saves, the last out restores.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._inside = 0
        self._saved: warnings.catch_warnings[Any] | None = None

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._saved = warnings.catch_warnings()
                self._saved.__enter__()
                warnings.filterwarnings("ignore", module=r"PIL\.")
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0 and self._saved is not None:
                self._saved.__exit__(None, None, None)
                self._saved = None


quiet: Final = _Quiet()
"""To be entered around whatever may make Pillow warn."""
