"""Gray samples of more than 8 bits, as integers or floats, brought to the 8 or 16 bits of a result.

Pillow changes some values on the way: it spreads those of a PNM over 16 bits, shifts those of a JPEG 2000 up to 16, and
reads unsigned 32 bits as signed. Here they are undone, so that a range is meant in the values that are stored.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from PIL import Image as Pillow
from PIL.Image import Image
from PIL.ImageFile import ImageFile

from dvcore.image.facts import Probe
from dvcore.image.samples import BitDepth, FullRange, SampleRange, ValueRange

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SAMPLE_FORMAT, _PHOTOMETRIC = 339, 262  # TIFF tags
_UNSIGNED, _WHITE_IS_ZERO = 1, 0
_SIXTEEN: Final = (1 << 16) - 1
_BAND_SAMPLES: Final = 1 << 20
"""As many are worked on at once: float64 of a whole image would take several times what the image does."""


@dataclass(frozen=True, slots=True)
class Storage:
    """How the values that Pillow decodes become those that are stored: as uint32 where they are `unsigned`, then
    shifted down, then as n / 65535 of `spread`. `least` and `greatest` are what the stored type holds, None of floats;
    `inverted` where 0 is white; `transparent` is the value of the pixels that are."""

    least: int | None
    greatest: int | None
    unsigned: bool = False
    shift: int = 0
    spread: int | None = None
    inverted: bool = False
    transparent: int | None = None


def storage_of(source: ImageFile, facts: Probe) -> Storage:
    """What an opened image says about its values; once it is decoded, Pillow has forgotten some of it."""
    most = (1 << facts.bits) - 1
    match facts.format:
        case "TIFF":
            return _tiff_storage(source, facts)
        case "PPM":
            maximum = int(source.tile[0].args[1]) if isinstance(source.tile[0].args, tuple) else _SIXTEEN
            return Storage(0, maximum, spread=maximum)
        case "JPEG2000":
            return Storage(0, min(most, _SIXTEEN), shift=max(0, 16 - facts.bits))
        case _:
            transparent = source.info.get("transparency")
            return Storage(0, most, transparent=transparent if isinstance(transparent, int) else None)


def convert_deep(source: Image, storage: Storage, rule: SampleRange, bit_depth: BitDepth, behind: int) -> Image:
    """The decoded `source` in mode `L`, with transparent pixels `LA`; for a `bit_depth` of 16 in mode `I;16`, laid over
    the gray `behind`, 0-255.

    Values are scaled in float64 and round half up. NaN is as the least of the range.
    """
    import numpy as np  # noqa: PLC0415 - only for images of more than 8 bits

    kind, most = (np.dtype("<u2"), _SIXTEEN) if bit_depth == "16" else (np.dtype("u1"), 255)
    pixels = np.asarray(source)
    result = np.empty(pixels.shape, kind)
    with np.errstate(over="ignore", invalid="ignore"):  # infinities are clipped, NaN has its rule
        for rows in _bands(*pixels.shape):
            result[rows] = _ranged(_stored(pixels[rows], storage), storage, rule, most)
    clear = None if storage.transparent is None else pixels == storage.transparent
    if bit_depth == "16":
        if clear is not None:
            result[clear] = behind * 257
        return Pillow.frombytes("I;16", source.size, result.tobytes())
    gray = Pillow.frombytes("L", source.size, result.tobytes())
    return gray if clear is None else Pillow.merge("LA", (gray, Pillow.fromarray(np.where(clear, 0, 255).astype("u1"))))


def _tiff_storage(source: Any, facts: Probe) -> Storage:
    inverted = source.tag_v2.get(_PHOTOMETRIC) == _WHITE_IS_ZERO
    if facts.mode == "F":
        return Storage(None, None, inverted=inverted)
    unsigned = source.tag_v2.get(_SAMPLE_FORMAT, (_UNSIGNED,))[0] == _UNSIGNED
    if unsigned:
        return Storage(0, (1 << facts.bits) - 1, unsigned=facts.mode == "I", inverted=inverted)
    half = 1 << facts.bits - 1
    return Storage(-half, half - 1, inverted=inverted)


def _bands(height: int, width: int) -> Iterator[slice]:
    rows = max(1, _BAND_SAMPLES // width)
    return (slice(top, top + rows) for top in range(0, height, rows))


def _stored(decoded: NDArray[Any], storage: Storage) -> NDArray[Any]:
    import numpy as np  # noqa: PLC0415

    values = (decoded.view(np.uint32) if storage.unsigned else decoded).astype(np.float64)
    if storage.shift:
        values = np.floor(values / (1 << storage.shift))
    if storage.spread is not None:
        values = np.floor(values * (storage.spread / _SIXTEEN) + 0.5)
    return values


def _ranged(values: NDArray[Any], storage: Storage, rule: SampleRange, most: int) -> NDArray[Any]:
    import numpy as np  # noqa: PLC0415

    match rule:
        case ValueRange(low, high):
            black, white = float(low), float(high)
        case FullRange() if storage.least is not None and storage.greatest is not None:
            black, white = float(storage.least), float(storage.greatest)
        case _:  # values stay, which are of unsigned integers: see `find_refusal`
            return (storage.greatest or 0) - values if storage.inverted else values
    scaled = (values - black) * most / (white - black)  # in this order exact for whole numbers
    scaled = np.clip(np.where(np.isnan(scaled), 0.0, scaled), 0.0, float(most))
    return np.floor((most - scaled if storage.inverted else scaled) + 0.5)
