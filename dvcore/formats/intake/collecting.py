"""Collects, file by file, what an import adds, and everything that is to be said about it."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from dvcore.errors import Fault, InvalidInputError
from dvcore.formats.intake.placing import Coordinates, Placed, place
from dvcore.formats.intake.reading import ReadFile
from dvcore.formats.stated.annotations import StatedAnnotations
from dvcore.formats.stated.by_image import StatedMap
from dvcore.formats.wording import format_count, format_place
from dvcore.image.facts import Probe
from dvcore.model.files import ImageFacts
from dvcore.model.names import MAX_DEPTH, Path
from dvcore.model.values import Value
from dvcore.repo.additions import Addition, AdditionSpool


@dataclass(slots=True)
class Collected:
    """Where the files go, what their source says of each, what all of them are given and what each must have, and what
    has come of those that were added so far. Only here is what is said of a file unpacked: it may be much, and files
    are read ahead."""

    to: Path
    stated: StatedMap
    given: Mapping[str, Value]
    required: Collection[str]
    coordinates: Coordinates
    keep_degenerate: bool
    faults: list[Fault]
    left_out: list[Fault]
    additions: AdditionSpool
    adjusted: list[Fault] = field(default_factory=list)
    instances: Counter[str] = field(default_factory=Counter)
    met: int = 0
    """Instances that the source has for those files."""
    converted: int = 0
    undecided: int = 0

    def add(self, read: ReadFile) -> None:
        """Take a file that was read: it becomes an addition or a fault."""
        try:
            self.additions.append(self._addition(read))
        except InvalidInputError as error:
            self.faults.append(Fault(format_place(read.file.place), error.message))

    @property
    def warnings(self) -> Iterator[str]:
        """What was assumed and may be wrong."""
        if self.undecided:
            yield (
                f"of {format_count(self.undecided, 'image')} with an EXIF orientation, nothing says whether the "
                "annotations follow it; taken as displayed ('--coordinates raw' is the other choice)"
            )

    def _addition(self, read: ReadFile) -> Addition:
        path = (*self.to, *read.file.path)
        if len(path) > MAX_DEPTH:
            raise InvalidInputError(f"would be deeper than {MAX_DEPTH} directories")
        stated = self.stated.get(read.file.path)
        variables = {**self.given, **read.file.variables, **(stated.variables if stated else {})}
        for name in self.required:
            if name not in variables:
                raise InvalidInputError(f"has no value for the required variable {name!r}")
        placed = self._placed(read.probe, stated)
        return Addition(
            path=path,
            blob=read.blob,
            size=read.size,
            facts=None if read.probe is None else _facts(read.probe),
            variables=variables,
            entered=None if placed is None else placed.entered,
        )

    def _placed(self, probe: Probe | None, stated: StatedAnnotations | None) -> Placed | None:
        if stated is None or probe is None or not stated.is_annotated:
            return None
        placed = place(stated, probe, self.coordinates, keep_degenerate=self.keep_degenerate)
        self.met += len(stated.instances)
        self.left_out.extend(placed.left_out)
        self.adjusted.extend(placed.adjusted)
        self.instances.update(one.label for one in placed.entered)
        self.converted += placed.converted
        self.undecided += placed.undecided
        return placed


def _facts(probe: Probe) -> ImageFacts:
    return ImageFacts(probe.width, probe.height, probe.format, probe.mode, probe.orientation, probe.bits)
