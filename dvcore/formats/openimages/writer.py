"""Writes Open Images: `images/` with a folder for each split, and tables under `annotations/`.

An image is known by its id, the stem of its name: directories that it is in become the beginning of that.
`docs/exporting.md` has what is kept.
"""

from collections.abc import Iterable
from contextlib import closing
from typing import Final

from dvcore.errors import ConflictError
from dvcore.formats.export.exported import Exported, ExportOptions
from dvcore.formats.export.exporting import Export, Exporter
from dvcore.formats.export.losses import find_own_box
from dvcore.formats.openimages.image_labels import ABSENT, BETWEEN, PRESENT
from dvcore.formats.openimages.records import (
    BOX_HEAD,
    CLASS_HEAD,
    IMAGE_HEAD,
    IMAGE_LABEL_HEAD,
    MASK_HEAD,
    box_cells,
    box_row,
    class_ids,
    mask_row,
)
from dvcore.formats.texts.csv_text import format_row
from dvcore.ids import digest
from dvcore.model.annotations import Instance
from dvcore.model.conversions import mask_of
from dvcore.model.geometry import Mask, Polygon
from dvcore.model.names import Path, format_path
from dvcore.model.values import Value
from dvcore.store.spilling import SpillingMap

_CONFIDENCES: Final = {PRESENT: "1", ABSENT: "0"}


def write_open_images(export: Export) -> None:
    """Write all files.

    Raises ConflictError where two images would have one id.
    """
    with closing(_Writer(export)) as writer:
        export.each(writer.add)


class _Writer:
    """The tables, each made when the first row is for it."""

    def __init__(self, export: Export) -> None:
        self._export = export
        self._ids = class_ids(export.labels)
        self._images = SpillingMap(export.scratch)
        self._tables: set[Path] = set()
        for name, id_ in self._ids.items():
            self._add("class-descriptions.csv", CLASS_HEAD, [id_, name])

    def add(self, file: Exported) -> None:
        """Write an image and what is said of it."""
        split = () if file.split is None else (file.split,)
        name = "-".join(file.below(*split))
        image = name.rpartition(".")[0] or name
        self._claim(image, file)
        self._export.put_image(file, ("images", *split, name))
        self._add("image_ids.csv", IMAGE_HEAD, [image, file.split or ""])
        self._add_image_labels(image, file)
        if file.annotated and not file.instances:
            self._export.losses.lose("that an image has no instances")
        for number, instance in enumerate(file.instances):
            self._add_instance(image, number, instance, file)

    def close(self) -> None:
        """Give the room of the ids back."""
        self._images.close()

    def _claim(self, image: str, file: Exported) -> None:
        key = digest(image.encode())
        before = self._images.get(key)
        if before is not None:
            raise ConflictError(
                f"{before.decode()} and {format_path(file.path)} would both have the id {image!r}",
                hint="give one of the two another name, or export them apart",
            )
        self._images.put(key, format_path(file.path).encode())

    def _add_image_labels(self, image: str, file: Exported) -> None:
        for variable, confidence in _CONFIDENCES.items():
            said = file.variables.get(variable)
            for name in said.split(BETWEEN) if isinstance(said, str) and said else ():
                cells = [image, "verification", self._ids.get(name, name), confidence]
                self._add(_table(file, "annotations-human-imagelabels.csv"), IMAGE_LABEL_HEAD, cells)

    def _add_instance(self, image: str, number: int, instance: Instance, file: Exported) -> None:
        losses, geometry = self._export.losses, instance.geometry
        if isinstance(geometry, Polygon):
            losses.convert(instance, "mask")
        has_mask = isinstance(geometry, Polygon | Mask)
        box = find_own_box(instance, file.facts) if has_mask else losses.box(instance, file.facts)
        if box is None:
            if has_mask:
                losses.drop(instance, "no pixel")
            return
        class_id, cells = self._ids.get(instance.label, instance.label), box_cells(box, file.facts)
        row = box_row(image, class_id, cells, instance.attributes, losses, has_mask=has_mask)
        self._add(_table(file, "annotations-bbox.csv"), BOX_HEAD, row)
        if isinstance(geometry, Polygon | Mask):
            name = f"{image}_m{number}.png"
            self._put_mask(name, mask_of(geometry, file.facts.height, file.facts.width), file)
            row = mask_row(image, class_id, name, cells, instance.attributes)
            self._add(_table(file, "annotations-object-segmentation.csv"), MASK_HEAD, row)

    def _put_mask(self, name: str, mask: Mask, file: Exported) -> None:
        from dvcore.formats.export.mask_windows import mask_png  # noqa: PLC0415 - numpy and Pillow, which only masks need

        self._export.out.write_bytes(("masks", *(() if file.split is None else (file.split,)), name), mask_png(mask))

    def _add(self, table: str, head: Iterable[str], cells: Iterable[str]) -> None:
        path = ("annotations", table)
        if path not in self._tables:
            self._tables.add(path)
            self._export.out.add_text(path, format_row(head))
        self._export.out.add_text(path, format_row(cells))


def _table(file: Exported, name: str) -> str:
    return name if file.split is None else f"{file.split}-{name}"


def _holds(name: str, value: Value, _: ExportOptions) -> bool:
    return name in _CONFIDENCES and isinstance(value, str)


OPEN_IMAGES_EXPORTER: Final = Exporter("openimages", write_open_images, holds_variable=_holds)
