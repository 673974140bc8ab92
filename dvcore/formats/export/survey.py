"""What all files of an export hold, for formats that must know it before the first is written."""

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dvcore.formats.export.source import ExportSource
from dvcore.formats.stated.splits import SPLIT_VARIABLE
from dvcore.model.annotations import decode_annotations
from dvcore.model.geometry import Keypoints
from dvcore.model.values import Value
from dvcore.progress import Progress

if TYPE_CHECKING:
    from dvcore.query.stated import Stated

_KEYPOINTS = "keypoints"


@dataclass(slots=True)
class Survey:
    """Instances by label, and by the name of their kind of geometry; the greatest number of points that keypoints have;
    of attributes, by label and name, the types of their values; the variables that are true somewhere, `tags`; and the
    values of the variable `split`."""

    labels: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    points: int = 0
    attributes: dict[tuple[str, str], set[type]] = field(default_factory=dict)
    tags: set[str] = field(default_factory=set)
    splits: set[Value | None] = field(default_factory=set)

    def add(self, stated: "Stated") -> None:
        """Count the instances of a file."""
        for _, label, kind, *_, attributes in stated.instances:
            self.labels[label] += 1
            self.kinds[kind] += 1
            for name, value in attributes.items():
                self.attributes.setdefault((label, name), set()).add(type(value))


def survey_files(source: ExportSource, progress: Progress) -> Survey:
    """Read every annotation, at a fraction of what it costs to write them.

    Raises CorruptError, NeedsNewerError.
    """
    from dvcore.query.recorded import read_recorded  # noqa: PLC0415 - 20 ms with SQLite, not for every export
    from dvcore.query.stated import read_stated  # noqa: PLC0415 - likewise

    found = Survey()
    progress.start("looking", source.total)
    for chosen, record, encoded in source.iter_read(read_recorded):
        stated = None if encoded is None else read_stated(encoded)
        values = {**source.defaults, **record.variables, **(stated.variables if stated else {}), **chosen.given("")}
        found.tags.update(name for name, value in values.items() if value is True)
        found.splits.add(values.get(SPLIT_VARIABLE))
        if encoded is not None and stated is not None:
            found.add(stated)
            if any(kind == _KEYPOINTS for _, _, kind, *_ in stated.instances):
                found.points = max(found.points, _most_points(encoded))
        progress.advance()
    progress.finish()
    return found


def _most_points(data: bytes) -> int:
    geometries = (instance.geometry for instance in decode_annotations(data).instances)
    return max(len(one.points) for one in geometries if isinstance(one, Keypoints))
