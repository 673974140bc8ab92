"""What changed records of a merge use of the declarations: one that a side removed stays where the other uses it."""

from collections import defaultdict
from dataclasses import dataclass, field

from dvcore.model.files import decode_record
from dvcore.model.tree import Tree
from dvcore.model.values import Value, ValueType
from dvcore.repo.objects import Objects


@dataclass(slots=True)
class InUse:
    """Names of variables and labels, and the values of those variables where not every value may fit the result, each
    with its type, as 1 is not true."""

    variables: set[str] = field(default_factory=set)
    labels: set[str] = field(default_factory=set)
    values: dict[str, set[tuple[type, Value]]] = field(default_factory=lambda: defaultdict(set))


class UseCollector:
    """Looks into records, where that can matter: in most merges no side takes anything away from the declarations."""

    def __init__(self, objects: Objects, base: Tree, *sides: Tree) -> None:
        self.found = InUse()
        self._objects = objects
        trees = (base, *sides)
        self._checked = {
            one.name
            for tree in trees
            for one in tree.variables
            if one.type is ValueType.ENUM or len(_types(one.name, *trees)) > 1
        }
        self._is_wanted = any(not _declared(base) <= _declared(side) for side in sides) or any(
            len(_types(name, *trees)) > 1 for name in self._checked
        )

    def note(self, data: bytes) -> None:
        """Look into an encoded record of the result that a side changed."""
        if not self._is_wanted:
            return
        record = decode_record(data)
        annotations = self._objects.load_annotations(record.annotations)
        self.found.labels.update(one.label for one in annotations.instances)
        for name, value in (*record.variables.items(), *annotations.variables.items()):
            self.found.variables.add(name)
            if name in self._checked:
                self.found.values[name].add((type(value), value))


def _types(name: str, *trees: Tree) -> set[ValueType]:
    found = (tree.find_variable(name) for tree in trees)
    return {one.type for one in found if one is not None}


def _declared(tree: Tree) -> set[tuple[str, ...]]:
    return {
        *(("label", one.name) for one in tree.labels),
        *(("variable", one.name) for one in tree.variables),
        *(("choice", one.name, choice) for one in tree.variables for choice in one.choices),
    }
