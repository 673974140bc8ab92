"""What a reader has found so far of what a source says, for formats that declare their labels by using them."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from dvcore.errors import Fault
from dvcore.formats.stated.annotations import StatedAnnotations
from dvcore.formats.stated.by_image import StatedMap
from dvcore.formats.stated.ellipses import CORNERS
from dvcore.formats.wording import format_count
from dvcore.model.annotation_names import check_label_name
from dvcore.model.declarations import LabelDeclaration
from dvcore.model.names import Path


@dataclass(slots=True)
class Findings:
    """`lost` counts what is not kept, by a name for people; `foreign` names annotation files that are of no use to this
    format; `annotated` counts the images that are, `refused` the instances of files that mean no image, or one that
    another means; `converted` circles and ellipses, by name."""

    stated: StatedMap
    faults: list[Fault] = field(default_factory=list)
    left_out: list[Fault] = field(default_factory=list)
    lost: Counter[str] = field(default_factory=Counter)
    labels: dict[str, LabelDeclaration] = field(default_factory=dict)
    foreign: list[str] = field(default_factory=list)
    annotated: int = 0
    refused: int = 0
    converted: Counter[str] = field(default_factory=Counter)

    def put(self, image: Path, stated: StatedAnnotations, left_out: Iterable[Fault] = ()) -> None:
        """Say this of an image, beside the variables that were said of it before; its labels are declared."""
        before = self.stated.get(image)
        self.annotated += stated.is_annotated and not (before and before.is_annotated)
        variables = {**before.variables, **stated.variables} if before else stated.variables
        self.stated.put(image, replace(stated, variables=variables))
        self.left_out.extend(left_out)
        for instance in stated.instances:
            label = instance.entered.label
            self.labels.setdefault(label, LabelDeclaration(label, 0))

    def count_unannotated(self, kept: int, refused: Iterable[Path]) -> int:
        """How many of the images that are kept nothing is said of; of those that are refused, something may be."""
        lost = sum(stated.is_annotated for path in refused if (stated := self.stated.get(path)))
        return kept - (self.annotated - lost)

    def sorted_labels(self) -> tuple[LabelDeclaration, ...]:
        """The labels by name: the order in which they were used says nothing."""
        return tuple(self.labels[name] for name in sorted(self.labels))

    def notes(self, unannotated: int) -> Iterator[str]:
        """What people should know: how many images no annotation file is about, and what is not kept."""
        if unannotated:
            yield f"unannotated, as no annotation file is about them: {format_count(unannotated, 'image')}"
        yield from self.loss_notes

    @property
    def loss_notes(self) -> Iterator[str]:
        """What people should know of what is not kept."""
        for name, count in sorted((+self.converted).items()):
            yield f"{format_count(count, name)} became polygons of {CORNERS} corners"
        if lost := sorted((+self.lost).items()):
            yield "not kept: " + ", ".join(f"{name} ({count})" for name, count in lost)
        if self.foreign:
            more = f" and {len(self.foreign) - 3} more" if len(self.foreign) > 3 else ""
            yield f"not of this format, passed over: {', '.join(self.foreign[:3])}{more}"


def label_name(text: str | None) -> str:
    """The name of a label as a source gives it, without the spaces around it.

    Raises InvalidInputError where it is none.
    """
    return check_label_name((text or "").strip() or (text or ""))
