"""What changed in what two trees declare: variables and labels, by name."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Literal

from dvcore.history.file_changes import Kind
from dvcore.model.declarations import LabelDeclaration, VariableDeclaration
from dvcore.model.tree import Tree

Declaration = VariableDeclaration | LabelDeclaration


@dataclass(frozen=True, slots=True)
class DeclarationChange:
    """A declaration before and after; None where there was none, or is none any more."""

    what: Literal["variable", "label"]
    old: Declaration | None
    new: Declaration | None

    @property
    def name(self) -> str:
        """Of the variable or the label."""
        one = self.new or self.old
        assert one is not None, "a change has at least one side"
        return one.name

    @property
    def kind(self) -> Kind:
        """What happened to it."""
        if self.old is None:
            return Kind.ADDED
        return Kind.REMOVED if self.new is None else Kind.MODIFIED

    @property
    def fields(self) -> dict[str, tuple[object, object]]:
        """What differs between two sides, by the names of the declaration's fields."""
        if self.old is None or self.new is None:
            return {}
        pairs = ((one.name, (getattr(self.old, one.name), getattr(self.new, one.name))) for one in fields(self.old))
        return {name: (old, new) for name, (old, new) in pairs if old != new}


def diff_declarations(before: Tree, after: Tree) -> list[DeclarationChange]:
    """Variables, then labels, each in the order of the names."""
    variables = _changed({one.name: one for one in before.variables}, {one.name: one for one in after.variables})
    labels = _changed({one.name: one for one in before.labels}, {one.name: one for one in after.labels})
    return [
        *(DeclarationChange("variable", *pair) for pair in variables),
        *(DeclarationChange("label", *pair) for pair in labels),
    ]


def _changed(
    old: "dict[str, VariableDeclaration] | dict[str, LabelDeclaration]",
    new: "dict[str, VariableDeclaration] | dict[str, LabelDeclaration]",
) -> Iterator[tuple[Declaration | None, Declaration | None]]:
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            yield old.get(name), new.get(name)
