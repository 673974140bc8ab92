"""The values that files have for one variable, changed all at once."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from dvcore.model.files import FileRecord
from dvcore.model.values import Value
from dvcore.repo.edits import Change, Edits
from dvcore.repo.objects import save_annotations
from dvcore.repo.treereader import TreeReader
from dvcore.store import ObjectDraft

NewValue = Callable[[Value], Value | None]
"""What a value becomes; None takes it away."""


def count_values(reader: TreeReader, name: str) -> int:
    """How many files have a value for a variable."""
    return sum(name in reader.stated_variables(record) for _, record in reader.iter_records())


def change_values(reader: TreeReader, draft: ObjectDraft, edits: Edits, name: str, change: NewValue) -> int:
    """Plan what the values of a variable become, those given on entry as well as annotated ones; the number of files
    that change. Looks at every file."""
    for file, before in reader.iter_records():
        if name in reader.stated_variables(before):
            after = _changed(reader, draft, before, name, change)
            if after != before:
                edits.files[file] = Change(before, after)
    return len(edits.files)


def _changed(reader: TreeReader, draft: ObjectDraft, record: FileRecord, name: str, change: NewValue) -> FileRecord:
    annotations = reader.annotations(record)
    given, annotated = (_with(values, name, change) for values in (record.variables, annotations.variables))
    if (given, annotated) == (record.variables, annotations.variables):
        return record
    saved = save_annotations(draft, replace(annotations, variables=annotated))
    return replace(record, annotations=saved, variables=given)


def _with(values: Mapping[str, Value], name: str, change: NewValue) -> dict[str, Value]:
    changed = {one: change(value) if one == name else value for one, value in values.items()}
    return {one: value for one, value in changed.items() if value is not None}
