"""The declarations that files need when they come back from another state."""

from dataclasses import replace

from dvcore.model.annotations import AnnotationSet
from dvcore.model.declarations import LabelDeclaration, VariableDeclaration
from dvcore.model.files import FileRecord
from dvcore.model.tree import Tree
from dvcore.model.values import Value, ValueType
from dvcore.repo.annotating import label_changes
from dvcore.repo.edits import Change, Edits


class DeclarationsNeeded:
    """Gathers what files use; `here` is the tree that they come into, `source` the one that they come from."""

    def __init__(self, here: Tree, source: Tree) -> None:
        self._here = here
        self._source = source
        self._variables = {one.name: one for one in here.variables}
        self._labels: dict[str, LabelDeclaration] = {}
        known = {one.name for one in here.labels}
        self.is_wanted = not set(source.variables) <= set(here.variables) or any(
            one.name not in known or one.keypoints for one in source.labels
        )
        """Whether anything that a file uses can be missing."""

    def note(self, record: FileRecord, annotations: AnnotationSet) -> None:
        """Look into a file that comes back.

        Raises InvalidInputError where a value does not fit a variable that is declared otherwise now.
        """
        for name, value in (*record.variables.items(), *annotations.variables.items()):
            self._variables[name] = self._fitting(name, value)
        for one in annotations.instances:
            label = None if one.label in self._labels else self._source.find_label(one.label)
            if label is not None:
                self._labels[one.label] = label

    def put_into(self, edits: Edits) -> None:
        """Declare what is missing; labels get the next free numbers.

        Raises InvalidInputError where a label has other keypoints now.
        """
        for name, after in self._variables.items():
            before = self._here.find_variable(name)
            if after != before:
                edits.variables[name] = Change(before, after)
        edits.labels.update(label_changes(self._here, list(self._labels.values())))

    def _fitting(self, name: str, value: Value) -> VariableDeclaration:
        """The declaration of a variable, with one more choice where the value is one that was taken away."""
        declared = self._variables.get(name) or self._source.find_variable(name)
        assert declared is not None, "every value of a tree has its declaration"
        if declared.type is ValueType.ENUM and type(value) is str and value not in declared.choices:
            return replace(declared, choices=(*declared.choices, value))
        declared.check(value)
        return declared
