"""What decides on the split of a file, read from a tree: its split number, or that of its group, and its label."""

from collections.abc import Sequence

from dvcore.model.definition import Definition
from dvcore.model.files import FileRecord, split_number
from dvcore.model.values import Value
from dvcore.query.stated import read_stated
from dvcore.repo.treereader import TreeReader
from dvcore.snapshot.splits.assigning import Draft, stratified_head
from dvcore.snapshot.splits.numbers import group_number


class Drafter:
    """Makes the drafts of the files of one tree.

    Raises NotFoundError where the tree has no such variable as the definition groups by.
    """

    def __init__(self, tree: TreeReader, definition: Definition) -> None:
        self._objects = tree.objects
        self._head = stratified_head(definition)
        self._variable = None if definition.group_by is None else tree.variable(definition.group_by)

    def draft(self, record: FileRecord, filtered: int | None, labels: Sequence[int]) -> Draft:
        """The draft of a file. `filtered` is the first split whose filter is true, `labels` are columns."""
        group = self._group(record)
        number = split_number(record.split_key) if group is None else group_number(group)
        return Draft(number, filtered, self._stratum(labels), group)

    def _group(self, record: FileRecord) -> Value | None:
        """The value that a filter would read; None is a group of its own."""
        if self._variable is None:
            return None
        name = self._variable.name
        if record.annotations is not None:
            annotated = read_stated(self._objects.read(record.annotations)).variables
            if name in annotated:
                return annotated[name]
        return record.variables.get(name, self._variable.unset_reads)

    def _stratum(self, labels: Sequence[int]) -> int | None:
        if self._head is None:
            return None
        return next((label - self._head.first for label in labels if label in self._head.columns), None)
