"""The tasks of a Label Studio export: each is an image, with what one annotation says of it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from dvcore.errors import Fault, InvalidInputError
from dvcore.formats.labelstudio.regions import Region, Size, add_result, is_outline, region_geometry
from dvcore.formats.stated.annotations import StatedAnnotations, StatedInstance
from dvcore.formats.stated.attributes import keep_attribute
from dvcore.formats.stated.findings import Findings, label_name
from dvcore.formats.stated.variables import StatedVariables
from dvcore.formats.texts.json_files import find_key, format_value, take_list, take_object
from dvcore.image.names import is_image_name
from dvcore.model.annotations import Entered
from dvcore.model.values import Value

_SHORT: Final = frozenset(
    {"id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time", "agreement", "predictions"}
)
"""What JSON-MIN says of a task besides its data and its results."""
_KNOWN: Final = frozenset(
    {"id", "type", "value", "from_name", "to_name", "original_width", "original_height", "image_rotation", "origin"}
    | {"score", "readonly", "hidden", "locked", "meta", "parentID", "item_index"}
)
_LOST: Final = ("meta", "parentID")
_LABELS: Final = "labels"
_CHOICES: Final = "choices"
_SAID: Final = (_CHOICES, "text", "rating", "number")
"""Where a control that draws nothing has its value."""


@dataclass(frozen=True, slots=True)
class Task:
    """`left_out` are its instances that cannot be used."""

    stated: StatedAnnotations
    left_out: tuple[Fault, ...] = ()


def iter_urls(task: Mapping[str, Any]) -> Iterator[str]:
    """What may name the image of a task of either form, the likeliest first."""
    data = task["data"] if isinstance(task.get("data"), dict) else task
    texts = {key: value for key, value in data.items() if isinstance(value, str)}
    yield from (texts[key] for key in sorted(texts, key=lambda one: one != "image") if _is_place(texts[key]))
    if isinstance(task.get("file_upload"), str):
        yield task["file_upload"]


@dataclass(frozen=True, slots=True)
class TaskParser:
    """Parses tasks of either form, and counts what is not kept of them."""

    findings: Findings
    variables: StatedVariables

    def parse(self, where: str, task: Mapping[str, Any]) -> Task:
        """What is said of the task's image.

        Raises InvalidInputError where it is no task.
        """
        self.findings.lost["predictions"] += _count(task.get("predictions"))
        if isinstance(task.get("data"), dict):
            return self._parse_long(where, task)
        return self._parse_short(where, task)

    def _parse_long(self, where: str, task: Mapping[str, Any]) -> Task:
        values, annotation = self._data_values(task["data"]), self._chosen(task)
        if annotation is None:
            return Task(StatedAnnotations(where, None, (), values, is_annotated=False))
        return self._task(where, take_list(annotation, "result"), values)

    def _parse_short(self, where: str, task: Mapping[str, Any]) -> Task:
        """JSON-MIN has the results of each control under its name, and the task's data beside them."""
        results: list[Any] = []
        data: dict[str, Any] = {}
        for key, value in task.items():
            found = None if key in _SHORT else _short_results(key, value)
            if found is not None:
                results.extend(found)
            elif key not in _SHORT:
                data[key] = value
        return self._task(where, results, self._data_values(data))

    def _chosen(self, task: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Of several annotations the one that is the ground truth, else the one that was changed last."""
        key = "completions" if "annotations" not in task and "completions" in task else "annotations"
        stated = [] if task.get(key) is None else take_list(task, key)
        found = [one for one in map(take_object, stated) if not one.get("was_cancelled")]
        if not found:
            return None
        self.findings.lost["other annotations of a task"] += len(found) - 1
        return max(found, key=lambda one: (one.get("ground_truth") is True, str(one.get("updated_at") or "")))

    def _task(self, where: str, results: Iterable[Any], values: dict[str, Value]) -> Task:
        left_out: list[Fault] = []
        regions = _by_region(where, results, left_out)
        size = _size(regions.values())
        stated: list[StatedInstance] = []
        for key, region in regions.items():
            if region.kind is None:
                self._take_image_results(region, values)
                continue
            region.size = size
            place = f"{where}, region {key}"
            try:
                stated.extend(StatedInstance(place, entered) for entered in self._entered(region))
            except InvalidInputError as error:
                left_out.append(Fault(place, error.message))
        annotations = StatedAnnotations(where, size, tuple(stated), values, is_normalized=size is None)
        return Task(annotations, tuple(left_out))

    def _entered(self, region: Region) -> Iterator[Entered]:
        """An instance for each of the region's labels."""
        labels = [label_name(label if isinstance(label, str) else None) for label in region.labels]
        if not labels:
            raise InvalidInputError("has no label")
        geometry, attributes = region_geometry(region), self._attributes(region)
        self.findings.converted["ellipse"] += region.kind == "ellipse"
        for label in dict.fromkeys(labels):
            yield Entered(label, geometry, source=region.id, attributes=attributes)

    def _attributes(self, region: Region) -> dict[str, Value]:
        """The score, and what the controls for single regions say."""
        lost = self.findings.lost
        values: dict[str, Value] = {}
        for result in region.results:
            if "score" in result and "score" not in values:
                keep_attribute(values, "score", result["score"], lost)
            lost.update(f"{name} of regions" for name in _LOST if result.get(name))
            lost.update(f"{format_value(name)} of regions" for name in result.keys() - _KNOWN)
            self._lose_unsaid(result, "regions")
            for name, value in _iter_said(result):
                keep_attribute(values, name, value, lost)
        return values

    def _take_image_results(self, region: Region, values: dict[str, Value]) -> None:
        for result in region.results:
            self._lose_unsaid(result, "images")
            for name, value in _iter_said(result):
                self.variables.put(values, name, value, is_text=result["type"] != _CHOICES)

    def _lose_unsaid(self, result: Mapping[str, Any], of: str) -> None:
        """Count a result that is neither a region's outline nor its label nor anything that `_iter_said` knows."""
        kind = result["type"]
        if not is_outline(kind) and next(_iter_said(result), None) is None:
            self.findings.lost[f"{format_value(kind)} of {of}"] += 1

    def _data_values(self, data: Mapping[str, Any]) -> dict[str, Value]:
        """Plain values of the task's data, but for the image itself."""
        values: dict[str, Value] = {}
        for name, value in data.items():
            if isinstance(value, bool | int | float) or (isinstance(value, str) and not _is_place(value)):
                self.variables.put(values, name, value, is_text=True)
        return values


def _is_place(text: str) -> bool:
    """Whether a text names a file rather than says something."""
    return is_image_name(text) or "://" in text or text.startswith("/")


def _count(raw: object) -> int:
    return len(raw) if isinstance(raw, list) else 0


def _by_region(where: str, results: Iterable[Any], left_out: list[Fault]) -> dict[str, Region]:
    """The results by the id of their region; one without an id is a region of its own."""
    regions: dict[str, Region] = {}
    for index, raw in enumerate(results):
        try:
            result = take_object(raw)
            key = find_key(result, "id")
            region = regions.setdefault(key or f"[{index}]", Region(key))
            add_result(region, result)
        except InvalidInputError as error:
            left_out.append(Fault(f"{where}, result[{index}]", error.message))
    return regions


def _size(regions: Iterable[Region]) -> Size | None:
    """The size of the image that all regions are of, if any gives one."""
    first, *others = dict.fromkeys(region.size for region in regions if region.size) or [None]
    if first is not None and others and others[0] is not None:
        (width, height), (other_width, other_height) = first, others[0]
        raise InvalidInputError(
            f"has regions for an image of {width}x{height} pixels and for one of {other_width}x{other_height}"
        )
    return first


def _iter_said(result: Mapping[str, Any]) -> Iterator[tuple[str, Value]]:
    """Names and values of what a control that draws nothing says: of several, the second is `NAME_2`."""
    control, value = result.get("from_name"), result["value"]
    found = next((value[key] for key in _SAID if key in value), None)
    several = found if isinstance(found, list) else [found]
    if isinstance(control, str):
        plain = [one for one in several if isinstance(one, bool | int | float | str)]
        for number, one in enumerate(plain, start=1):
            yield control if number == 1 else f"{control}_{number}", one


def _short_results(control: str, value: object) -> list[Any] | None:
    """The results that JSON-MIN has under the name of a control, as the long form has them; None where it is data."""
    if isinstance(value, dict) and isinstance(value.get(_CHOICES), list):
        return [{"type": "short choices", "from_name": control, "value": value}]
    if not isinstance(value, list) or not value or not all(isinstance(one, dict) for one in value):
        return None
    return [_short_result(control, one) for one in value]


def _short_result(control: str, value: Mapping[str, Any]) -> dict[str, Any]:
    kind = next((key for key in value if key.endswith(_LABELS)), "region")
    sizes = {key: value[key] for key in ("original_width", "original_height") if key in value}
    return {"type": kind, "from_name": control, "value": dict(value), **sizes}
