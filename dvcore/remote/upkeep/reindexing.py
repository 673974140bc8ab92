"""New indexes in place of those that list packs which go."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from dvcore.remote.indexes.index import MAX_ENTRIES, Index
from dvcore.remote.indexes.levels import find_replaced
from dvcore.remote.indexes.making import IndexMaker, MadeIndex
from dvcore.remote.packs.names import IndexRef
from dvcore.remote.packs.pack import new_salt
from dvcore.remote.upkeep.view import View


def reindex(
    view: View, new: Sequence[Index], send: Callable[[MadeIndex], None], *, without: Collection[bytes]
) -> tuple[IndexRef, ...]:
    """The indexes of the next root: all that there is and what is `new`, and none of these packs, by their ids, nor any
    that has a tombstone. Those that are made are sent one by one.

    Indexes that list none of the packs stay, but for smaller ones, which are taken in by the rule of `indexes.levels`.
    Each that is made has a name that never was there. Raises CorruptError, and what `send` raises.
    """
    gone = view.root.dead_packs | frozenset(without)
    by_ref = dict(zip(view.root.indexes, view.indexes, strict=True))
    changed = {ref for ref, index in by_ref.items() if any(pack.id in gone for pack in index.packs)}
    if not changed and not new:
        return view.root.indexes
    unchanged = [ref for ref in by_ref if ref not in changed]
    entries = sum(map(len, new)) + sum(ref.entries for ref in changed)
    changed.update(find_replaced(unchanged, min(entries, MAX_ENTRIES)))
    refs = [ref for ref in by_ref if ref not in changed]
    for made in _merged([*new, *(index for ref, index in by_ref.items() if ref in changed)], gone):
        send(made)
        refs.append(made.ref)
    return tuple(refs)


def _merged(sources: Iterable[Index], without: Collection[bytes]) -> Iterator[MadeIndex]:
    """As few indexes as hold them, without splitting any: all entries of a pack belong into one."""
    maker = IndexMaker()
    for index in sources:
        if not maker.has_room(len(index)):
            yield from _finished(maker)
            maker = IndexMaker()
        maker.add_index(index, without=without)
    yield from _finished(maker)


def _finished(maker: IndexMaker) -> Iterator[MadeIndex]:
    made = maker.finish(new_salt())
    if made is not None:
        yield made
