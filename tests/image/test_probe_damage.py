import contextlib
import io
import struct
import tracemalloc
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from support.pictures import drawn, encoded, exif

from dvcore.errors import InvalidInputError
from dvcore.image.facts import Probe
from dvcore.image.pipeline import parse_pipeline
from dvcore.image.probe import probe
from dvcore.image.render import Rendered, render

ALL_FORMATS = ["JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "JPEG2000"]
WHOLE = {
    **{
        name: encoded(drawn(size=(40, 30)), name, **({"exif": exif(6)} if name in ("JPEG", "PNG", "WEBP") else {}))
        for name in ALL_FORMATS
    },
    "GIF animated": encoded(drawn("P"), "GIF", save_all=True, append_images=[drawn("L")], transparency=1),
    "PNG animated": encoded(drawn(), "PNG", save_all=True, append_images=[drawn("RGB", (24, 17)).rotate(180)]),
    "PNG palette": encoded(drawn("P"), "PNG", transparency=b"\0\x80"),
    "TIFF packed": encoded(drawn(), "TIFF", compression="tiff_lzw", exif=exif(8)),
    "TIFF jpeg": encoded(drawn(), "TIFF", compression="jpeg"),
    "BMP palette": encoded(drawn("P"), "BMP"),
    "PPM bits": encoded(drawn("1", (21, 17)), "PPM"),
    "PPM deep": b"P5 9 9 65535\n" + bytes(2 * 81),
    "PPM 10 bits": b"P6 9 9 1023\n" + bytes(2 * 3 * 81),
    "J2K codestream": encoded(drawn(), "JPEG2000", no_jp2=True),
}


@pytest.mark.parametrize("name", WHOLE)
def test_the_whole_image_is_accepted(name):
    assert isinstance(probe(WHOLE[name]), Probe)


@pytest.mark.parametrize("name", WHOLE)
def test_every_truncation_is_found(name):
    data = WHOLE[name]
    for length in range(len(data)):
        with pytest.raises(InvalidInputError):
            probe(data[:length])


@pytest.mark.parametrize("name", WHOLE)
def test_most_truncations_are_called_so(name):
    with pytest.raises(InvalidInputError, match=r"^is truncated"):
        probe(WHOLE[name][: len(WHOLE[name]) * 3 // 4])


@pytest.mark.parametrize("name", WHOLE)
def test_a_missing_last_byte_is_called_so(name):
    with pytest.raises(InvalidInputError, match=r"^is truncated"):
        probe(WHOLE[name][:-1])


def refuses_as_truncated(data):
    with pytest.raises(InvalidInputError, match=r"^is truncated"):
        probe(data)


def test_end_markers_in_the_wrong_places_do_not_count():
    thumbnail = encoded(drawn(), "JPEG", comment=b"\xff\xd8\xff\xd9")
    assert probe(thumbnail)
    refuses_as_truncated(thumbnail[:-2])
    comment = encoded(drawn("P"), "GIF", comment=b";" * 600)
    assert probe(comment)
    refuses_as_truncated(comment[:-1])


def test_the_last_box_of_a_jpeg_2000_may_have_no_length():
    data = WHOLE["JPEG2000"]
    place = data.index(b"jp2c") - 4
    endless = data[:place] + bytes(4) + data[place + 4 :]
    assert probe(endless) == probe(data)
    refuses_as_truncated(endless[:-2])


def test_what_pillow_warns_about_is_rendered():
    data = encoded(drawn(), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff")
    with pytest.warns(UserWarning, match="EXIF"):
        Image.open(io.BytesIO(data)).getexif()
    assert render(data, parse_pipeline(color="gray")).width == 24


def test_truncations_of_real_photographs_are_found(shared_data):
    photographs = sorted((shared_data / "coco-polygons").rglob("*.jpg"))
    assert photographs
    for path in photographs:
        data = path.read_bytes()
        with pytest.raises(InvalidInputError, match=r"^is truncated"):
            probe(data[: len(data) // 2])


def test_a_changed_byte_of_a_png_is_found_without_decoding():
    data = WHOLE["PNG"]
    place = data.index(b"IDAT") + 30
    with pytest.raises(InvalidInputError, match="checksum of a PNG chunk is wrong"):
        probe(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])


def damaged(draw, data):
    """The bytes with some flipped, and perhaps cut."""
    data = bytearray(data)
    for _ in range(draw(st.integers(0, 8))):
        # Half of the places are in the first 400 bytes, where the headers are.
        place = draw(st.integers(0, min(400, len(data) - 1)) | st.integers(0, len(data) - 1))
        data[place] = draw(st.sampled_from([0, 1, 0x7F, 0x80, 0xFF]) | st.integers(0, 255))
    return bytes(data[: draw(st.just(len(data)) | st.integers(0, len(data)))])


@given(st.data(), st.sampled_from(sorted(WHOLE)))
@settings(max_examples=1500, deadline=None)
def test_any_damage_gives_facts_or_one_error(data, name):
    check_damaged(damaged(data.draw, WHOLE[name]))


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_any_damage_to_a_real_photograph_gives_facts_or_one_error(shared_data, data):
    names = ["exif/Portrait_6.jpg", "coco-polygons/images/0.jpg", "near-duplicates/base_images/ukbench00120.jpg"]
    check_damaged(damaged(data.draw, (shared_data / data.draw(st.sampled_from(names))).read_bytes()))


def check_damaged(data):
    """Facts that Pillow shares, or InvalidInputError; the same for rendering; no warning, which is an error here."""
    try:
        facts = probe(data)
    except InvalidInputError as error:
        check_message(error.message)
        return
    agrees_with_pillow(data, facts)
    with contextlib.suppress(InvalidInputError):
        assert isinstance(render(data, parse_pipeline(downsample="both:8x8", color="gray")), Rendered)


def check_message(message):
    assert message.startswith(("is ", "has ", "takes "))
    assert "\n" not in message


def agrees_with_pillow(data, facts):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            image = Image.open(io.BytesIO(data))
        except Exception:  # noqa: BLE001 - whatever it raises,
            return  # it refuses more than we do, once the headers are read
    size = (facts.width, facts.height) if facts.format == "TIFF" else (facts.raw_width, facts.raw_height)
    assert (image.mode, image.size) == (facts.mode, size)


def tiff(entries, values=b""):
    """A little-endian TIFF of entries (tag, type, count, value), and bytes behind them."""
    packed = b"".join(struct.pack("<HHII", *one) for one in entries)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + packed + bytes(4) + values


@pytest.mark.parametrize("tags", [(273, 279), (324, 325), (273,), (258,), (320,)])
@pytest.mark.parametrize("kind", [3, 4, 5])
def test_more_numbers_than_a_tiff_can_need_are_not_read(tags, kind):
    count = 3_000_000
    size = [(256, 4, 1, 100), (257, 4, 1, 100), (277, 3, 1, 1), (262, 3, 1, 1)]
    data = tiff([*size, *((tag, kind, count, 200) for tag in tags)], bytes(8 * count + 200))
    tracemalloc.start()
    with pytest.raises(InvalidInputError, match="3,000,000 strips, tiles or other numbers, which is not supported"):
        probe(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20


def test_tags_that_share_their_bytes_are_not_read_again_and_again():
    data = tiff([(256, 4, 1, 100), *((40_000 + tag, 1, 1 << 20, 1000) for tag in range(40))], bytes(2 << 20))
    with pytest.raises(InvalidInputError, match="bytes of tags, which is not supported"):
        probe(data)


def test_a_tiff_of_a_strip_for_each_row_is_read():
    image = Image.new("L", (1, 100_000))
    found = probe(encoded(image, "TIFF", tiffinfo={278: 1}))
    assert (found.width, found.height) == (1, 100_000)


@pytest.mark.parametrize("junk", [b"\0", b"!\x01\x01x\0", b"!\x01\0"])
def test_a_gif_of_nothing_but_junk_is_given_up(junk):
    """In place of the 8 s that 9 MB took; how soon is seen by the bytes that are looked at."""
    data = encoded(drawn("P"), "GIF")
    filled = data[:-1] + junk * (1_000_000 // len(junk)) + data[-1:]
    with pytest.raises(InvalidInputError, match="too much junk, or too many blocks"):
        probe(filled)
    assert probe(data[:-1] + junk * 100 + data[-1:]) == probe(data)


def test_a_webp_that_libwebp_would_copy_is_refused():
    data = WHOLE["WEBP"]
    with pytest.raises(InvalidInputError, match="more than 32 MiB"):
        probe(data + bytes(32 << 20))


def test_the_orientation_of_a_png_is_found_before_a_large_preview():
    block = exif(6)[6:] + bytes(3 << 20)
    assert probe(encoded(drawn(), "PNG", exif=block)).orientation == 6
