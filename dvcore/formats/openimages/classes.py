"""Open Images' classes: ids such as `/m/01g317`, and the names that tables of descriptions give them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from dvcore.errors import InvalidInputError
from dvcore.formats.stated.findings import label_name
from dvcore.model.declarations import LabelDeclaration


@dataclass(slots=True)
class Classes:
    """`names` are those of the descriptions, in their order; `used` the labels of those that occur. A class that is not
    described is called like its id."""

    names: dict[str, str] = field(default_factory=dict)
    used: dict[str, str] = field(default_factory=dict)
    undescribed: set[str] = field(default_factory=set)

    def describe(self, id_: str, name: str) -> None:
        """Give a class its name; the first one counts."""
        self.names.setdefault(id_, name)

    def label_of(self, id_: str) -> str:
        """The label of a class, which is then declared.

        Raises InvalidInputError where its name cannot be a label.
        """
        label = self.used.get(id_)
        if label is None:
            if not id_.strip():
                raise InvalidInputError("has no LabelName")
            label = self.used[id_] = self.name_of(id_)
            if id_ not in self.names:
                self.undescribed.add(id_)
        return label

    def name_of(self, id_: str) -> str:
        """The name of a class, declared or not. Raises InvalidInputError as `label_of` does."""
        return label_name(self.names.get(id_, id_))

    def declarations(self) -> tuple[tuple[LabelDeclaration, ...], Sequence[str]]:
        """The labels that occur, in the order of the descriptions, then of the ids; notes on those of one name."""
        order = {id_: index for index, id_ in enumerate(self.names)}
        found: dict[str, LabelDeclaration] = {}
        notes: list[str] = []
        for id_ in sorted(self.used, key=lambda one: (order.get(one, len(order)), one)):
            label = self.used[id_]
            if label in found:
                notes.append(f"the classes {found[label].source} and {id_} are one label, {label!r}")
            else:
                found[label] = LabelDeclaration(label, 0, id_)
        return tuple(found.values()), notes
