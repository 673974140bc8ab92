"""COCO's categories as label declarations."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from unicodedata import normalize

from dvcore.errors import InvalidInputError
from dvcore.formats.texts.json_files import find_key, format_value, is_unicode, take_key, take_object, take_text
from dvcore.model.annotation_names import check_label_name
from dvcore.model.declarations import LabelDeclaration

_KNOWN_KEYS: Final = frozenset({"id", "name", "supercategory", "color", "isthing", "keypoints", "skeleton"})


@dataclass(slots=True)
class Categories:
    """The categories of one json: `labels` by name are what the tree declares; `things` says, by id, of those that do,
    whether they are things rather than stuff. `lost` counts keys that are not kept."""

    where: str
    labels: dict[str, LabelDeclaration] = field(default_factory=dict)
    things: dict[str, bool] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    lost: Counter[str] = field(default_factory=Counter)
    _names: dict[str, str] = field(default_factory=dict)
    _ambiguous: dict[str, str] = field(default_factory=dict)

    def add(self, index: int, item: object) -> None:
        """Read a category. Two ids of one name are one label; two names of one id are a fault of whatever uses it."""
        try:
            fields = take_object(item)
            key, label = self._label(fields)
        except InvalidInputError as error:
            self.notes.append(f"{self.where}: categories[{index}] is no label: {error.message}")
            return
        for name in fields.keys() - _KNOWN_KEYS:
            self.lost[format_value(name)] += 1
        if isinstance(fields.get("isthing"), int):
            self.things[key] = bool(fields["isthing"])
        if fields["name"] != fields["name"].strip():
            self.notes.append(f"{self.where}: the category {key} is called {fields['name']!r}; it is {label.name!r}")
        self._take(key, label)

    def label_of(self, key: str) -> LabelDeclaration:
        """The label for a category id.

        Raises InvalidInputError where no or more than one category has it.
        """
        if key in self._ambiguous:
            raise InvalidInputError(self._ambiguous[key])
        if key not in self._names:
            raise InvalidInputError(f"has the unknown category_id {key}")
        return self.labels[self._names[key]]

    def _take(self, key: str, label: LabelDeclaration) -> None:
        first = self._names.setdefault(key, label.name)
        if first != label.name:
            self._ambiguous[key] = f"has the category_id {key}, which is both {first!r} and {label.name!r}"
        elif label.name in self.labels:
            source = self.labels[label.name].source
            self.notes.append(f"{self.where}: the categories {source} and {key} are one label, {label.name!r}")
        else:
            self.labels[label.name] = label

    def _label(self, fields: Mapping[str, Any]) -> tuple[str, LabelDeclaration]:
        key, given = take_key(fields, "id"), take_text(fields, "name")
        name = check_label_name(given.strip() or given)
        source = fields["id"] if isinstance(fields["id"], str) else int(key)
        keypoints = _keypoints(fields.get("keypoints"))
        skeleton = _skeleton(fields.get("skeleton"), len(keypoints))
        for said, kept in (("keypoints", keypoints), ("skeleton", skeleton)):
            if fields.get(said) and not kept:
                self.lost[format_value(said)] += 1
        return key, LabelDeclaration(
            name, 0, source, _supercategory(fields), _color(fields.get("color")), keypoints, skeleton
        )


def merge_labels(categories: Iterable[Categories]) -> tuple[LabelDeclaration, ...]:
    """The labels of several files: what the first says of a name holds, what it does not say is taken from the next."""
    labels: dict[str, LabelDeclaration] = {}
    for one in categories:
        for name, label in one.labels.items():
            labels[name] = _merged(labels[name], label) if name in labels else label
    return tuple(labels.values())


def _merged(first: LabelDeclaration, other: LabelDeclaration) -> LabelDeclaration:
    with_points = first if first.keypoints else other
    return replace(
        first,
        supercategory=first.supercategory or other.supercategory,
        color=first.color or other.color,
        keypoints=with_points.keypoints,
        skeleton=with_points.skeleton,
    )


def _keypoints(value: object) -> tuple[str, ...]:
    """The names of the points, or nothing where they are no different names."""
    if not isinstance(value, list) or not all(isinstance(name, str) and name and is_unicode(name) for name in value):
        return ()
    names = tuple(normalize("NFC", name) for name in value)
    return names if len(set(names)) == len(names) else ()


def _skeleton(value: object, points: int) -> tuple[tuple[int, int], ...]:
    """The pairs from 0, or nothing where they are none of these points. COCO counts from 1; a pair with a 0 in it shows
    that a tool does not."""
    if not isinstance(value, list) or not all(map(_is_pair, value)):
        return ()
    first = 0 if any(0 in pair for pair in value) else 1
    pairs = tuple((a - first, b - first) for a, b in value)
    return pairs if all(0 <= index < points for pair in pairs for index in pair) else ()


def _is_pair(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(type(index) is int for index in value)


def _supercategory(fields: Mapping[str, Any]) -> str | None:
    try:
        key = find_key(fields, "supercategory") if fields.get("supercategory") != "" else None
    except InvalidInputError:
        return None
    return None if key is None else normalize("NFC", key)


def _color(color: object) -> str | None:
    if not isinstance(color, str) or len(color) != 7 or not color.startswith("#"):
        return None
    return color.lower() if all(sign in "0123456789abcdef" for sign in color[1:].lower()) else None
