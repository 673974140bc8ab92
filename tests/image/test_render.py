import io
import struct
import sys
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from subprocess import run

import numpy as np
import pytest
from PIL import Image, ImageOps
from support.pictures import MODES_AND_FORMATS, drawn, encoded, exif, pixels, png_chunk

from dvcore.errors import InvalidInputError
from dvcore.image.pipeline import parse_pipeline
from dvcore.image.render import render, toolchain


def rendered(data, **options):
    return render(data, parse_pipeline(**options))


def same_pixels(data, expected):
    image = pixels(data)
    return image.mode == expected.mode and image.size == expected.size and image.tobytes() == expected.tobytes()


def flattened(image, background=(0, 0, 0)):
    """What Pillow shows of a picture over a background, in RGB, computed the long way."""
    image.load()
    if not image.has_transparency_data:
        return image.convert("RGB")
    canvas = Image.new("RGBA", image.size, (*background, 255))
    canvas.alpha_composite(image.convert("RGBA"))
    return canvas.convert("RGB")


@pytest.mark.parametrize("options", [{}, {"color": "mixed"}, {"encoding": "jpeg"}, {"downsample": "longest:4000"}])
def test_original_bytes_pass(options, shared_data):
    path = sorted((shared_data / "coco-polygons").rglob("*.jpg"))[0]
    result = rendered(path.read_bytes(), **options)
    assert result.data == path.read_bytes()
    assert (result.format, result.width, result.height, result.channels) == ("jpeg", 800, 600, 3)
    assert result.passed_through
    assert not result.enlarged


def test_original_pngs_pass():
    for mode, channels in (("L", 1), ("RGB", 3)):
        data = encoded(drawn(mode), "PNG")
        result = rendered(data, color="mixed")
        assert (result.data, result.format, result.channels, result.passed_through) == (data, "png", channels, True)


@pytest.mark.parametrize("color", ["rgb", "gray"])
@pytest.mark.parametrize(("mode", "format_name"), MODES_AND_FORMATS)
def test_pixels_equal_pillows_in_every_mode_and_format(mode, format_name, color):
    data = encoded(drawn(mode), format_name)
    if mode in ("I;16", "F"):
        with pytest.raises(
            InvalidInputError, match=r"has (16 bits per sample|32 bits per sample in floating point), and no rule"
        ):
            rendered(data, color=color)
        return
    expected = flattened(pixels(data))
    if color == "gray":
        expected = expected.convert("L")
    result = rendered(data, color=color, encoding="png")
    assert same_pixels(result.data, expected)
    assert (result.width, result.height, result.channels) == (24, 17, 3 if color == "rgb" else 1)


@pytest.mark.parametrize(("mode", "channels"), [("1", 1), ("L", 1), ("LA", 1), ("P", 3), ("RGB", 3), ("RGBA", 3)])
def test_mixed_keeps_gray_images_at_one_channel(mode, channels):
    assert rendered(encoded(drawn(mode), "PNG"), color="mixed").channels == channels


def test_a_gray_image_over_a_coloured_background_is_coloured():
    assert rendered(encoded(drawn("LA"), "PNG"), color="mixed", background="#ff0000").channels == 3
    assert rendered(encoded(drawn("LA"), "PNG"), color="mixed", background="#808080").channels == 1


@pytest.mark.parametrize(
    ("image", "format_name", "options"),
    [
        (drawn("RGBA"), "PNG", {}),
        (drawn("LA"), "PNG", {}),
        (drawn("RGB"), "PNG", {"transparency": drawn("RGB").getpixel((3, 3))}),
        (drawn("L"), "PNG", {"transparency": drawn("L").getpixel((3, 3))}),
        (drawn("1"), "PNG", {"transparency": 0}),
        (drawn("P"), "PNG", {"transparency": bytes(range(0, 256, 16))}),
        (drawn("P"), "PNG", {"transparency": 2}),
        (drawn("P"), "GIF", {"transparency": 2}),
        (drawn("RGBA"), "WEBP", {"lossless": True}),
    ],
)
def test_transparency_shows_the_background(image, format_name, options):
    data = encoded(image, format_name, **options)
    result = rendered(data, background="#3060c0")
    assert not result.passed_through
    assert same_pixels(result.data, flattened(pixels(data), (0x30, 0x60, 0xC0)))
    assert (0x30, 0x60, 0xC0) in {color for _, color in pixels(result.data).getcolors(10**6)} or options


def narrow_gray_png(bits, transparent):
    """One row with every gray of that many bits, one of which is transparent."""
    grays = range(1 << bits)
    row = int("".join(f"{gray:0{bits}b}" for gray in grays).ljust(8, "0"), 2)
    header = struct.pack(">IIBBBBB", len(grays), 1, bits, 0, 0, 0, 0)
    body = zlib.compress(b"\0" + row.to_bytes((len(grays) * bits + 7) // 8, "big"))
    chunks = ((b"IHDR", header), (b"tRNS", struct.pack(">H", transparent)), (b"IDAT", body), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(kind, content) for kind, content in chunks)


@pytest.mark.parametrize(("bits", "step"), [(1, 255), (2, 85), (4, 17), (8, 1)])
def test_the_transparent_gray_of_a_png_is_counted_in_its_own_bits(bits, step):
    for transparent in range(0, 1 << bits, 1 if bits < 8 else 51):
        # Only the low bits count (PNG, tRNS); libpng masks the others away. Pillow knows of 1 bit only 0 and not 0.
        for stored in (transparent, transparent | 1 << bits) if bits > 1 else (transparent,):
            result = pixels(rendered(narrow_gray_png(bits, stored), background="#3060c0").data)
            expected = [(gray * step,) * 3 for gray in range(1 << bits)]
            expected[transparent] = (0x30, 0x60, 0xC0)
            assert [result.getpixel((x, 0)) for x in range(1 << bits)] == expected


@pytest.mark.tensorflow
def test_tensorflow_finds_the_same_gray_transparent():
    import tensorflow as tf

    for bits in (1, 2, 4, 8):
        data = narrow_gray_png(bits, (1 << bits) - 2 if bits > 1 else 1)
        gray, _, _, alpha = np.moveaxis(tf.io.decode_png(data, channels=4).numpy()[0], 1, 0)
        shown = pixels(rendered(data, background="#3060c0").data)
        expected = [(g, g, g) if a else (0x30, 0x60, 0xC0) for g, a in zip(gray.tolist(), alpha.tolist(), strict=True)]
        assert [shown.getpixel((x, 0)) for x in range(len(gray))] == expected
        assert alpha.tolist().count(0) == 1


@pytest.mark.tensorflow
def test_tensorflow_reads_the_same_16_bits():
    import tensorflow as tf

    numbers = np.arange(0, 65536, 97, dtype=np.uint16).reshape(26, 26)
    for format_name in ("PNG", "TIFF"):
        data = rendered(encoded(Image.fromarray(numbers), format_name), color="gray", bit_depth="16").data
        assert np.array_equal(tf.io.decode_png(data, dtype=tf.uint16).numpy()[..., 0], numbers)


def test_alpha_by_hand():
    half = Image.new("RGBA", (1, 1), (200, 100, 0, 128))
    over_black = pixels(rendered(encoded(half, "PNG")).data).getpixel((0, 0))
    over_white = pixels(rendered(encoded(half, "PNG"), background="white").data).getpixel((0, 0))
    assert over_black == (100, 50, 0)
    assert over_white == (227, 177, 127)


def test_gray_is_luma_601():
    for color, luma in (((255, 0, 0), 76), ((0, 255, 0), 150), ((0, 0, 255), 29)):
        data = encoded(Image.new("RGB", (2, 2), color), "PNG")
        assert pixels(rendered(data, color="gray").data).getpixel((0, 0)) == luma


@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(10))
def test_every_orientation_is_applied_once(format_name, orientation):
    options = {"lossless": True} if format_name == "WEBP" else {}
    data = encoded(drawn(), format_name, exif=exif(orientation), **options)
    plain = pixels(encoded(drawn(), format_name, **options), "RGB")
    plain.getexif()[0x0112] = orientation
    result = rendered(data, encoding="png")
    assert same_pixels(result.data, ImageOps.exif_transpose(plain))
    assert (result.width, result.height) == ((17, 24) if 5 <= orientation <= 8 else (24, 17))


def test_a_tiff_is_not_turned_by_its_xmp():
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><tiff:Orientation>6</tiff:Orientation></x:xmpmeta>'
    assert same_pixels(rendered(encoded(drawn(), "TIFF", tiffinfo={700: xmp})).data, drawn())


def test_the_nine_photographs_are_all_upright(shared_data):
    """The photographs differ in the digit painted on them and in JPEG noise, and in nothing else."""
    sides = [rendered((shared_data / f"exif/Portrait_{n}.jpg").read_bytes(), downsample="height:450") for n in range(9)]
    assert {(side.width, side.height) for side in sides} == {(300, 450)}
    first, *others = [np.asarray(pixels(side.data)).astype(int) for side in sides]
    for other in others:
        difference = abs(first - other).mean(axis=2)
        difference[200:245, 120:180] = 0  # the digit
        assert difference.mean() < 3
    assert abs(first - first[::-1]).mean() > 20  # the wrong way up would show


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic", "lanczos", "box", "hamming"])
@pytest.mark.parametrize("color", ["rgb", "gray"])
def test_resized_pixels_equal_pillows(interpolation, color, shared_data):
    data = sorted((shared_data / "coco-polygons").rglob("*.jpg"))[0].read_bytes()
    resampling = Image.Resampling[interpolation.upper()]
    expected = pixels(data, "L" if color == "gray" else "RGB").resize((160, 120), resampling)
    result = rendered(data, downsample="factor:5", interpolation=interpolation, color=color)
    assert same_pixels(result.data, expected)


def test_the_turned_image_is_resized_not_the_other_way_round():
    data = encoded(drawn(size=(64, 40)), "PNG", exif=exif(6))
    expected = drawn(size=(64, 40)).transpose(Image.Transpose.ROTATE_270).resize((20, 32), Image.Resampling.BILINEAR)
    assert same_pixels(rendered(data, downsample="factor:2").data, expected)


def test_padding_is_background():
    result = rendered(
        encoded(Image.new("RGB", (40, 10), "red"), "PNG"), downsample="both:20x20:pad", background="#0000ff"
    )
    image = pixels(result.data)
    rows = [image.getpixel((10, y)) for y in range(20)]
    assert rows == [(0, 0, 255)] * 7 + [(255, 0, 0)] * 5 + [(0, 0, 255)] * 8
    gray = rendered(
        encoded(drawn("L", (40, 10)), "PNG"), downsample="both:20x20:pad", background="#0000ff", color="gray"
    )
    assert pixels(gray.data).getpixel((0, 0)) == 29


def test_cropping_keeps_the_middle():
    image = Image.new("RGB", (40, 10), "red")
    image.paste("blue", (15, 0, 25, 10))
    result = rendered(encoded(image, "PNG"), downsample="both:10x10:crop")
    assert not result.enlarged
    assert pixels(result.data).getcolors() == [(100, (0, 0, 255))]


def test_enlarging_is_said():
    data = encoded(drawn(), "PNG")
    assert rendered(data, downsample="both:40x10").enlarged
    assert not rendered(data, downsample="both:10x10").enlarged


def test_a_small_crop_of_a_long_strip_needs_no_memory():
    """Scaling the whole strip to cover 500x500 would take 10 million by 500 pixels."""
    result = rendered(encoded(Image.new("L", (20_000, 1)), "PNG"), downsample="both:500x500:crop")
    assert (result.width, result.height) == (500, 500)


def test_results_larger_than_the_limit_are_refused():
    with pytest.raises(InvalidInputError, match=r"is larger than .* pixels: 600x400000"):
        rendered(encoded(Image.new("L", (1, 400_000)), "PNG"), downsample="both:1x600")


def test_a_jpeg_is_within_tolerance_of_the_pixels(shared_data):
    """Under 2 of 255 levels on average and 20 at worst; quality 90, or subsampled colour, are beyond both."""
    for path in sorted((shared_data / "coco-polygons").rglob("*.jpg")):
        exact = np.asarray(pixels(rendered(path.read_bytes(), downsample="factor:3").data)).astype(int)
        result = rendered(path.read_bytes(), downsample="factor:3", encoding="jpeg")
        assert result.format == "jpeg"
        difference = abs(np.asarray(pixels(result.data)).astype(int) - exact)
        assert difference.mean() < 2
        assert difference.max() <= 20


def test_a_jpeg_is_baseline_and_not_subsampled():
    data = rendered(encoded(drawn(), "PNG"), encoding="jpeg").data
    frame = data.index(b"\xff\xc0")
    assert data[frame + 11] == 0x11  # sampling factors of the first component
    assert b"\xff\xc2" not in data[:frame]


@pytest.mark.parametrize("encoding", ["png", "jpeg"])
def test_what_is_encoded_anew_holds_no_metadata(encoding):
    source = {"icc_profile": b"profile " * 20, "exif": exif(6), "comment": b"secret place", "dpi": (300, 300)}
    image = Image.open(io.BytesIO(encoded(drawn(), "JPEG", **source)))
    assert {"icc_profile", "exif", "comment", "dpi"} <= set(image.info)
    for downsample in ("none", "factor:2"):
        result = pixels(rendered(encoded(drawn(), "JPEG", **source), encoding=encoding, downsample=downsample).data)
        assert set(result.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        assert result.info.get("jfif_density", (1, 1)) == (1, 1)


@pytest.mark.parametrize(("format_name", "lossless"), [("GIF", {}), ("WEBP", {"lossless": True}), ("TIFF", {})])
def test_the_first_of_several_pictures_is_taken(format_name, lossless):
    first, second = Image.new("RGB", (9, 9), (255, 0, 0)), Image.new("RGB", (9, 9), (0, 0, 255))
    data = encoded(first, format_name, save_all=True, append_images=[second], **lossless)
    assert pixels(rendered(data).data).getcolors() == [(81, (255, 0, 0))]


def test_cmyk_is_converted_as_pillow_does(shared_data):
    data = encoded(drawn("CMYK"), "JPEG", quality=95)
    assert same_pixels(rendered(data).data, pixels(data).convert("RGB"))


def test_damage_inside_the_pixels_is_reported():
    data = bytearray(encoded(drawn(size=(90, 90)), "TIFF", compression="tiff_lzw"))
    data[8:400] = b"\xff" * 392
    with pytest.raises(InvalidInputError, match=r"^is "):
        rendered(bytes(data))


def test_a_jpeg_longer_than_jpegs_can_be_is_refused():
    data = encoded(Image.new("L", (65_501, 1)), "PNG")
    with pytest.raises(InvalidInputError, match=r"is 65501x1, and a JPEG's sides have at most 65500 pixels"):
        rendered(data, encoding="jpeg", color="gray")


def test_threads_give_the_same_bytes_and_leave_the_warning_filters_alone(shared_data):
    paths = sorted((shared_data / "exif").glob("*.jpg"))
    broken_exif = encoded(drawn(), "TIFF", compression="tiff_lzw", exif=exif(8))
    sources = [path.read_bytes() for path in paths] + [broken_exif] * 8
    pipeline = parse_pipeline(downsample="longest:200")
    before = list(warnings.filters)
    alone = [render(data, pipeline) for data in sources]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda data: render(data, pipeline), sources * 3))
    assert together == alone * 3
    assert warnings.filters == before


def test_reading_facts_of_jpegs_and_planning_loads_nothing_heavy():
    code = (
        "import sys, dvcore.image.probe, dvcore.image.pipeline, dvcore.image.names, dvcore.image.orient\n"
        "dvcore.image.probe.probe(sys.stdin.buffer.read())\n"
        "print([name for name in ('PIL', 'numpy') if name in sys.modules])"
    )
    for format_name in ("JPEG", "PNG"):
        done = run([sys.executable, "-c", code], input=encoded(drawn(), format_name), capture_output=True, check=True)
        assert done.stdout.strip() == b"[]"


def test_the_toolchain_names_what_decides_over_bytes():
    names = set(toolchain())
    assert "pillow" in names
    assert names & {"libjpeg", "libjpeg-turbo"}
    assert names & {"zlib", "zlib-ng"}
    assert all(toolchain().values())
