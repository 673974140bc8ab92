"""What cannot be written in a format: named together, so that nobody has to mend one and try again for the next."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Final

from dvcore.errors import Fault, FaultyFilesError, InvalidInputError
from dvcore.formats.wording import format_count

_MOST: Final = 10
"""That are looked for: what has more is mended by a rule, not by hand."""


class ExportFaults:
    """The images that could not be written so far."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._hints: set[str | None] = set()

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._faults)

    @property
    def are_enough(self) -> bool:
        """Whether no more are looked for."""
        return len(self._faults) == _MOST

    @contextmanager
    def noting(self, where: str) -> Iterator[None]:
        """Makes of InvalidInputError a fault of an image."""
        try:
            yield
        except InvalidInputError as error:
            self._faults.append(Fault(where, error.message))
            self._hints.add(error.hint)

    def check(self) -> None:
        """Raises FaultyFilesError where there are any, with the hint that all of them have."""
        if self._faults:
            said = f"{'at least ' if self.are_enough else ''}{format_count(len(self._faults), 'image')}"
            hint = self._hints.pop() if len(self._hints) == 1 else None
            raise FaultyFilesError(f"{said} cannot be exported, nothing was done", self._faults, hint=hint)


def refuse_labels(labels: Collection[str], reason: str, format_name: str) -> None:
    """Raises FaultyFilesError where there are labels that a format cannot hold."""
    if labels:
        raise FaultyFilesError(
            f"{format_count(len(labels), 'label')} cannot be written as {format_name}, nothing was done",
            [Fault(repr(label), reason) for label in list(labels)[:_MOST]],
            hint="'dset annotate --relabel' gives another name; or choose another format",
        )
