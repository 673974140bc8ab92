"""Bits flipped on the disk: fsck names what they damage, or nothing reads them. See `support.bitflips`."""

from collections.abc import Callable
from functools import partial

from support.bitflips import check_in_child, find_missed_flip, find_missed_value_flip, make_everything, stored_places
from torture.processes import ask
from torture.stage import BrokenError, Stage


def flip_bits(stage: Stage, *, flips: int, seed: int) -> str:
    """So many bits of stored values, cells included, and as many anywhere in the stores. Gives the figures."""
    root = stage.root / "everything"
    ask(partial(make_everything, root), stage.output)
    places = ask(partial(stored_places, root), stage.output)
    content = check_in_child(root).content
    for number in range(seed * flips, (seed + 1) * flips):
        _try(stage, number, partial(find_missed_value_flip, root, places, number))
        _try(stage, number, partial(find_missed_flip, root, content, number))
    return f"{flips} bits of stored values and {flips} anywhere in the stores"


def _try(stage: Stage, number: int, find_missed: Callable[[], str | None]) -> None:
    """The bit is turned back whatever comes of it, so that there is no repository to keep: the number says which."""
    with stage.trial(stage.root / "none", f"bit flip {number}"):
        if (missed := find_missed()) is not None:
            raise BrokenError(missed)
