import pytest

from dvcore.encoding import encode
from dvcore.errors import ExistsError, InvalidInputError, NotFoundError
from dvcore.model.definition import (
    DEFAULT_SPLITS,
    MAX_BOUND,
    Definition,
    Feature,
    ImageOptions,
    Label,
    Split,
    pack_definition,
)
from dvcore.snapshot.features.options import parse_class, parse_feature
from dvcore.snapshot.projects.definition import check_project_name, checked
from dvcore.snapshot.projects.options import Options, apply_options


def test_no_options_change_nothing():
    assert apply_options(Definition(), Options()) == Definition()


def test_options_of_every_kind():
    made = apply_options(
        Definition(),
        Options(
            directories=["/nuts/", "nuts", "seeds/200dpi"],
            where="annotated",
            labels={"b": "has('b')", "a": "has('a')"},
            splits={"train": "0.80", "rest": ".2"},
            split_filters={"test": "location = 'Reute'"},
            shards=4,
            group_by="location",
            color="gray",
            downsample="both:64x64",
            range="0:4095",
            bit_depth="16",
            reducing_gap="2",
            overlap="first",
            leak="warn",
        ),
    )
    assert made == Definition(
        directories=("nuts", "seeds/200dpi"),
        where="annotated",
        labels=(Label("b", "has('b')"), Label("a", "has('a')")),
        splits=(
            Split("train", "0.8", None, 4),
            Split("rest", "0.2", None, 4),
            Split("test", "0", "location = 'Reute'", 4),
        ),
        group_by="location",
        image=ImageOptions("gray", "both:64x64", range="0:4095", bit_depth="16", reducing_gap="2"),
        overlap="first",
        leak="warn",
    )


def test_a_filter_is_added_to_a_split_that_there_is():
    made = apply_options(Definition(), Options(split_filters={"test": "width > 9"}))
    assert made.splits == (*DEFAULT_SPLITS[:2], Split("test", "0.1", "width > 9"))
    assert apply_options(made, Options(split_filters={"test": ""})).splits == DEFAULT_SPLITS


def test_given_splits_replace_all_and_keep_filters_of_their_names():
    made = apply_options(Definition(), Options(split_filters={"test": "width > 9"}))
    again = apply_options(made, Options(splits={"test": "0.5", "train": "0.5"}))
    assert again.splits == (Split("test", "0.5", "width > 9"), Split("train", "0.5"))


def test_labels_are_replaced_added_removed_and_duplicated():
    before = Definition(labels=(Label("a", "1 = 1"), Label("b", "2 = 2")))
    options = Options(labels={"a": "3 = 3", "d": "4 = 4"}, remove_labels=["b"], duplicate_labels={"c": "a"})
    assert [(label.name, label.where) for label in apply_options(before, options).labels] == [
        ("a", "3 = 3"), ("c", "1 = 1"), ("d", "4 = 4"),
    ]  # fmt: skip
    with pytest.raises(NotFoundError, match="did you mean 'b'"):
        apply_options(Definition(labels=(Label("b", ""),)), Options(remove_labels=["bb"]))
    with pytest.raises(ExistsError, match="'b'"):
        apply_options(before, Options(duplicate_labels={"b": "a"}))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (Options(splits={"train": "0.9"}), "total 0.9"),
        (Options(splits={"train": "1", "test": "0"}), "'test': it takes nothing"),
        (Options(splits={"Train": "1"}), "no name for a split"),
        (Options(splits={"all": "1"}), "TensorFlow Datasets"),
        (Options(split_filters={"all": "true"}), "choose another"),
        (Options(shards=0), "cannot have 0 shards"),
        (Options(color="grey"), "did you mean 'gray'"),
        (Options(downsample="half"), "half"),
        (Options(downsample="both:0x64"), "0 pixels"),
        (Options(downsample="factor:0"), "factor:0"),
        (Options(range="9:1"), "9:1"),
        (Options(bit_depth="16"), "only gray PNGs"),
        (Options(reducing_gap="0.5"), "reducing gap"),
        (Options(stratify=True), "stratify needs labels"),
        (Options(stratify=True, group_by="place", labels={"a": "true"}), "stratify does not combine with group_by"),
        (Options(encoding="webp"), "webp"),
        (Options(overlap="last"), "stop or first"),
        (Options(leak="ignore"), "stop or warn"),
        (Options(labels={" a": "true"}), "space"),
        (Options(labels={"a\nb": "true"}), "control character"),
        (Options(directories=["../x"]), "relative"),
    ],
)
def test_what_contradicts_itself_is_refused(options, message):
    with pytest.raises(InvalidInputError) as caught:
        apply_options(Definition(), options)
    assert message in str(caught.value)


def test_filters_and_groups_are_taken_away_by_an_empty_text():
    before = Definition(where="annotated", group_by="place")
    assert apply_options(before, Options(where="", group_by="")) == Definition()


def test_labels_that_are_merged_leave_their_places_to_the_new_one():
    before = Definition(labels=(Label("a", "kind = 'a'"), Label("b", "kind = 'b' OR true"), Label("c", "kind = 'c'")))
    made = apply_options(before, Options(merge_labels=[("other", "b"), ("other", "a")]))
    assert made.labels == (Label("c", "kind = 'c'"), Label("other", "(kind = 'b' OR true) OR (kind = 'a')"))
    into = apply_options(before, Options(merge_labels=[("a", "c")]))
    assert into.labels == (Label("a", "(kind = 'a') OR (kind = 'c')"), before.labels[1])
    renamed = apply_options(before, Options(merge_labels=[("z", "b")]))
    assert renamed.labels == (before.labels[0], before.labels[2], Label("z", "kind = 'b' OR true"))
    with pytest.raises(NotFoundError, match="no label 'd'"):
        apply_options(before, Options(merge_labels=[("other", "d")]))
    with pytest.raises(NotFoundError, match="no label 'a'"):
        apply_options(before, Options(merge_labels=[("x", "a"), ("y", "a")]))


def test_a_label_is_renamed_by_a_duplicate_and_a_removal():
    made = apply_options(Definition(labels=(NUT,)), Options(duplicate_labels={"new": "nut"}, remove_labels=["nut"]))
    assert made.labels == (Label("new", NUT.where),)


NUT = Label("nut", "kind = 'nut'")
IMAGE, FILE = Feature("image", "image"), Feature("file", "image")
ONEHOT, BOXES = Feature("onehot", "image/class", (NUT,)), Feature("boxes", "image/object")


def features(*given, **options):
    """What a new project has of features as the command line writes them."""
    return apply_options(Definition(), Options(features=tuple(map(parse_feature, given)), **options)).features


def test_features_of_the_command_line():
    made = features(
        "image", "image:thumb,downsample=both:64x64,color=gray", "boxes,image=thumb", "variable,variable=dpi"
    )
    assert made == (
        IMAGE,
        Feature("image", "thumb", options={"downsample": "both:64x64", "color": "gray"}),
        Feature("boxes", "image/object", options={"image": "thumb"}),
        Feature("variable", "variable/dpi", options={"variable": "dpi"}),
    )
    assert parse_feature("variable:x,variable=a, b,unset=c,d").options == {"variable": "a, b", "unset": "c,d"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("box", "did you mean 'boxes'"),
        ("", "no kind of feature"),
        ("image,color=gray,color=rgb", "'color' twice"),
        ("image,colour=gray", "the feature 'image': image has no option 'colour'; did you mean 'color'"),
        ("image:a/../b", "the feature 'a/../b'"),
        ("onehot", "the feature 'image/class': it has no classes"),
    ],
)
def test_features_that_cannot_be(text, message):
    with pytest.raises(InvalidInputError) as caught:
        features("image:x", text)
    assert message in str(caught.value)


def test_labels_are_classes_of_the_first_feature_with_labels_of_images():
    made = features("image", "onehot", "index:kind", labels={"nut": NUT.where}, classes=[("kind", NUT)])
    assert made == (IMAGE, ONEHOT, Feature("index", "kind", (NUT,)))
    changed = apply_options(Definition(features=made), Options(remove_labels=["nut"], labels={"x": "true"}))
    assert changed.features[1:] == (Feature("onehot", "image/class", (Label("x", "true"),)), made[2])
    with pytest.raises(InvalidInputError, match="add --feature onehot"):
        features("image", "boxes", labels={"nut": NUT.where})


def test_a_project_of_labels_becomes_one_of_features_and_keeps_them():
    simple = Definition(labels=(NUT,))
    boxes = apply_options(simple, Options(features=[BOXES]))
    assert boxes == Definition(features=(IMAGE, FILE, ONEHOT, BOXES))
    small = Feature("image", "image", options={"downsample": "height:9"})
    assert apply_options(simple, Options(features=[small])).features == (small, FILE, ONEHOT)
    head = Options(remove_features=["onehot:image/class"], features=[Feature("multihot", "image/class")])
    assert apply_options(simple, head).features == (IMAGE, FILE, Feature("multihot", "image/class", (NUT,)))
    assert apply_options(boxes, Options(remove_features=["image/class", "image/object"])).features == (IMAGE, FILE)


def test_a_feature_given_again_keeps_its_classes_and_changes_its_options():
    before = Definition(features=(IMAGE, Feature("boxes", "nut", (NUT,), {"empty": "drop"})))
    made = apply_options(before, Options(features=[parse_feature("boxes:nut,image=image")]))
    assert made.features[1] == Feature("boxes", "nut", (NUT,), {"image": "image"})


def test_classes_are_of_all_features_of_the_name():
    made = features("image", "boxes", "masks", classes=[("image/object", NUT), ("image/object", Label("nut", "true"))])
    assert [one.classes for one in made] == [(), (Label("nut", "true"),), (Label("nut", "true"),)]
    with pytest.raises(NotFoundError, match="did you mean 'image/object'"):
        features("image", "boxes", classes=[("image/objekt", NUT)])
    with pytest.raises(InvalidInputError, match="has no classes"):
        features("image", "boxes", classes=[("image", NUT)])
    with pytest.raises(NotFoundError, match="no feature 'x'"):
        features("image", remove_features=["x"])


def test_classes_as_they_are_written():
    assert parse_class("image/object:tv: on=label = 'tv=on'") == ("image/object", Label("tv: on", "label = 'tv=on'"))
    for text in ("image/object", "image/object:nut", ":nut=true", "image/object:=true"):
        with pytest.raises(InvalidInputError, match="is not FEATURE:NAME=EXPR"):
            parse_class(text)


ENDS = ((1, 2, MAX_BOUND), (3, 4, MAX_BOUND))
FROZEN = Definition(labels=(Label("a", "1 = 1"), Label("b", "2 = 2")), stratify=True, label_bounds=ENDS)


@pytest.mark.parametrize(
    ("options", "bounds"),
    [
        (Options(where="annotated", shards=3), ENDS),
        (Options(splits={"train": "0.70", "eval": "0.20", "test": ".1"}), ENDS),
        (Options(split_filters={"test": "width > 9"}), ENDS),
        (Options(remove_labels=["a"]), ENDS[1:]),
        (Options(labels={"c": "3 = 3"}), (*ENDS, ())),
        (Options(duplicate_labels={"c": "a"}, remove_labels=["a"]), (ENDS[1], ENDS[0])),
        (Options(merge_labels=[("c", "a"), ("c", "b")]), ()),
        (Options(features=[BOXES]), ENDS),
        (Options(splits={"train": "0.8", "eval": "0.1", "test": "0.1"}), ()),
        (Options(split_filters={"more": "width > 9"}), ()),
        (Options(stratify=False), ()),
    ],
)
def test_frozen_bounds_stay_with_their_labels(options, bounds):
    assert apply_options(FROZEN, options).label_bounds == bounds


def test_what_is_stored_is_in_normal_form():
    made = apply_options(
        Definition(),
        Options(
            where="place = 'Zu\u0308rich'",
            labels={"Nu\u0308sse": "has('Nu\u0308sse')"},
            split_filters={"test": "name = 'u\u0308'"},
        ),
    )
    assert (made.where, made.labels) == ("place = 'Zürich'", (Label("Nüsse", "has('Nüsse')"),))
    assert made.splits[2].where == "name = 'ü'"
    encode(pack_definition(made))


def test_names_given_twice_are_refused():
    with pytest.raises(InvalidInputError, match="the split 'a': the name is given twice"):
        checked(Definition(splits=(Split("a", "0.5"), Split("a", "0.5"))))
    with pytest.raises(InvalidInputError, match="the label 'Nüsse': the name is given twice"):
        checked(Definition(labels=(Label("Nüsse", "true"), Label("Nüsse", "false"))))


@pytest.mark.parametrize("name", ["nuts", "nuts-classes", "2d_nuts", "n"])
def test_project_names(name):
    assert check_project_name(name) == name


@pytest.mark.parametrize("name", ["", "-nuts", "Nuts", "nuts@1", "a/b", "a b", "nüsse", "n" * 64, ".nuts", "nuts\n"])
def test_what_is_no_project_name(name):
    with pytest.raises(InvalidInputError, match="no name for a project"):
        check_project_name(name)


def test_label_names_may_be_any_text_of_one_line():
    names = ["Walnuß, 半分", "tv/monitor"]
    labels = tuple(Label(name, "true") for name in names)
    assert [label.name for label in checked(Definition(labels=labels)).labels] == names
