"""Which indexes become one when a push adds its own, so that they stay few and a small push writes little.

In ascending order each index has at least twice the entries of the one before, unless both together would be too many
for one. So there are at most 20 small ones, and one more for every third of a full one; a value's record is written
again some 20 times in its life, and a push of ten changes rarely writes more than a few hundred. Git repacks packs by
this rule (`git repack --geometric`).
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Final

from dvcore.remote.indexes.index import MAX_ENTRIES, Index
from dvcore.remote.indexes.making import IndexMaker, MadeIndex
from dvcore.remote.packs.names import IndexRef

_FACTOR: Final = 2


@dataclass(frozen=True, slots=True)
class Merged:
    """An index that is to be sent, and those that it stands for from then on."""

    made: MadeIndex
    replaced: tuple[IndexRef, ...]


def find_replaced(indexes: Iterable[IndexRef], added: int) -> tuple[IndexRef, ...]:
    """The indexes to merge with one of `added` entries, from the smallest on."""
    entries, replaced = added, []
    for index in sorted(indexes, key=lambda index: (index.entries, index.id)):
        if index.entries >= _FACTOR * entries or entries + index.entries > MAX_ENTRIES:
            break
        replaced.append(index)
        entries += index.entries
    return tuple(replaced)


def merge_new(
    new: Index,
    indexes: Iterable[IndexRef],
    opened: Callable[[IndexRef], Index],
    *,
    salt: bytes,
    without: Collection[bytes] = (),
) -> Merged | None:
    """The one index that a push adds to those of the root: its own and the smaller ones that it takes in.

    `without` are packs, by their ids, that are not listed any more; where nothing is left, None. A push that finds the
    root changed merges again. Raises what `opened` raises, and CorruptError.
    """
    replaced = find_replaced(indexes, len(new))
    maker = IndexMaker()
    for index in (new, *map(opened, replaced)):
        maker.add_index(index, without=without)
    made = maker.finish(salt)
    return None if made is None else Merged(made, replaced)
