"""What stands in examples of every kind of feature, and that geometry follows its image."""

import io
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from support.datasets import TWO_KINDS, drawn_repository
from support.examples import examples_of, iter_examples, snapshot_of
from support.exports import put_annotated

from dvcore.errors import InvalidInputError
from dvcore.ids import digest
from dvcore.image.downsample import parse_downsampling, place
from dvcore.model.annotations import Entered
from dvcore.model.bitmaps import mask_of_bitmap
from dvcore.model.declarations import LabelDeclaration, VariableDeclaration
from dvcore.model.definition import Definition, Feature, ImageOptions, Label
from dvcore.model.geometry import Box, Keypoints, Polygon, RotatedBox
from dvcore.model.values import ValueType
from dvcore.repo.repository import Repository
from dvcore.snapshot.examples.recipe import recipe_of
from dvcore.snapshot.examples.registry import makers_of
from dvcore.snapshot.features.fields import fields_of
from dvcore.snapshot.instances.views import view_of
from dvcore.tfrecord.example import decode_example, encode_example

IMAGE, FILE = Feature("image", "image"), Feature("file", "image")
NUT, LEAF = Label("nut", "label = 'nut'"), Label("leaf", "label = 'leaf'")
SQUARE = Polygon((((20.0, 10.0, 30.0, 10.0, 30.0, 20.0, 20.0, 20.0),),))


LABELS = (LabelDeclaration("nut", 0), LabelDeclaration("leaf", 1))


def examples(tmp_path, files, *features, image="none", labels=LABELS, **put):
    repository = Repository.in_memory()
    put_annotated(repository, files, labels=labels, **put)
    options = ImageOptions(downsample=image)
    return examples_of(snapshot_of(repository, tmp_path / "out", IMAGE, FILE, *features, image=options))


def one_example(tmp_path, entered, *features, **options):
    return examples(tmp_path, {"nuts/a.png": entered}, *features, **options)["nuts/a.png"]


def instances(*kinds, **options):
    return [Feature(kind, "image/object", (NUT, LEAF), options) for kind in kinds]


def sides(example, width, height):
    """left, top, right, bottom of every box, in pixels."""
    lists = [example[f"image/object/bbox/{side}"] for side in ("xmin", "ymin", "xmax", "ymax")]
    return [
        [round(v * s, 3) for v, s in zip(one, (width, height) * 2, strict=True)] for one in zip(*lists, strict=True)
    ]


def pixels(data):
    return np.asarray(Image.open(io.BytesIO(data)))


# The picture is 40x30.
@pytest.mark.parametrize(
    ("downsample", "size", "expected"),
    [
        ("none", (40, 30), [10, 6, 30, 18]),
        ("factor:2", (20, 15), [5, 3, 15, 9]),
        ("both:60x40", (40, 60), [10, 12, 30, 36]),
        ("both:40x40:pad", (40, 40), [10, 11, 30, 23]),
        ("both:30x30:crop", (30, 30), [5, 6, 25, 18]),
        ("both:15x5:crop", (5, 15), [0, 3, 5, 9]),
    ],
)
def test_boxes_follow_their_image(tmp_path, downsample, size, expected):
    example = one_example(tmp_path, [Entered("nut", Box(10, 6, 20, 12))], *instances("boxes"), image=downsample)
    assert (example["image/width"], example["image/height"]) == ((size[0],), (size[1],))
    assert sides(example, *size) == [expected]
    left, top, right, bottom = expected
    assert example["image/object/area"] == pytest.approx([(right - left) * (bottom - top)])


def test_lists_of_a_group_run_over_the_same_instances_with_classes_from_one(tmp_path):
    entered = [Entered("leaf", Box(0, 0, 4, 4)), Entered("nut", SQUARE), Entered("twig", Box(9, 9, 3, 3))]
    example = one_example(tmp_path, entered, *instances("boxes", "masks", "polygons"))
    texts = example["image/object/class/text"]
    assert sorted(texts) == [b"leaf", b"nut"]
    assert example["image/object/class/label"] == tuple([b"nut", b"leaf"].index(text) + 1 for text in texts)
    at = texts.index(b"nut")
    assert sides(example, 40, 30)[at] == [20, 10, 30, 20]
    assert pixels(example["image/object/mask"][at]).sum() == 100 * 255
    assert example["image/object/polygon/parts"] == (1, 1)


def test_flags_are_attributes(tmp_path):
    attributes = [{"crowd": True}, {"difficult": True, "truncated": 0.5}, {"truncated": 0.0, "crowd": False}]
    entered = [Entered("nut", Box(n, n, 5, 5), attributes=one) for n, one in enumerate(attributes)]
    example = one_example(tmp_path, entered, *instances("boxes"))
    order = [round(left) for left, *_ in sides(example, 40, 30)]
    flags = {name: example[f"image/object/{name}"] for name in ("is_crowd", "difficult", "truncated")}
    assert {name: [values[order.index(n)] for n in range(3)] for name, values in flags.items()} == {
        "is_crowd": [1, 0, 0], "difficult": [0, 1, 0], "truncated": [0, 1, 0],
    }  # fmt: skip


def test_the_box_that_the_source_gave_counts(tmp_path):
    entered = [Entered("nut", SQUARE, box=Box(18, 9, 14, 13))]
    assert sides(one_example(tmp_path, entered, *instances("boxes")), 40, 30) == [[18, 9, 32, 22]]


@pytest.mark.parametrize(
    ("shape", "expected", "area"),
    [
        (RotatedBox(2.0, 15.0, 20.0, 4.0, 90.0), [0, 10, 4, 30], 80),
        (RotatedBox(20.0, 1.0, 4.0, 10.0, 0.0), [18, 5, 22, 11], 24),
        (RotatedBox(20.0, 28.0, 4.0, 10.0, 0.0), [18, 28, 22, 35], 28),
    ],
)
def test_a_rotated_box_shows_no_more_than_the_image_does_when_it_is_padded(tmp_path, shape, expected, area):
    example = one_example(tmp_path, [Entered("nut", shape)], *instances("boxes", "masks"), image="both:40x40:pad")
    assert sides(example, 40, 40) == [expected]
    assert int(pixels(example["image/object/mask"][0]).sum()) // 255 == area
    assert example["image/object/area"] == (area,)


def test_what_the_right_edge_cuts_off_is_not_in_the_padding(tmp_path):
    turned = [Entered("nut", RotatedBox(39.0, 15.0, 10.0, 4.0, 0.0))]
    example = one_example(tmp_path, turned, *instances("boxes"), image="both:30x60:pad")
    assert sides(example, 60, 30) == [[44, 13, 50, 17]]


def test_masks_have_the_size_of_the_image_and_follow_it(tmp_path):
    bitmap = np.zeros((30, 40), bool)
    bitmap[10:20, 20:30] = True
    entered = [Entered("nut", mask_of_bitmap(bitmap))]
    example = one_example(tmp_path, entered, *instances("masks", "boxes"), image="both:60x30:crop")
    mask = pixels(example["image/object/mask"][0])
    assert mask.shape == (60, 30)
    expected = np.zeros((60, 30), np.uint8)
    expected[20:40, 15:30] = 255
    assert np.array_equal(mask, expected)
    assert sides(example, 30, 60) == [[15, 20, 30, 40]]
    assert example["image/object/area"] == (300.0,)


def test_polygons_come_apart_into_parts_and_rings(tmp_path):
    hole = (22.0, 12.0, 24.0, 12.0, 24.0, 14.0)
    shape = Polygon((((20.0, 10.0, 30.0, 10.0, 30.0, 20.0, 20.0, 20.0), hole), ((0.0, 0.0, 4.0, 0.0, 4.0, 4.0),)))
    entered = [Entered("nut", shape), Entered("leaf", Box(30, 20, 4, 2))]
    example = one_example(tmp_path, entered, *instances("polygons"), image="factor:2")
    got = list(taken_apart(example, 20, 15))
    at = example["image/object/class/text"].index(b"nut")
    half = [[[[c / 2 for c in ring] for ring in part] for part in one] for one in (shape.parts, ((BOX_RING,),))]
    assert got == (half if at == 0 else half[::-1])


BOX_RING = (30.0, 20.0, 34.0, 20.0, 34.0, 22.0, 30.0, 22.0)


def taken_apart(example, width, height):
    """The instances as docs/features.md tells readers to make them of the lists."""
    points = zip(example["image/object/polygon/x"], example["image/object/polygon/y"], strict=True)
    rings = iter(example["image/object/polygon/ring"])
    parts = iter(example["image/object/polygon/part"])
    for number in example["image/object/polygon/parts"]:
        yield [
            [
                [round(c, 4) for _ in range(next(rings)) for x, y in [next(points)] for c in (x * width, y * height)]
                for _ in range(next(parts))
            ]
            for _ in range(number)
        ]


def test_an_outline_that_the_crop_misses_though_its_box_does_not_has_no_parts(tmp_path):
    bars = Polygon((((0.0, 0.0, 40.0, 0.0, 40.0, 5.0, 0.0, 5.0),), ((0.0, 25.0, 40.0, 25.0, 40.0, 30.0, 0.0, 30.0),)))
    wide = one_example(
        tmp_path, [Entered("nut", bars)], *instances("boxes", "polygons", "masks"), image="both:1x4:crop"
    )
    assert wide["image/object/polygon/parts"] == (0,)
    assert not pixels(wide["image/object/mask"][0]).any()
    assert wide["image/object/area"] == (0.0,)


def test_keypoints_have_as_many_points_for_every_instance(tmp_path):
    face = Entered("nut", Keypoints(((10.0, 15.0, 2), (39.0, 6.0, 1), (0.0, 0.0, 0))), box=Box(8, 5, 32, 12))
    labels = (LabelDeclaration("nut", 0, keypoints=("a", "b", "c")), LABELS[1])
    entered = [face, Entered("leaf", Box(14, 10, 4, 4))]
    example = one_example(tmp_path, entered, *instances("keypoints", "boxes"), image="both:30x30:crop", labels=labels)
    texts = example["image/object/class/text"]
    at = 3 * texts.index(b"nut")
    keys = [example[f"image/object/keypoint/{one}"] for one in ("x", "y", "visibility", "text")]
    assert all(len(one) == 6 for one in keys)
    x, y, seen, names = ([*one[at : at + 3]] for one in keys)
    assert ([round(v * 30, 4) for v in x], [round(v * 30, 4) for v in y], seen) == ([5, 0, 0], [15, 0, 0], [2, 0, 0])
    assert names == [b"a", b"b", b"c"]
    assert example["image/object/keypoint/num"] == ((1, 0) if at == 0 else (0, 1))


def test_points_that_an_instance_lacks_are_unlabelled(tmp_path):
    entered = [Entered("nut", Keypoints(((10.0, 15.0, 2),)))]
    example = one_example(tmp_path, entered, *instances("keypoints", points="3"))
    assert example["image/object/keypoint/visibility"] == (2, 0, 0)
    assert example["image/object/keypoint/x"] == (0.25, 0.0, 0.0)
    assert example["image/object/keypoint/text"] == ()


def test_an_instance_of_more_keypoints_than_the_feature_has_is_named(tmp_path):
    face = Entered("nut", Keypoints(((1.0, 2.0, 2), (5.0, 6.0, 1))))
    with pytest.raises(InvalidInputError, match=r"nuts/a\.png has an instance of 2 keypoints, and the feature has 1"):
        one_example(tmp_path, [face], *instances("keypoints", points="1"))


def test_a_semantic_mask_has_the_class_that_stands_later_on_top(tmp_path):
    entered = [Entered("leaf", Box(10, 10, 10, 10)), Entered("nut", Box(0, 0, 15, 15))]
    semantic = Feature("semantic", "image/segmentation/class", (NUT, LEAF))
    example = one_example(tmp_path, entered, semantic)
    assert example["image/segmentation/class/format"] == (b"png",)
    expected = np.zeros((30, 40), np.uint8)
    expected[:15, :15] = 1
    expected[10:20, 10:20] = 2
    assert np.array_equal(pixels(example["image/segmentation/class/encoded"][0]), expected)
    assert "image/segmentation/class/class/text" not in example


def test_groups_follow_the_image_that_they_name(tmp_path):
    thumb = Feature("image", "thumb", (), {"downsample": "both:15x20", "color": "gray"})
    small = Feature("boxes", "thumb/object", (NUT,), {"image": "thumb"})
    example = one_example(tmp_path, [Entered("nut", Box(10, 6, 20, 12))], thumb, small, *instances("masks"))
    assert (example["thumb/width"], example["thumb/height"], example["image/width"]) == ((20,), (15,), (40,))
    assert example["thumb/object/area"] == (60.0,)
    assert pixels(example["image/object/mask"][0]).shape == (30, 40)
    assert pixels(example["thumb/encoded"][0]).shape == (15, 20)


def test_heads_variables_and_channels(tmp_path):
    repository = drawn_repository(None, 2)
    features = [
        Feature("image", "image", (), {"color": "mixed"}),
        FILE,
        Feature("index", "image/class", TWO_KINDS),
        Feature("multihot", "tags", (Label("any", "true"), *TWO_KINDS)),
        Feature("variable", "kind", (), {"variable": "kind"}),
    ]
    found = examples_of(snapshot_of(repository, tmp_path / "out", *features))
    one = found["nuts/001.png"]
    assert one["image/channels"] == (3,)
    assert (one["image/class/text"], one["image/class/label"]) == ((b"almond",), (1,))
    assert (one["tags/text"], one["tags/label"], one["tags/multihot"]) == ((b"any", b"almond"), (0, 2), (1.0, 0.0, 1.0))
    assert one["kind"] == (b"almond",)
    assert "image/class/onehot" not in one


def test_without_a_list_of_features_there_are_the_keys_that_there_always_were(tmp_path):
    repository = drawn_repository(None, 1)
    (example,) = examples_of(snapshot_of(repository, tmp_path / "out", image=ImageOptions(color="mixed"))).values()
    assert sorted(example) == [
        "image/encoded", "image/filename", "image/format", "image/height", "image/key/sha256", "image/source_id",
        "image/width",
    ]  # fmt: skip


def test_variables_of_every_type(tmp_path):
    declared = [VariableDeclaration("dpi", ValueType.INT), VariableDeclaration("ripe", ValueType.BOOL)]
    dpi = Feature("variable", "dpi", (), {"variable": "dpi", "unset": "-1"})
    ripe = Feature("variable", "ripe", (), {"variable": "ripe", "type": "float"})
    files = {"nuts/a.png": [], "nuts/b.png": []}
    given = {"nuts/a.png": {"dpi": 200, "ripe": True}}
    found = examples(tmp_path, files, dpi, ripe, declared=declared, variables=given)
    assert {path: (one["dpi"], one["ripe"]) for path, one in found.items()} == {
        "nuts/a.png": ((200,), (1.0,)), "nuts/b.png": ((-1,), (0.0,)),
    }  # fmt: skip


def test_examples_hold_exactly_the_keys_that_readers_are_told_of(tmp_path):
    features = [
        *instances("boxes", "masks", "polygons"),
        *instances("keypoints", points="2"),
        Feature("semantic", "ground", (NUT,)),
        Feature("onehot", "image/class", (Label("all", "true"),)),
    ]
    example = one_example(tmp_path, [Entered("nut", SQUARE)], *features)
    fields = fields_of(Definition(features=(IMAGE, FILE, *features)))
    assert sorted(example) == sorted(field.key for field in fields)
    for field in fields:
        if field.shape is not None:
            assert len(example[field.key]) == (field.shape[0] if field.shape else 1), field.key


def test_no_two_makers_give_one_key():
    features = (IMAGE, FILE, *instances("boxes", "masks"), Feature("semantic", "image/object", (NUT, LEAF)))
    assert len(makers_of(Definition(features=features))) == 3
    assert recipe_of(Definition(features=features)).toolchain["example"] == "2"
    assert recipe_of(Definition()).toolchain["example"] == "1"
    assert "pycocotools" in recipe_of(Definition(features=features)).toolchain
    assert "pycocotools" not in recipe_of(Definition(features=features[:3])).toolchain


DOWNSAMPLES = st.sampled_from(["none", "factor:3", "longest:17", "both:20x50", "both:64x64:pad", "both:24x9:crop"])
PLACES = st.tuples(*[st.floats(0, 1)] * 4)


@settings(max_examples=200)
@given(DOWNSAMPLES, st.integers(1, 200), st.integers(1, 200), PLACES)
def test_a_box_is_seen_where_the_placement_says(downsample, width, height, places):
    xs, ys = sorted(place_ * width for place_ in places[:2]), sorted(place_ * height for place_ in places[2:])
    rule = parse_downsampling(downsample)
    seen = view_of(rule, width, height).bounds(Box(xs[0], ys[0], xs[1] - xs[0], ys[1] - ys[0]))
    placed = place(rule, width, height)
    (fx, fy), (x0, y0, *_), (x1, y1, *_) = placed.scale, placed.source, placed.target
    corners = [
        (float(x1 + (Fraction(x) - x0) * fx), float(y1 + (Fraction(y) - y0) * fy)) for x, y in zip(xs, ys, strict=True)
    ]
    (left, top), (right, bottom) = ((min(max(x, 0), placed.width), min(max(y, 0), placed.height)) for x, y in corners)
    if seen is None:
        assert right - left < 1e-5 or bottom - top < 1e-5
    else:
        assert seen == pytest.approx((left, top, right, bottom), abs=1e-5)


def test_the_bytes_of_features_are_fixed(tmp_path: Path):
    """Without masks, whose PNG bytes are those of a codec; the picture passes through."""
    face = Keypoints(((10.0, 15.0, 2), (39.0, 6.0, 1)))
    entered = [Entered("nut", Box(10, 6, 20, 12)), Entered("leaf", SQUARE), Entered("nut", face, box=Box(8, 5, 32, 12))]
    features = [
        *instances("boxes"),
        Feature("keypoints", "image/object", (NUT, LEAF), {"points": "a|b"}),
        Feature("polygons", "outline", (LEAF,)),
        Feature("multihot", "tags", (Label("any", "true"), Label("b", "name = 'b.png'"))),
    ]
    repository = Repository.in_memory()
    put_annotated(repository, {"nuts/a.png": entered, "nuts/b.png": []}, labels=LABELS)
    report = snapshot_of(repository, tmp_path / "out", IMAGE, FILE, *features)
    assert {path: digest(encode_example(one)).hex()[:16] for path, one in without_pixels(report).items()} == {
        "nuts/a.png": "6e875874e6573e73",
        "nuts/b.png": "1deac466834495c5",
    }


def without_pixels(report):
    (shard,) = report.splits["whole"].shards
    found = map(decode_example, iter_examples((report.out / shard.name).read_bytes()))
    pixels_ = {"image/encoded", "image/key/sha256", "image/source_id"}  # the file's id comes from its bytes, too
    return {
        one["image/filename"].values[0].decode(): {key: value for key, value in one.items() if key not in pixels_}
        for one in found
    }
