"""What TensorFlow makes of what was written without it. Marked: importing TensorFlow takes seconds."""

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps
from support.datasets import TWO_KINDS, drawn, drawn_repository, make_project, put_files

import dvcore
from dvcore.errors import InvalidInputError, NotFoundError, StateError
from dvcore.model.definition import ImageOptions, Label, Split
from dvcore.repo.commits import commit_working
from dvcore.repo.repository import Repository
from dvcore.snapshot.taking.take import take_snapshot
from dvcore.tfrecord.example import BytesList, FloatList, Int64List, encode_example
from dvcore.tfrecord.records import frame_record

pytestmark = pytest.mark.tensorflow

WHOLE = (Split("whole", "1", None, 2),)


@pytest.fixture(scope="session")
def tf():
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of TensorFlow's own imports
        import tensorflow
    return tensorflow


@pytest.fixture
def repository(tmp_path):
    with drawn_repository(tmp_path / "work", 20) as made:
        yield made


def parsed(tf, report, split="whole", labels=2):
    """Every record of a split as `tf.io.parse_single_example` reads it, by file name."""
    features = {
        "image/encoded": tf.io.FixedLenFeature([], tf.string),
        "image/format": tf.io.FixedLenFeature([], tf.string),
        "image/height": tf.io.FixedLenFeature([], tf.int64),
        "image/width": tf.io.FixedLenFeature([], tf.int64),
        "image/filename": tf.io.FixedLenFeature([], tf.string),
        "image/source_id": tf.io.FixedLenFeature([], tf.string),
        "image/key/sha256": tf.io.FixedLenFeature([], tf.string),
    }
    if labels:
        features["image/class/text"] = tf.io.FixedLenFeature([], tf.string)
        features["image/class/label"] = tf.io.FixedLenFeature([], tf.int64)
        features["image/class/onehot"] = tf.io.FixedLenFeature([labels], tf.float32)
    files = [str(report.out / shard.name) for shard in report.splits[split].shards]
    examples = (tf.io.parse_single_example(record, features) for record in tf.data.TFRecordDataset(files))
    return {example["image/filename"].numpy().decode(): example for example in examples}


def test_tensorflow_reads_every_record(tf, repository):
    make_project(repository, splits=WHOLE)
    examples = parsed(tf, take_snapshot(repository, "nuts"))
    assert sorted(examples) == [f"nuts/{number:03d}.png" for number in range(20)]
    for path, example in examples.items():
        number = int(path[5:8])
        assert example["image/class/text"].numpy().decode() == TWO_KINDS[number % 2].name
        assert example["image/class/onehot"].numpy().tolist() == [1.0 - number % 2, number % 2]
        pixels = tf.io.decode_image(example["image/encoded"]).numpy()
        assert np.array_equal(pixels, np.asarray(Image.open(io.BytesIO(drawn(number)))))


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.text("abä漢/", max_size=4),
        st.one_of(
            st.builds(BytesList, st.lists(st.binary(max_size=40), max_size=3).map(tuple)),
            st.builds(
                FloatList, st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), max_size=3).map(tuple)
            ),
            st.builds(Int64List, st.lists(st.integers(-(2**63), 2**63 - 1), max_size=3).map(tuple)),
        ),
        max_size=4,
    )
)
def test_protobuf_reads_it_and_writes_as_many_bytes(tf, features):
    data = encode_example(features)
    example = tf.train.Example.FromString(data)
    read = {
        key: tuple(getattr(feature, feature.WhichOneof("kind")).value)
        for key, feature in example.features.feature.items()
    }
    assert read == {key: feature.values for key, feature in features.items()}
    assert len(example.SerializeToString()) == len(data)  # its order of keys is its own


def test_tensorflow_reads_and_writes_the_same_frames(tf, tmp_path):
    records = [b"", b"walnut", bytes(100_000)]
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.write_bytes(b"".join(map(frame_record, records)))
    with tf.io.TFRecordWriter(str(theirs)) as writer:
        for record in records:
            writer.write(record)
    assert ours.read_bytes() == theirs.read_bytes()
    assert [record.numpy() for record in tf.data.TFRecordDataset(str(ours))] == records


def test_a_dataset_of_images_and_classes(tf, repository):
    make_project(repository, splits=WHOLE)
    report = take_snapshot(repository, "nuts")
    reader = dvcore.load("nuts@1", repository=report.out)
    assert (reader.labels, reader.splits, reader.count("whole")) == (("walnut", "almond"), ("whole",), 20)
    dataset = reader.dataset("whole")
    assert int(dataset.cardinality()) == 20
    image, onehot = dataset.element_spec
    assert (image.shape, image.dtype, onehot.shape, onehot.dtype) == ((8, 12, 3), tf.uint8, (2,), tf.float32)
    totals = sum(onehot.numpy() for _, onehot in dataset)
    assert totals.tolist() == [10, 10]


def test_batches_and_another_order(tf, repository):
    make_project(repository, splits=WHOLE)
    take_snapshot(repository, "nuts")
    reader = dvcore.load("nuts@1", repository=repository)
    shapes = [tuple(images.shape) for images, _ in reader.dataset("whole", batch=8)]
    assert shapes == [(8, 8, 12, 3), (8, 8, 12, 3), (4, 8, 12, 3)]

    def order(**options):
        return [image.numpy().tobytes() for image, _ in reader.dataset("whole", **options)]

    assert order() == order()
    assert sorted(order(shuffle=True)) == sorted(order())
    assert any(order(shuffle=True) != order() for _ in range(5))


def test_without_labels_only_images_come(tf, repository):
    make_project(repository, labels=(), splits=WHOLE, image=ImageOptions(color="gray"))
    take_snapshot(repository, "nuts")
    image = next(iter(dvcore.load("nuts@1", repository=repository).dataset("whole")))
    assert tuple(image.shape) == (8, 12, 1)


def test_a_batch_of_unequal_images_is_refused_with_the_way_to_get_equal_ones(tf, repository):
    put_files(repository, {"nuts/large.png": drawn(1, size=(30, 20))}, {"nuts/large.png": "walnut"})
    commit_working(repository, "a large one")
    make_project(repository, splits=WHOLE)
    make_project(repository, "small", splits=WHOLE, image=ImageOptions(downsample="both:8x8"))
    take_snapshot(repository, "nuts")
    take_snapshot(repository, "small")
    reader = dvcore.load("nuts@1", repository=repository)
    with pytest.raises(StateError, match="--downsample both:HEIGHTxWIDTH"):
        reader.dataset("whole", batch=4)
    assert {tuple(image.shape) for image, _ in reader.dataset("whole")} == {(8, 12, 3), (20, 30, 3)}
    small = dvcore.load("small@1", repository=repository).dataset("whole", batch=21)
    assert [tuple(images.shape) for images, _ in small] == [(21, 8, 8, 3)]


def test_what_cannot_be_read_says_what_to_do(tf, repository):
    make_project(repository, splits=WHOLE)
    report = take_snapshot(repository, "nuts")
    reader = dvcore.load("nuts@1", repository=repository)
    with pytest.raises(NotFoundError, match="it has whole"):
        reader.dataset("train")
    with pytest.raises(InvalidInputError, match="1 or more"):
        reader.dataset("whole", batch=0)
    (report.out / report.splits["whole"].shards[0].name).unlink()
    with pytest.raises(StateError, match="'dset snapshot nuts --at nuts@1' makes it again"):
        reader.dataset("whole")


def test_keras_fits_on_it(tf, repository):
    make_project(repository, splits=WHOLE, image=ImageOptions(downsample="both:8x8"))
    take_snapshot(repository, "nuts")
    dataset = dvcore.load("nuts@1", repository=repository).dataset("whole", batch=5)
    layers = tf.keras.layers
    model = tf.keras.Sequential([layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(2, activation="softmax")])
    model.compile(optimizer="sgd", loss="categorical_crossentropy")
    history = model.fit(dataset, epochs=2, shuffle=False, verbose=0)
    assert len(history.history["loss"]) == 2


def test_rotated_photographs_are_shown_upright_in_equal_shapes(tf, tmp_path, shared_data):
    paths = sorted((shared_data / "exif").glob("*.jpg"))
    assert len(paths) == 9
    with Repository.in_memory() as made:
        put_files(made, {path.name: path.read_bytes() for path in paths})
        commit_working(made, "photographs")
        make_project(made, labels=(), splits=WHOLE, image=ImageOptions(downsample="both:120x90", encoding="png"))
        examples = parsed(tf, take_snapshot(made, "nuts", out=tmp_path / "out"), labels=0)
    pixels = {name: tf.io.decode_image(one["image/encoded"]).numpy() for name, one in examples.items()}
    assert {array.shape for array in pixels.values()} == {(120, 90, 3)}
    for path in paths:
        upright = ImageOps.exif_transpose(Image.open(path)).convert("RGB").resize((90, 120), Image.Resampling.BILINEAR)
        assert np.array_equal(pixels[path.name], np.asarray(upright))


def test_jpeg_pixels_are_within_tolerance(tf, tmp_path, shared_data):
    """Quality 95 without subsampling: photographs stay within a mean difference of 3, and TensorFlow's decoder, whose
    arithmetic is its own, adds little."""
    paths = sorted((shared_data / "coco-polygons").rglob("*.jpg"))[:4]
    with Repository.in_memory() as made:
        put_files(made, {path.name: path.read_bytes() for path in paths})
        commit_working(made, "photographs")
        make_project(made, labels=(), splits=WHOLE, image=ImageOptions(downsample="both:150x200", encoding="jpeg"))
        examples = parsed(tf, take_snapshot(made, "nuts", out=tmp_path / "out"), labels=0)
    for path in paths:
        expected = np.asarray(Image.open(path).convert("RGB").resize((200, 150), Image.Resampling.BILINEAR), np.int16)
        found = tf.io.decode_image(examples[path.name]["image/encoded"]).numpy().astype(np.int16)
        assert np.abs(found - expected).mean() < 3


def test_tensorflow_datasets_loads_the_folder(tf, tmp_path):
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tfds = pytest.importorskip("tensorflow_datasets")
        with drawn_repository(tmp_path / "work", 20) as made:
            splits = (Split("train-1", "1", None, 3), Split("none", where="width > 99"))
            labels = (Label("Walnuß", "kind = 'walnut'"), Label('"b\\', "kind = 'almond'"))
            make_project(made, "2-nuts_x", splits=splits, labels=labels)
            report = take_snapshot(made, "2-nuts_x")
        builder = tfds.builder_from_directory(str(report.out))
        assert builder.info.splits["train-1"].num_examples == 20
        assert builder.info.features["image/class/label"].names == ["Walnuß", '"b\\']
        rows = list(tfds.as_numpy(builder.as_dataset("train-1", shuffle_files=False)))
        assert list(builder.as_dataset()) == ["train-1"]
        supervised = next(iter(builder.as_dataset("train-1", as_supervised=True)))
    assert sorted(row["image/filename"].decode() for row in rows) == [f"nuts/{number:03d}.png" for number in range(20)]
    assert {row["image/encoded"].shape for row in rows} == {(8, 12, 3)}
    assert {int(row["image/class/label"]) for row in rows} == {0, 1}
    assert len(supervised) == 2


def test_importing_the_reader_brings_nothing_heavy():
    import subprocess
    import sys

    code = "import sys, dvcore; dvcore.load; print(sorted({'tensorflow', 'numpy', 'PIL'} & set(sys.modules)))"
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(dvcore.__file__).parents[1]
    )
    assert output.stdout.strip() == "[]"
