"""Defaults of variables: read where nothing is set, stored nowhere but in the declaration."""

import pytest
from support.repositories import put, values_at

from dvcore.errors import ExistsError
from dvcore.model.declarations import VariableDeclaration
from dvcore.model.values import Value, ValueType
from dvcore.query import select
from dvcore.repo.annotating import Annotation, annotate
from dvcore.repo.repository import Repository
from dvcore.repo.variable_edits import VariableEdit, edit_variable
from dvcore.repo.variables import add_variable

DPI = VariableDeclaration("dpi", ValueType.INT, default=200)
RIPE = VariableDeclaration("ripe", ValueType.BOOL, default=True)
KIND = VariableDeclaration("kind", ValueType.ENUM, ("walnut", "almond"), default="almond")


def selected(repository: Repository, where: str) -> list[str]:
    return [row.path for row in select(repository, repository.working_tree(), where=where)]


def test_an_unset_value_reads_as_the_default(repository: Repository) -> None:
    put(repository, "a.jpg", "b.jpg")
    for declaration in (DPI, RIPE, KIND):
        add_variable(repository, declaration)
    annotate(repository, [("a.jpg",)], Annotation(set={"dpi": "300", "ripe": "false"}))
    assert values_at(repository, "a.jpg") == {"dpi": 300, "ripe": False, "kind": "almond"}
    assert values_at(repository, "b.jpg") == {"dpi": 200, "ripe": True, "kind": "almond"}
    reader = repository.working_tree()
    assert [reader.stated_variables(record) for _, record in reader.iter_records()].count({}) == 1


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("dpi = 200", ["b.jpg"]),
        ("dpi <> 200", ["a.jpg"]),
        ("dpi IS NULL", []),
        ("ripe", ["b.jpg"]),
        ("NOT ripe", ["a.jpg"]),
        ("ripe IS NULL", []),
        ("kind = 'almond' AND dpi + 100 > 300 AND width = 100", ["a.jpg"]),
        ("note IS NULL", ["a.jpg", "b.jpg"]),
    ],
)
def test_expressions_read_defaults(repository: Repository, where: str, expected: list[str]) -> None:
    put(repository, "a.jpg", "b.jpg")
    for declaration in (DPI, RIPE, KIND, VariableDeclaration("note", ValueType.TEXT)):
        add_variable(repository, declaration)
    annotate(repository, [("a.jpg",)], Annotation(set={"dpi": "300", "ripe": "false"}))
    assert selected(repository, where) == expected


def test_another_default_changes_what_expressions_find(repository: Repository) -> None:
    put(repository, "a.jpg")
    add_variable(repository, DPI)
    assert selected(repository, "dpi = 200") == ["a.jpg"]
    edit_variable(repository, "dpi", VariableEdit(default="72"))
    assert (selected(repository, "dpi = 200"), selected(repository, "dpi = 72")) == ([], ["a.jpg"])
    edit_variable(repository, "dpi", VariableEdit(no_default=True))
    assert selected(repository, "dpi IS NULL") == ["a.jpg"]


def test_declaring_again_with_another_default_is_refused(repository: Repository) -> None:
    add_variable(repository, DPI)
    assert not add_variable(repository, DPI)
    with pytest.raises(ExistsError, match="'dset variable edit' changes it"):
        add_variable(repository, VariableDeclaration("dpi", ValueType.INT, default=72))


@pytest.mark.parametrize(
    ("kind", "three_valued", "default", "reads"),
    [
        (ValueType.BOOL, False, None, False),
        (ValueType.BOOL, True, None, None),
        (ValueType.BOOL, False, True, True),
        (ValueType.INT, False, None, None),
        (ValueType.INT, False, 0, 0),
        (ValueType.TEXT, False, "", ""),
    ],
)
def test_what_a_condition_reads(
    kind: ValueType, three_valued: bool, default: Value | None, reads: Value | None
) -> None:
    declaration = VariableDeclaration("name", kind, three_valued=three_valued, default=default)
    assert declaration.unset_reads is reads or declaration.unset_reads == reads
    assert type(declaration.unset_reads) is type(reads)
