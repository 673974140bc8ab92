import pytest
from support.repositories import box, labels_at, paths, put, values_at

from dvcore.errors import ExistsError, InvalidInputError, NotFoundError, StateError
from dvcore.model.declarations import VariableDeclaration
from dvcore.model.values import ValueType
from dvcore.repo.annotating import Annotation, annotate
from dvcore.repo.repository import Repository
from dvcore.repo.variables import RemovedVariable, add_variable, remove_variable

DPI = VariableDeclaration("dpi", ValueType.INT)
PLACE = VariableDeclaration("place", ValueType.ENUM, ("Reute", "Waldkirch"))


def test_declaring_twice_is_declaring_once(repository: Repository) -> None:
    assert add_variable(repository, DPI)
    assert not add_variable(repository, DPI)
    assert add_variable(repository, PLACE)
    assert repository.working_tree().tree.variables == (DPI, PLACE)
    with pytest.raises(ExistsError, match="'dpi' is declared already, as int"):
        add_variable(repository, VariableDeclaration("dpi", ValueType.FLOAT))


@pytest.mark.parametrize(
    "declaration",
    [
        VariableDeclaration("kind", ValueType.ENUM),
        VariableDeclaration("kind", ValueType.ENUM, ("a", "")),
        VariableDeclaration("kind", ValueType.ENUM, ("a", "a")),
        VariableDeclaration("kind", ValueType.ENUM, ("\u00fc", "u\u0308")),
        VariableDeclaration("kind", ValueType.ENUM, ("\ud800",)),
        VariableDeclaration("kind", ValueType.ENUM, ("a" * 65_537,)),
        VariableDeclaration("kind", ValueType.TEXT, ("a",)),
        VariableDeclaration("kind", ValueType.INT, three_valued=True),
        VariableDeclaration("kind", ValueType.BOOL, three_valued=True, default=False),
        VariableDeclaration("kind", ValueType.ENUM, ("a", "b"), default="c"),
        VariableDeclaration("kind", ValueType.INT, default=2.0),
        VariableDeclaration("kind", ValueType.BOOL, default=0),
        VariableDeclaration("kind", ValueType.FLOAT, default=float("nan")),
        VariableDeclaration("DPI", ValueType.INT),
        VariableDeclaration("annotated", ValueType.BOOL),
        VariableDeclaration("a/b", ValueType.BOOL),
        VariableDeclaration("", ValueType.BOOL),
    ],
)
def test_declarations_that_cannot_be(repository: Repository, declaration: VariableDeclaration) -> None:
    add_variable(repository, DPI)
    with pytest.raises(InvalidInputError):
        add_variable(repository, declaration)
    assert repository.working_tree().tree.variables == (DPI,)


def test_names_are_normalised(repository: Repository) -> None:
    add_variable(repository, VariableDeclaration("Gro\u0308ße", ValueType.INT))
    assert repository.working_tree().variable("Größe").type is ValueType.INT


def test_removing_a_declaration_takes_its_values_along(repository: Repository) -> None:
    put(repository, "a.jpg", "b.jpg", variables={"dpi": 200}, declared=[DPI, PLACE], entered=[box("dog")])
    put(repository, "c.jpg")
    annotate(repository, [("b.jpg",), ("c.jpg",)], Annotation(set={"dpi": "300"}))
    annotate(repository, [("b.jpg",)], Annotation(set={"place": "Reute"}))
    with pytest.raises(StateError, match=r"3 files have a value for the variable 'dpi'.*; --force removes them"):
        remove_variable(repository, "dpi")
    assert values_at(repository, "c.jpg") == {"dpi": 300}
    assert remove_variable(repository, "dpi", force=True) == RemovedVariable(DPI, values=3)
    assert [values_at(repository, path) for path in paths(repository)] == [{}, {"place": "Reute"}, {}]
    assert labels_at(repository, "b.jpg") == ["dog"]
    assert repository.working_tree().tree.variables == (PLACE,)
    add_variable(repository, VariableDeclaration("dpi", ValueType.TEXT))
    with pytest.raises(NotFoundError, match="did you mean 'place'"):
        remove_variable(repository, "plac")


def test_a_variable_without_values_goes_without_force(repository: Repository) -> None:
    put(repository, "a.jpg", variables={"dpi": 200}, declared=[DPI, PLACE])
    assert remove_variable(repository, "place") == RemovedVariable(PLACE, values=0)
    assert repository.working_tree().tree.variables == (DPI,)
