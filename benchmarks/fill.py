"""Makes a repository of many files over few blobs, through the library: `python benchmarks/fill.py FOLDER FILES
[BOXES]`. Where it is there already, the same files come in again.

All lie in one directory, `all`; each is an image of a kind (a variable), and every tenth has two boxes, or, where BOXES
is given, each has so many.
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

    def __init__(self, count: int, blobs: list[BlobId], boxes: int | None) -> None:
        self._count = count
        self._blobs = blobs
        self._boxes = boxes

    def __iter__(self) -> Iterator[Addition]:
        for number in range(self._count):
            blob = self._blobs[number % BLOBS]
            tops = range(10, 170, 80) if self._boxes is None else range(self._boxes)
            is_annotated = self._boxes is not None or number % 10 == 0
            entered = tuple(Entered("nut", Box(number % 600, top, 30, 20)) for top in tops) if is_annotated else None
            kind = KINDS[number % len(KINDS)]
            yield Addition(("all", f"img_{number:08}.jpg"), blob, 7, FACTS, {"kind": kind}, entered)


def main() -> None:
    folder, count = Path(sys.argv[1]), int(sys.argv[2])
    boxes = int(sys.argv[3]) if len(sys.argv) > 3 else None
    declared = Declared((VariableDeclaration("kind", ValueType.ENUM, KINDS),), (LabelDeclaration("nut", 0),))
    make = Repository.open if (folder / ".dset").exists() else Repository.init
    with make(folder) as repository, repository.writing():
        with repository.blobs.writer() as writer:
            blobs = [writer.add_bytes(f"blob {number:02}".encode()) for number in range(BLOBS)]
        add_files(repository, Files(count, blobs, boxes), declared, AddOptions(), "import")


if __name__ == "__main__":
    main()
