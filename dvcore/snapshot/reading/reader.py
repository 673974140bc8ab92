"""Snapshots as training reads them: `dvcore.load("nuts@1").dataset("train")`."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dvcore.errors import InvalidInputError, NotFoundError, StateError, nearest_hint
from dvcore.remote.absence.asking import ask_remotes
from dvcore.repo.repository import Repository
from dvcore.snapshot.catalog.places import Elsewhere, Place, parse_place, place_of, read_from
from dvcore.snapshot.catalog.snapshots import Snapshot, load_snapshot
from dvcore.snapshot.features.fields import fields_of
from dvcore.snapshot.reading.batching import check_batch, check_shape
from dvcore.snapshot.reading.class_counts import balanced_weights, class_counts, classes_of, first_number
from dvcore.snapshot.reading.inputs_and_targets import parts_of

if TYPE_CHECKING:
    import tensorflow as tf

    from dvcore.snapshot.reading.torch_examples import TorchExamples


def open_repository(path: str | Path = ".") -> Repository:
    """The repository that a folder lies in; a context manager. What is absent in it is asked of its remotes.

    Raises NotFoundError, StorageError, CorruptError, NeedsNewerError.
    """
    repository = Repository.open(Path(path))
    repository.provider = ask_remotes
    return repository


def load(name: str, *, repository: str | Path | Repository = ".", folder: str | Path | None = None) -> "SnapshotReader":
    """The snapshot `nuts@1` of a repository (one that is open, or a folder that lies in one), to be read. `folder` is
    where its files are, a folder or a URL, if not where they were last written to.

    Raises NotFoundError, InvalidInputError, CorruptError, StorageError; StateError for a snapshot in memory that nobody
    wrote out.
    """
    if isinstance(repository, Repository):
        return _reader(repository, name, folder)
    with open_repository(repository) as opened:
        return _reader(opened, name, folder)


class SnapshotReader:
    """The files of one snapshot. `classes` are the names of the classes of each feature that has some, in their order:
    those of images count from 0, those of instances, as `label_map.pbtxt` has them, from 1."""

    def __init__(self, snapshot: Snapshot, place: Place | Elsewhere) -> None:
        self.snapshot = snapshot
        self.place = place
        self.splits = tuple(split.name for split in snapshot.definition.splits)
        self.classes = classes_of(snapshot)

    @property
    def folder(self) -> Path:
        """Where the files are; of a URL, where copies of them are."""
        return self.place.folder

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes of the only feature that has some; none where no feature has any.

        Raises StateError where several have: `classes` holds them by name.
        """
        if len(self.classes) > 1:
            names = ", ".join(self.classes)
            raise StateError(f"{self.snapshot.name} has labels of {names}", hint="take them from 'classes' by name")
        return next(iter(self.classes.values()), ())

    def __repr__(self) -> str:
        return f"<{self.snapshot.name} in {self.place}: {', '.join(self.splits)}>"

    def count(self, split: str) -> int:
        """How many examples a split has. Raises NotFoundError for an unknown split."""
        self._check_split(split)
        return sum(shard.examples for shard in self.snapshot.manifest.shards if shard.split == split)

    def label_counts(self, split: str) -> dict[str, dict[str, int]]:
        """How many examples, or instances, each class of each feature has in a split.

        Raises NotFoundError for an unknown split.
        """
        self._check_split(split)
        return class_counts(self.snapshot, self.splits.index(split))

    def class_weights(self, split: str, feature: str | None = None) -> dict[int, float]:
        """A weight for each class by its number, as Keras' `fit(class_weight=…)` takes it: the rarer a class, the more
        its examples count, and together they count as much as before (see `balanced_weights`).

        Raises NotFoundError for an unknown split or feature; StateError where several features have classes and none
        is named, and where none has.
        """
        name = self._named(feature)
        weights = balanced_weights(tuple(self.label_counts(split)[name].values()))
        return dict(enumerate(weights, start=first_number(self.snapshot, name)))

    def files(self, split: str) -> list[Path]:
        """The files of a split, in order. Where they are at a URL, copies of them here, which are brought first.

        Raises NotFoundError for an unknown split, StateError where the folder or a file is missing; of a URL also
        StorageError, and CorruptError for other bytes than the snapshot has.
        """
        self._check_split(split)
        shards = [shard for shard in self.snapshot.manifest.shards if shard.split == split]
        return read_from(self.snapshot, self.place, shards)

    def examples(self, split: str, *, decode: bool = False) -> Iterator[dict[str, Any]]:
        """The examples of a split as dictionaries of numpy values by key, in order, without TensorFlow; every checksum
        is verified. `decode` gives pixels, [height, width, channels], in place of the bytes of images.

        Raises NotFoundError, StateError as `files` does; while reading StorageError, and CorruptError naming the record
        that is damaged.
        """
        from dvcore.snapshot.reading import arrays  # noqa: PLC0415 - numpy and Pillow, which only this needs

        fields, paths = fields_of(self.snapshot.definition), self.files(split)
        examples = (one for path in paths for one in arrays.iter_file(path, fields))
        return (arrays.decode_images(one, fields) for one in examples) if decode else examples

    def dataset(
        self,
        split: str,
        *,
        batch: int | None = None,
        shuffle: bool | int = False,
        features: Sequence[str] | None = None,
        size: tuple[int, int] | None = None,
        channels: int | None = None,
    ) -> "tf.data.Dataset":
        """The decoded examples of a split: `(inputs, targets)`, or the inputs alone where there is no target. Inputs
        are the images, uint8 [height, width, channels], targets all else; a dictionary by name where there are several
        of a side. `docs/snapshots.md` says what each feature gives.

        `features` names the features, or single keys, that are wanted. `shuffle` reads files and examples in another
        order in each pass; a number makes these orders reproducible. `size` (height, width) and `channels` (1 or 3)
        bring images to one shape while they are read, as batches need it.

        Raises NotFoundError, InvalidInputError; StateError: files are missing, or `batch` is given and the images
        differ in shape.
        """
        from dvcore.snapshot.reading import tensors  # noqa: PLC0415 - seconds with TensorFlow, which only this needs

        parts = parts_of(self.snapshot, features)
        check_shape(size, channels)
        if batch is not None and batch < 1:
            raise InvalidInputError(f"a batch of {batch} holds nothing", hint="give 1 or more")
        if batch is not None and any(map(self.count, self.splits)):
            check_batch(parts, size, channels)
        files = [str(path) for path in self.files(split)]
        return tensors.dataset(
            files,
            tensors.decoder(parts, size, channels),
            count=self.count(split),
            batch=batch,
            shuffle=shuffle,
            ragged=parts.has_lists,
        )

    def torch(
        self,
        split: str,
        *,
        shuffle: bool | int = False,
        features: Sequence[str] | None = None,
    ) -> "TorchExamples":
        """The decoded examples of a split as a `torch.utils.data.IterableDataset`, whose examples the workers of a
        DataLoader, and the ranks of a distributed training, share among them. PyTorch must be installed.

        Raises NotFoundError; StateError: files are missing, or PyTorch is.
        """
        try:
            from dvcore.snapshot.reading.torch_examples import TorchExamples  # noqa: PLC0415 - PyTorch, which not everybody has
        except ModuleNotFoundError as missing:
            raise StateError(f"{missing.name} is not installed", hint="'pip install torch' installs PyTorch") from None
        counts = [shard.examples for shard in self.snapshot.manifest.shards if shard.split == split]
        return TorchExamples(self.files(split), counts, parts_of(self.snapshot, features), shuffle=shuffle)

    def _named(self, feature: str | None) -> str:
        """The feature with classes that is meant."""
        hint = f"those that have are {', '.join(self.classes)}" if self.classes else "no feature has"
        if feature is None and len(self.classes) != 1:
            raise StateError(f"not one feature of {self.snapshot.name} has classes", hint=hint)
        name = next(iter(self.classes)) if feature is None else feature
        if name not in self.classes:
            raise NotFoundError(f"no feature {name!r} of {self.snapshot.name} has classes", hint=hint)
        return name

    def _check_split(self, split: str) -> None:
        if split not in self.splits:
            hint = nearest_hint(split, self.splits) or f"it has {', '.join(self.splits)}"
            raise NotFoundError(f"{self.snapshot.name} has no split {split!r}", hint=hint)


def _reader(repository: Repository, name: str, folder: str | Path | None) -> SnapshotReader:
    snapshot = load_snapshot(repository, name)
    return SnapshotReader(snapshot, place_of(repository, snapshot, None if folder is None else parse_place(folder)))
