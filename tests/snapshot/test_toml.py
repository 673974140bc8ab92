import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvcore.errors import InvalidInputError
from dvcore.model.definition import DEFAULT_SPLITS, Definition, ImageOptions, Label, Split
from dvcore.snapshot.toml import format_definition, parse_definition

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
names = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,9}", fullmatch=True)


@st.composite
def definitions(draw):
    labels = draw(st.dictionaries(names, texts, max_size=3))
    tenths = draw(st.integers(1, 9))
    where = st.none() | texts
    shards = st.none() | st.integers(1, 99_999)
    return Definition(
        directories=tuple(dict.fromkeys(draw(st.lists(names, max_size=3)))),
        where=draw(where),
        labels=tuple(Label(name, text) for name, text in labels.items()),
        splits=(
            Split("a", f"0.{tenths}", draw(where), draw(shards)),
            Split("b", f"0.{10 - tenths}", draw(where), draw(shards)),
            Split("c", "0", draw(texts), draw(shards)),
        ),
        image=ImageOptions(color=draw(st.sampled_from(["gray", "rgb"])), background="white"),
        overlap=draw(st.sampled_from(["stop", "first"])),
    )


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
        image=ImageOptions(color="gray"),
    )


def test_shards_alone_are_for_the_default_splits():
    assert [split.shards for split in parse_definition("shards = 3").splits] == [3] * len(DEFAULT_SPLITS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("where = ", "nuts.toml is no TOML"),
        ("colour = 'gray'", "did you mean 'color'"),
        ("color = 1", "nuts.toml: 'color' is no text"),
        ("directories = 'nuts'", "'directories' is no array"),
        ("directories = [1]", "'directories' is no text"),
        ("labels = ['walnut']", "[[labels]]"),
        ("[[labels]]\nname = 'a'", "'where of a label' is missing"),
        ("[[splits]]\nname = 'a'\nratio = true", "ratio of the split 'a' is no number"),
        ("[[splits]]\nname = 'a'\nratio = 1\nweight = 1", "has no key 'weight'"),
        ("[[splits]]\nratio = 1", "'name of a split' is missing"),
        ("[[splits]]\nname = 'a'\nratio = nan", "no ratio"),
        ("[[splits]]\nname = 'a'\nratio = 1e-5", "total 0.00001"),
        ("shards = 1.5", "'shards' is no whole number"),
        ("shards = true", "'shards' is no whole number"),
        ("[splits]\ntrain = 1", "'splits' is no array"),
    ],
)
def test_mistakes_are_named_with_their_place(text, message):
    with pytest.raises(InvalidInputError) as caught:
        parse_definition(text, "nuts.toml")
    assert message in str(caught.value)
    assert "nuts.toml" in str(caught.value)
