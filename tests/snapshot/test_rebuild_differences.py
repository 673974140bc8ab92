"""A rebuild that comes out different says of each image whether its pixels differ, or only how they are encoded."""

import io
import shutil
from dataclasses import replace

import pytest
from PIL import Image
from support.datasets import drawn_repository, make_project

from dvcore.image.render import render_all
from dvcore.model.definition import ImageOptions
from dvcore.snapshot.taking.take import take_snapshot
from dvcore.snapshot.verifying.differences import compare_examples
from dvcore.snapshot.verifying.verify import verify_rebuild
from dvcore.tfrecord.example import Int64List, encode_example, text_feature


@pytest.fixture
def repository(tmp_path):
    with drawn_repository(tmp_path / "work", 20) as made:
        make_project(made, image=ImageOptions(downsample="both:6x6"))
        yield made


def other_codecs(monkeypatch, change):
    """From now on `change` happens to the picture of every image that is rendered, and the codecs are others."""

    def rendered(data, pipelines):
        return tuple(replace(one, data=changed(one.data)) for one in render_all(data, pipelines))

    def changed(data):
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            stream = io.BytesIO()
            change(image).save(stream, "PNG", compress_level=1)
            return stream.getvalue()

    monkeypatch.setattr("dvcore.snapshot.shards.rendering.render_all", rendered)
    monkeypatch.setattr("dvcore.snapshot.examples.recipe.toolchain", lambda: {"pillow": "1.0"})


def lighter(image):
    return image.point(lambda value: min(255, value + 1))


def first_lighter(image):
    """Lighter where the picture is one of some."""
    return lighter(image) if image.getpixel((0, 0))[0] < 100 else image


def test_other_bytes_of_the_same_pixels(repository, monkeypatch):
    take_snapshot(repository, "nuts")
    other_codecs(monkeypatch, lambda image: image)
    result = verify_rebuild(repository, "nuts@1")
    assert not result.ok
    assert set(result.differences.paths) == {"encoding"}
    assert result.differences.paths["encoding"] == tuple(f"nuts/{number:03d}.png" for number in range(20))
    assert "(here 1.0)" in result.notes[0]
    assert "20 examples differ in how the images are encoded only" in result.notes[1]
    assert "and 10 more" in result.notes[1]


def test_other_pixels(repository, monkeypatch):
    take_snapshot(repository, "nuts")
    other_codecs(monkeypatch, lighter)
    assert set(verify_rebuild(repository, "nuts@1").differences.paths) == {"pixels"}


def test_some_of_each(repository, monkeypatch):
    take_snapshot(repository, "nuts")
    other_codecs(monkeypatch, first_lighter)
    paths = verify_rebuild(repository, "nuts@1").differences.paths
    assert set(paths) == {"pixels", "encoding"}
    assert sorted(paths["pixels"] + paths["encoding"]) == [f"nuts/{number:03d}.png" for number in range(20)]


def test_without_the_files_it_cannot_be_told(repository, monkeypatch, tmp_path):
    out = take_snapshot(repository, "nuts").out
    kept = tmp_path / "kept"
    shutil.move(out, kept)
    other_codecs(monkeypatch, lighter)
    result = verify_rebuild(repository, "nuts@1")
    assert set(result.differences.paths) == {"unknown"}
    assert "cannot be told" in result.notes[1]
    assert set(verify_rebuild(repository, "nuts@1", folder=kept).differences.paths) == {"pixels"}


def test_damaged_files_tell_of_what_can_be_read(repository, monkeypatch):
    out = take_snapshot(repository, "nuts").out
    path = max(out.glob("*.tfrecord-*"), key=lambda one: one.stat().st_size)
    path.chmod(0o644)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    other_codecs(monkeypatch, lambda image: image)
    paths = verify_rebuild(repository, "nuts@1").differences.paths
    assert set(paths) == {"encoding", "unknown"}
    assert paths["unknown"]


def test_the_same_toolchain_finds_no_difference(repository):
    take_snapshot(repository, "nuts")
    assert verify_rebuild(repository, "nuts@1").differences.paths == {}


def test_a_feature_that_is_no_image():
    one, other = ({"text": text_feature(text), "number": Int64List((1,))} for text in "ab")
    assert compare_examples(encode_example(one), encode_example(other)) == "values"
    assert compare_examples(encode_example(one), encode_example({"text": one["text"]})) == "values"
    assert compare_examples(None, encode_example(one)) == "unknown"
