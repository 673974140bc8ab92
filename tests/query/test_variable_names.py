"""Which names variables may have."""

import pytest

from dvcore.errors import InvalidInputError
from dvcore.model.variable_names import BUILT_IN_FIELDS, INSTANCE_FUNCTIONS, KEYWORDS, check_variable_name


@pytest.mark.parametrize(
    "name", ["Almond", "nut size", "größe", "label", "split", "length", "v0", "200dpi", 'a"b', "x'y"]
)
def test_allowed(name: str) -> None:
    assert check_variable_name(name, ["other"]) == name


def test_normal_form() -> None:
    assert check_variable_name("u\u0308", []) == "ü"


@pytest.mark.parametrize("name", [*BUILT_IN_FIELDS, *INSTANCE_FUNCTIONS, *sorted(KEYWORDS), "Path", "TRUE", "case"])
def test_words_of_the_language_are_taken(name: str) -> None:
    with pytest.raises(InvalidInputError, match="expressions have a meaning"):
        check_variable_name(name, [])


@pytest.mark.parametrize("name", ["", " a", "a ", "a=b", "a/b", "..", "a\nb", "x" * 300])
def test_unusable(name: str) -> None:
    with pytest.raises(InvalidInputError, match="cannot be a"):
        check_variable_name(name, [])


def test_no_two_differ_in_case_alone() -> None:
    with pytest.raises(InvalidInputError, match="use 'Almond'"):
        check_variable_name("ALMOND", ["dpi", "Almond"])
    assert check_variable_name("Almond", ["Almond"]) == "Almond"
