"""Image-level labels: what is, or is not, somewhere in an image, as two text variables of it."""

from collections.abc import Iterator
from pathlib import Path as FolderPath
from typing import Final, Self

import msgpack

from dvcore.ids import digest
from dvcore.model.declarations import VariableDeclaration
from dvcore.model.names import Path, format_path
from dvcore.model.values import ValueType, check_value
from dvcore.store.spilling import SpillingMap

PRESENT: Final = "labels_present"
ABSENT: Final = "labels_absent"
BETWEEN: Final = "; "


class ImageLabels:
    """Lists of labels by image, in the order in which they come. Close it, or use it in a `with`.

    Raises StorageError.
    """

    def __init__(self, scratch: FolderPath | None) -> None:
        self._texts = SpillingMap(scratch)
        self._used: set[str] = set()

    def add(self, image: Path, label: str, *, is_present: bool) -> None:
        """A label more; one that is there already stays once.

        Raises InvalidInputError where they are more than a text holds.
        """
        variable = PRESENT if is_present else ABSENT
        key = digest(f"{variable}/{format_path(image)}".encode())
        held = self._texts.get(key)
        text = msgpack.unpackb(held)[2] if held else ""
        if label in text.split(BETWEEN):
            return
        check_value(longer := f"{text}{BETWEEN}{label}" if text else label)
        self._used.add(variable)
        self._texts.put(key, msgpack.packb((image, variable, longer)))

    def iter_texts(self) -> Iterator[tuple[Path, str, str]]:
        """Images, variables and their values."""
        for _, packed in self._texts.iter_items():
            image, variable, text = msgpack.unpackb(packed)
            yield tuple(image), variable, text

    def declarations(self) -> tuple[VariableDeclaration, ...]:
        """The variables that are filled."""
        return tuple(VariableDeclaration(name, ValueType.TEXT) for name in (PRESENT, ABSENT) if name in self._used)

    def close(self) -> None:
        """Give the room back. Closing twice is no error."""
        self._texts.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
