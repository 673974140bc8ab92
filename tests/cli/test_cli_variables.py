"""`dset variable`, and what defaults do to what other commands show."""

import pytest
from support.command import Dset

WALNUT = "nuts/walnut/00.png"


def test_a_default_is_shown_and_found(nuts: Dset) -> None:
    nuts("variable", "add", "dpi", "--type", "int", "--default", "200")
    nuts("annotate", WALNUT, "--set", "dpi=300")
    assert nuts("variable", "list").out.splitlines()[-1] == "dpi    int   default 200"
    assert nuts("variable", "list", "--json").rows[-1]["default"] == 200
    assert nuts("ls", "nuts", "--where", "dpi = 200", "--count").json == 11
    assert {row["variables"]["dpi"] for row in nuts("ls", "-R", "--json").rows} == {200, 300}
    nuts("commit", "-m", "dpi")
    nuts("variable", "edit", "dpi", "--default", "72")
    assert nuts("ls", "nuts", "--where", "dpi = 200", "--count").json == 0
    assert nuts("ls", "HEAD:nuts", "--where", "dpi = 200", "--count").json == 11


def test_removing_values_takes_force(nuts: Dset) -> None:
    said = nuts.fails("variable", "remove", "label")
    assert said == (
        "dset: 12 files have a value for the variable 'label', which would go with it; --force removes them"
    )
    assert nuts("ls", "nuts", "--where", "label = 'walnut'", "--count").json == 6
    said = nuts("variable", "remove", "label", "--force").out
    assert said == "removed label and its value in 12 files; 'dset undo' brings them back\n"
    nuts("undo")
    assert nuts("ls", "nuts", "--where", "label = 'walnut'", "--count").json == 6
    nuts("variable", "add", "dpi", "--type", "int")
    assert nuts("variable", "remove", "dpi").out == "removed dpi; 'dset undo' brings it back\n"


def test_editing_choices(nuts: Dset) -> None:
    said = nuts("variable", "edit", "label", "--rename-choice", "walnut=oak", "--add-choice", "fig", "--required")
    assert said.out == "changed label: enum almond, oak, fig; required\nits value has another name in 6 files\n"
    assert nuts("variable", "edit", "label", "--add-choice", "fig").out == "label is so already\n"
    assert nuts("ls", "nuts", "--where", "label = 'oak'", "--count").json == 6
    assert "did you mean 'almond'" in nuts.fails("variable", "edit", "label", "--rename-choice", "almnd=x")


def test_choices_are_any_texts_from_the_start_as_later(nuts: Dset) -> None:
    nuts("variable", "add", "mix", "--type", "enum", "--choices", "a/b, u\u0308", "--default", "u\u0308")
    nuts("variable", "edit", "mix", "--add-choice", "d/e")
    assert nuts("variable", "list", "--json").rows[-1]["choices"] == ["a/b", "\u00fc", "d/e"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("add", "dpi", "--type", "int", "--default", "many"), "variable 'dpi': 'many' is no int"),
        (("add", "kind", "--type", "enum", "--choices", "a,b", "--default", "c"), "has no choice 'c'"),
        (("add", "x", "--type", "bool", "--three-valued", "--default", "true"), "would never be unknown"),
        (("edit", "labl", "--required"), "did you mean 'label'"),
    ],
)
def test_declarations_that_cannot_be(nuts: Dset, arguments: tuple[str, ...], message: str) -> None:
    assert message in nuts.fails("variable", *arguments)


@pytest.mark.parametrize("options", [(), ("--default", "walnut", "--no-default")])
def test_edits_that_make_no_sense(nuts: Dset, options: tuple[str, ...]) -> None:
    nuts.fails("variable", "edit", "label", *options, code=2)
