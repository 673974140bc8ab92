"""Makes a repository of many files over few blobs, through the library: `python benchmarks/fill.py FOLDER FILES`. Where
it is there already, the same files come in again.

All lie in one directory, `all`; each is an image of a kind (a variable), and every tenth has two boxes.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from dvcore.ids import BlobId
from dvcore.model.annotations import Entered
from dvcore.model.declarations import LabelDeclaration, VariableDeclaration
from dvcore.model.files import ImageFacts
from dvcore.model.geometry import Box
from dvcore.model.values import ValueType
from dvcore.repo.adding import AddOptions, Declared, add_files
from dvcore.repo.additions import Addition
from dvcore.repo.repository import Repository

BLOBS: Final = 64
FACTS: Final = ImageFacts(640, 480, "JPEG", "RGB")
KINDS: Final = ("walnut", "almond", "hazel")


class Files:
    """The additions, made anew whenever they are iterated."""

    def __init__(self, count: int, blobs: list[BlobId]) -> None:
        self._count = count
        self._blobs = blobs

    def __iter__(self) -> Iterator[Addition]:
        for number in range(self._count):
            blob = self._blobs[number % BLOBS]
            entered = None if number % 10 else tuple(Entered("nut", Box(number % 600, at, 30, 20)) for at in (10, 90))
            kind = KINDS[number % len(KINDS)]
            yield Addition(("all", f"img_{number:08}.jpg"), blob, 7, FACTS, {"kind": kind}, entered)


def main() -> None:
    folder, count = Path(sys.argv[1]), int(sys.argv[2])
    declared = Declared((VariableDeclaration("kind", ValueType.ENUM, KINDS),), (LabelDeclaration("nut", 0),))
    make = Repository.open if (folder / ".dset").exists() else Repository.init
    with make(folder) as repository, repository.writing():
        with repository.blobs.writer() as writer:
            blobs = [writer.add_bytes(f"blob {number:02}".encode()) for number in range(BLOBS)]
        add_files(repository, Files(count, blobs), declared, AddOptions(), "import")


if __name__ == "__main__":
    main()
