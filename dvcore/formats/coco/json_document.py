"""A COCO json that grows: entries of images go into the file, annotations aside until all images are listed."""

import json
from collections.abc import Sequence
from contextlib import suppress
from tempfile import TemporaryFile
from typing import Any, Final, Self

from dvcore.formats.export.out_folder import OutFolder
from dvcore.model.names import Path
from dvcore.store.folders import storage_errors

_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_BUFFER: Final = 1 << 18
_HEAD: Final = '"info":{},\n"licenses":[],\n'
"""Of which some versions of pycocotools copy the first into results, and fail where it is not there."""


class JsonDocument:
    """The file at a path of an export; without `categories` it has no such list. Methods raise StorageError."""

    def __init__(self, out: OutFolder, path: Path, categories: Sequence[Any] | None) -> None:
        self.name = path[-1]
        self._out = out
        self._path = path
        self._images = self._annotations = 0
        with storage_errors(out.root):
            self._aside = TemporaryFile("w+", encoding="utf-8", newline="", buffering=_BUFFER, dir=out.root)  # noqa: SIM115
        head = "" if categories is None else f'"categories":{_encode(categories)},\n'
        out.add_text(path, f'{{{_HEAD}{head}"images":[')

    def add_image(self, record: dict[str, Any]) -> None:
        """An entry of `images`."""
        self._out.add_text(self._path, f"{',' if self._images else ''}\n{_encode(record)}")
        self._images += 1

    def add_annotation(self, record: dict[str, Any]) -> None:
        """An entry of `annotations`."""
        with storage_errors(self._out.root):
            self._aside.write(f"{',' if self._annotations else ''}\n{_encode(record)}")
        self._annotations += 1

    def finish(self) -> None:
        """Put the annotations behind the images; nothing can be added any more."""
        self._out.add_text(self._path, '\n],\n"annotations":[')
        with storage_errors(self._out.root):
            self._aside.seek(0)
            while piece := self._aside.read(_BUFFER):
                self._out.add_text(self._path, piece)
        self._out.add_text(self._path, "\n]}\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # it has no name, and what was in it is written or no longer wanted
            self._aside.close()
