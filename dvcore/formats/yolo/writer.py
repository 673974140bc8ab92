"""Writes YOLO as Ultralytics reads it: `images/` and `labels/`, with a folder for each split, and `data.yaml`.

All lines of a data set are of one kind, since its readers take those of a file for one: the kind of geometry, other
than a box, that most instances have. `docs/exporting.md` has what becomes of the others.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from dvcore.formats.export_labels import NumberedLabels, dense_numbers
from dvcore.formats.exported import Exported, with_suffix
from dvcore.formats.exporting import Export, Exporter
from dvcore.formats.losses import Losses, find_own_box
from dvcore.formats.yolo.outlines import find_corners, find_outline
from dvcore.formats.yolo.rows import Task
from dvcore.model.annotations import Instance
from dvcore.model.geometry import KINDS, Box, Keypoints, Mask, Polygon, RotatedBox

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
    for file in export.iter_files():
        split = () if file.split is None else (file.split,)
        path = file.below(*split)
        export.put_image(file, (_IMAGES, *split, *path))
        if file.annotated:
            export.out.write_text((_LABELS, *split, *with_suffix(path, ".txt")), lines.format(file))
    export.out.write_text(("data.yaml",), "".join(_data_yaml(lines, export)))


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
        width, height = file.facts.width, file.facts.height
        for instance in file.instances:
            numbers = self._numbers(instance, width, height)
            if numbers is not None:
                self.losses.lose_attributes(instance.attributes)
                yield f"{self.labels.number(instance.label)} {' '.join(numbers)}\n"

    def _numbers(self, instance: Instance, width: int, height: int) -> list[str] | None:
        """The columns behind the class, or None for an instance that is left out."""
        if self.task in (Task.SEGMENT, Task.OBB):
            find = find_corners if self.task is Task.OBB else find_outline
            ring = find(instance, self.losses)
            return None if ring is None else _fractions(ring, width, height)
        box = self._box(instance)
        if box is None:
            return None
        centre = (box.x + box.width / 2, box.y + box.height / 2, box.width, box.height)
        return [*_fractions(centre, width, height), *self._keypoints(instance, width, height)]

    def _box(self, instance: Instance) -> Box | None:
        """Keypoints are not converted where they stand behind their box."""
        if self.task is not Task.POSE or not isinstance(instance.geometry, Keypoints):
            return self.losses.box(instance)
        box = find_own_box(instance)
        if box is None:
            self.losses.drop(instance)
        return box

    def _keypoints(self, instance: Instance, width: int, height: int) -> Iterator[str]:
        if self.task is not Task.POSE:
            return
        points = instance.geometry.points if isinstance(instance.geometry, Keypoints) else ()
        for x, y, visibility in points:
            yield from _fractions((x, y), width, height)
            yield str(visibility)
        yield from ["0"] * 3 * (self.points - len(points))


def _fractions(coordinates: tuple[float, ...], width: int, height: int) -> list[str]:
    """Of the image's width and height in turn, to the last bit: a pixel comes back as the one that it was."""
    return [repr(c / (height if at % 2 else width)) for at, c in enumerate(coordinates)]


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
