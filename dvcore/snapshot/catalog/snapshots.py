"""The snapshots that a repository has: each found by name, with its definition and manifest."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dvcore.errors import CorruptError, InvalidInputError
from dvcore.ids import CommitId, FileId, TreeId, format_id
from dvcore.model.definition import Definition
from dvcore.model.manifest import Exported, Manifest, Shard, decode_exported, decode_manifest, decode_reason
from dvcore.model.shard_names import check_shards, shard_name
from dvcore.prolly import ProllyMap
from dvcore.repo.projects import Project, snapshot_commit
from dvcore.repo.repository import Repository
from dvcore.repo.revisions import dataset_parent, parse_snapshot
from dvcore.snapshot.features.groups import counted_columns


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One snapshot. `commit` is its own commit, `dataset` the dataset's, `tree` what both hold."""

    project: str
    number: int
    commit: CommitId
    dataset: CommitId
    tree: TreeId
    definition: Definition
    manifest: Manifest

    @property
    def name(self) -> str:
        """`nuts@1`."""
        return f"{self.project}@{self.number}"

    def file_name(self, shard: Shard) -> str:
        """The name of a shard's file."""
        count = next(split.shards or 1 for split in self.definition.splits if split.name == shard.split)
        return shard_name(self.project, shard.split, shard.index, count)


def load_snapshot(repository: Repository, name: str) -> Snapshot:
    """The snapshot that `nuts@1` names.

    Raises InvalidInputError for a text that is no such name, NotFoundError, CorruptError.
    """
    parsed = parse_snapshot(name)
    if parsed is None:
        raise InvalidInputError(f"{name!r} names no snapshot", hint="write PROJECT@NUMBER, such as nuts@1")
    return load_numbered(repository, *parsed)


def load_numbered(repository: Repository, project: str, number: int) -> Snapshot:
    """The snapshot of a project by its number; see `load_snapshot`."""
    id_ = snapshot_commit(repository, project, number)
    commit = repository.objects.load_commit(id_)
    if commit.definition is None or commit.manifest is None:
        raise CorruptError(f"the commit {format_id(id_)} of {project}@{number} lacks definition or manifest")
    manifest = decode_manifest(repository.objects.read(commit.manifest))
    _check_splits(commit.definition, manifest, f"{project}@{number}")
    dataset = dataset_parent(commit)
    return Snapshot(project, number, id_, dataset, commit.tree, commit.definition, manifest)


def find_snapshot(repository: Repository, project: Project, tree: TreeId) -> Snapshot | None:
    """The newest snapshot that the project has of this tree and its definition, or None."""
    for number in reversed(project.snapshots):
        snapshot = load_numbered(repository, project.name, number)
        if snapshot.tree == tree and snapshot.definition == project.definition:
            return snapshot
    return None


def iter_exported(repository: Repository, snapshot: Snapshot) -> Iterator[tuple[FileId, Exported]]:
    """Every example of a snapshot, in the order of the file ids."""
    for key, value in ProllyMap(repository.objects, snapshot.manifest.examples).iter_items():
        yield FileId(key), decode_exported(value)


def iter_exported_of(
    repository: Repository, snapshot: Snapshot, files: Iterable[FileId]
) -> Iterator[tuple[FileId, Exported | None]]:
    """The examples of some files, in the order of the ids; None for a file that the snapshot does not hold."""
    for key, value in ProllyMap(repository.objects, snapshot.manifest.examples).get_many(sorted(files)):
        yield FileId(key), None if value is None else decode_exported(value)


def iter_left_out(repository: Repository, snapshot: Snapshot) -> Iterator[tuple[FileId, str]]:
    """Every file that was left out, and why, in the order of the ids."""
    for key, value in ProllyMap(repository.objects, snapshot.manifest.left_out).iter_items():
        yield FileId(key), decode_reason(value)


def _check_splits(definition: Definition, manifest: Manifest, name: str) -> None:
    """A manifest from elsewhere may not lead to indices and file names that the definition does not have."""
    check_shards(definition, manifest, name)
    counts = [len(row) for row in manifest.label_counts]
    columns = len(counted_columns(definition))
    if counts != [columns] * len(definition.splits):
        raise CorruptError(f"the manifest of {name} does not fit its definition")
