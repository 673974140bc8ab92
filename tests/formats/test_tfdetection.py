"""Records of TensorFlow's object detection API: what is kept, and what is named when it is wrong."""

import gzip
import io
from collections import Counter
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from support.datasets import drawn
from support.sources import imported, instances, reasons, records, turned_jpeg

from dvcore.errors import DsetError, FaultyFilesError, InvalidInputError
from dvcore.formats.intake.report import ImportReport
from dvcore.ids import digest
from dvcore.model.bitmaps import bitmap_of
from dvcore.model.geometry import Box, Mask
from dvcore.repo.repository import Repository
from dvcore.tfrecord.example import BytesList, Feature, FloatList, Int64List, encode_example
from dvcore.tfrecord.records import frame_record

PICTURE = drawn(1, size=(12, 8))
MAP = "item {\n  id: 2 # the second\n  name: '/m/1'\n  display_name: \"nut\"\n}\nitem { id: 1, name: 'leaf' }\n"
OBJECT = "image/object/"


@pytest.fixture
def repository() -> Repository:
    return Repository.in_memory()


def texts(*values: str) -> BytesList:
    return BytesList(tuple(value.encode() for value in values))


def boxes(*corners: tuple[float, float, float, float]) -> dict[str, Feature]:
    """Of left, top, right and bottom."""
    sides = zip(*corners, strict=True) if corners else ((), (), (), ())
    names = ("xmin", "ymin", "xmax", "ymax")
    return {f"{OBJECT}bbox/{name}": FloatList(tuple(side)) for name, side in zip(names, sides, strict=True)}


def example(filename: str = "a.png", **features: Feature) -> dict[str, Feature]:
    return {"image/encoded": BytesList((PICTURE,)), "image/filename": texts(filename), **features}


ONE = example() | boxes((0.25, 0.5, 0.75, 1.0)) | {f"{OBJECT}class/text": texts("nut")}


def put(folder: Path, *examples: dict[str, Feature] | bytes, name: str = "nuts.tfrecord") -> Path:
    framed = [frame_record(one if isinstance(one, bytes) else encode_example(one)) for one in examples]
    place = folder / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(b"".join(framed))
    return place


def taken(repository: Repository, folder: Path, *examples: dict[str, Feature] | bytes) -> ImportReport:
    put(folder, *examples)
    return imported(repository, folder)


@pytest.mark.tensorflow
def test_the_fixture_against_tensorflow(repository: Repository, shared_data: Path) -> None:
    import tensorflow as tf

    source = shared_data / "format-fixtures" / "tf_detection_api_dataset"
    labels: Counter[str] = Counter()
    images: dict[str, bytes] = {}
    for name in ("train", "val", "test"):
        for record in tf.data.TFRecordDataset(str(source / f"{name}.tfrecord")).as_numpy_iterator():
            feature = tf.train.Example.FromString(record).features.feature
            path = f"nuts/{name}/{feature['image/filename'].bytes_list.value[0].decode()}"
            images[path] = feature["image/encoded"].bytes_list.value[0]
            labels.update(text.decode() for text in feature["image/object/class/text"].bytes_list.value)
    assert labels == {"label_2": 1, "label_3": 2, "": 1}
    report = imported(repository, source)
    assert (report.format, report.reason) == ("tfdetection", "test.tfrecord holds TFRecords")
    assert report.instances == {"label_2": 1, "label_3": 2}
    assert reasons(report.left_out) == "train.tfrecord: record 0: object 2: has no class"
    found = records(repository)
    assert {path: record.blob for path, record in found.items()} == {path: digest(one) for path, one in images.items()}
    assert {path: (record.variables["split"], record.annotated) for path, record in found.items()} == {
        "nuts/train/1.jpg": ("train", True),
        "nuts/val/2.jpg": ("val", True),
        "nuts/test/3.jpg": ("test", False),
    }


def test_labels_of_the_fixture_have_their_numbers(repository: Repository, shared_data: Path) -> None:
    imported(repository, shared_data / "format-fixtures" / "tf_detection_api_dataset")
    labels = repository.working_tree().tree.labels
    assert [(one.name, one.source) for one in labels] == [(f"label_{number}", number + 1) for number in range(10)]


def test_a_box(repository: Repository, tmp_path: Path) -> None:
    report = taken(repository, tmp_path, ONE)
    (box,) = instances(repository, "nuts/nuts/a.png")
    assert (box.label, box.geometry, box.attributes) == ("nut", Box(3.0, 4.0, 6.0, 4.0), {})
    assert (report.files.added, report.left_out, report.notes) == (1, (), ())


def test_attributes(repository: Repository, tmp_path: Path) -> None:
    more = {
        f"{OBJECT}difficult": Int64List((1,)),
        f"{OBJECT}truncated": Int64List((0,)),
        f"{OBJECT}is_crowd": Int64List((1,)),
        f"{OBJECT}view": texts("Frontal"),
        f"{OBJECT}weight": FloatList((0.5,)),
        f"{OBJECT}area": FloatList((24.0,)),
        f"{OBJECT}track/label": Int64List((1,)),
        "image/class/text": texts("nut"),
    }
    report = taken(repository, tmp_path, ONE | more)
    (box,) = instances(repository, "nuts/nuts/a.png")
    assert box.attributes == {"difficult": True, "truncated": False, "crowd": True, "pose": "Frontal", "weight": 0.5}
    assert "not kept: image/class/text (1), image/object/track/label (1)" in reasons(report.notes)


def test_a_mask(repository: Repository, tmp_path: Path) -> None:
    stream = io.BytesIO()
    pixels = np.zeros((8, 12), np.uint8)
    pixels[4:, 3:9] = 1
    Image.fromarray(pixels).save(stream, "PNG")
    report = taken(repository, tmp_path, ONE | {f"{OBJECT}mask": BytesList((stream.getvalue(),))})
    (nut,) = instances(repository, "nuts/nuts/a.png")
    assert isinstance(nut.geometry, Mask)
    assert np.array_equal(bitmap_of(nut.geometry), pixels == 1)
    assert report.instances == {"nut": 1}


@pytest.mark.parametrize(
    ("number", "text", "declared"),
    [
        (2, "nut", []),
        (2, None, []),
        (0, "/m/1", []),
        (9, "stone", [("stone", 9)]),
        (7, None, [("7", 7)]),
    ],
)
def test_labels(
    repository: Repository, tmp_path: Path, number: int, text: str | None, declared: list[tuple[str, int]]
) -> None:
    (tmp_path / "label_map.pbtxt").write_text(MAP)
    name = BytesList(()) if text is None else texts(text)
    report = taken(
        repository, tmp_path, ONE | {f"{OBJECT}class/label": Int64List((number,)), f"{OBJECT}class/text": name}
    )
    assert report.instances == {declared[0][0] if declared else "nut": 1}
    labels = [(one.name, one.source) for one in repository.working_tree().tree.labels]
    assert labels == [("leaf", 1), ("nut", 2), *declared]


def test_where_name_and_number_disagree_the_name_counts(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "label_map.pbtxt").write_text(MAP)
    report = taken(repository, tmp_path, ONE | {f"{OBJECT}class/label": Int64List((1,))})
    assert report.instances == {"nut": 1}
    assert "name and number of a class disagree, the name counts: 1 times" in reasons(report.notes)


@pytest.mark.parametrize("mask", [FloatList((0.0,)), Int64List((1,))])
def test_a_mask_that_is_a_number(repository: Repository, tmp_path: Path, mask: Feature) -> None:
    report = taken(repository, tmp_path, ONE | {f"{OBJECT}mask": mask})
    assert reasons(report.left_out) == "nuts.tfrecord: record 0: object 0: has a mask that is no PNG image"


def test_compressed_records_are_named(repository: Repository, tmp_path: Path) -> None:
    place = put(tmp_path, ONE)
    place.write_bytes(gzip.compress(place.read_bytes()))
    with pytest.raises(FaultyFilesError) as error:
        imported(repository, tmp_path)
    assert reasons(error.value.faults) == "nuts.tfrecord: is compressed with gzip, and has to be unpacked first"


def test_a_shard_without_records_hides_no_other(repository: Repository, tmp_path: Path) -> None:
    put(tmp_path, name="a.tfrecord-00000-of-00002")
    put(tmp_path, ONE, name="a.tfrecord-00001-of-00002")
    report = imported(repository, tmp_path)
    assert (report.format, report.instances) == ("tfdetection", {"nut": 1})
    assert "a.tfrecord-00001-of-00002 holds TFRecords" in report.reason


def test_empty_lists_are_annotated_and_no_lists_are_not(repository: Repository, tmp_path: Path) -> None:
    taken(repository, tmp_path, example("a.png") | boxes(), example("b.png"))
    assert {path: one.annotated for path, one in records(repository).items()} == {
        "nuts/nuts/a.png": True,
        "nuts/nuts/b.png": False,
    }


@pytest.mark.parametrize(
    ("features", "path"),
    [
        ({"image/filename": texts("deep/a.png")}, "nuts/deep/a.png"),
        ({"image/filename": texts("a"), "image/format": texts("PNG")}, "nuts/a.png"),
        ({"image/filename": texts("/home/me/a.png")}, "nuts/a.png"),
        ({"image/filename": texts("C:\\me\\a.png")}, "nuts/a.png"),
        ({"image/filename": texts("../../a.png")}, "nuts/a.png"),
        ({"image/filename": texts(".."), "image/format": texts("png")}, "nuts/000000.png"),
        ({"image/filename": BytesList(()), "image/source_id": texts("7"), "image/format": texts("jpeg")}, "nuts/7.jpg"),
        ({"image/filename": BytesList(())}, "nuts/000000"),
    ],
)
def test_where_an_image_lands(repository: Repository, tmp_path: Path, features: dict[str, Feature], path: str) -> None:
    taken(repository, tmp_path, example() | features)
    assert list(records(repository)) == [f"nuts/{path}"]


def test_shards_are_one_data_set_and_data_sets_have_their_own_directories(
    repository: Repository, tmp_path: Path
) -> None:
    put(tmp_path, example("a.png"), name="x-train.tfrecord-00000-of-00002")
    put(tmp_path, example("b.png"), name="x-train.tfrecord-00001-of-00002")
    put(tmp_path, example("a.png"), name="sub/x-val-00000-of-00001.tfrecord")
    put(tmp_path, example("a.png"), name="x_test.record")
    report = imported(repository, tmp_path)
    assert report.format == "tfdetection"
    assert {path: one.variables["split"] for path, one in records(repository).items()} == {
        "nuts/sub/x-val/a.png": "val",
        "nuts/x-train/a.png": "train",
        "nuts/x-train/b.png": "train",
        "nuts/x_test/a.png": "test",
    }


def test_one_file_is_a_source(repository: Repository, tmp_path: Path) -> None:
    report = imported(repository, put(tmp_path, ONE))
    assert (report.format, report.instances) == ("tfdetection", {"nut": 1})


def test_the_stated_size_decides_between_raw_and_displayed(repository: Repository, tmp_path: Path) -> None:
    turned: dict[str, Feature] = {
        "image/encoded": BytesList((turned_jpeg(6),)),  # 12x8 as stored, 8x12 as displayed
        "image/width": Int64List((12,)),
        "image/height": Int64List((8,)),
    }
    report = taken(repository, tmp_path, ONE | turned)
    assert report.converted == 1
    assert instances(repository, "nuts/nuts/a.png")[0].geometry == Box(0.0, 3.0, 4.0, 6.0)


@pytest.mark.parametrize(
    ("features", "reason"),
    [
        (boxes((0.25, 0.5, float("1e30"), 1.0)), "has the coordinate 1.2e+31"),
        (boxes((0.25, 0.5, 0.25, 1.0)), "has no area: it is 0 wide"),
        (boxes((2.0, 0.5, 3.0, 1.0)), "is outside the image of 12x8 pixels"),
        ({f"{OBJECT}class/text": texts("")}, "has no class"),
        ({f"{OBJECT}class/text": BytesList((b"\xff",))}, "has a class whose name is no UTF-8"),
        ({f"{OBJECT}view": BytesList((b"\xff",))}, "has an attribute of another type"),
        ({f"{OBJECT}view": Int64List((1,))}, "has an attribute of another type"),
        ({f"{OBJECT}mask": texts("no png")}, "has a mask that is no PNG image"),
        ({f"{OBJECT}bbox/xmin": texts("0")}, "has a box that is not made of numbers"),
    ],
)
def test_a_faulty_object_is_left_out_and_named(
    repository: Repository, tmp_path: Path, features: dict[str, Feature], reason: str
) -> None:
    report = taken(repository, tmp_path, ONE | features)
    (fault,) = report.left_out
    assert str(fault).startswith(f"nuts.tfrecord: record 0: object 0: {reason}")
    assert report.instances == {}


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (b"\xff\xff", "record 1: a message has a number without end"),
        (example("b.png") | {"image/encoded": BytesList(())}, "record 1: has no image/encoded"),
        (example("b.png") | {"image/encoded": texts("no image")}, "record 1: is no image"),
        (example("a.png"), "record 1: has the image nuts/a.png, as a record before it"),
        (example("b\0.png"), "record 1: 'b\\x00.png' cannot be a name"),
        (ONE | {f"{OBJECT}bbox/xmin": FloatList((0.0, 0.1))}, "record 1: has 2 xmin, 1 ymin, 1 xmax, 1 ymax"),
        (ONE | {f"{OBJECT}class/text": texts("a", "b")}, "record 1: has 2 image/object/class/text for 1 boxes"),
    ],
)
def test_a_faulty_record_is_a_fault_of_a_file(
    repository: Repository, tmp_path: Path, broken: dict[str, Feature] | bytes, reason: str
) -> None:
    with pytest.raises(FaultyFilesError) as error:
        taken(repository, tmp_path, ONE, broken, example("c.png"))
    assert reasons(error.value.faults).startswith(f"nuts.tfrecord: {reason}")
    report = imported(repository, tmp_path, skip_bad=True)
    assert list(records(repository)) == ["nuts/nuts/a.png", "nuts/nuts/c.png"]
    assert (report.instances, len(report.faulty_files)) == ({"nut": 1}, 1)


@pytest.mark.parametrize("cut", [1, 13, 100])
def test_a_damaged_file_is_named_and_what_stands_before_the_damage_can_come_in(
    repository: Repository, tmp_path: Path, cut: int
) -> None:
    place = put(tmp_path, ONE, example("b.png"))
    place.write_bytes(place.read_bytes()[:-cut])
    with pytest.raises(FaultyFilesError) as error:
        imported(repository, tmp_path)
    assert reasons(error.value.faults) == "nuts.tfrecord: record 1 of the file is cut off"
    imported(repository, tmp_path, skip_bad=True)
    assert list(records(repository)) == ["nuts/nuts/a.png"]


def test_checksums_are_checked(repository: Repository, tmp_path: Path) -> None:
    place = put(tmp_path, ONE)
    data = bytearray(place.read_bytes())
    data[40] ^= 1
    place.write_bytes(data)
    with pytest.raises(FaultyFilesError) as error:
        imported(repository, tmp_path)
    assert "record 0 of the file is damaged: its checksum is another" in reasons(error.value.faults)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("item { name: 'nut' }", "has an item without id and name before line 1"),
        ("item {\n id: 1\n name: 'a' }\nitem { id: 1 name: 'b' }", "has two items with the id 1, the second before"),
        ("item { id: 1 name: 'a'", "is no label map: it ends inside an item"),
        ("}", "is no label map: braces do not match in line 1"),
        ("{" * 100, "is no label map: braces do not match"),
        ("item {\n id: 1 name: 'a }", "is no label map: nothing can be made of line 2"),
        ("item { id: 1 name: ' ' }", "' ' cannot be a label: it is blank"),
        ("item { id: " + "9" * 50_000 + " name: 'a' }", "has an item without id and name"),
    ],
)
def test_a_label_map_that_is_none_is_an_error(repository: Repository, tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "label_map.pbtxt").write_text(text)
    with pytest.raises(InvalidInputError) as error:
        taken(repository, tmp_path, ONE)
    assert reason in error.value.message


def test_keypoints_in_a_label_map_are_passed_over(repository: Repository, tmp_path: Path) -> None:
    text = "item { id: 3 keypoints { id: 1 label: 'tip' } name: 'nut' }"
    (tmp_path / "label_map.pbtxt").write_text(text)
    taken(repository, tmp_path, ONE)
    assert [(one.name, one.source) for one in repository.working_tree().tree.labels] == [("nut", 3)]


def test_two_label_maps_that_differ_are_an_error(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "a.pbtxt").write_text(MAP)
    (tmp_path / "b.pbtxt").write_text("")
    with pytest.raises(InvalidInputError, match=r"several label maps: a\.pbtxt, b\.pbtxt"):
        taken(repository, tmp_path, ONE)


def test_importing_again_changes_nothing(repository: Repository, tmp_path: Path) -> None:
    first = taken(repository, tmp_path, ONE)
    again = imported(repository, tmp_path)
    assert (first.files.added, again.files.added, again.files.unchanged) == (1, 0, 1)
    assert again.files.instances_present == 1


def test_files_of_other_kinds_are_not_taken_for_records(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "world.record").write_bytes(b"a log of records, none of TensorFlow's")
    (tmp_path / "a.png").write_bytes(PICTURE)
    assert imported(repository, tmp_path).format == "images"


KEYS = st.sampled_from([*ONE, f"{OBJECT}class/label", f"{OBJECT}mask", f"{OBJECT}view", f"{OBJECT}weight", "x"])
VALUES = (
    st.lists(st.binary(max_size=4), max_size=3).map(lambda values: BytesList(tuple(values)))
    | st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), max_size=3).map(
        lambda values: FloatList(tuple(values))
    )
    | st.lists(st.integers(-(2**63), 2**63 - 1), max_size=3).map(lambda values: Int64List(tuple(values)))
)


@given(one=st.dictionaries(KEYS, VALUES, max_size=6) | st.binary(max_size=60), label_map=st.text("item{}d:1'\"\\#\n a"))
def test_no_other_error_escapes(
    one: dict[str, Feature] | bytes, label_map: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "label_map.pbtxt").write_text(label_map, encoding="utf-8")
    with suppress(DsetError):
        taken(Repository.in_memory(), folder, ONE, one if isinstance(one, bytes) else {**ONE, **one})
