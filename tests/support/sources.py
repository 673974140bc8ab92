"""Folders to import: drawn pictures and COCO json beside them."""

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from dvcore.formats.intake.importing import import_source
from dvcore.formats.intake.report import ImportReport
from dvcore.model.annotations import Instance
from dvcore.model.files import FileRecord
from dvcore.model.names import format_path, parse_path
from dvcore.repo.repository import Repository
from support.datasets import drawn

WIDTH, HEIGHT = 12, 8
"""Of the pictures that `put_pictures` draws."""


def put_pictures(folder: Path, *names: str) -> Path:
    """Write different pictures of 12x8 pixels; a name is a path under the folder."""
    for number, name in enumerate(names):
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(drawn(number, size=(WIDTH, HEIGHT)))
    return folder


def put_file(folder: Path, name: str, content: str | bytes) -> None:
    """A file with this content, in folders that are made on the way."""
    place = folder / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content if isinstance(content, bytes) else content.encode())


def turned_jpeg(orientation: int, size: tuple[int, int] = (WIDTH, HEIGHT)) -> bytes:
    """A JPEG stored in this size with an EXIF orientation."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    stream = io.BytesIO()
    Image.new("RGB", size, (200, 100, 50)).save(stream, "JPEG", exif=exif)
    return stream.getvalue()


def coco(*annotations: Any, **sections: Any) -> dict[str, Any]:
    """A COCO document of one picture `a.png` (id 1), the categories nut (1) and leaf (2), and these annotations. Each
    gets an id, the image and the category 1 unless it says otherwise."""
    filled = [
        {"id": number, "image_id": 1, "category_id": 1, **one} if isinstance(one, dict) else one
        for number, one in enumerate(annotations, start=1)
    ]
    return {
        "images": [{"id": 1, "file_name": "a.png", "width": WIDTH, "height": HEIGHT}],
        "categories": [{"id": 1, "name": "nut"}, {"id": 2, "name": "leaf", "supercategory": "plant"}],
        "annotations": filled,
        **sections,
    }


def put_coco(folder: Path, document: Any, name: str = "labels.json") -> Path:
    """Write a json file beside `a.png`, which is drawn unless it is there."""
    if not (folder / "a.png").exists():
        put_pictures(folder, "a.png")
    place = folder / name
    place.parent.mkdir(exist_ok=True)
    place.write_text(document if isinstance(document, str) else json.dumps(document))
    return folder


def imported(repository: Repository, source: Path, to: str = "nuts", **options: Any) -> ImportReport:
    """Import into a directory that is given as a text."""
    return import_source(repository, source, parse_path(to), **options)


def records(repository: Repository) -> Mapping[str, FileRecord]:
    """The records of all files of the working state by path."""
    reader = repository.working_tree()
    return {format_path(path): reader.record(file) for path, file in reader.iter_files()}


def instances(repository: Repository, path: str) -> tuple[Instance, ...]:
    """The instances of one file of the working state, those of a COCO source in the order of their ids there."""
    reader = repository.working_tree()
    found = reader.annotations(records(repository)[path]).instances
    return tuple(sorted(found, key=lambda one: one.source or ""))


def reasons(faults: Any) -> str:
    """All faults as one text."""
    return "\n".join(map(str, faults))
