"""Writes YOLO as Ultralytics reads it: `images/` and `labels/`, with a folder for each split, and `data.yaml`.

All lines of a data set are of one kind, since its readers take those of a file for one: the kind of geometry, other
than a box, that most instances have. `docs/exporting.md` has what becomes of the others.
"""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from dvcore.errors import InvalidInputError
from dvcore.formats.export.exported import Exported, with_suffix
from dvcore.formats.export.exporting import Export, Exporter
from dvcore.formats.export.labels import NumberedLabels, dense_numbers
from dvcore.formats.export.losses import Losses, find_own_box
from dvcore.formats.yolo.outlines import find_corners, find_outline
from dvcore.formats.yolo.rows import Task
from dvcore.model.annotations import Instance
from dvcore.model.files import ImageFacts
from dvcore.model.geometry import KINDS, Box, Keypoints, Mask, Polygon, RotatedBox
from dvcore.model.names import Path

_IMAGES: Final = "images"
_LABELS: Final = "labels"

_TASKS: Final = {
    KINDS[Keypoints]: Task.POSE,
    KINDS[RotatedBox]: Task.OBB,
    KINDS[Polygon]: Task.SEGMENT,
    KINDS[Mask]: Task.SEGMENT,
}
_KEYS: Final = {"training": "train", "valid": "val", "validation": "val", "eval": "val", "testing": "test"}
"""Splits that readers know under another name."""


def write_yolo(export: Export) -> None:
    """Write all files."""
    labels = dense_numbers(export.labels)
    if labels.are_new:
        export.notes.append("the classes are numbered anew: YOLO's indices begin at 0 and leave none out")
    lines = _Lines(_task(export), labels, _points(export), export.losses)
    splits = {one for one in export.survey.splits if isinstance(one, str)}

    def write(file: Exported) -> None:
        split = () if file.split is None else (file.split,)
        path = file.below(*split)
        if file.split is None:
            _check_apart(path, splits)
        export.put_image(file, (_IMAGES, *split, *path))
        if file.annotated:
            export.out.write_text((_LABELS, *split, *with_suffix(path, ".txt")), lines.format(file))

    export.each(write)
    if unknown := export.written.files - export.written.annotated:
        images = "1 image is" if unknown == 1 else f"{unknown} images are"
        export.notes.append(f"{images} not annotated: programs that train take what has no label file for empty")
    export.out.write_text(("data.yaml",), "".join(_data_yaml(lines, export)))


def _check_apart(path: Path, splits: Collection[str]) -> None:
    """Readers take every image in the folder of a split, at any depth, for one of the split."""
    if len(path) > 1 and path[0] in splits:
        raise InvalidInputError(
            f"is of no split, and would lie in the folder of the split {path[0]!r}",
            hint="set the variable 'split' of all images, or leave those without out: --where \"split IS NOT NULL\"",
        )


def _task(export: Export) -> Task:
    counts = dict.fromkeys(_TASKS.values(), 0)
    for kind, task in _TASKS.items():
        counts[task] += export.survey.kinds[kind]
    most = max(counts, key=lambda task: counts[task])
    return most if counts[most] else Task.DETECT


def _points(export: Export) -> int:
    return max(export.survey.points, *(len(one.keypoints) for one in export.labels), 0)


@dataclass(frozen=True, slots=True)
class _Lines:
    """Formats instances for a task; `points` is the number of keypoints that each has."""

    task: Task
    labels: NumberedLabels
    points: int
    losses: Losses

    def format(self, file: Exported) -> str:
        """The label file of an image."""
        return "".join(self._iter_lines(file))

    def _iter_lines(self, file: Exported) -> Iterator[str]:
        for instance in file.instances:
            numbers = self._numbers(instance, file.facts)
            if numbers is not None:
                self.losses.lose_attributes(instance.attributes)
                yield f"{self.labels.number(instance.label)} {' '.join(numbers)}\n"

    def _numbers(self, instance: Instance, facts: ImageFacts) -> list[str] | None:
        """The columns behind the class, or None for an instance that is left out."""
        if self.task in (Task.SEGMENT, Task.OBB):
            find = find_corners if self.task is Task.OBB else find_outline
            ring = find(instance, facts, self.losses)
            return None if ring is None else _fractions(ring, facts)
        box = self._box(instance, facts)
        if box is None:
            return None
        centre = (box.x + box.width / 2, box.y + box.height / 2, box.width, box.height)
        return [*_fractions(centre, facts), *self._keypoints(instance, facts)]

    def _box(self, instance: Instance, facts: ImageFacts) -> Box | None:
        """Keypoints are not converted where they stand behind their box."""
        if self.task is not Task.POSE or not isinstance(instance.geometry, Keypoints):
            return self.losses.box(instance, facts)
        box = find_own_box(instance, facts)
        if box is None:
            self.losses.drop(instance)
        return box

    def _keypoints(self, instance: Instance, facts: ImageFacts) -> Iterator[str]:
        if self.task is not Task.POSE:
            return
        points = instance.geometry.points if isinstance(instance.geometry, Keypoints) else ()
        for x, y, visibility in points:
            yield from _fractions((x, y), facts)
            yield str(visibility)
        yield from ["0"] * 3 * (self.points - len(points))


def _fractions(coordinates: tuple[float, ...], facts: ImageFacts) -> list[str]:
    """Of the image's width and height in turn, to the last bit: a pixel comes back as the one that it was."""
    return [repr(c / (facts.height if at % 2 else facts.width)) for at, c in enumerate(coordinates)]


def _data_yaml(lines: _Lines, export: Export) -> Iterator[str]:
    """Without `path`, which Ultralytics would look for among all its data sets: the folder is that of the file."""
    folders: dict[str, list[str]] = {}
    for split in export.splits:
        folders.setdefault(_KEYS.get(split, split), []).append(f"{_IMAGES}/{split}")
    for key, entries in folders.items():
        yield f"{_quoted(key)}: {json.dumps(entries if len(entries) > 1 else entries[0], ensure_ascii=False)}\n"
    yield f"task: {lines.task.value}\n"
    if lines.task is Task.POSE:
        yield f"kpt_shape: [{lines.points}, 3]\n"
    yield "names:\n"
    for name in lines.labels.labels:
        yield f"  {lines.labels.number(name)}: {_quoted(name)}\n"


def _quoted(text: str) -> str:
    # JSON's texts are YAML's, but for signs beyond 16 bits, which must stand as they are.
    return json.dumps(text, ensure_ascii=False)


YOLO_EXPORTER: Final = Exporter("yolo", write_yolo)
