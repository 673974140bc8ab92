"""What changed between two snapshots of one project, for the model: images, labels, splits, pixels, boxes, values.

Which examples differ is read from the two manifests alone, at the cost of what changed; what they hold of instances and
variables, and what people said of the images, is in the two trees.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from dvcore.errors import InvalidInputError
from dvcore.history.annotations import AnnotationChange, diff_annotations
from dvcore.history.diff import FileChange, Kind
from dvcore.ids import FileId, InstanceId
from dvcore.model.manifest import Exported, decode_exported
from dvcore.model.names import parse_path
from dvcore.model.values import Value
from dvcore.prolly import diff
from dvcore.repo.repository import Repository
from dvcore.repo.treereader import TreeReader
from dvcore.snapshot.catalog.snapshots import Snapshot
from dvcore.snapshot.comparing.held import Held, HeldInstance, HeldReader
from dvcore.snapshot.features.kinds import VARIABLE, Classes, kind_of
from dvcore.snapshot.features.listing import Column, columns_of, features_of


class ChangeKind(Enum):
    """What happened to an image of a snapshot."""

    ADDED = "added"
    REMOVED = "removed"
    MODIFIED = "modified"


class BoxKind(Enum):
    """What happened to an instance of an example: `changed` are those of another class or other attributes."""

    ADDED = "added"
    REMOVED = "removed"
    MOVED = "moved"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Side:
    """An example as one snapshot holds it, with the names that its numbers stand for. `heads` are the labels by class
    feature."""

    exported: Exported
    heads: Mapping[str, tuple[str, ...]]
    split: str
    held: Held = field(default_factory=Held)

    @property
    def labels(self) -> tuple[str, ...]:
        """Of all class features, in their order."""
        return tuple(label for labels in self.heads.values() for label in labels)


@dataclass(frozen=True, slots=True)
class BoxChange:
    """An instance that two examples of a file do not hold alike, matched by its id; None where one does not hold it."""

    old: HeldInstance | None
    new: HeldInstance | None

    @property
    def held(self) -> HeldInstance:
        """The newer side, or else the older."""
        one = self.new or self.old
        assert one is not None, "a change has at least one side"
        return one

    @property
    def id(self) -> InstanceId:
        """Of the instance."""
        return self.held.instance.id

    @property
    def kind(self) -> BoxKind:
        """What happened."""
        if self.old is None or self.new is None:
            return BoxKind.ADDED if self.old is None else BoxKind.REMOVED
        return BoxKind.CHANGED if self.old.place == self.new.place else BoxKind.MOVED


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
    def boxes(self) -> tuple[BoxChange, ...]:
        """The instances that differ, in the order of groups and ids; none where a side is missing."""
        if self.old is None or self.new is None:
            return ()
        old, new = self.old.held.instances, self.new.held.instances
        pairs = ((old.get(key), new.get(key)) for key in sorted(old.keys() | new.keys()))
        return tuple(BoxChange(*pair) for pair in pairs if pair[0] is None or not pair[0].is_like(pair[1]))

    def box_counts(self) -> dict[BoxKind, int]:
        """How many instances differ in which way, one that several groups hold counted once."""
        by_id = {one.id: one.kind for one in reversed(self.boxes)}
        return dict(Counter(by_id.values()))

    @property
    def variables(self) -> dict[str, tuple[Value | None, Value | None]]:
        """The values that differ, by feature; none where a side is missing."""
        if self.old is None or self.new is None:
            return {}
        old, new = self.old.held.variables, self.new.held.variables
        return {name: (old[name], new[name]) for name in old if old[name] != new[name]}

    @property
    def aspects(self) -> tuple[str, ...]:
        """What differs between two sides: `labels`, `split`, `pixels` (other bytes came in), `boxes` (instances of the
        features, of any geometry), `variables` (values of features), `path`; `codecs` where only these can have made
        the difference. Empty for added and removed ones."""
        if self.old is None or self.new is None:
            return ()
        old, new = self.old, self.new
        differs = {
            "labels": old.heads != new.heads,
            "split": old.split != new.split,
            "pixels": old.exported.blob != new.exported.blob,
            "boxes": bool(self.boxes),
            "variables": bool(self.variables),
            "path": old.exported.path != new.exported.path,
        }
        return tuple(name for name, value in differs.items() if value) or ("codecs",)


def diff_snapshots(repository: Repository, old: Snapshot, new: Snapshot) -> Iterator[ExampleChange]:
    """Every file whose example differs, in the order of the file ids.

    Raises InvalidInputError for snapshots of two projects.
    """
    if old.project != new.project:
        raise InvalidInputError(
            f"{old.name} and {new.name} are of two projects", hint="compare the commits that they were taken of"
        )
    changes = _iter_examples(repository, old, new)
    return _with_held(repository, old, new, list(changes)) if _holds_more(old) else changes


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


def count_boxes(changes: Iterable[ExampleChange]) -> dict[str, int]:
    """How many instances were added, removed, moved and changed, in images that both snapshots have."""
    counts: Counter[BoxKind] = Counter()
    for change in changes:
        counts.update(change.box_counts())
    return {kind.value: counts[kind] for kind in BoxKind}


def _holds_more(snapshot: Snapshot) -> bool:
    """Whether examples have what no manifest lists."""
    kinds = [one.kind for one in features_of(snapshot.definition)]
    return any(kind == VARIABLE or kind_of(kind).classes is Classes.INSTANCES for kind in kinds)


def _iter_examples(repository: Repository, old: Snapshot, new: Snapshot) -> Iterator[ExampleChange]:
    before, after = columns_of(old.definition), columns_of(new.definition)
    for difference in diff(repository.objects, old.manifest.examples, new.manifest.examples):
        yield ExampleChange(
            FileId(difference.key),
            None if difference.old is None else _side(old, before, difference.old),
            None if difference.new is None else _side(new, after, difference.new),
        )


def _with_held(
    repository: Repository, old: Snapshot, new: Snapshot, changes: list[ExampleChange]
) -> Iterator[ExampleChange]:
    before = _held(repository, old, [one.file for one in changes if one.old])
    after = _held(repository, new, [one.file for one in changes if one.new])
    for one in changes:
        yield ExampleChange(
            one.file,
            one.old and replace(one.old, held=before[one.file]),
            one.new and replace(one.new, held=after[one.file]),
        )


def _held(repository: Repository, snapshot: Snapshot, files: Sequence[FileId]) -> dict[FileId, Held]:
    """All of one tree, before the other is looked at: the index of expressions is of one tree at a time."""
    reader = HeldReader(repository, snapshot, files)
    return {file: reader.held(file) for file in files}


def _side(snapshot: Snapshot, columns: Sequence[Column], data: bytes) -> Side:
    exported = decode_exported(data)
    heads: dict[str, tuple[str, ...]] = {column.feature: () for column in columns}
    for index in exported.labels:
        heads[columns[index].feature] += (columns[index].label,)
    return Side(exported, heads, snapshot.definition.splits[exported.split].name)
