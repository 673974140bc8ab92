"""Images of all orientations come out upright, in their format, with what they hold besides."""

import io

import numpy as np
import pytest
from PIL import Image
from support.pictures import drawn, encoded, exif

from dvcore.errors import InvalidInputError
from dvcore.image.probe import probe
from dvcore.image.upright import upright_bytes

LOSSLESS = [("PNG", "RGB"), ("PNG", "RGBA"), ("PNG", "L"), ("PNG", "I;16"), ("TIFF", "RGB"), ("WEBP", "RGB")]


def displayed(data: bytes, orientation: int) -> np.ndarray:
    """The pixels as TIFF 6.0 says that an orientation displays them."""
    with Image.open(io.BytesIO(data)) as image:
        raw = np.asarray(image)
    turns = {
        1: raw,
        2: raw[:, ::-1],
        3: raw[::-1, ::-1],
        4: raw[::-1],
        5: raw.swapaxes(0, 1),
        6: np.rot90(raw, -1),
        7: raw[::-1, ::-1].swapaxes(0, 1),
        8: np.rot90(raw),
    }
    return turns[orientation]


@pytest.mark.parametrize("orientation", range(2, 9))
@pytest.mark.parametrize(("format_name", "mode"), LOSSLESS)
def test_pixels_are_turned_and_nothing_else_changes(format_name: str, mode: str, orientation: int) -> None:
    options = {"lossless": True} if format_name == "WEBP" else {}
    stored = encoded(drawn(mode), format_name, **options)
    turned = encoded(drawn(mode), format_name, exif=exif(orientation), **options)
    facts = probe(upright := upright_bytes(turned))
    assert (facts.format, facts.mode, facts.bits) == (probe(turned).format, probe(turned).mode, probe(turned).bits)
    assert facts.orientation in (None, 1)
    assert (facts.raw_width, facts.raw_height) == (probe(turned).width, probe(turned).height)
    with Image.open(io.BytesIO(upright)) as image:
        assert np.array_equal(np.asarray(image), displayed(stored, orientation))


def test_colours_that_nobody_sees_stay_too() -> None:
    pixels = np.zeros((6, 8, 4), np.uint8)
    pixels[..., 0] = np.arange(48).reshape(6, 8) * 5
    image = Image.fromarray(pixels)
    turned = encoded(image, "WEBP", exif=exif(3), lossless=True, exact=True)
    with Image.open(io.BytesIO(upright_bytes(turned))) as found:
        assert np.array_equal(np.asarray(found), pixels[::-1, ::-1])


def test_a_jpeg_keeps_its_profile_and_the_rest_of_its_exif() -> None:
    block = Image.Exif()
    block[0x0112], block[0x010F] = 6, "Maker"
    data = encoded(drawn(), "JPEG", exif=block, icc_profile=b"profile", quality=95, subsampling=0)
    with Image.open(io.BytesIO(upright_bytes(data))) as image:
        assert dict(image.getexif()) == {0x010F: "Maker"}
        assert image.info["icc_profile"] == b"profile"
        difference = np.asarray(image, float) - displayed(data, 6)
    assert np.abs(difference).mean() < 2


def test_what_would_lose_more_is_refused() -> None:
    frames = [drawn(), drawn()]
    several = encoded(frames[0], "TIFF", save_all=True, append_images=frames[1:], exif=exif(6))
    with pytest.raises(InvalidInputError, match="has several frames"):
        upright_bytes(several)
    with pytest.raises(InvalidInputError, match="is a BMP, which cannot be turned"):
        upright_bytes(encoded(drawn(), "BMP"))
    damaged = encoded(drawn(size=(200, 200)), "TIFF", exif=exif(6), compression="tiff_deflate")
    with pytest.raises(InvalidInputError):
        upright_bytes(damaged[: len(damaged) // 2])
