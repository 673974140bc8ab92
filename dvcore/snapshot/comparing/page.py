"""The difference of two snapshots as a page to look at: counts, and each changed image before and after."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

from dvcore.history.page import Card, Mark, MarkKind, Picture, Section, Table, changes_page
from dvcore.history.pictures import bring_pictures, picture_of
from dvcore.ids import FileId, InstanceId, format_short
from dvcore.model.files import FileRecord
from dvcore.repo.repository import Repository
from dvcore.repo.treereader import TreeReader
from dvcore.snapshot.catalog.snapshots import Snapshot
from dvcore.snapshot.comparing.counts import count_changes_by_split
from dvcore.snapshot.comparing.diff import ChangeKind, ExampleChange, Side, count_changes
from dvcore.snapshot.comparing.held import HeldInstance
from dvcore.snapshot.comparing.text import describe_change
from dvcore.snapshot.features.groups import groups_of

MOST: Final = 100
"""Images of a section that are shown: with 20 kB each, a page of some MB, which a browser opens at once."""

_TITLES: Final[Mapping[str, str]] = {
    "added": "Added",
    "removed": "Removed",
    "labels": "Relabelled",
    "split": "Moved to another split",
    "pixels": "Other pixels",
    "boxes": "Other boxes",
    "variables": "Other values",
    "path": "Other paths",
    "codecs": "Encoded anew by other codecs",
}
"""Of the sections, by what happened; an image is in the first that fits."""

_Instances = Mapping[InstanceId, HeldInstance]


def snapshot_changes_page(
    repository: Repository, old: Snapshot, new: Snapshot, changes: Sequence[ExampleChange], *, most: int = MOST
) -> str:
    """The page; of each kind of change `most` images are shown.

    Raises CorruptError, StorageError.
    """
    trees = (repository.tree(old.tree), repository.tree(new.tree))
    pictures = _Pictures(repository, trees, is_of_groups=bool(groups_of(new.definition)))
    by_title: dict[str, list[ExampleChange]] = {title: [] for title in _TITLES}
    for change in changes:
        what = change.aspects[0] if change.kind is ChangeKind.MODIFIED else change.kind.value
        by_title[what].append(change)
    bring_pictures(repository, _records(trees, (one for found in by_title.values() for one in found[:most])))
    sections = [
        Section(_TITLES[what], len(found), tuple(pictures.card(one) for one in islice(found, most)))
        for what, found in by_title.items()
        if found
    ]
    commits = " to ".join(format_short(one.dataset) for one in (old, new))
    about = [f"Commit {commits}; {_sentence(changes)}"]
    return changes_page(f"{old.name} to {new.name}", about, [_counts(old, new)], sections)


def _sentence(changes: Sequence[ExampleChange]) -> str:
    counts = ", ".join(f"{number:,} {what}" for what, number in count_changes(changes).items() if number)
    return counts or "no image changed"


def _counts(old: Snapshot, new: Snapshot) -> Table:
    rows = ((one.split, one.label, one.old, one.new, one.new - one.old) for one in count_changes_by_split(old, new))
    return Table("Images by split and label", ("split", "label", "before", "after", "difference"), tuple(rows))


def _records(trees: tuple[TreeReader, TreeReader], changes: Iterable[ExampleChange]) -> Iterator[FileRecord]:
    for change in changes:
        for tree, side in zip(trees, (change.old, change.new), strict=True):
            if side is not None:
                yield tree.record(change.file)


class _Pictures:
    """Makes cards. Marks are the instances of the features; where no feature has any, all of the file."""

    def __init__(self, repository: Repository, trees: tuple[TreeReader, TreeReader], *, is_of_groups: bool) -> None:
        self._repository = repository
        self._trees = trees
        self._is_of_groups = is_of_groups

    def card(self, change: ExampleChange) -> Card:
        """How an image looked, and looks."""
        sides = (change.old, change.new)
        instances = [
            {} if side is None else self._instances(tree, change.file, side)
            for tree, side in zip(self._trees, sides, strict=True)
        ]
        others = (
            (instances[1], MarkKind.REMOVED) if change.new else None,
            (instances[0], MarkKind.ADDED) if change.old else None,
        )
        before, after = (
            None if side is None else self._picture(tree, change.file, _marks(own, other))
            for tree, side, own, other in zip(self._trees, sides, instances, others, strict=True)
        )
        return Card(change.path, describe_change(change), before, after)

    def _instances(self, tree: TreeReader, file: FileId, side: Side) -> _Instances:
        if self._is_of_groups:
            return {one.instance.id: one for one in side.held.instances.values()}
        return {one.id: HeldInstance("", one.label, one) for one in tree.annotations(tree.record(file)).instances}

    def _picture(self, tree: TreeReader, file: FileId, marks: tuple[Mark, ...]) -> Picture:
        return picture_of(self._repository, tree.record(file), marks)


def _marks(own: _Instances, other: tuple[_Instances, MarkKind] | None) -> tuple[Mark, ...]:
    """Each instance by what it is on the other side; `other` has its instances, and what those are that it lacks."""
    return tuple(Mark(one.instance.geometry, _kind(id_, one, other), one.label) for id_, one in own.items())


def _kind(id_: InstanceId, one: HeldInstance, other: tuple[_Instances, MarkKind] | None) -> MarkKind:
    if other is None:
        return MarkKind.SAME
    there, lacking = other
    if id_ not in there:
        return lacking
    return MarkKind.SAME if one.is_like(there[id_]) else MarkKind.CHANGED
