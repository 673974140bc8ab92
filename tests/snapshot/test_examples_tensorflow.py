"""What a detection pipeline, and TensorFlow Datasets, make of snapshots with lists of features."""

import json
import shutil
from collections import Counter
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image
from support.examples import snapshot_of
from support.exports import put_annotated

from dvcore.formats.intake.importing import import_source
from dvcore.model.annotations import Entered
from dvcore.model.declarations import LabelDeclaration, VariableDeclaration
from dvcore.model.definition import Feature, ImageOptions, Label, Split
from dvcore.model.geometry import Box, Keypoints, Polygon
from dvcore.model.values import ValueType
from dvcore.repo.repository import Repository

pytestmark = pytest.mark.tensorflow

DETECTION = (Feature("image", "image"), Feature("file", "image"), Feature("boxes", "image/object"))
SIDES = ("ymin", "xmin", "ymax", "xmax")


@pytest.fixture(scope="module")
def tf():
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of TensorFlow's own imports
        import tensorflow
    return tensorflow


def detection_spec(tf):
    """The keys and kinds of the object-detection API's decoder (data_decoders/tf_example_decoder.py)."""
    one, many = tf.io.FixedLenFeature, tf.io.VarLenFeature
    spec = {
        f"image/{key}": one((), tf.string, "") for key in ("encoded", "format", "filename", "key/sha256", "source_id")
    }
    spec |= {f"image/{key}": one((), tf.int64, 1) for key in ("height", "width")}
    spec |= {f"image/object/bbox/{side}": many(tf.float32) for side in SIDES}
    spec |= {f"image/object/{key}": many(tf.int64) for key in ("class/label", "is_crowd", "difficult")}
    spec |= {"image/object/class/text": many(tf.string), "image/object/area": many(tf.float32)}
    spec |= {"image/object/mask": many(tf.string)}
    spec |= {f"image/object/keypoint/{key}": many(tf.float32) for key in ("x", "y")}
    return spec | {"image/object/keypoint/visibility": many(tf.int64)}


def detections(tf, report):
    """Every image's boxes (top, left, bottom, right in pixels), classes and masks, as that decoder makes tensors of
    them, by file name."""
    found = {}
    for split in report.splits.values():
        files = [str(report.out / shard.name) for shard in split.shards]
        for record in tf.data.TFRecordDataset(files):
            example = tf.io.parse_single_example(record, detection_spec(tf))
            dense = {
                key: tf.sparse.to_dense(value).numpy() for key, value in example.items() if hasattr(value, "indices")
            }
            image = tf.io.decode_image(example["image/encoded"], channels=3).numpy()
            size = (int(example["image/height"]), int(example["image/width"]))
            assert image.shape[:2] == size
            boxes = np.stack([dense[f"image/object/bbox/{side}"] for side in SIDES], axis=-1)
            found[example["image/filename"].numpy().decode()] = (boxes * (*size, *size), dense, image)
    return found


def label_map(report):
    """Names by id, as the object-detection API's label_map.pbtxt gives them."""
    text = (report.out / "label_map.pbtxt").read_text()
    items = [item.split("}")[0] for item in text.split("item {")[1:]]
    fields = [dict(line.strip().split(": ", 1) for line in item.strip().splitlines()) for item in items]
    return {int(one["id"]): json.loads(one["name"]) for one in fields}


def assert_boxes(found, expected, tolerance):
    """The same boxes of the same classes, in any order; `expected` are (name, left, top, right, bottom)."""
    got = sorted((name, *box) for name, box in found)
    assert [one[0] for one in got] == [one[0] for one in sorted(expected)]
    left = list(expected)
    for name, *box in got:
        near = min((one for one in left if one[0] == name), key=lambda one: np.abs(np.subtract(one[1:], box)).max())
        assert np.abs(np.subtract(near[1:], box)).max() <= tolerance, (name, box, near)
        left.remove(near)


def named_boxes(names, detected):
    boxes, dense, _ = detected
    labels = dense["image/object/class/label"]
    assert [names[label] for label in labels] == [text.decode() for text in dense["image/object/class/text"]]
    return [(names[label], (x0, y0, x1, y1)) for label, (y0, x0, y1, x1) in zip(labels, boxes, strict=True)]


@pytest.fixture(scope="module")
def nuts(shared_data):
    """coco-polygons, and what its json says: of each file the (name, left, top, right, bottom)."""
    folder = shared_data / "coco-polygons"
    repository = Repository.in_memory()
    import_source(repository, folder, ("nuts",))
    document = json.loads((folder / "trainval.json").read_text())
    names = {one["id"]: one["name"] for one in document["categories"]}
    files = {one["id"]: one["file_name"].split("/")[-1] for one in document["images"]}
    boxes = {name: [] for name in files.values()}
    for one in document["annotations"]:
        x, y, width, height = one["bbox"]
        boxes[files[one["image_id"]]].append((names[one["category_id"]], x, y, x + width, y + height))
    return repository, boxes


@pytest.mark.parametrize(
    ("downsample", "place"),
    [
        ("none", lambda x, y: (x, y)),
        ("both:256x256:pad", lambda x, y: (x * 0.32, y * 0.32 + 32)),
        ("both:300x300:crop", lambda x, y: (x * 0.5 - 50, y * 0.5)),
    ],
)
def test_boxes_of_coco_are_where_its_file_says(tf, nuts, tmp_path, downsample, place):
    repository, expected = nuts
    image = ImageOptions(downsample=downsample, encoding="jpeg")
    report = snapshot_of(repository, tmp_path / "out", *DETECTION, image=image, name=f"nuts-{len(downsample)}")
    found = detections(tf, report)
    names = label_map(report)
    assert sorted(names) == [1, 2, 3]
    assert len(found) == 18
    for path, detected in found.items():
        height, width, _ = detected[2].shape
        wanted = []
        for name, x0, y0, x1, y1 in expected[path.split("/")[-1]]:
            (left, top), (right, bottom) = place(x0, y0), place(x1, y1)
            left, right, top, bottom = *np.clip([left, right], 0, width), *np.clip([top, bottom], 0, height)
            if right - left > 1e-5 and bottom - top > 1e-5:
                wanted.append((name, left, top, right, bottom))
        assert_boxes(named_boxes(names, detected), wanted, tolerance=2e-3)
        heights, widths = (detected[0][:, 2:] - detected[0][:, :2]).T
        assert (detected[1]["image/object/area"] <= heights * widths * 1.01 + 1).all()


def test_boxes_of_voc_are_where_its_files_say(tf, shared_data, tmp_path):
    repository = Repository.in_memory()
    import_source(repository, shared_data / "bccd", ("cells",))
    splits = (Split("whole", "1", None, 4),)
    report = snapshot_of(repository, tmp_path / "out", *DETECTION, splits=splits)
    names = label_map(report)
    found = detections(tf, report)
    assert len(found) == 364
    total = Counter()
    for path, detected in found.items():
        stem = path.split("/")[-1].removesuffix(".jpg")
        root = ET.parse(shared_data / "bccd" / "Annotations" / f"{stem}.xml").getroot()
        wanted = []
        for one in root.iter("object"):
            box = one.find("bndbox")
            x0, y0, x1, y1 = (float(box.find(side).text) for side in ("xmin", "ymin", "xmax", "ymax"))
            if x1 > x0 and y1 > y0:
                wanted.append((one.find("name").text, x0 - 1, y0 - 1, x1, y1))  # VOC counts pixels from 1
        assert_boxes(named_boxes(names, detected), wanted, tolerance=2e-3)
        total.update(name for name, *_ in wanted)
    assert dict(total) == report.splits["whole"].labels


@pytest.mark.parametrize("downsample", ["both:180x120", "both:256x256:pad", "both:150x150:crop"])
def test_boxes_lie_on_the_picture_as_displayed_whatever_its_orientation(tf, shared_data, tmp_path, downsample):
    """One photograph in all orientations: the box shows the same pixels of each."""
    names = [f"Portrait_{number}.jpg" for number in range(9)]
    for name in names:
        shutil.copy(shared_data / "exif" / name, tmp_path / name)
    box = [240.0, 420.0, 600.0, 840.0]
    document = {
        "images": [{"id": n, "file_name": name, "width": 1200, "height": 1800} for n, name in enumerate(names)],
        "categories": [{"id": 1, "name": "face"}],
        "annotations": [{"id": n + 1, "image_id": n, "category_id": 1, "bbox": box} for n in range(9)],
    }
    (tmp_path / "boxes.json").write_text(json.dumps(document))
    repository = Repository.in_memory()
    import_source(repository, tmp_path, ("turned",))
    report = snapshot_of(repository, tmp_path / "out", *DETECTION, image=ImageOptions(downsample=downsample))
    found = detections(tf, report)
    assert len(found) == 9
    shown = []
    for boxes, _, image in found.values():
        ((top, left, bottom, right),) = np.round(boxes).astype(int)
        shown.append(image[top:bottom, left:right].astype(float))
    assert {one.shape for one in shown} == {shown[0].shape}
    assert max(np.abs(one - shown[0]).mean() for one in shown) < 6  # each was compressed on its own
    with Image.open(tmp_path / names[0]) as picture:
        cut = picture.crop((240, 420, 840, 1260)).resize(shown[0].shape[1::-1], Image.Resampling.BILINEAR)
    assert np.abs(np.asarray(cut, float) - shown[0]).mean() < 6


EVERY_KIND = (
    Feature("image", "image", (), {"downsample": "both:30x30:crop"}),
    Feature("image", "thumb", (), {"downsample": "both:6x8", "color": "gray"}),
    Feature("file", "image"),
    Feature("onehot", "image/class", (Label("a", "name = 'a.png'"), Label("other", "name != 'a.png'"))),
    Feature("multihot", "tags", (Label("any", "true"), Label("b", "name = 'b.png'"))),
    Feature("index", "place", (Label("here", "true"),)),
    *(Feature(kind, "image/object") for kind in ("boxes", "masks", "polygons")),
    Feature("keypoints", "body/object", (Label("body", "label = 'body'"),)),
    Feature("semantic", "image/segmentation/class"),
    Feature("variable", "dpi", (), {"variable": "dpi", "unset": "-1"}),
    Feature("variable", "weight", (), {"variable": "weight"}),
    Feature("variable", "variable/kind", (), {"variable": "kind", "unset": "none"}),
)


@pytest.fixture
def varied():
    repository = Repository.in_memory()
    triangle = Polygon((((20.0, 10.0, 30.0, 10.0, 30.0, 20.0),),))
    body = Entered("body", Keypoints(((10.0, 15.0, 2), (12.0, 6.0, 1))), box=Box(8, 5, 6, 12))
    files = {"nuts/a.png": [Entered("nut", Box(10, 6, 20, 12)), Entered("nut", triangle), body], "nuts/b.png": []}
    put_annotated(
        repository,
        files,
        labels=[LabelDeclaration("nut", 0), LabelDeclaration("body", 1, keypoints=("head", "foot"))],
        declared=[
            VariableDeclaration("dpi", ValueType.INT),
            VariableDeclaration("weight", ValueType.FLOAT, default=1.5),
            VariableDeclaration("kind", ValueType.TEXT),
        ],
        variables={"nuts/a.png": {"dpi": 300, "kind": "Walnuß"}},
    )
    return repository


def test_the_detection_decoder_reads_keypoints(tf, varied, tmp_path):
    kinds = [Feature(kind, "image/object") for kind in ("boxes", "keypoints")]
    report = snapshot_of(varied, tmp_path / "k", *DETECTION[:2], *kinds)
    _, dense, _ = detections(tf, report)["nuts/a.png"]
    at = list(dense["image/object/class/text"]).index(b"body")
    assert dense["image/object/keypoint/x"].reshape(-1, 2)[at].tolist() == pytest.approx([10 / 40, 12 / 40])
    assert dense["image/object/keypoint/visibility"].reshape(-1, 2)[at].tolist() == [2, 1]


def test_polygons_are_ragged_tensors_as_the_documentation_makes_them(tf, tmp_path):
    square, hole = (0.0, 0.0, 20.0, 0.0, 20.0, 15.0, 0.0, 15.0), (4.0, 3.0, 8.0, 3.0, 8.0, 6.0)
    shapes = [Polygon(((square, hole), (hole,))), Box(10, 6, 20, 12)]
    repository = Repository.in_memory()
    put_annotated(repository, {"nuts/a.png": [Entered("nut", shape) for shape in shapes]})
    report = snapshot_of(repository, tmp_path / "out", *DETECTION[:2], Feature("polygons", "image/object"))
    spec = {f"image/object/polygon/{key}": tf.io.VarLenFeature(tf.float32) for key in ("x", "y")}
    spec |= {f"image/object/polygon/{key}": tf.io.VarLenFeature(tf.int64) for key in ("ring", "part", "parts")}
    (record,) = tf.data.TFRecordDataset([str(report.out / shard.name) for shard in report.splits["whole"].shards])
    example = {key: value.values for key, value in tf.io.parse_single_example(record, spec).items()}
    points = tf.stack([example["image/object/polygon/x"], example["image/object/polygon/y"]], axis=-1)
    for lengths in ("ring", "part", "parts"):
        points = tf.RaggedTensor.from_row_lengths(points, example[f"image/object/polygon/{lengths}"])
    found = sorted(len(one) for one in points.to_list())
    assert found == [1, 2]
    two = next(one for one in points.to_list() if len(one) == 2)
    assert [len(ring) for part in two for ring in part] == [4, 3, 3]
    assert two[0][0][2] == pytest.approx([20 / 40, 15 / 30])


def test_the_detection_decoder_reads_masks(tf, varied, tmp_path):
    masks = snapshot_of(varied, tmp_path / "m", *DETECTION, Feature("masks", "image/object"), name="masks")
    boxes, dense, image = detections(tf, masks)["nuts/a.png"]
    assert list(dense["image/object/class/text"]) == [b"nut", b"nut"]  # keypoints enclose nothing
    for (top, left, bottom, right), data in zip(boxes, dense["image/object/mask"], strict=True):
        mask = tf.io.decode_png(data, channels=1).numpy()[:, :, 0]
        assert mask.shape == image.shape[:2]
        rows, columns = np.nonzero(mask)
        assert (rows.min(), columns.min(), rows.max() + 1, columns.max() + 1) == pytest.approx(
            (top, left, bottom, right), abs=1.01
        )


def test_tensorflow_datasets_decodes_every_kind(tf, varied, tmp_path):
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tfds = pytest.importorskip("tensorflow_datasets")
        report = snapshot_of(varied, tmp_path / "out", *EVERY_KIND)
        builder = tfds.builder_from_directory(str(report.out))
        rows = {row["image/filename"].decode(): row for row in tfds.as_numpy(builder.as_dataset("whole"))}
    features = builder.info.features
    assert features["image/class/label"].names == ["a", "other"]
    assert features["tags/label"].feature.names == ["any", "b"]
    a, b = rows["nuts/a.png"], rows["nuts/b.png"]
    assert (a["image/encoded"].shape, a["thumb/encoded"].shape) == ((30, 30, 3), (6, 8, 1))
    assert (int(a["image/class/label"]), b["tags/label"].tolist(), b["tags/multihot"].tolist()) == (0, [0, 1], [1, 1])
    assert a["image/object/mask"].shape == (2, 30, 30, 1)
    assert b["image/object/mask"].shape[0] == 0
    assert a["image/object/class/label"].tolist() == [1, 1]
    assert a["image/object/polygon/parts"].sum() == 2
    assert a["body/object/keypoint/x"].tolist() == pytest.approx([5 / 30, 7 / 30])
    assert a["body/object/keypoint/text"].tolist() == [b"head", b"foot"]
    assert sorted(np.unique(a["image/segmentation/class/encoded"])) == [0, 1]
    assert (int(a["dpi"]), float(a["weight"]), a["variable/kind"].decode()) == (300, 1.5, "Walnuß")
    assert (int(b["dpi"]), b["variable/kind"].decode()) == (-1, "none")
    assert {path.name for path in report.out.glob("*.txt")} == {
        "image.class.label.labels.txt", "tags.label.labels.txt", "place.label.labels.txt",
    }  # fmt: skip
    assert label_map(report) == {1: "nut", 2: "body"}
    assert (report.out / "body.object.label_map.pbtxt").read_text() == 'item {\n  id: 1\n  name: "body"\n}\n'
