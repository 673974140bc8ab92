import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps
from support.pictures import encoded, exif, pixels

from dvcore.image.orient import displayed_box, displayed_point, displayed_size, effective_orientation

WIDTH, HEIGHT = 5, 3


def transposed(orientation):
    """Pillow's upright version of a picture whose pixels are numbered 0 to 14."""
    numbered = Image.new("L", (WIDTH, HEIGHT))
    numbered.putdata(range(WIDTH * HEIGHT))
    return ImageOps.exif_transpose(pixels(encoded(numbered, "PNG", exif=exif(orientation))))


@pytest.mark.parametrize("orientation", range(10))
def test_every_pixel_lands_where_pillow_puts_it(orientation):
    upright = transposed(orientation)
    assert upright.size == displayed_size(orientation, WIDTH, HEIGHT)
    for y in range(HEIGHT):
        for x in range(WIDTH):
            centre = displayed_point(orientation, x + 0.5, y + 0.5, width=WIDTH, height=HEIGHT)
            assert upright.getpixel((int(centre[0]), int(centre[1]))) == y * WIDTH + x


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_box_of_a_region_is_the_region_that_pillow_turns(orientation):
    region = Image.new("L", (WIDTH, HEIGHT))
    region.paste(255, (1, 0, 4, 2))
    upright = ImageOps.exif_transpose(pixels(encoded(region, "PNG", exif=exif(orientation))))
    assert displayed_box(orientation, (1, 0, 4, 2), width=WIDTH, height=HEIGHT) == upright.getbbox()


@given(st.none() | st.integers(-5, 70000))
def test_unknown_values_mean_upright(orientation):
    known = orientation in range(1, 9)
    assert effective_orientation(orientation) == (orientation if known else 1)
    if not known:
        assert displayed_size(orientation, 7, 4) == (7, 4)
        assert displayed_point(orientation, 1.5, 2.5, width=7, height=4) == (1.5, 2.5)
