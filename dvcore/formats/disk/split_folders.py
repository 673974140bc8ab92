"""Published splits: a data set whose top-level folders are `train`, `val` and the like says which image is for what."""

from collections.abc import Collection, Iterable, Sequence

from dvcore.formats.disk.source_folder import SourceFolder
from dvcore.formats.stated.splits import SPLIT_FOLDERS, SPLIT_VARIABLE


def published_splits(folders: Iterable[SourceFolder], inside: Collection[str] = ()) -> tuple[str, ...]:
    """The top-level folders that are splits: all of those that hold files, if there are two or more and each is named
    like one; otherwise none. Folders named like one of `inside`, in lower case, are looked through: `images/train`."""
    names = {top for folder in folders if folder.count and (top := _top(folder, inside)) is not None}
    if len(names) < 2 or not names <= set(SPLIT_FOLDERS):
        return ()
    return tuple(name for name in SPLIT_FOLDERS if name in names)


def with_splits(
    folders: Sequence[SourceFolder], splits: Sequence[str], inside: Collection[str] = ()
) -> list[SourceFolder]:
    """The folders, with the variable set in those of a split. They keep their paths."""
    return [
        folder.with_variable(SPLIT_VARIABLE, top) if (top := _top(folder, inside)) in splits and top else folder
        for folder in folders
    ]


def _top(folder: SourceFolder, inside: Collection[str]) -> str | None:
    """The first name of the path that is not looked through, if there is one."""
    return next((name for name in folder.path if name.lower() not in inside), None)
