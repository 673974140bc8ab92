"""Published splits: a data set whose top-level folders are `train`, `val` and the like says which image is for what."""

from collections.abc import Iterable, Sequence
from typing import Final

from dvcore.formats.source_folder import SourceFolder
from dvcore.model.declarations import VariableDeclaration
from dvcore.model.values import ValueType

SPLIT_VARIABLE: Final = "split"
SPLIT_FOLDERS: Final = ("train", "training", "val", "valid", "validation", "eval", "test", "testing")


def published_splits(folders: Iterable[SourceFolder]) -> tuple[str, ...]:
    """The top-level folders that are splits: all of those that hold files, if there are two or more and each is named
    like one; otherwise none."""
    names = {folder.path[0] for folder in folders if folder.path and folder.count}
    if len(names) < 2 or not names <= set(SPLIT_FOLDERS):
        return ()
    return tuple(name for name in SPLIT_FOLDERS if name in names)


def with_splits(folders: Sequence[SourceFolder], splits: Sequence[str]) -> list[SourceFolder]:
    """The folders, with the variable set in those of a split. They keep their paths."""
    return [
        folder.with_variable(SPLIT_VARIABLE, folder.path[0]) if folder.path and folder.path[0] in splits else folder
        for folder in folders
    ]


def split_declarations(splits: Sequence[str]) -> tuple[VariableDeclaration, ...]:
    """What declares the variable, if there is anything to declare."""
    return (VariableDeclaration(SPLIT_VARIABLE, ValueType.ENUM, choices=tuple(splits)),) if splits else ()
