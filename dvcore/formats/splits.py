"""Published splits: a data set whose top-level folders are `train`, `val` and the like says which image is for what."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from dvcore.formats.source import SourceFile
from dvcore.model.declarations import VariableDeclaration
from dvcore.model.values import ValueType

SPLIT_VARIABLE: Final = "split"
SPLIT_FOLDERS: Final = ("train", "training", "val", "valid", "validation", "eval", "test", "testing")


def published_splits(files: Iterable[SourceFile]) -> tuple[str, ...]:
    """The top-level folders that are splits: all of those that hold files, if there are two or more and each is named
    like one; otherwise none."""
    folders = {file.path[0] for file in files if len(file.path) > 1}
    if len(folders) < 2 or not folders <= set(SPLIT_FOLDERS):
        return ()
    return tuple(name for name in SPLIT_FOLDERS if name in folders)


def with_splits(files: Sequence[SourceFile], splits: Sequence[str]) -> list[SourceFile]:
    """The files, with the variable set for those in a split's folder. They keep their paths."""
    return [
        replace(file, variables={**file.variables, SPLIT_VARIABLE: file.path[0]})
        if len(file.path) > 1 and file.path[0] in splits
        else file
        for file in files
    ]


def split_declarations(splits: Sequence[str]) -> tuple[VariableDeclaration, ...]:
    """What declares the variable, if there is anything to declare."""
    return (VariableDeclaration(SPLIT_VARIABLE, ValueType.ENUM, choices=tuple(splits)),) if splits else ()
