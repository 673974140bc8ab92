"""Boxes and masks of Open Images' tables as instances of the images that are there."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from dvcore.errors import Fault, InvalidInputError
from dvcore.formats.openimages.classes import Classes
from dvcore.formats.openimages.images import FilesById
from dvcore.formats.openimages.masks import MaskRow, WaitingMasks
from dvcore.formats.openimages.rows import (
    BOX_COLUMNS,
    MASK_COLUMNS,
    lost_columns,
    read_box,
    read_box_attributes,
    read_mask_attributes,
)
from dvcore.formats.openimages.tables import Row
from dvcore.formats.stated.annotations import StatedAnnotations, StatedInstance
from dvcore.formats.stated.by_image import StatedMap
from dvcore.model.annotations import Entered
from dvcore.model.names import Path


@dataclass(slots=True)
class Instances:
    """Takes rows, those of masks first: a mask is of the box that has the same image, class and corners. `lost` counts
    what is not kept, `masks` the rows that were used."""

    files: FilesById
    waiting: WaitingMasks
    stated: StatedMap
    classes: Classes
    left_out: list[Fault]
    lost: Counter[str] = field(default_factory=Counter)
    masks: int = 0

    def read_mask(self, where: str, _: Path, row: Row) -> None:
        """A row of a mask table. Raises InvalidInputError where its box is none."""
        self.waiting.put(MaskRow(where, row))

    def read_box(self, where: str, image: Path, row: Row) -> None:
        """A row of a table of boxes, with the mask that waits for it; where that cannot be read, the box alone, and the
        row of the mask is left out.

        Raises InvalidInputError.
        """
        label, box = self.classes.label_of(row["LabelName"]), read_box(row)
        entered = Entered(label, box, attributes=read_box_attributes(row))
        self.lost.update(f"{column} of boxes" for column in lost_columns(row, BOX_COLUMNS))
        mask = self.waiting.take(row, box)
        try:
            entered = entered if mask is None else self._masked(entered, mask)
        except InvalidInputError as error:
            self.left_out.append(Fault(mask.where if mask else where, error.message))
        self._add(image, StatedInstance(where, entered))

    def iter_rest(self) -> Iterator[MaskRow]:
        """Mask rows of which no box is there."""
        return self.waiting.iter_rest()

    def read_rest(self, where: str, image: Path, row: Row) -> None:
        """A row of a mask table for whose object there is no row of a box.

        Raises InvalidInputError.
        """
        mask = MaskRow(where, row)
        entered = Entered(self.classes.label_of(row["LabelName"]), mask.box())
        self._add(image, StatedInstance(where, self._masked(entered, mask)))

    def _add(self, image: Path, instance: StatedInstance) -> None:
        if image not in self.stated:
            self.stated.put(image, StatedAnnotations(instance.where, None, (), is_normalized=True))
        self.stated.add(image, instance)

    def _masked(self, entered: Entered, mask: MaskRow) -> Entered:
        """The instance with the mask for its geometry. Raises InvalidInputError where that cannot be read."""
        attributes = {**entered.attributes, **read_mask_attributes(mask.row)}
        geometry = mask.mask(self.files)
        self.masks += 1
        self.lost.update(f"{column} of masks" for column in lost_columns(mask.row, MASK_COLUMNS))
        return Entered(entered.label, geometry, mask.box(), attributes=attributes)
