"""What changed between two snapshots of one project, for the model: images, labels, splits, pixels.

Read from the two manifests alone, at the cost of what changed; what people said of the images is in the two trees.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from dvcore.errors import InvalidInputError
from dvcore.history.annotations import AnnotationChange, diff_annotations
from dvcore.history.diff import FileChange, Kind
from dvcore.ids import FileId
from dvcore.model.manifest import Exported, decode_exported
from dvcore.model.names import parse_path
from dvcore.prolly import diff
from dvcore.repo.repository import Repository
from dvcore.repo.treereader import TreeReader
from dvcore.snapshot.catalog import Snapshot


class ChangeKind(Enum):
    """What happened to an image of a snapshot."""

    ADDED = "added"
    REMOVED = "removed"
    MODIFIED = "modified"


@dataclass(frozen=True, slots=True)
class Side:
    """An example as one snapshot holds it, with the names that its numbers stand for."""

    exported: Exported
    labels: tuple[str, ...]
    split: str


@dataclass(frozen=True, slots=True)
class ExampleChange:
    """One file whose example differs; a side is None where that snapshot does not hold the file."""

    file: FileId
    old: Side | None
    new: Side | None

    @property
    def kind(self) -> ChangeKind:
        """What happened."""
        if self.old is None:
            return ChangeKind.ADDED
        return ChangeKind.REMOVED if self.new is None else ChangeKind.MODIFIED

    @property
    def path(self) -> str:
        """The newest path."""
        side = self.new or self.old
        return "" if side is None else side.exported.path

    @property
    def aspects(self) -> tuple[str, ...]:
        """What differs between two sides: `labels`, `split`, `image` (other bytes came in), `path`; `pixels` where only
        the toolchain can have made the difference. Empty for added and removed ones."""
        if self.old is None or self.new is None:
            return ()
        old, new = self.old, self.new
        differs = {
            "labels": old.labels != new.labels,
            "split": old.split != new.split,
            "image": old.exported.blob != new.exported.blob,
            "path": old.exported.path != new.exported.path,
        }
        return tuple(name for name, value in differs.items() if value) or ("pixels",)


def diff_snapshots(repository: Repository, old: Snapshot, new: Snapshot) -> Iterator[ExampleChange]:
    """Every file whose example differs, in the order of the file ids.

    Raises InvalidInputError for snapshots of two projects.
    """
    if old.project != new.project:
        raise InvalidInputError(
            f"{old.name} and {new.name} are of two projects", hint="compare the commits that they were taken of"
        )
    for difference in diff(repository.objects, old.manifest.examples, new.manifest.examples):
        yield ExampleChange(
            FileId(difference.key),
            None if difference.old is None else _side(old, difference.old),
            None if difference.new is None else _side(new, difference.new),
        )


def file_change(before: TreeReader, after: TreeReader, change: ExampleChange) -> tuple[FileChange, AnnotationChange]:
    """The file of a changed example, in the trees of the two snapshots. Its kind is that of the example: the file of an
    added one may have been in the old tree too, without a label."""
    old, new = (reader.files.get(change.file) for reader in (before, after))
    found = FileChange(Kind(change.kind.value), parse_path(change.path), change.file, old, new)
    return found, diff_annotations(before, after, found)


def count_changes(changes: Iterable[ExampleChange]) -> dict[str, int]:
    """How many were added, removed and modified, and how many differ in each aspect."""
    counts: Counter[str] = Counter({kind.value: 0 for kind in ChangeKind})
    for change in changes:
        counts[change.kind.value] += 1
        counts.update(change.aspects)
    return dict(counts)


def _side(snapshot: Snapshot, data: bytes) -> Side:
    exported = decode_exported(data)
    definition = snapshot.definition
    labels = tuple(definition.labels[index].name for index in exported.labels)
    return Side(exported, labels, definition.splits[exported.split].name)
