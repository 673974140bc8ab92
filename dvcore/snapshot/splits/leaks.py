"""Leaks: the same bytes, or one group, in more than one split, so that a model is tested on what it was trained with.

Files of one split key have one split number, and files of one group too. What tears them apart are filters, bytes that
came in by different ways, and in a stratified project the bounds of different labels.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Final, NamedTuple

from dvcore.errors import ConflictError
from dvcore.ids import BlobId
from dvcore.model.definition import Definition
from dvcore.model.values import Value, format_value

_NAMED: Final = 10
"""Leaks that a message names before it only counts."""
_NAMED_FILES: Final = 3
"""Files of each split that a leak names."""


class Placed(NamedTuple):
    """A file that has a split: `split` is an index, `group` the value of its group, None where it has none."""

    path: str
    blob: BlobId
    split: int
    group: Value | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """What of a leak is in one split: how many files, and the first paths."""

    split: str
    files: int
    paths: tuple[str, ...]

    def __str__(self) -> str:
        more = self.files - len(self.paths)
        return f"{', '.join(self.paths)}{f' and {more:,} more' if more else ''}"


@dataclass(frozen=True, slots=True)
class Leak:
    """Files of the same bytes, or of the `group`, in more than one split."""

    parts: tuple[Part, ...]
    group: Value | None = None

    def __str__(self) -> str:
        if self.group is None:
            return " = ".join(f"{part} ({part.split})" for part in self.parts)
        return f"{format_value(self.group)!r} ({'; '.join(f'{part.split}: {part}' for part in self.parts)})"


def find_leaks(definition: Definition, placed: Sequence[Placed]) -> tuple[Leak, ...]:
    """Those of the same bytes, then those of groups, each in the order of their paths."""
    names = [split.name for split in definition.splits]
    leaks = [Leak(_parts(files, names)) for files in _torn(placed, attrgetter("blob"))]
    if definition.group_by is not None:
        leaks += [Leak(_parts(files, names), files[0].group) for files in _torn(placed, attrgetter("group"))]
    return tuple(leaks)


def check_leaks(definition: Definition, leaks: Sequence[Leak]) -> None:
    """Raises ConflictError, naming the files, where there is a leak that the definition does not allow."""
    if leaks and definition.leak == "stop":
        raise ConflictError(
            "; ".join(leak_lines(definition, leaks, "would land")),
            hint='remove the duplicates, let one split\'s filter take them all, or set leak = "warn"',
        )


def leak_lines(definition: Definition, leaks: Sequence[Leak], verb: str = "are") -> list[str]:
    """A line for leaks of bytes, and one for those of groups."""
    bytes_ = [leak for leak in leaks if leak.group is None]
    groups = [leak for leak in leaks if leak.group is not None]
    lines = [f"the same bytes {verb} in two splits: {_listed(bytes_)}"] if bytes_ else []
    if groups:
        lines.append(f"files of one {definition.group_by!r} {verb} in two splits: {_listed(groups)}")
    return lines


def _torn(placed: Sequence[Placed], key: Callable[[Placed], Hashable]) -> list[list[Placed]]:
    """The files of each key that more than one split has, by their paths; None is no key."""
    first: dict[Hashable, int] = {}
    torn = {key(one) for one in placed if first.setdefault(key(one), one.split) != one.split} - {None}
    files: defaultdict[Hashable, list[Placed]] = defaultdict(list)
    for one in placed if torn else ():
        if key(one) in torn:
            files[key(one)].append(one)
    for group in files.values():
        group.sort(key=_path_bytes)
    return sorted(files.values(), key=lambda group: _path_bytes(group[0]))


def _path_bytes(one: Placed) -> bytes:
    return one.path.encode()


def _parts(files: Iterable[Placed], names: Sequence[str]) -> tuple[Part, ...]:
    """In the order of the first file of each split."""
    by_split: defaultdict[int, list[str]] = defaultdict(list)
    for one in files:
        by_split[one.split].append(one.path)
    return tuple(Part(names[split], len(paths), tuple(paths[:_NAMED_FILES])) for split, paths in by_split.items())


def _listed(leaks: Sequence[Leak]) -> str:
    more = f", and {len(leaks) - _NAMED:,} more" if len(leaks) > _NAMED else ""
    return ", ".join(map(str, leaks[:_NAMED])) + more
