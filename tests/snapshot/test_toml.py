import re
from dataclasses import replace
from pathlib import Path
from textwrap import dedent
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvcore.errors import InvalidInputError
from dvcore.model.definition import (
    DEFAULT_SPLITS,
    MAX_BOUND,
    Definition,
    Feature,
    ImageOptions,
    Label,
    Split,
)
from dvcore.snapshot.projects.toml import parse_definition
from dvcore.snapshot.projects.toml_text import format_definition
from dvcore.snapshot.splits.assigning import stratified_head

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20).map(lambda text: normalize("NFC", text))
names = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,9}", fullmatch=True)
shards = st.none() | st.integers(1, 99_999)
classes = st.dictionaries(names, texts, min_size=1, max_size=3).map(
    lambda found: tuple(Label(name, where) for name, where in found.items())
)
image_options = st.fixed_dictionaries(
    {},
    optional={
        "color": st.sampled_from(["gray", "rgb", "mixed"]),
        "downsample": st.sampled_from(["none", "both:8x9:pad", "factor:2.5"]),
        "range": st.sampled_from(["none", "full", "0:4095.5"]),
        "reducing_gap": st.sampled_from(["none", "2", "2.5"]),
        "background": st.sampled_from(["white", "#010203"]),
    },
)


@st.composite
def feature_lists(draw):
    found = [Feature("image", "image", options=draw(image_options))]
    found += [Feature("image", "thumb", options=draw(image_options))] * draw(st.integers(0, 1))
    found += [Feature("file", "image")] * draw(st.integers(0, 1))
    for number, kind in enumerate(draw(st.lists(st.sampled_from(["onehot", "multihot", "index"]), max_size=3))):
        found.append(Feature(kind, f"head{number}", draw(classes)))
    own, options = draw(classes | st.just(())), draw(st.sampled_from([{}, {"empty": "drop", "image": "image"}]))
    group = draw(st.sets(st.sampled_from(["boxes", "masks", "polygons", "keypoints"])))
    found += [Feature(kind, "image/object", own, options) for kind in sorted(group)]
    unset = draw(st.none() | st.just("stop"))
    options = {"variable": "dpi", **({} if unset is None else {"unset": unset})}
    found += [Feature("variable", "variable/dpi", options=options)] * draw(st.integers(0, 1))
    return tuple(found)


@st.composite
def bounds(draw):
    ends = sorted(draw(st.lists(st.integers(0, MAX_BOUND), min_size=2, max_size=2)))
    return (*ends, MAX_BOUND)


@st.composite
def definitions(draw):
    tenths = draw(st.integers(1, 9))
    where = st.none() | texts
    features = draw(st.just(()) | feature_lists())
    made = Definition(
        directories=tuple(dict.fromkeys(draw(st.lists(names, max_size=3)))),
        where=draw(where),
        labels=draw(st.just(()) | classes) if not features else (),
        features=features,
        splits=(
            Split("a", f"0.{tenths}", draw(where), draw(shards)),
            Split("b", f"0.{10 - tenths}", draw(where), draw(shards)),
            Split("c", "0", draw(texts), draw(shards)),
        ),
        stratify=True,
        image=ImageOptions(**draw(image_options)),
        overlap=draw(st.sampled_from(["stop", "first"])),
        leak=draw(st.sampled_from(["stop", "warn"])),
    )
    head = stratified_head(made)
    if head is None or not draw(st.booleans()):
        return replace(made, stratify=False, group_by=draw(st.none() | names))
    frozen = tuple(draw(st.just(()) | bounds()) for _ in head.feature.classes)
    return replace(made, label_bounds=frozen if any(frozen) else ())


@given(definitions())
def test_a_definition_comes_back(definition):
    assert parse_definition(format_definition(definition)) == definition


def test_nothing_is_the_definition_of_a_new_project():
    assert parse_definition("") == Definition()


def test_a_file_as_people_write_it():
    made = parse_definition(
        """
        directories = ["nuts"]
        color = "gray"
        bit_depth = 16
        reducing_gap = 2.0
        group_by = "location"
        shards = 16

        [[labels]]
        name = "walnut"
        where = "has('walnut')"

        [[splits]]
        name = "train"
        ratio = 0.90

        [[splits]]
        name = "eval"
        ratio = "0.1"
        shards = 2

        [[splits]]
        name = "test"
        where = "location = 'Reute'"
        """
    )
    assert made == Definition(
        directories=("nuts",),
        labels=(Label("walnut", "has('walnut')"),),
        splits=(
            Split("train", "0.9", None, 16),
            Split("eval", "0.1", None, 2),
            Split("test", "0", "location = 'Reute'", 16),
        ),
        group_by="location",
        image=ImageOptions(color="gray", bit_depth="16", reducing_gap="2.0"),
    )


def test_features_as_people_write_them():
    made = parse_definition(
        """
        [[features]]
        kind = "image"
        downsample = "both:256x256"
        bit_depth = 8

        [[features]]
        kind = "onehot"

        [[features.classes]]
        name = "walnut"
        where = "kind = 'walnut'"

        [[features]]
        kind = "boxes"
        name = "nut"

        [[features]]
        kind = "variable"
        variable = "dpi"
        unset = 200

        [[features]]
        kind = "variable"
        variable = "ripe"
        unset = true
        """
    )
    assert made.features == (
        Feature("image", "image", options={"downsample": "both:256x256", "bit_depth": "8"}),
        Feature("onehot", "image/class", (Label("walnut", "kind = 'walnut'"),)),
        Feature("boxes", "nut"),
        Feature("variable", "variable/dpi", options={"variable": "dpi", "unset": "200"}),
        Feature("variable", "variable/ripe", options={"variable": "ripe", "unset": "true"}),
    )


def test_the_definitions_in_the_docs_are_such():
    page = (Path(__file__).resolve().parents[2] / "docs" / "snapshots.md").read_text()
    blocks = [dedent(block) for block in re.findall(r"(?:    .*\n|\n(?=    ))+", page)]
    simple, several = (parse_definition(block) for block in blocks if "\n[[" in block)
    assert [label.name for label in simple.labels] == ["walnut"]
    assert [(one.kind, one.name) for one in several.features] == [
        ("image", "image"), ("image", "thumb"), ("onehot", "image/class"), ("multihot", "image/holds"),
        ("boxes", "image/object"), ("variable", "variable/dpi"),
    ]  # fmt: skip
    assert parse_definition(format_definition(several)) == several


def test_bounds_stand_with_the_labels_that_they_are_of():
    made = Definition(
        labels=(Label("a", "true"), Label("b", "false")),
        stratify=True,
        label_bounds=((1, 2, MAX_BOUND), ()),
    )
    text = format_definition(made)
    assert f'name = "a"\nwhere = "true"\nbounds = [1, 2, {MAX_BOUND}]\n\n[[labels]]\nname = "b"' in text
    assert parse_definition(text) == made
    swapped = text.split("\n\n")
    swapped[1], swapped[2] = swapped[2], swapped[1]
    assert parse_definition("\n\n".join(swapped)).label_bounds == ((), (1, 2, MAX_BOUND))


def test_shards_alone_are_for_the_default_splits():
    assert [split.shards for split in parse_definition("shards = 3").splits] == [3] * len(DEFAULT_SPLITS)


IMAGE = "[[features]]\nkind = 'image'\n"
BOXES = "[[features]]\nkind = 'boxes'\n"
ONEHOT = "[[features]]\nkind = 'onehot'\n[[features.classes]]\nname = 'a'\nwhere = 'true'\n"
TWO_LABELS = "[[labels]]\nname = 'a'\nwhere = 'true'\n[[labels]]\nname = 'b'\nwhere = 'true'\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("where = ", "nuts.toml is no TOML"),
        ("colour = 'gray'", "did you mean 'color'"),
        ("color = 1", "nuts.toml: 'color' is no text"),
        ("directories = 'nuts'", "'directories' is no array"),
        ("directories = [1]", "'directories' is no array of texts"),
        ("stratify = 'yes'", "'stratify' is neither true nor false"),
        ("labels = ['walnut']", "write [[labels]] above each"),
        ("features = [1]", "write [[features]] above each"),
        ("shards = 1.5", "'shards' is no whole number"),
        ("shards = true", "'shards' is no whole number"),
        ("[splits]\ntrain = 1", "'splits' is no array"),
        ("downsample = 'both:0x0'", "'both:0x0' asks for a side of 0 pixels"),
        ("downsample = 'height:0'", "'height:0' asks for a side of 0 pixels"),
        ("range = '5:5'", "'5:5'"),
        ("bit_depth = 12", "'12' is no bit depth"),
        ("reducing_gap = 0.5", "'0.5' is no reducing gap"),
        ("directories = " + "[" * 5000, "nuts.toml is nested too deeply"),
        ("shards = " + "9" * 5000, "nuts.toml is no TOML"),
        ("shards = 0x" + "f" * 5000, "nuts.toml: 'shards' is too long a number"),
        ("bit_depth = 0x" + "f" * 5000, "nuts.toml: 'bit_depth' is too long a number"),
        ("x = 1e99999999999999999999", "nuts.toml is no TOML"),
        ("reducing_gap = 1e999999999999", "'1E+999999999999' is no reducing gap"),
    ],
)
def test_mistakes_name_the_file(text, message):
    with pytest.raises(InvalidInputError) as caught:
        parse_definition(text, "nuts.toml")
    assert message in str(caught.value)
    assert str(caught.value).startswith("nuts.toml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[labels]]\nname = 'a'", "[[labels]] 1 ('a'): 'where' is missing"),
        (TWO_LABELS.replace("'b'", "'a'"), "[[labels]] 2 ('a'): the name is given twice"),
        (TWO_LABELS + "bounds = [true]", "[[labels]] 2 ('b'): 'bounds' is no array of whole numbers"),
        (TWO_LABELS + "bounds = [-1]", "[[labels]] 2 ('b'): 'bounds' is no array of whole numbers"),
        (TWO_LABELS + "bounds = [1]", "'bounds' are given to labels that are not stratified"),
        ("stratify = true\n" + TWO_LABELS + "bounds = [1]", "not 3 ascending ones"),
        ("stratify = true\n" + TWO_LABELS + f"bounds = [2, 1, {MAX_BOUND}]", "not 3 ascending ones"),
        ("[[splits]]\nratio = 1", "[[splits]] 1: 'name' is missing"),
        ("[[splits]]\nname = 'a'\nratio = true", "[[splits]] 1 ('a'): 'ratio' is no number"),
        ("[[splits]]\nname = 'a'\nratio = 1\nweight = 1", "[[splits]] 1 ('a'): a split has no key 'weight'"),
        ("[[splits]]\nname = 'a'\nratio = nan", "[[splits]] 1 ('a'): 'NaN' is no ratio"),
        ("[[splits]]\nname = 'a'\nratio = 1e999999999999", "[[splits]] 1 ('a'): '1E+999999999999' is no ratio"),
        ("[[splits]]\nname = 'a'\nratio = 0x" + "f" * 5000, "[[splits]] 1 ('a'): 'ratio' is too long a number"),
        ("[[splits]]\nname = 'a'\nratio = 1e-5", "the ratios of the splits total 0.00001"),
        ("[[splits]]\nname = 'a'\nratio = 0", "[[splits]] 1 ('a'): it takes nothing"),
        (IMAGE + "[[features]]\nname = 'x'", "[[features]] 2 ('x'): 'kind' is missing"),
        (IMAGE + "[[features]]\nkind = 'box'", "[[features]] 2: 'box' is no kind of feature; did you mean 'boxes'"),
        (IMAGE + "colour = 'gray'", "[[features]] 1 ('image'): image has no option 'colour'; did you mean 'color'"),
        (IMAGE + "downsample = 'factor:0'", "[[features]] 1 ('image'): 'factor:0' is no downsampling"),
        (IMAGE + "downsample = ['x']", "[[features]] 1: 'downsample' is no text"),
        (IMAGE + BOXES + "empty = 'maybe'", "[[features]] 2 ('image/object'): 'maybe' is no empty"),
        (IMAGE + BOXES + "image = 'thumb'", "[[features]] 2 ('image/object'): it follows the image 'thumb'"),
        (IMAGE + "[[features]]\nkind = 'variable'", "[[features]] 2 ('variable'): it names no variable"),
        (IMAGE + IMAGE, "[[features]] 2 ('image'): image gives the key 'image/encoded'"),
        (IMAGE + ONEHOT + ONEHOT.replace("onehot", "index"), "[[features]] 3 ('image/class'): index gives the key"),
        (IMAGE + "[[features]]\nkind = 'onehot'", "[[features]] 2 ('image/class'): it has no classes"),
        (
            IMAGE + ONEHOT.replace("name = 'a'", "name = ' '"),
            "[[features]] 2 ('image/class'): [[features.classes]] 1 (' '): ' ' cannot be a label",
        ),
        (
            IMAGE + ONEHOT + "[[features.classes]]\nname = 'a'\nwhere = 'true'",
            "[[features]] 2 ('image/class'): [[features.classes]] 2 ('a'): the name is given twice",
        ),
        (IMAGE + TWO_LABELS, "labels are those of a project without features"),
        (BOXES, "none of the features is an image"),
        ("stratify = true\ngroup_by = 'location'\n" + TWO_LABELS, "stratify does not combine with group_by"),
        ("stratify = true", "stratify needs labels"),
    ],
)
def test_mistakes_are_named_with_their_place(text, message):
    with pytest.raises(InvalidInputError) as caught:
        parse_definition(text, "nuts.toml")
    assert message in str(caught.value)
    if message.startswith("[["):
        assert str(caught.value).startswith(f"nuts.toml: {message}")


def test_every_mistake_has_a_hint_where_a_choice_is_wrong():
    options = (IMAGE + "colour = 'gray'", IMAGE + BOXES + "empty = 'maybe'", IMAGE + BOXES + "image = 'thumb'")
    for text in (*options, BOXES):
        with pytest.raises(InvalidInputError) as caught:
            parse_definition(text)
        assert caught.value.hint
