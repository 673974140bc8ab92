"""Snapshots read with numpy, without TensorFlow."""

import hashlib
import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.datasets import drawn, drawn_repository, make_project, put_files
from support.reading import WHOLE, mixed_pictures, nut_repository, take_all_kinds

import dvcore
from dvcore.errors import CorruptError, InvalidInputError, NotFoundError, StateError
from dvcore.model.definition import ImageOptions, Split
from dvcore.repo.commits import commit_working
from dvcore.repo.repository import Repository
from dvcore.snapshot.features.fields import Field, Values
from dvcore.snapshot.reading.arrays import decode_images, example_of
from dvcore.snapshot.reading.batching import check_shape
from dvcore.snapshot.reading.class_counts import balanced_weights
from dvcore.snapshot.reading.inputs_and_targets import parts_of
from dvcore.snapshot.taking.take import take_snapshot
from dvcore.tfrecord.example import Int64List


@pytest.fixture(scope="module")
def nuts(tmp_path_factory):
    with nut_repository(tmp_path_factory.mktemp("nuts")) as made:
        take_all_kinds(made)
        yield dvcore.load("all@1", repository=made)


@pytest.fixture
def simple(tmp_path):
    with drawn_repository(tmp_path / "work", 20) as made:
        make_project(made, splits=(Split("train", "1", None, 2), Split("rest", where="name < '003'", shards=1)))
        take_snapshot(made, "nuts")
        yield made


def by_name(reader, **options):
    return {Path(one["image/filename"].decode()).stem: one for one in reader.examples("whole", **options)}


def test_examples_are_dictionaries_of_numpy_values(simple):
    reader = dvcore.load("nuts@1", repository=simple)
    (first, *others) = reader.examples("rest")
    assert len(others) == 2
    number = int(Path(first["image/filename"].decode()).stem)
    assert first["image/encoded"] == drawn(number)
    assert (first["image/height"], first["image/width"]) == (8, 12)
    assert isinstance(first["image/class/label"], np.int64)
    assert first["image/class/onehot"].dtype == np.float32
    assert first["image/class/onehot"].argmax() == first["image/class/label"] == number % 2
    assert first["image/key/sha256"].decode() == hashlib.sha256(drawn(number)).hexdigest()


@pytest.mark.parametrize("size", [(224,), (), (1, 2, 3), 224, "ab", (8, 0), (-1, 8)])
def test_a_size_that_is_none_is_named(size):
    with pytest.raises(InvalidInputError, match=r"cannot have the size .*; give size=\(HEIGHT, WIDTH\)"):
        check_shape(size, None)


def test_decoded_images_are_pixels(simple):
    for one in dvcore.load("nuts@1", repository=simple).examples("train", decode=True):
        expected = np.asarray(Image.open(io.BytesIO(drawn(int(Path(one["image/filename"].decode()).stem)))))
        assert np.array_equal(one["image/encoded"], expected)


def test_every_kind_of_feature_is_read(nuts):
    examples = by_name(nuts, decode=True)
    assert sorted(examples) == ["000", "001", "002", "003"]  # nobody has annotated the fifth
    first, last = examples["000"], examples["003"]
    assert first["image/encoded"].shape == (8, 12, 3)
    assert first["thumb/encoded"].shape == (4, 6, 1)
    assert first["image/tags/multihot"].tolist() == [1, 1]
    assert last["image/tags/text"].tolist() == [b"any"]
    assert last["image/kind/label"] == 1
    assert first["variable/kind"] == b"walnut"
    assert sorted(first["image/object/class/label"].tolist()) == [1, 2]
    assert first["image/object/mask"].shape == (2, 8, 12)
    assert sorted((first["image/object/mask"] == 255).sum((1, 2)).tolist()) == [16, 24]
    assert (first["image/segmentation/class/encoded"] == 1).sum() == 40
    assert last["image/object/mask"].shape == (0, 0, 0)
    assert last["image/object/bbox/xmin"].shape == (0,)
    assert last["image/object/class/text"].dtype == object


def test_splits_counts_and_classes(simple, nuts):
    reader = dvcore.load("nuts@1", repository=simple)
    assert (reader.splits, reader.labels) == (("train", "rest"), ("walnut", "almond"))
    assert (reader.count("train"), reader.count("rest")) == (17, 3)
    assert reader.label_counts("rest") == {"image/class": {"walnut": 2, "almond": 1}}
    assert nuts.classes["image/object"] == ("walnut", "almond")
    assert nuts.label_counts("whole")["image/object"] == {"walnut": 2, "almond": 2}
    with pytest.raises(StateError, match="'classes' by name"):
        _ = nuts.labels


def test_class_weights_let_all_classes_count_the_same(simple, nuts):
    reader = dvcore.load("nuts@1", repository=simple)
    weights = reader.class_weights("rest")
    assert weights == {0: 0.75, 1: 1.5}
    assert nuts.class_weights("whole", "image/pose") == {1: 1.0}  # classes of instances count from 1
    with pytest.raises(StateError, match="those that have are image/class, image/tags"):
        nuts.class_weights("whole")
    with pytest.raises(NotFoundError, match="image/glass"):
        nuts.class_weights("whole", "image/glass")


def test_a_class_that_is_not_there_weighs_nothing():
    assert balanced_weights((6, 0, 2)) == (4 / 6, 0.0, 2.0)
    assert balanced_weights((0, 0)) == (0.0, 0.0)


def test_mixed_images_keep_their_channels(tmp_path):
    with Repository.init(tmp_path) as made:
        put_files(made, mixed_pictures())
        commit_working(made, "two")
        make_project(made, labels=(), splits=WHOLE, image=ImageOptions(color="mixed"))
        take_snapshot(made, "nuts")
        examples = by_name(dvcore.load("nuts@1", repository=made), decode=True)
    assert examples["gray"]["image/encoded"].shape == (6, 10, 1)
    assert examples["rgb"]["image/encoded"].shape == (8, 12, 3)


def test_a_damaged_record_is_named(simple):
    reader = dvcore.load("nuts@1", repository=simple)
    path = reader.files("train")[0]
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(data)
    with pytest.raises(CorruptError, match=rf"record \d+ of {path.name} is damaged"):
        list(reader.examples("train"))


def test_what_an_example_lacks_or_cannot_be_decoded_is_named():
    image, label = Field("image/encoded", Values.BYTES, is_image=True), Field("image/class/label", Values.INTEGERS)
    with pytest.raises(CorruptError, match="has no image/class/label"):
        example_of({}, [label])
    with pytest.raises(CorruptError, match="2 values of image/class/label"):
        example_of({"image/class/label": Int64List((1, 2))}, [label])
    with pytest.raises(CorruptError, match="under image/encoded is"):
        decode_images({"image/encoded": drawn(1)[:-30]}, [image])


def test_names_that_are_no_feature_are_refused(nuts):
    with pytest.raises(NotFoundError, match="'image/clas'"):
        parts_of(nuts.snapshot, ["image", "image/clas"])


def test_images_go_in_and_the_rest_comes_out(nuts):
    parts = parts_of(nuts.snapshot)
    assert [part.name for part in parts.inputs] == ["image", "thumb"]
    heads = ["image/class", "image/tags", "image/kind"]
    assert [part.name for part in parts.targets] == [*heads, "image/object", "image/pose", "image/segmentation/class"]
    chosen = parts_of(nuts.snapshot, ["thumb", "variable/kind", "image/class/label"])
    assert [field.key for field in chosen.fields] == ["thumb/encoded", "image/class/label", "variable/kind"]
    values = {"thumb": 1, "variable/kind": 2, "image/class/label": 3}
    assert chosen.arranged(values) == (1, {"variable/kind": 2, "image/class/label": 3})
    assert parts_of(nuts.snapshot, ["image/class"]).arranged({"image/class": 5}) == 5


def test_without_pytorch_the_message_says_how_to_get_it(nuts, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "dvcore.snapshot.reading.torch_examples", raising=False)
    with pytest.raises(StateError, match="torch is not installed"):
        nuts.torch("whole")


def test_numpy_reading_needs_no_tensorflow(simple):
    code = (
        "import sys, dvcore; "
        f"reader = dvcore.load('nuts@1', repository={str(simple.layout.root)!r}); "
        "print(len(list(reader.examples('train', decode=True))), sorted({'tensorflow', 'torch'} & set(sys.modules)))"
    )
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(dvcore.__file__).parents[1]
    )
    assert output.stdout.strip() == "17 []"


def test_sixteen_bits_stay(tmp_path):
    pixels = (np.arange(48, dtype=np.uint16) * 1000).reshape(6, 8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    with Repository.init(tmp_path) as made:
        put_files(made, {"nuts/deep.png": stream.getvalue()})
        commit_working(made, "one")
        image = ImageOptions(color="gray", bit_depth="16")
        make_project(made, labels=(), splits=WHOLE, image=image)
        take_snapshot(made, "nuts")
        (example,) = dvcore.load("nuts@1", repository=made).examples("whole", decode=True)
    assert example["image/encoded"].dtype == np.uint16
    assert np.array_equal(example["image/encoded"][:, :, 0], pixels)
