"""What a YOLO data set says of itself: `data.yaml`, Darknet's `obj.data` and `obj.names`, or `classes.txt`.

Every check raises InvalidInputError with a message that follows the name of the file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from dvcore.errors import InvalidInputError
from dvcore.formats.texts.plain_text import decode_text, iter_lines, parse_whole, shown
from dvcore.formats.texts.yaml_files import parse_yaml
from dvcore.formats.yolo.rows import Task

YAML_SUFFIXES: Final = (".yaml", ".yml")
_SPLITS: Final = ("train", "val", "valid", "test")
_NOTHING: Final = (None, "", "null", "~")
"""What stands behind a key that is there for nothing."""
_MAX_KEYPOINTS: Final = 10_000
_KNOWN_KEYS: Final = frozenset({*_SPLITS, "path", "names", "nc", "task", "kpt_shape", "kpt_names"})


@dataclass(frozen=True, slots=True)
class Config:
    """`names` are the classes by index, None where none are given. `keypoints` is how many each instance has and how
    many numbers each of them; `keypoint_names` are theirs by class. `splits` gives for each split the folders and lists
    of images that are its, as written under `root`; `names_file` is a file of classes. `lost` are the keys that are not
    kept."""

    names: Mapping[int, str] | None = None
    task: Task | None = None
    keypoints: tuple[int, int] | None = None
    keypoint_names: Mapping[int, Sequence[str]] = field(default_factory=dict)
    root: str = ""
    splits: Mapping[str, Sequence[str]] = field(default_factory=dict)
    names_file: str | None = None
    lost: Sequence[str] = ()
    notes: Sequence[str] = ()


def read_names(data: bytes) -> Config:
    """A class a line, `classes.txt` or `obj.names`. Blank lines at the end are none."""
    lines = decode_text(data).replace("\r\n", "\n").replace("\r", "\n").rstrip().split("\n")
    return Config(names=dict(enumerate(lines)) if lines != [""] else {})


def read_darknet(data: bytes) -> Config:
    """Darknet's `key = value` lines: `train`, `valid` and `names` lead to other files."""
    values: dict[str, str] = {}
    for number, line in iter_lines(decode_text(data)):
        key, equals, value = line.partition("=")
        if not equals:
            raise InvalidInputError(f"has no '=' in line {number}")
        values[key.strip()] = value.strip()
    splits = {name: (values[name],) for name in _SPLITS if values.get(name)}
    lost = sorted(values.keys() - {*_SPLITS, "classes", "names", "backup"})
    return Config(splits=splits, names_file=values.get("names"), lost=lost)


def read_data_yaml(data: bytes) -> Config | None:
    """A `data.yaml`; None for a YAML file that is another thing."""
    top = parse_yaml(data)
    if not isinstance(top, dict) or not (top.keys() & {"names", "nc"}):
        return None
    names = _names(top.get("names"))
    keypoints = _keypoints(top["kpt_shape"]) if "kpt_shape" in top else None
    root = top.get("path", "")
    if not isinstance(root, str):
        raise InvalidInputError("has a path that is no text")
    return Config(
        names=names,
        task=_task(top.get("task")) or (Task.POSE if keypoints else None),
        keypoints=keypoints,
        keypoint_names={} if keypoints is None else _keypoint_names(top.get("kpt_names"), names, keypoints[0]),
        root=root,
        splits={name: _entries(name, top[name]) for name in _SPLITS if top.get(name) not in _NOTHING},
        lost=sorted(shown(key)[1:-1] for key in top.keys() - _KNOWN_KEYS),
        notes=_notes(top.get("nc"), names),
    )


def _names(raw: Any) -> dict[int, str] | None:
    if raw in _NOTHING:
        return None
    if isinstance(raw, list):
        raw = {str(index): name for index, name in enumerate(raw)}
    if not isinstance(raw, dict):
        raise InvalidInputError("has names that are neither a list nor a map")
    names = {parse_whole(key): name for key, name in raw.items()}
    for index, name in names.items():
        if index < 0 or not isinstance(name, str):
            raise InvalidInputError(f"has a name that is no text for the class {index}")
    return names


def _task(raw: Any) -> Task | None:
    return next((task for task in Task if task.value == raw), None)


def _keypoints(raw: Any) -> tuple[int, int]:
    match raw:
        case [str(count), str(size)]:
            shape = parse_whole(count), parse_whole(size)
            if 0 < shape[0] <= _MAX_KEYPOINTS and shape[1] in (2, 3):
                return shape
    raise InvalidInputError("has a kpt_shape that is not [number of keypoints, 2 or 3]")


def _keypoint_names(raw: Any, names: Mapping[int, str] | None, count: int) -> dict[int, Sequence[str]]:
    """By class, from a list for all or a map of lists; numbers where there are none."""
    given = raw if isinstance(raw, dict) else dict.fromkeys(map(str, names or {}), raw)
    numbered = tuple(map(str, range(count)))
    return {index: _checked_names(given.get(str(index)), count) or numbered for index in names or {}}


def _checked_names(raw: Any, count: int) -> tuple[str, ...]:
    if raw in _NOTHING:
        return ()
    is_sound = isinstance(raw, list) and all(isinstance(name, str) and name.strip() for name in raw)
    if not is_sound or len(set(raw)) != count or len(raw) != count:
        raise InvalidInputError(f"has kpt_names that are not {count} different names")
    return tuple(raw)


def _entries(split: str, raw: Any) -> tuple[str, ...]:
    entries = raw if isinstance(raw, list) else [raw]
    if not all(isinstance(entry, str) for entry in entries):
        raise InvalidInputError(f"has for {split!r} neither a folder nor a file of paths")
    return tuple(entries)


def _notes(count: Any, names: Mapping[int, str] | None) -> tuple[str, ...]:
    """`nc` is not needed beside names; where the two differ, people should know."""
    if not isinstance(count, str) or names is None or count == str(len(names)):
        return ()
    return (f"says nc: {shown(count)[1:-1]}, and names {len(names)} classes",)
