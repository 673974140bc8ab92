"""What stops files from coming in: collected while an import is planned, so that one message names them all."""

from dataclasses import dataclass, field
from typing import Final

from dvcore.errors import ConflictError

_SHOWN: Final = 10
"""Paths that a conflict names before it counts the rest."""


@dataclass(slots=True)
class Named:
    """Names for a message: the first few, and how many there are."""

    first: list[str] = field(default_factory=list)
    count: int = 0

    def add(self, name: str) -> None:
        """One more."""
        self.count += 1
        if self.count <= _SHOWN:
            self.first.append(name)

    def __str__(self) -> str:
        more = f" and {self.count - _SHOWN} more" if self.count > _SHOWN else ""
        return ", ".join(self.first) + more


@dataclass(frozen=True, slots=True)
class AddConflicts:
    """Names that other files or directories have, mirrored files that would get different bytes, and annotated files
    that would get another size."""

    taken: Named = field(default_factory=Named)
    contradictions: Named = field(default_factory=Named)
    resized: Named = field(default_factory=Named)

    def refuse(self) -> None:
        """Raises ConflictError where there are any."""
        if self.taken.count:
            raise ConflictError(
                f"{_taken(self.taken.count)} already: {self.taken}",
                hint="--on-existing replace, skip or rename says what to do",
            )
        if self.contradictions.count:
            raise ConflictError(
                f"one file is to get different bytes from two places: {self.contradictions}",
                hint="where the two are mirrors, import them apart, or copy instead of mirroring",
            )
        if self.resized.count:
            raise ConflictError(
                f"{self.resized.count} annotated files would change their size: {self.resized}",
                hint="--keep-annotations replaces them all the same",
            )


def _taken(names: int) -> str:
    return "1 name is taken" if names == 1 else f"{names} names are taken"
