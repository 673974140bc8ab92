"""The seam of the exporters: what a format says of itself, and what its writer is given.

A writer takes the files once, in the order of their paths, and writes what the format can hold of each. What it leaves
away, or changes, it counts in `losses`. It keeps nothing for each file, so that any number of them can be exported.
"""

from collections import Counter
from collections.abc import Callable, Container
from dataclasses import dataclass, field, replace
from functools import cached_property

from dvcore.errors import InvalidInputError
from dvcore.formats.export.exported import Exported, ExportOptions, Orientation
from dvcore.formats.export.faults import ExportFaults, refuse_labels
from dvcore.formats.export.labels import have_clashes, ordered_labels
from dvcore.formats.export.losses import Losses
from dvcore.formats.export.out_folder import OutFolder
from dvcore.formats.export.source import ExportSource
from dvcore.formats.export.survey import Survey, survey_files
from dvcore.formats.stated.splits import SPLIT_VARIABLE
from dvcore.model.declarations import LabelDeclaration
from dvcore.model.names import Path, format_path
from dvcore.model.values import Value
from dvcore.progress import Progress, Silent
from dvcore.repo.repository import Repository


def holds_none(_name: str, _value: Value, _options: ExportOptions) -> bool:
    """Of a variable's value: a format that has no place for any."""
    return False


@dataclass(frozen=True, slots=True)
class Exporter:
    """A writer of one format, and what the format has a place for: splits, instances, which variables, which fields of
    a label's declaration. What it has none for is counted, and `write` does not see instances that are not wanted."""

    name: str
    write: Callable[["Export"], None]
    holds_splits: bool = True
    holds_instances: bool = True
    holds_variable: Callable[[str, Value, ExportOptions], bool] = holds_none
    label_fields: frozenset[str] = frozenset()


@dataclass(slots=True)
class Written:
    """Files, those that are annotated, files by split, and instances by label, whether a format could hold them or
    not."""

    files: int = 0
    annotated: int = 0
    splits: Counter[str | None] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)

    def add(self, file: Exported) -> None:
        """Count a file and its instances."""
        self.files += 1
        self.annotated += file.annotated
        self.splits[file.split] += 1
        for instance in file.instances:
            self.labels[instance.label] += 1

    def remove(self, file: Exported) -> None:
        """Count a file out; its instances stay counted."""
        self.files -= 1
        self.annotated -= file.annotated
        self.splits[file.split] -= 1


class Export:
    """One export. `written` and `losses` are what has become of the files so far, `turned` how many of them have an
    orientation, `classes` those that became folders. `scratch` is a folder for private files, None for the system's."""

    def __init__(
        self,
        exporter: Exporter,
        source: ExportSource,
        *,
        repository: Repository,
        out: OutFolder,
        options: ExportOptions,
    ) -> None:
        self.out = out
        self.options = options
        self.scratch = repository.scratch
        self.losses = Losses()
        self.written = Written()
        self.notes: list[str] = []
        self.turned = 0
        self.classes: set[str] = set()
        self._faults = ExportFaults()
        self.progress: Progress = Silent()
        self._exporter = exporter
        self._source = source
        self._blobs = repository.blobs

    def each(self, write: Callable[[Exported], None]) -> None:
        """Hand the images to what writes one, once. Where it raises InvalidInputError, others are looked at only to
        name them, too.

        Raises FaultyFilesError, and what `write` raises else.
        """
        self.progress.start("exporting", self._source.total)
        for file in self._source.iter_files(self.options.variable, self.losses):
            self.out.about = file.path
            self.turned += file.is_turned
            self.written.add(file)
            with self._faults.noting(format_path(file.path)):
                write(self._held(file))
            if self._faults.are_enough:
                break
            self.progress.advance()
        self.out.about = None
        self._faults.check()
        self.progress.finish()

    @cached_property
    def survey(self) -> Survey:
        """What all files hold: taken at once, so only to be asked for where it is needed."""
        return survey_files(self._source, self.progress)

    @cached_property
    def labels(self) -> list[LabelDeclaration]:
        """The labels that are declared, a snapshot's classes first: where two of them had one number in the sources
        that they came from, only those that some file has."""
        labels = ordered_labels(self._source.reader.tree.labels, self._source.labels)
        if not have_clashes(labels):
            return labels
        return [one for one in labels if one.name in self.survey.labels]

    @property
    def variables(self) -> list[str]:
        """The names of the variables that files can have: those that are declared, and what a snapshot gives."""
        declared = [one.name for one in self._source.reader.tree.variables]
        return list(dict.fromkeys([*declared, *self._source.given(self.options.variable)]))

    @property
    def splits(self) -> list[str]:
        """Those of the files that were written, by name."""
        return sorted(name for name, number in self.written.splits.items() if name is not None and number)

    def leave_out(self, file: Exported, reason: str) -> None:
        """Say that an image was not written."""
        self.losses.files[reason] += 1
        self.written.remove(file)
        self.turned -= file.is_turned

    def refuse_labels(self, is_held: Callable[[str], bool], reason: str) -> None:
        """Raises FaultyFilesError, naming them, where instances have labels that the format cannot hold."""
        faulty = [one.name for one in self._source.reader.tree.labels if not is_held(one.name)]
        refuse_labels([name for name in faulty if self.survey.labels[name]], reason, self._exporter.name)

    def put_image(self, file: Exported, path: Path) -> None:
        """Write an image, if images are wanted.

        Raises InvalidInputError, worded to follow the file's name, for one that would have to be turned and cannot be,
        and for a name that is too long; CorruptError, ConflictError, StorageError.
        """
        if not self.options.images:
            return
        blobs, blob = self._blobs, file.blob
        if file.is_turned and self.options.orientation is Orientation.APPLY:
            self.out.write_bytes(path, self._upright(file))
        elif not self._faults:  # with one, nothing of all this will be kept
            self.out.write_behind(path, lambda: blobs.iter_chunks(blob))

    def lost_of_labels(self, names: Container[str]) -> Counter[str]:
        """What the format has no place for of the declarations of some labels."""
        lost: Counter[str] = Counter()
        for label in self._source.reader.tree.labels:
            if label.name in names:
                fields = {"supercategory": label.supercategory, "color": label.color, "keypoint names": label.keypoints}
                lost.update(f"{name} of labels" for name in fields.keys() - self._exporter.label_fields if fields[name])
        return lost

    def _upright(self, file: Exported) -> bytes:
        from dvcore.image.upright import upright_bytes  # noqa: PLC0415 - Pillow, which only turned images need

        try:
            return upright_bytes(self._blobs.read(file.blob))
        except InvalidInputError as error:
            raise InvalidInputError(error.message, hint="--orientation keep writes them as they are") from error

    def _held(self, file: Exported) -> Exported:
        """The file without what the format has no place for."""
        exporter, losses = self._exporter, self.losses
        for name, value in file.variables.items():
            is_split = name == SPLIT_VARIABLE and file.split is not None and exporter.holds_splits
            if not is_split and not exporter.holds_variable(name, value, self.options):
                losses.lose(f"variable {name}")
        if exporter.holds_instances:
            return file
        for instance in file.instances:
            losses.drop(instance)
        return replace(file, instances=())
