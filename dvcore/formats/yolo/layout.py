"""Where a YOLO data set keeps what: names of folders, and paths that were written on another machine."""

from collections.abc import Iterator
from typing import Final

from dvcore.formats.reader.per_image import Layout
from dvcore.model.names import MAX_DEPTH, Path

LAYOUT: Final = Layout(own=("labels", "label", "annotations"), images=("images", "image", "imgs", "img"))
LOOKED_THROUGH: Final = frozenset({*LAYOUT.images, "data"})
"""Folders that a published split may be in: `images/train`."""


def ends_of(text: str, folder: Path) -> Iterator[Path]:
    """What a path that was written anywhere may mean here, the longest first: each of its ends, in `folder` or at the
    top. `../train/images` is how Roboflow writes `train/images`."""
    names: list[str] = []
    for name in text.replace("\\", "/").split("/"):
        if name == "..":
            del names[-1:]
        elif name not in ("", "."):
            names.append(name)
    kept = names[-MAX_DEPTH:]
    for start in range(len(kept)):
        tail = tuple(kept[start:])
        if folder:
            yield (*folder, *tail)
        yield tail
