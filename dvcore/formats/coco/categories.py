"""COCO's categories as label declarations."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from unicodedata import normalize

from dvcore.errors import Fault, InvalidInputError
from dvcore.formats.coco.document import find_key, format_value, take_key, take_object, take_text
from dvcore.model.annotation_names import check_label_name
from dvcore.model.declarations import LabelDeclaration

_KNOWN_KEYS: Final = frozenset({"id", "name", "supercategory", "color"})


@dataclass(frozen=True, slots=True)
class Categories:
    """`labels` are what the tree declares; `names` gives the label's name for an id, `faults` the reason for one that
    cannot be used. `lost` counts keys that are not kept."""

    labels: tuple[LabelDeclaration, ...]
    names: Mapping[str, str]
    faults: Mapping[str, str]
    left_out: tuple[Fault, ...]
    notes: tuple[str, ...]
    lost: Mapping[str, int]

    def label_of(self, key: str) -> str:
        """The label's name for a category id.

        Raises InvalidInputError where no or more than one category has it.
        """
        if key in self.faults:
            raise InvalidInputError(self.faults[key])
        if key not in self.names:
            raise InvalidInputError(f"has the unknown category_id {key}")
        return self.names[key]


def read_categories(where: str, items: Sequence[Any]) -> Categories:
    """Read the section. Two ids of one name are one label; two names of one id are a fault of whatever uses the id."""
    labels: dict[str, LabelDeclaration] = {}
    names: dict[str, str] = {}
    faults: dict[str, str] = {}
    left_out: list[Fault] = []
    notes: list[str] = []
    lost: Counter[str] = Counter()
    for index, item in enumerate(items):
        try:
            fields = take_object(item)
            key, label = _label(fields)
        except InvalidInputError as error:
            left_out.append(Fault(f"{where}: categories[{index}]", error.message))
            continue
        lost.update(format_value(key) for key in fields.keys() - _KNOWN_KEYS)
        if fields["name"] != fields["name"].strip():
            notes.append(f"{where}: the category {key} is called {fields['name']!r}; its label is {label.name!r}")
        if names.setdefault(key, label.name) != label.name:
            faults[key] = f"has the category_id {key}, which is both {names[key]!r} and {label.name!r}"
        elif label.name in labels:
            notes.append(f"{where}: the categories {labels[label.name].source} and {key} are one label, {label.name!r}")
        else:
            labels[label.name] = label
    return Categories(tuple(labels.values()), names, faults, tuple(left_out), tuple(notes), lost)


def _label(fields: Mapping[str, Any]) -> tuple[str, LabelDeclaration]:
    key, given = take_key(fields, "id"), take_text(fields, "name")
    name = check_label_name(given.strip() or given)
    source = fields["id"] if isinstance(fields["id"], str) else int(key)
    return key, LabelDeclaration(name, 0, source, _supercategory(fields), _color(fields))


def _supercategory(fields: Mapping[str, Any]) -> str | None:
    try:
        key = find_key(fields, "supercategory") if fields.get("supercategory") != "" else None
    except InvalidInputError:
        return None
    return None if key is None else normalize("NFC", key)


def _color(fields: Mapping[str, Any]) -> str | None:
    color = fields.get("color")
    if not isinstance(color, str) or len(color) != 7 or not color.startswith("#"):
        return None
    return color.lower() if all(sign in "0123456789abcdef" for sign in color[1:].lower()) else None
