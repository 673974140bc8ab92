"""Rows of mask tables, held until the row of the box that each belongs to comes by, or does not."""

from collections.abc import Iterator
from pathlib import Path as FolderPath
from typing import NamedTuple, Self

import msgpack

from dvcore.errors import InvalidInputError
from dvcore.formats.openimages.images import FilesById
from dvcore.formats.openimages.rows import read_box
from dvcore.formats.openimages.tables import Row
from dvcore.formats.stated.mask_images import drawn_pixels
from dvcore.ids import digest
from dvcore.model.geometry import Box, Mask
from dvcore.store.spilling import SpillingMap


class MaskRow(NamedTuple):
    """A row of a mask table, and what it is called."""

    where: str
    row: Row

    def box(self) -> Box:
        """The box around the object, in fractions of the image's sides."""
        return read_box(self.row, "Box")

    def mask(self, files: FilesById) -> Mask:
        """The mask, of the size that it was drawn in.

        Raises InvalidInputError, worded as a fault of the row.
        """
        from dvcore.model.bitmaps import mask_of_bitmap  # noqa: PLC0415 - numpy; only masks need it

        name = self.row["MaskPath"]
        data = files.read_mask(name)
        try:
            return mask_of_bitmap(drawn_pixels(data))
        except InvalidInputError as error:
            raise InvalidInputError(f"has the mask {name!r}, which {error.message}") from None


class WaitingMasks:
    """Mask rows by image, class and box. Close it, or use it in a `with`. Raises StorageError."""

    def __init__(self, scratch: FolderPath | None) -> None:
        self._rows = SpillingMap(scratch)

    def put(self, mask: MaskRow) -> None:
        """Hold a row. Raises InvalidInputError where its box is none."""
        key = _key(mask.row, mask.box())
        self._hold(key, [*self._held(key), mask])

    def take(self, row: Row, box: Box) -> MaskRow | None:
        """The row whose mask is that of a box, which is then no longer held; the first, of several."""
        key = _key(row, box)
        held = self._held(key)
        if not held:
            return None
        self._hold(key, held[1:])
        return held[0]

    def iter_rest(self) -> Iterator[MaskRow]:
        """Those that no box has taken."""
        return (mask for _, packed in self._rows.iter_items() for mask in _unpack(packed))

    def close(self) -> None:
        """Give the room back. Closing twice is no error."""
        self._rows.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _held(self, key: bytes) -> list[MaskRow]:
        packed = self._rows.get(key)
        return [] if packed is None else _unpack(packed)

    def _hold(self, key: bytes, masks: list[MaskRow]) -> None:
        if masks:
            self._rows.put(key, msgpack.packb(masks))
        else:
            self._rows.delete(key)


def _unpack(packed: bytes) -> list[MaskRow]:
    return [MaskRow(where, row) for where, row in msgpack.unpackb(packed)]


def _key(row: Row, box: Box) -> bytes:
    packed: bytes = msgpack.packb((row["ImageID"], row["LabelName"], box.x, box.y, box.width, box.height))
    return digest(packed)
