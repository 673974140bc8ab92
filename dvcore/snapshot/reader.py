"""Snapshots as training reads them: `dvcore.load("nuts@1").dataset("train")`."""

from pathlib import Path
from typing import TYPE_CHECKING

from dvcore.errors import InvalidInputError, NotFoundError, StateError, nearest_hint
from dvcore.repo.repository import Repository
from dvcore.snapshot.catalog import Snapshot, load_snapshot
from dvcore.snapshot.files import has_size
from dvcore.snapshot.places import Place, check_there, place_of, remake_command

if TYPE_CHECKING:
    import tensorflow as tf


def open_repository(path: str | Path = ".") -> Repository:
    """The repository that a folder lies in; a context manager.

    Raises NotFoundError, StorageError, CorruptError, NeedsNewerError.
    """
    return Repository.open(Path(path))


def load(name: str, *, repository: str | Path | Repository = ".", folder: str | Path | None = None) -> "SnapshotReader":
    """The snapshot `nuts@1` of a repository (one that is open, or a folder that lies in one), to be read. `folder` is
    where its files are, if not where they were last written to.

    Raises NotFoundError, InvalidInputError, CorruptError, StorageError; StateError for a snapshot in memory that nobody
    wrote out.
    """
    if isinstance(repository, Repository):
        return _reader(repository, name, folder)
    with open_repository(repository) as opened:
        return _reader(opened, name, folder)


class SnapshotReader:
    """The files of one snapshot. `labels` are the names of the classes, in the order of their indices."""

    def __init__(self, snapshot: Snapshot, place: Place) -> None:
        self.snapshot = snapshot
        self.place = place
        self.labels = tuple(label.name for label in snapshot.definition.labels)
        self.splits = tuple(split.name for split in snapshot.definition.splits)

    @property
    def folder(self) -> Path:
        """Where the files are."""
        return self.place.folder

    def __repr__(self) -> str:
        return f"<{self.snapshot.name} in {self.folder}: {', '.join(self.splits)}>"

    def count(self, split: str) -> int:
        """How many examples a split has. Raises NotFoundError for an unknown split."""
        self._check_split(split)
        return sum(shard.examples for shard in self.snapshot.manifest.shards if shard.split == split)

    def files(self, split: str) -> list[Path]:
        """The files of a split, in order.

        Raises NotFoundError for an unknown split, StateError where the folder or a file is missing.
        """
        self._check_split(split)
        check_there(self.snapshot, self.place)
        shards = [shard for shard in self.snapshot.manifest.shards if shard.split == split]
        paths = [self.folder / self.snapshot.file_name(shard) for shard in shards]
        for path, shard in zip(paths, shards, strict=True):
            if not has_size(path, shard):
                command = remake_command(self.snapshot, self.place)
                raise StateError(f"{path} is missing or damaged", hint=f"'{command}' makes it again")
        return paths

    def dataset(self, split: str, *, batch: int | None = None, shuffle: bool = False) -> "tf.data.Dataset":
        """The decoded examples of a split: `(image, onehot)`, or `image` alone where the project has no labels. `image`
        is uint8 [height, width, channels], `onehot` float32 [labels]; with `batch`, both have one dimension more in
        front. `shuffle` reads files and examples in another order each time.

        Raises NotFoundError, StateError: files are missing, or `batch` is given and the images differ in shape.
        """
        from dvcore.snapshot import tensors  # noqa: PLC0415 - seconds with TensorFlow, which only this needs

        if batch is not None:
            self._check_batch(batch)
        files = [str(path) for path in self.files(split)]
        manifest, color = self.snapshot.manifest, self.snapshot.definition.image.color
        decode = tensors.decoder(len(self.labels), color, manifest.image_shape)
        return tensors.dataset(files, decode, count=self.count(split), batch=batch, shuffle=shuffle)

    def _check_batch(self, batch: int) -> None:
        if batch < 1:
            raise InvalidInputError(f"a batch of {batch} holds nothing", hint="give 1 or more")
        if self.snapshot.manifest.image_shape is None and any(map(self.count, self.splits)):
            raise StateError(
                f"the images of {self.snapshot.name} differ in shape, and a batch needs equal ones",
                hint="take the snapshot of a project with --downsample both:HEIGHTxWIDTH and --color gray or rgb",
            )

    def _check_split(self, split: str) -> None:
        if split not in self.splits:
            hint = nearest_hint(split, self.splits) or f"it has {', '.join(self.splits)}"
            raise NotFoundError(f"{self.snapshot.name} has no split {split!r}", hint=hint)


def _reader(repository: Repository, name: str, folder: str | Path | None) -> SnapshotReader:
    snapshot = load_snapshot(repository, name)
    return SnapshotReader(snapshot, place_of(repository, snapshot, None if folder is None else Path(folder)))
