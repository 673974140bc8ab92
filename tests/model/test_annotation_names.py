"""Names of labels and attributes: one rule for import, annotating and projects."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvcore.errors import InvalidInputError
from dvcore.model.annotation_names import check_attribute_name, check_label_name

CHECKS = pytest.mark.parametrize("check", [check_label_name, check_attribute_name])


@CHECKS
@pytest.mark.parametrize("name", ["tv/monitor", "..", "Walnuß, 半分", "a\u00a0b", 'the "best"', "x" * 255, "0"])
def test_any_text_of_one_line_is_a_name(check, name):
    assert check(name) == name


@CHECKS
def test_names_are_kept_in_normal_form_c(check):
    assert check("nu\u0308sse") == "nüsse"
    assert check("u\u0308" * 127) == "ü" * 127


@CHECKS
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "is blank"),
        (" \u3000", "is blank"),
        (" nut", "begins or ends with a space"),
        ("nut\u00a0", "begins or ends with a space"),
        ("a\nb", "contains a control character"),
        ("nut\n", "contains a control character"),
        ("a\x85b", "contains a control character"),
        ("a\u2028b", "contains a line break"),
        ("a\u2029b", "contains a line break"),
        ("a\udce9", "is no valid Unicode"),
        ("ü" * 128, "is longer than 255 bytes"),
    ],
)
def test_what_is_no_name(check, name, reason):
    with pytest.raises(InvalidInputError) as caught:
        check(name)
    assert caught.value.message.endswith(f"it {reason}")
    assert len(caught.value.message.encode()) < 400  # and can be printed


def test_the_message_says_what_the_name_was_for():
    with pytest.raises(InvalidInputError, match=r"^' a' cannot be a label: it begins"):
        check_label_name(" a")
    with pytest.raises(InvalidInputError, match=r"^' a' cannot be an attribute: it begins"):
        check_attribute_name(" a")


@CHECKS
@given(st.text(st.characters(), max_size=6))
def test_a_name_is_one_line_that_stays_or_is_refused(check, text):
    try:
        name = check(text)
    except InvalidInputError:
        return
    assert check(name) == name
    assert name.splitlines() == [name]
