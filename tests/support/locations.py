"""A repository whose pictures have the variable `location`, but for the last three."""

from dvcore.model.declarations import VariableDeclaration
from dvcore.model.names import parse_path
from dvcore.model.values import ValueType
from dvcore.repo.annotating import Annotation, annotate
from dvcore.repo.repository import Repository
from dvcore.repo.variables import add_variable
from support.datasets import drawn_repository

PLACES = ("Reute", "Waldkirch", "Biberach", "Elzach", "Simonswald")


def located_repository() -> Repository:
    """30 pictures in `nuts`, of the places in turn."""
    made = drawn_repository(None, 30)
    add_variable(made, VariableDeclaration("location", ValueType.TEXT))
    for index, place in enumerate(PLACES):
        set_location(made, place, *(f"nuts/{number:03d}.png" for number in range(index, 27, 5)))
    return made


def set_location(repository: Repository, location: str, *paths: str) -> None:
    """Annotate files with a location."""
    annotate(repository, [parse_path(path) for path in paths], Annotation(set={"location": location}))
