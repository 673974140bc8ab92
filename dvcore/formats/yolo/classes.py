"""The classes of a YOLO data set: label declarations by their index."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dvcore.errors import Fault, InvalidInputError
from dvcore.model.annotation_names import check_label_name
from dvcore.model.declarations import LabelDeclaration


@dataclass(slots=True)
class Classes:
    """The labels by index; without names, where `names` is None, a label is its index, and all that occur are
    declared. `keypoints` are the names of the points by index."""

    where: str
    names: Mapping[int, str] | None = None
    keypoints: Mapping[int, Sequence[str]] = field(default_factory=dict)
    _labels: dict[int, str] = field(default_factory=dict)
    left_out: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for index, name in sorted((self.names or {}).items()):
            try:
                self._labels[index] = check_label_name(name.strip() or name)
            except InvalidInputError as error:
                self.left_out.append(Fault(f"{self.where}: class {index}", error.message))

    def label_of(self, index: int) -> str:
        """The label of an index.

        Raises InvalidInputError where there is none.
        """
        if index < 0:
            raise InvalidInputError(f"has the class {index}")
        if self.names is None:
            return self._labels.setdefault(index, str(index))
        if index not in self._labels:
            raise InvalidInputError(f"has the unknown class {index}: {self.where} has {_extent(self.names)}")
        return self._labels[index]

    def declarations(self) -> tuple[LabelDeclaration, ...]:
        """What the tree declares, in the order of the indices. Two indices of one name are one label, with a note."""
        found: dict[str, LabelDeclaration] = {}
        for index, name in sorted(self._labels.items()):
            if name in found:
                self.notes.append(f"{self.where}: the classes {found[name].source} and {index} are one label, {name!r}")
            else:
                found[name] = LabelDeclaration(name, 0, index, keypoints=tuple(self.keypoints.get(index, ())))
        return tuple(found.values())


def _extent(names: Mapping[int, str]) -> str:
    return f"classes from {min(names)} to {max(names)}" if names else "no classes"
