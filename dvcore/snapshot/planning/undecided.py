"""Images that filters leave undecided, because a variable is not set: counted, so that a slip shows.

An image is undecided where none of the filters that could take it holds for it, and some are unknown: it is not taken.
The prefilter, the labels of each class feature and the splits are asked separately.
"""

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Final

from dvcore.ids import FileId
from dvcore.model.names import Path
from dvcore.model.tree import Tree
from dvcore.query import evaluate, unset_names
from dvcore.repo.repository import Repository
from dvcore.repo.treereader import TreeReader

_IS_NO_IMAGE: Final = "format IS NULL"


@dataclass(frozen=True, slots=True)
class Undecided:
    """How many images some filters leave undecided: `role` says which these are, `names` which variables are unset."""

    role: str
    names: tuple[str, ...]
    images: int

    def __str__(self) -> str:
        images = f"{self.images:,} {'image is' if self.images == 1 else 'images are'} undecided by the {self.role}"
        if not self.names:
            return images
        listed = " and ".join(map(repr, self.names))
        return f"{images}: {listed} {'is' if len(self.names) == 1 else 'are'} not set"


class Watch:
    """Counts them image by image. `filters` are the expressions of each role, all of which are asked of every one,
    in this order; after them, `expressions` are."""

    def __init__(self, tree: Tree, filters: Mapping[str, Sequence[str]]) -> None:
        self._read = [unset_names(tree, text) for texts in filters.values() for text in texts]
        self._names = tuple(dict.fromkeys(name for names in self._read for name in names))
        ends = [0, *accumulate(map(len, filters.values()))]
        self._roles = {role: slice(*ends) for role, ends in zip(filters, pairwise(ends), strict=True)}
        self._counts: Counter[tuple[str, tuple[str, ...]]] = Counter()
        self.expressions = (_IS_NO_IMAGE, *(f"{_quoted(name)} IS NULL" for name in self._names))

    @property
    def can_count(self) -> bool:
        """Whether any of the filters reads what can be unset."""
        return bool(self._names)

    def count(self, values: Sequence[bool | None]) -> None:
        """Take a file in: what the filters give for it, then what `expressions` do."""
        filters, (is_no_image, *unset) = values[: len(self._read)], values[len(self._read) :]
        if is_no_image or None not in filters:
            return
        missing = {name for name, is_unset in zip(self._names, unset, strict=True) if is_unset}
        for role, place in self._roles.items():
            if None in filters[place] and True not in filters[place]:
                asked = zip(self._read[place], filters[place], strict=True)
                read = {name for names, outcome in asked if outcome is None for name in names}
                self._counts[role, tuple(name for name in self._names if name in read & missing)] += 1

    def undecided(self) -> tuple[Undecided, ...]:
        """What was counted, by role, the most frequent first."""
        roles = list(self._roles)
        counted = sorted(self._counts.items(), key=lambda item: (roles.index(item[0][0]), -item[1], item[0][1]))
        return tuple(Undecided(role, names, images) for (role, names), images in counted)


def undecided_by_prefilter(
    repository: Repository, tree: TreeReader, where: str | None, under: Sequence[Path], taken: Container[FileId]
) -> tuple[Undecided, ...]:
    """The images for which the prefilter is unknown, but for those that it takes by another path.

    Raises ExpressionError, CorruptError.
    """
    watch = Watch(tree.tree, {"prefilter": [] if where is None else [where]})
    if not watch.can_count:
        return ()
    rows = evaluate(repository, tree, expressions=watch.expressions, where=where, under=under, unknown=True)
    seen: set[FileId] = set()
    for row, values in rows:
        if row.file not in taken and row.file not in seen:
            seen.add(row.file)
            watch.count([None, *values])
    return watch.undecided()


def ungrouped_line(variable: str, images: int) -> str:
    """What is said of images without a value to group them by."""
    are = "image has" if images == 1 else "images have"
    return f"{images:,} {are} no {variable!r}: each goes by itself"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
