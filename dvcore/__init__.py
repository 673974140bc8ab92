"""`dset` as a library.

    import dvcore

    reader = dvcore.load("nuts@1", repository="path/to/repository")
    for image, onehot in reader.dataset("train", batch=32): ...

    with dvcore.open("path/to/repository") as repository: ...

Importing the package loads nothing else: each name brings its module when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from dvcore.snapshot.reading.reader import SnapshotReader, load
    from dvcore.snapshot.reading.reader import open_repository as open  # noqa: A004

__all__ = ["SnapshotReader", "load", "open"]

_NAMES: Final = {"SnapshotReader": "SnapshotReader", "load": "load", "open": "open_repository"}


def __getattr__(name: str) -> object:
    if name not in _NAMES:
        raise AttributeError(f"module 'dvcore' has no attribute {name!r}")
    return getattr(import_module("dvcore.snapshot.reading.reader"), _NAMES[name])
