import pytest
from support.repositories import descriptions, put, values_at

from dvcore.errors import InvalidInputError, NotFoundError
from dvcore.model.declarations import VariableDeclaration
from dvcore.model.values import ValueType
from dvcore.repo.annotating import Annotation, annotate
from dvcore.repo.repository import Repository
from dvcore.repo.undoing import undo_newest
from dvcore.repo.variable_edits import EditedVariable, VariableEdit, edit_variable
from dvcore.repo.variables import add_variable

DPI = VariableDeclaration("dpi", ValueType.INT)
KIND = VariableDeclaration("kind", ValueType.ENUM, ("walnut", "almond", "nut"))


def edited(repository: Repository, name: str, **edit: object) -> EditedVariable:
    return edit_variable(repository, name, VariableEdit(**edit))  # type: ignore[arg-type]


def test_choices_are_added_at_the_end(repository: Repository) -> None:
    add_variable(repository, KIND)
    assert edited(repository, "kind", add_choices=["fig", "walnut"]).after.choices == ("walnut", "almond", "nut", "fig")
    assert edited(repository, "kind", add_choices=["fig"]).values == 0
    assert descriptions(repository) == ["variable: edit kind", "variable: add kind"]
    with pytest.raises(InvalidInputError, match="empty or there twice"):
        edited(repository, "kind", add_choices=[""])


def test_values_follow_a_renamed_choice(repository: Repository) -> None:
    """Those given on entry and annotated ones; two choices can change places."""
    put(repository, "a.jpg", "b.jpg", "c.jpg", variables={"kind": "walnut"}, declared=[KIND, DPI])
    annotate(repository, [("b.jpg",)], Annotation(set={"kind": "almond", "dpi": "7"}))
    annotate(repository, [("c.jpg",)], Annotation(set={"kind": "nut"}))
    result = edited(repository, "kind", rename_choices={"walnut": "almond", "almond": "walnut"})
    assert (result.after.choices, result.values) == (("almond", "walnut", "nut"), 3)
    assert values_at(repository, "a.jpg") == {"kind": "almond"}
    assert values_at(repository, "b.jpg") == {"kind": "walnut", "dpi": 7}
    assert values_at(repository, "c.jpg") == {"kind": "nut"}
    annotate(repository, [("b.jpg",), ("c.jpg",)], Annotation(unset=["dpi"]))
    assert edited(repository, "kind", rename_choices={"nut": "hazelnut"}).values == 1
    assert values_at(repository, "c.jpg") == {"kind": "hazelnut"}


def test_a_choice_becomes_another_that_is_there(repository: Repository) -> None:
    put(repository, "a.jpg", variables={"kind": "nut"}, declared=[KIND])
    edited(repository, "kind", default="nut")
    result = edited(repository, "kind", rename_choices={"nut": "walnut"})
    assert (result.after.choices, result.after.default) == (("walnut", "almond"), "walnut")
    assert values_at(repository, "a.jpg") == {"kind": "walnut"}
    undo_newest(repository)
    assert values_at(repository, "a.jpg") == {"kind": "nut"}


def test_required_and_default(repository: Repository) -> None:
    add_variable(repository, DPI)
    assert edited(repository, "dpi", required=True, default="300").after == VariableDeclaration(
        "dpi", ValueType.INT, required=True, default=300
    )
    assert edited(repository, "dpi", required=False).after == VariableDeclaration("dpi", ValueType.INT, default=300)
    assert edited(repository, "dpi", no_default=True).after == DPI


def test_edits_that_cannot_be(repository: Repository) -> None:
    add_variable(repository, DPI)
    add_variable(repository, KIND)
    with pytest.raises(NotFoundError, match="has no choice 'wallnut'; did you mean 'walnut'"):
        edited(repository, "kind", rename_choices={"wallnut": "fig"})
    with pytest.raises(NotFoundError, match="no variable 'kin' is declared; did you mean 'kind'"):
        edited(repository, "kin", required=True)
    with pytest.raises(InvalidInputError, match="has no choice 'fig'"):
        edited(repository, "kind", default="fig")
    with pytest.raises(InvalidInputError, match="only an enum has"):
        edited(repository, "dpi", add_choices=["a"])
    with pytest.raises(InvalidInputError, match="'many' is no int"):
        edited(repository, "dpi", default="many")
    assert repository.working_tree().tree.variables == (DPI, KIND)
