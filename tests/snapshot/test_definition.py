import pytest

from dvcore.errors import ExistsError, InvalidInputError, NotFoundError
from dvcore.model.definition import DEFAULT_SPLITS, Definition, ImageOptions, Label, Split
from dvcore.snapshot.definition import Options, apply_options, check_project_name, checked


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
            color="gray",
            downsample="both:64x64",
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
        image=ImageOptions(color="gray", downsample="both:64x64"),
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
        (Options(splits={"train": "1", "test": "0"}), "'test' takes nothing"),
        (Options(splits={"Train": "1"}), "no name for a split"),
        (Options(splits={"all": "1"}), "TensorFlow Datasets"),
        (Options(split_filters={"all": "true"}), "choose another"),
        (Options(shards=0), "cannot have 0 shards"),
        (Options(color="grey"), "did you mean 'gray'"),
        (Options(downsample="half"), "half"),
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


def test_names_given_twice_are_refused():
    with pytest.raises(InvalidInputError, match="the split 'a' is given twice"):
        checked(Definition(splits=(Split("a", "0.5"), Split("a", "0.5"))))
    with pytest.raises(InvalidInputError, match="the label 'Nüsse' is given twice"):
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
