"""Published splits: a data set whose top-level folders are `train`, `val` and the like says which image is for what."""

from collections.abc import Sequence
from typing import Final

from dvcore.model.declarations import VariableDeclaration
from dvcore.model.values import ValueType

SPLIT_VARIABLE: Final = "split"
SPLIT_FOLDERS: Final = ("train", "training", "val", "valid", "validation", "eval", "test", "testing")


def split_declarations(splits: Sequence[str]) -> tuple[VariableDeclaration, ...]:
    """What declares the variable, if there is anything to declare."""
    return (VariableDeclaration(SPLIT_VARIABLE, ValueType.ENUM, choices=tuple(splits)),) if splits else ()
