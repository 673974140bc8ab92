"""What `dataset` gives to Keras, and what TensorFlow Datasets makes of features of every kind."""

import warnings
from pathlib import Path

import numpy as np
import pytest
from support.datasets import KINDS, drawn, drawn_repository, make_project, put_files
from support.reading import FEATURES, WHOLE, give, mixed_pictures, nut_repository, take_all_kinds

import dvcore
from dvcore.errors import InvalidInputError, StateError
from dvcore.model.definition import Definition, Feature, ImageOptions, Label, Split
from dvcore.model.names import parse_path
from dvcore.repo.commits import commit_working
from dvcore.repo.entries import remove
from dvcore.repo.repository import Repository
from dvcore.snapshot.taking.take import take_snapshot

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="session")
def tf():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of TensorFlow's own imports
        import tensorflow
    return tensorflow


@pytest.fixture(scope="module")
def nuts(tmp_path_factory):
    with nut_repository(tmp_path_factory.mktemp("nuts")) as made:
        take_all_kinds(made)
        yield dvcore.load("all@1", repository=made)


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    with drawn_repository(tmp_path_factory.mktemp("many"), 40) as made:
        make_project(made, splits=(Split("whole", "1", None, 6),))
        take_snapshot(made, "nuts")
        yield dvcore.load("nuts@1", repository=made)


@pytest.fixture
def mixed(tmp_path):
    with Repository.init(tmp_path) as made:
        put_files(made, mixed_pictures())
        commit_working(made, "two")
        make_project(made, labels=(), splits=WHOLE, image=ImageOptions(color="mixed"))
        take_snapshot(made, "nuts")
        yield dvcore.load("nuts@1", repository=made)


def test_several_images_and_heads_are_dictionaries(tf, nuts):
    inputs, targets = nuts.dataset("whole", batch=2).element_spec
    assert {name: spec.shape for name, spec in inputs.items()} == {"image": (None, 8, 12, 3), "thumb": (None, 4, 6, 1)}
    assert (targets["image/class"].shape, targets["image/class"].dtype) == ((None, 2), tf.float32)
    assert (targets["image/tags"].shape, targets["image/kind"].shape) == ((None, 2), (None,))
    assert targets["image/segmentation/class"].shape == (None, 8, 12, 1)
    assert targets["image/object"]["boxes"].shape == (None, None, 4)


def test_what_numpy_reads_tensorflow_reads_too(tf, nuts):
    keys = ["image/filename", "image/object/class/label", "variable/kind", "image/key/sha256"]
    for seen, read in zip(nuts.dataset("whole", features=keys), nuts.examples("whole"), strict=True):
        assert all(np.array_equal(seen[key].numpy(), read[key]) for key in keys)
    names = ["image", "image/segmentation/class"]
    decoded = nuts.examples("whole", decode=True)
    for (image, mask), read in zip(nuts.dataset("whole", features=names), decoded, strict=True):
        assert np.array_equal(image.numpy(), read["image/encoded"])
        assert np.array_equal(mask.numpy(), read["image/segmentation/class/encoded"])


def test_boxes_masks_and_keypoints_come_ragged(tf, nuts):
    names = ["image", "image/object", "image/pose", "image/filename"]
    found = {}
    for _, targets in nuts.dataset("whole", batch=3, features=names):
        for place, name in enumerate(targets["image/filename"].numpy()):
            found[Path(name.decode()).stem] = (
                {key: value[place].numpy() for key, value in targets["image/object"].items()},
                targets["image/pose"]["keypoints"][place].numpy(),
            )
    boxes, _ = found["000"]
    order = boxes["classes"].argsort()
    assert boxes["boxes"][order].tolist() == [[0, 0, 0.5, 0.5], [0.25, 0.5, 0.75, np.float32(10 / 12)]]
    assert boxes["masks"][order].sum((1, 2)).tolist() == [24, 16]
    assert (found["003"][0]["boxes"].shape[0], found["003"][0]["masks"].shape[0]) == (0, 0)
    assert found["002"][1].shape == (1, 3, 3)
    assert found["002"][1][0, :, 2].tolist() == [2, 0, 1]


def test_masks_of_images_that_differ_in_size_come_with_those_that_have_none(tf, tmp_path):
    with nut_repository(tmp_path) as made:
        put_files(made, mixed_pictures(), dict.fromkeys(mixed_pictures(), KINDS[0]))
        give(made, "nuts/gray.png", ())
        commit_working(made, "unequal")
        take_all_kinds(made, (Feature("image", "image"), *FEATURES[2:3], *FEATURES[6:8]))
        reader = dvcore.load("all@1", repository=made)
    found = {}
    for _, targets in reader.dataset("whole", features=["image", "image/object", "image/filename"]):
        found[Path(targets["image/filename"].numpy().decode()).stem] = targets["image/object"]["masks"].shape
    assert (found["000"], found["003"], found["gray"]) == ((2, 8, 12), (0, 8, 12), (0, 6, 10))
    (batch,) = reader.dataset("whole", batch=9, features=["image/object"])
    assert sorted(batch["masks"].row_lengths().numpy()) == [0, 0, 1, 1, 2]
    (batch,) = reader.dataset("whole", batch=9, features=["image/object"], size=(4, 6))
    assert batch["masks"].shape == (5, None, 4, 6)


def test_a_semantic_mask_of_a_group_is_one_of_its_targets(tf, tmp_path):
    semantic = Feature("semantic", "image/object", FEATURES[6].classes)
    with nut_repository(tmp_path) as made:
        take_all_kinds(made, (*FEATURES[:1], *FEATURES[2:3], FEATURES[6], semantic))
        reader = dvcore.load("all@1", repository=made)
    decoded = {one["image/filename"]: one["image/object/encoded"] for one in reader.examples("whole", decode=True)}
    names = ["image/object", "image/filename"]
    for targets in reader.dataset("whole", features=names):
        mask = decoded[targets["image/filename"].numpy()]
        assert np.array_equal(targets["image/object"]["semantic"].numpy(), mask)
    (batch,) = reader.dataset("whole", batch=4, features=["image/object"], size=(4, 6))
    assert batch["semantic"].shape == (4, 4, 6, 1)


def test_images_and_masks_take_the_asked_size_and_channels(tf, nuts):
    names = ["image", "thumb", "image/object", "image/segmentation/class"]
    inputs, targets = next(iter(nuts.dataset("whole", batch=4, features=names, size=(16, 24), channels=1)))
    assert inputs["image"].shape == inputs["thumb"].shape == (4, 16, 24, 1)
    assert inputs["image"].dtype == tf.uint8
    assert set(np.unique(targets["image/segmentation/class"])) == {0, 1}
    assert targets["image/object"]["masks"].shape == (4, None, 16, 24)
    assert targets["image/object"]["masks"].flat_values.numpy().max() == 1


def test_mixed_images_come_with_their_channels_beside_them(tf, mixed):
    found = {tuple(one["image"].shape): int(one["image/channels"]) for one in mixed.dataset("whole")}
    assert found == {(6, 10, 1): 1, (8, 12, 3): 3}
    batch = next(iter(mixed.dataset("whole", batch=2, size=(8, 12), channels=3)))
    assert batch["image"].shape == (2, 8, 12, 3)
    place = batch["image/channels"].numpy().tolist().index(1)
    assert (batch["image"][place].numpy() == 77).all()
    gray = next(iter(mixed.dataset("whole", batch=2, size=(8, 12), channels=1)))["image"]
    assert gray.shape == (2, 8, 12, 1)


def test_a_refused_batch_names_what_makes_images_equal(tf, mixed):
    with pytest.raises(StateError, match=r"size=\(HEIGHT, WIDTH\) and channels=3") as refused:
        mixed.dataset("whole", batch=2)
    assert "--downsample both:HEIGHTxWIDTH" in str(refused.value)
    with pytest.raises(StateError, match="give channels=3"):
        mixed.dataset("whole", batch=2, size=(8, 8))
    with pytest.raises(InvalidInputError, match="2 channels"):
        mixed.dataset("whole", channels=2)
    for size in ((8, 0), (224,)):
        with pytest.raises(InvalidInputError, match="cannot have the size"):
            mixed.dataset("whole", size=size)


def test_a_seed_makes_the_order(tf, many):
    def passes(shuffle, number=2):
        dataset = many.dataset("whole", features=["image/filename"], shuffle=shuffle)
        return [[name.numpy() for name in dataset] for _ in range(number)]

    first, second = passes(7)
    assert first != second  # each pass has its own
    assert sorted(first) == sorted(second)
    assert passes(7) == [first, second]
    assert passes(8)[0] != first
    assert passes(0)[0] != passes(False)[0]  # 0 is a seed, too


def test_keras_fits_several_heads(tf, nuts):
    layers = tf.keras.layers
    image = layers.Input((8, 12, 3), name="image")
    thumb = layers.Input((4, 6, 1), name="thumb")
    both = layers.Concatenate()([layers.Flatten()(image), layers.Flatten()(thumb)])
    outputs = {name: layers.Dense(2, activation="sigmoid")(both) for name in ("image/class", "image/tags")}
    model = tf.keras.Model({"image": image, "thumb": thumb}, outputs)
    model.compile(optimizer="sgd", loss="binary_crossentropy")
    dataset = nuts.dataset("whole", batch=2, features=["image", "thumb", "image/class", "image/tags"])
    assert len(model.fit(dataset, shuffle=False, verbose=0).history["loss"]) == 1


def test_keras_fits_an_epoch_on_digits(tf, tmp_path, shared_data):
    """Twenty photographs of each of three hand signs, with weights for the classes."""
    with Repository.init(tmp_path) as made:
        paths = [path for sign in "012" for path in sorted((shared_data / "sign-digits" / sign).glob("*"))[:20]]
        put_files(made, {f"{path.parent.name}/{path.name}": path.read_bytes() for path in paths})
        remove(made, [parse_path(f"0/{path.name}") for path in paths[:10]])
        commit_working(made, "digits")
        labels = tuple(Label(sign, f"path LIKE '{sign}/%'") for sign in "012")
        image = ImageOptions(color="gray", downsample="both:16x16")
        make_project(made, labels=labels, splits=(Split("train", "1"),), image=image)
        take_snapshot(made, "nuts")
        reader = dvcore.load("nuts@1", repository=made)
    weights = reader.class_weights("train")
    assert weights == {0: 50 / 30, 1: 50 / 60, 2: 50 / 60}
    layers = tf.keras.layers
    model = tf.keras.Sequential([layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(3, activation="softmax")])
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(
        reader.dataset("train", batch=10, shuffle=1), class_weight=weights, shuffle=False, epochs=1, verbose=0
    )
    assert len(history.history["accuracy"]) == 1
    assert model.count_params() == 3 * 257


def test_tensorflow_datasets_reads_every_kind_of_feature(tf, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tfds = pytest.importorskip("tensorflow_datasets")
        with nut_repository(tmp_path) as made:
            folder = take_all_kinds(made)
            read = {one["image/filename"]: one for one in dvcore.load("all@1", repository=made).examples("whole")}
        builder = tfds.builder_from_directory(str(folder))
        rows = list(tfds.as_numpy(builder.as_dataset("whole", shuffle_files=False)))
    assert len(rows) == 4
    for row in rows:
        expected = read[row["image/filename"]]
        assert row["image/encoded"].shape == (8, 12, 3)
        assert row["thumb/encoded"].shape == (4, 6, 1)
        assert row["image/object/mask"].shape[0] == len(expected["image/object/class/label"])
        for key in ("image/class/label", "image/tags/multihot", "image/object/bbox/xmin", "variable/kind"):
            assert np.array_equal(row[key], expected[key])
    assert builder.info.features["image/class/label"].names == ["walnut", "almond"]


def test_a_detection_pipeline_reads_the_boxes(tf, nuts):
    """The keys and types that the decoder of the TensorFlow object-detection API asks for
    (`object_detection/data_decoders/tf_example_decoder.py`), and its label map."""
    numbers = {f"image/object/bbox/{side}": tf.float32 for side in ("xmin", "xmax", "ymin", "ymax")}
    numbers |= {f"image/object/{name}": tf.int64 for name in ("class/label", "is_crowd", "difficult")}
    specs = {key: tf.io.VarLenFeature(kind) for key, kind in numbers.items()}
    specs |= {"image/object/area": tf.io.VarLenFeature(tf.float32), "image/object/mask": tf.io.VarLenFeature(tf.string)}
    specs |= {f"image/{name}": tf.io.FixedLenFeature((), tf.string) for name in ("encoded", "filename", "source_id")}
    specs |= {f"image/{name}": tf.io.FixedLenFeature((), tf.int64) for name in ("height", "width")}
    seen = 0
    for record in tf.data.TFRecordDataset([str(path) for path in nuts.files("whole")]):
        example = tf.io.parse_single_example(record, specs)
        labels = tf.sparse.to_dense(example["image/object/class/label"]).numpy()
        assert {len(tf.sparse.to_dense(example[key])) for key in numbers} == {len(labels)}
        assert set(labels) <= {1, 2}
        seen += len(labels)
    assert seen == 4
    assert (nuts.folder / "label_map.pbtxt").read_text() == (
        'item {\n  id: 1\n  name: "walnut"\n}\nitem {\n  id: 2\n  name: "almond"\n}\n'
    )


def test_sixteen_bits_come_as_uint16(tf, tmp_path):
    with Repository.init(tmp_path) as made:
        put_files(made, {"nuts/deep.png": drawn(3, mode="L")})
        commit_working(made, "one")
        definition = Definition(image=ImageOptions(color="gray", bit_depth="16"), splits=WHOLE)
        make_project(made, definition=definition)
        take_snapshot(made, "nuts")
        reader = dvcore.load("nuts@1", repository=made)
        image = next(iter(reader.dataset("whole")))
        (example,) = reader.examples("whole", decode=True)
    assert image.dtype == tf.uint16
    assert np.array_equal(image.numpy(), example["image/encoded"])
