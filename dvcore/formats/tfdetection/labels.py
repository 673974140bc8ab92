"""Labels of TensorFlow's object detection API: a number, a name, or both; numbers count from 1."""

from dataclasses import dataclass, field

from dvcore.errors import InvalidInputError
from dvcore.formats.stated.findings import label_name
from dvcore.formats.tfdetection.label_map import LabelMap
from dvcore.model.declarations import LabelDeclaration


@dataclass(slots=True)
class Labels:
    """The classes of a label map, if there is one, and those that occur. `disagreeing` counts objects whose number the
    map gives another name: the name counts."""

    known: LabelMap
    used: dict[str, int | None] = field(default_factory=dict)
    disagreeing: int = 0

    def label_of(self, number: object, name: str | None) -> str:
        """The label of an object.

        Raises InvalidInputError where it has neither a name nor a number of a class.
        """
        id_ = number if isinstance(number, int) and number > 0 else None
        if name is None:
            if id_ is None:
                raise InvalidInputError("has no class")
            name = label_name(self.known.names.get(id_, str(id_)))
        meant = self.known.ids.get(name)
        if meant is not None:
            self.disagreeing += id_ is not None and id_ != meant
            name, id_ = self.known.names[meant], meant
        self.used.setdefault(name, id_)
        return name

    def declarations(self) -> tuple[LabelDeclaration, ...]:
        """Those of the label map in the order of their numbers, then those that only occur, by number and name."""
        labels = {name: number for number, name in sorted(self.known.names.items(), reverse=True)}
        others = {name: number for name, number in self.used.items() if name not in labels}
        ordered = sorted(labels.items(), key=lambda one: one[1])
        ordered_others = sorted(others.items(), key=lambda one: (one[1] is None, one[1] or 0, one[0]))
        return tuple(LabelDeclaration(name, 0, number) for name, number in (*ordered, *ordered_others))
