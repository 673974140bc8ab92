"""The rule of a three-way merge for one value, and the list of what it could not settle."""

from dataclasses import dataclass, field
from enum import Enum
from typing import TypeVar

from dvcore.model.conflicts import Place, Sides

T = TypeVar("T")


class Strategy(Enum):
    """What becomes of a thing that both sides changed, each otherwise."""

    STOP = "stop"
    """It is a conflict, and the result has our side."""
    OURS = "ours"
    THEIRS = "theirs"
    UNION = "union"
    """Both sides, as far as a thing can be had from both: what one side removed and the other changed is kept, of two
    files that came to one name theirs is put beside ours. Where it cannot, ours."""
    BASE = "base"
    """As it was. Several bases are merged with each other so."""


@dataclass(slots=True)
class Settler:
    """Settles by a strategy, and keeps the conflicts."""

    strategy: Strategy
    conflicts: dict[Place, Sides] = field(default_factory=dict)

    def settle(self, place: Place, sides: Sides) -> bytes | None:
        """What becomes of a thing, encoded. A side that did not change it gives way."""
        if is_settled(sides.base, sides.ours, sides.theirs):
            return merged(sides.base, sides.ours, sides.theirs)
        return self.dispute(place, sides)

    def dispute(self, place: Place, sides: Sides) -> bytes | None:
        """The same of a thing about which the sides disagree, for a reason that its values need not show."""
        match self.strategy:
            case Strategy.THEIRS:
                return sides.theirs
            case Strategy.BASE:
                return sides.base
            case Strategy.UNION if sides.ours is None:
                return sides.theirs
            case Strategy.STOP:
                self.conflicts[place] = sides
        return sides.ours


def is_settled(base: object, ours: object, theirs: object) -> bool:
    """Whether at most one side changed a thing, or both alike."""
    return ours == theirs or base in (ours, theirs)


def merged(base: T, ours: T, theirs: T) -> T:
    """What becomes of a thing that is settled."""
    return theirs if ours == base else ours
