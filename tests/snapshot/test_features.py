import re

import pytest

from dvcore.errors import InvalidInputError
from dvcore.model.definition import Definition, Feature, ImageOptions, Label
from dvcore.snapshot.features.groups import column_titles, counted_columns, groups_of
from dvcore.snapshot.features.kinds import KINDS, default_name
from dvcore.snapshot.features.listing import (
    Column,
    check_features,
    columns_of,
    features_of,
    heads_of,
    keys_of,
    parse_points,
    pipelines_of,
)

A, B = Label("a", "has('a')"), Label("b", "has('b')")
IMAGE = Feature("image", "image")
ONEHOT = Feature("onehot", "image/class", (A, B))
BOXES = Feature("boxes", "image/object", (Label("a", "label = 'a'"),))


def test_labels_alone_stand_for_image_file_and_onehot():
    assert [(one.kind, one.name) for one in features_of(Definition(labels=(A, B)))] == [
        ("image", "image"), ("file", "image"), ("onehot", "image/class"),
    ]  # fmt: skip
    assert [one.kind for one in features_of(Definition())] == ["image", "file"]
    assert columns_of(Definition(labels=(A, B))) == (Column("image/class", "a"), Column("image/class", "b"))


def test_columns_run_through_all_heads():
    definition = Definition(
        features=(
            IMAGE,
            ONEHOT,
            Feature("multihot", "colour", (A,)),
            Feature("index", "kind", (B,), {"overlap": "first"}),
        )
    )
    check_features(definition)
    assert [(head.feature.name, list(head.columns), head.overlap) for head in heads_of(definition)] == [
        ("image/class", [0, 1], "stop"), ("colour", [2], None), ("kind", [3], "first"),
    ]  # fmt: skip
    assert column_titles(columns_of(definition)) == ("image/class: a", "image/class: b", "colour: a", "kind: b")


def test_what_is_counted_are_labels_and_then_classes_of_instances():
    masks = Feature("masks", "image/object", BOXES.classes)
    definition = Definition(features=(IMAGE, BOXES, ONEHOT, masks, Feature("semantic", "ground", (A, B))))
    check_features(definition)
    assert [(group.name, sorted(group.kinds)) for group in groups_of(definition)] == [
        ("image/object", ["boxes", "masks"]), ("ground", ["semantic"]),
    ]  # fmt: skip
    assert [f"{one.feature}:{one.label}" for one in counted_columns(definition)] == [
        "image/class:a", "image/class:b", "image/object:a", "ground:a", "ground:b",
    ]  # fmt: skip


def test_a_group_follows_the_image_that_it_names():
    small = Feature("image", "small", (), {"downsample": "both:8x8"})
    boxes = Feature("boxes", "image/object", (), {"image": "small", "empty": "drop"})
    (group,) = groups_of(Definition(features=(IMAGE, small, boxes)))
    assert (group.image, group.drops_empty) == (1, True)
    (first,) = groups_of(Definition(features=(IMAGE, small, BOXES)))
    assert (first.image, first.drops_empty) == (0, False)


def test_options_of_an_image_are_over_those_of_the_project():
    definition = Definition(
        features=(IMAGE, Feature("image", "small", (), {"downsample": "both:8x8", "color": "gray"})),
        image=ImageOptions(color="mixed", downsample="both:64x64", interpolation="box"),
    )
    first, second = pipelines_of(definition)
    assert (first.color, second.color) == ("mixed", "gray")
    assert (first.texts()["downsample"], second.texts()["downsample"]) == ("both:64x64", "both:8x8")
    assert first.interpolation == second.interpolation == "box"
    assert "image/channels" in keys_of(definition, IMAGE)
    assert "small/channels" not in keys_of(definition, definition.features[1])


def test_an_image_without_a_list_of_features_has_the_keys_that_it_always_had():
    plain = Definition(image=ImageOptions(color="mixed"))
    assert "image/channels" not in keys_of(plain, features_of(plain)[0])


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_name_by_convention_that_may_be_its_name(kind):
    options = {"variable": "dpi"} if kind == "variable" else {}
    classes = (A,) if KINDS[kind].classes.value == "images" else ()
    name = default_name(kind, options)
    features = [Feature(kind, name, classes, options)]
    check_features(Definition(features=tuple(features if kind == "image" else [IMAGE, *features])))
    assert keys_of(Definition(), features[0])[0].startswith(name)


def test_a_variable_is_called_after_what_it_is_of():
    assert default_name("variable", {"variable": "dpi"}) == "variable/dpi"


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ((IMAGE, Feature("onehots", "x", (A,))), "did you mean 'onehot'"),
        ((Feature("file", "image"),), "none of the features is an image"),
        ((IMAGE, Feature("image", "image")), "'image/encoded'"),
        ((IMAGE, ONEHOT, Feature("index", "image/class", (A,))), "'image/class/text'.*another name"),
        ((IMAGE, BOXES, BOXES), "'image/object/class/text'"),
        ((IMAGE, Feature("multihot", "image", (A,))), "multihot has the name of the image 'image'"),
        ((IMAGE, BOXES, Feature("multihot", "image/object", (A,))), "has the name of the boxes 'image/object'"),
        ((IMAGE, ONEHOT, Feature("multihot", "image.class", (A,))), "has the name of the onehot 'image/class'"),
        ((IMAGE, Feature("image", "thumb", (), {"downsample": "both:0x8"})), "thumb.*0 pixels"),
        ((IMAGE, Feature("image", "thumb", (), {"colour": "gray"})), "thumb.*did you mean 'color'"),
        ((IMAGE, Feature("onehot", "x")), "has no classes"),
        ((IMAGE, Feature("onehot", "x", (A, A))), "'a' is given twice"),
        ((IMAGE, Feature("onehot", "x", (A,), {"overlap": "last"})), "stop or first"),
        ((IMAGE, Feature("multihot", "x", (A,), {"overlap": "first"})), "no option 'overlap'"),
        ((Feature("image", "image", (A,)),), "image has no classes"),
        ((IMAGE, Feature("boxes", "x", (), {"image": "imagge"})), "did you mean 'image'"),
        ((IMAGE, Feature("boxes", "x", (), {"empty": "leave"})), "keep or drop"),
        ((IMAGE, BOXES, Feature("masks", "image/object", (B,))), "masks has other classes or options than boxes"),
        (
            (IMAGE, BOXES, Feature("masks", "image/object", BOXES.classes, {"empty": "drop"})),
            "other classes or options",
        ),
        ((IMAGE, Feature("variable", "x")), "variable=NAME"),
        ((IMAGE, Feature("variable", "x", (), {"variable": "dpi", "type": "double"})), "int or float or bytes"),
        ((IMAGE, Feature("keypoints", "x", (), {"points": "nose|nose"})), "names no keypoints"),
        ((IMAGE, Feature("file", "a//b")), "'a//b'"),
        ((IMAGE, Feature("file", "")), "its name is none"),
        ((IMAGE, Feature("semantic", "x", tuple(Label(str(n), "true") for n in range(256)))), "tells 255 apart"),
        ((IMAGE, Feature("variable", "image/format", (), {"variable": "dpi"})), "'image/format'"),
    ],
)
def test_features_that_are_wrong_are_named(features, message):
    with pytest.raises(InvalidInputError) as caught:
        check_features(Definition(features=features))
    text = f"{caught.value.message} {caught.value.hint}"
    assert re.search(message, text), text


def test_labels_and_features_exclude_each_other():
    with pytest.raises(InvalidInputError, match="without features"):
        check_features(Definition(labels=(A,), features=(IMAGE,)))


def test_keypoints_are_a_number_or_names():
    assert parse_points("17") == (17, ())
    assert parse_points("nose|left eye") == (2, ("nose", "left eye"))
    for text in ("0", "", "1001", "a||b"):
        with pytest.raises(InvalidInputError):
            parse_points(text)
