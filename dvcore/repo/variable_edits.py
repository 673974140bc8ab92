"""Changing declared variables. Values follow where a choice gets another name; nothing else touches them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from unicodedata import normalize

from dvcore.errors import NotFoundError, nearest_hint
from dvcore.model.declarations import VariableDeclaration
from dvcore.model.values import Value
from dvcore.repo.edits import Change, Edits, kept
from dvcore.repo.repository import Repository
from dvcore.repo.treereader import TreeReader
from dvcore.repo.variable_values import change_values
from dvcore.repo.variables import normalize_declaration
from dvcore.repo.working import change_working
from dvcore.store import ObjectDraft


@dataclass(frozen=True, slots=True)
class VariableEdit:
    """What to change; None leaves it. Choices are renamed all at once, so that two can change places; one that gets
    the name of another becomes that one. `default` is a text, read by the declaration."""

    add_choices: Sequence[str] = ()
    rename_choices: Mapping[str, str] = field(default_factory=dict)
    required: bool | None = None
    default: str | None = None
    no_default: bool = False


@dataclass(frozen=True, slots=True)
class EditedVariable:
    """The declaration before and after, and the number of files whose value got another name."""

    before: VariableDeclaration
    after: VariableDeclaration
    values: int


def edit_variable(repository: Repository, name: str, edit: VariableEdit) -> EditedVariable:
    """Change a declaration.

    Raises NotFoundError for an unknown variable or choice, InvalidInputError where it would contradict itself.
    """
    edited: EditedVariable | None = None
    renames = {normalize("NFC", old): normalize("NFC", new) for old, new in edit.rename_choices.items()}

    def plan(reader: TreeReader, draft: ObjectDraft) -> Edits:
        nonlocal edited
        before = reader.variable(name)
        after = _edited(before, edit, renames)
        with kept(repository.edits()) as edits:
            values = change_values(reader, draft, edits, name, partial(_renamed, renames)) if renames else 0
            if after != before:
                edits.variables[name] = Change(before, after)
            edits.exact = bool(renames)
            edited = EditedVariable(before, after, values)
            return edits

    change_working(repository, f"variable: edit {name}", plan)
    assert edited is not None, "the plan was made"
    return edited


def _edited(before: VariableDeclaration, edit: VariableEdit, renames: Mapping[str, str]) -> VariableDeclaration:
    for old in renames:
        if old not in before.choices:
            hint = nearest_hint(old, before.choices)
            raise NotFoundError(f"the variable {before.name!r} has no choice {old!r}", hint=hint)
    added = (normalize("NFC", choice) for choice in edit.add_choices)
    choices = tuple(dict.fromkeys([*(renames.get(one, one) for one in before.choices), *added]))
    default = before.default if before.default is None else _renamed(renames, before.default)
    changed = replace(before, choices=choices, default=None if edit.no_default else default)
    if edit.required is not None:
        changed = replace(changed, required=edit.required)
    if edit.default is not None:
        changed = changed.with_default(edit.default)
    return normalize_declaration(changed)


def _renamed(renames: Mapping[str, str], value: Value) -> Value:
    return renames.get(value, value) if isinstance(value, str) else value
