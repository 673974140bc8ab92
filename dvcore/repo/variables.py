"""Declaring the variables of files."""

from dataclasses import dataclass, replace
from unicodedata import normalize

from dvcore.errors import ExistsError, InvalidInputError
from dvcore.model.declarations import VariableDeclaration
from dvcore.model.files import FileRecord
from dvcore.model.names import normalize_name
from dvcore.model.values import ValueType
from dvcore.model.variable_names import check_variable_name
from dvcore.repo.edits import Change, Edits
from dvcore.repo.objects import save_annotations
from dvcore.repo.repository import Repository
from dvcore.repo.treereader import TreeReader
from dvcore.repo.working import change_working
from dvcore.store import ObjectDraft


@dataclass(frozen=True, slots=True)
class RemovedVariable:
    """A declaration that was removed, and the number of files that had a value for it."""

    declaration: VariableDeclaration
    values: int


def add_variable(repository: Repository, declaration: VariableDeclaration) -> bool:
    """Declare a variable; False where exactly this one is declared already.

    Raises InvalidInputError, and ExistsError where one of this name is declared otherwise.
    """
    declaration = normalize_declaration(declaration)
    added = False

    def plan(reader: TreeReader, _: ObjectDraft) -> Edits:
        nonlocal added
        present = reader.tree.find_variable(declaration.name)
        if present is not None and present != declaration:
            raise ExistsError(
                f"the variable {declaration.name!r} is declared already, as {present.type.value}",
                hint="'dset variable list' shows it",
            )
        check_variable_name(declaration.name, [one.name for one in reader.tree.variables])
        added = present is None
        return Edits(variables={declaration.name: Change(None, declaration)} if added else {})

    change_working(repository, f"variable: add {declaration.name}", plan)
    return added


def remove_variable(repository: Repository, name: str) -> RemovedVariable:
    """Remove a declaration and with it every value of it.

    Raises NotFoundError.
    """
    removed: RemovedVariable | None = None

    def plan(reader: TreeReader, draft: ObjectDraft) -> Edits:
        nonlocal removed
        declaration = reader.variable(name)
        files = {
            file: Change(record, _without(reader, draft, record, name))
            for file, record in reader.iter_records()
            if name in reader.variables(record)
        }
        removed = RemovedVariable(declaration, len(files))
        return Edits(files=files, variables={name: Change(declaration, None)}, exact=True)

    change_working(repository, f"variable: remove {name}", plan)
    assert removed is not None, "the plan was made"
    return removed


def normalize_declaration(declaration: VariableDeclaration) -> VariableDeclaration:
    """The declaration with its texts in normal form C.

    Raises InvalidInputError where it contradicts itself.
    """
    choices = tuple(normalize("NFC", choice) for choice in declaration.choices)
    declaration = replace(declaration, name=normalize_name(declaration.name), choices=choices)
    name, kind = declaration.name, declaration.type
    if kind is ValueType.ENUM and not declaration.choices:
        raise InvalidInputError(f"the enum {name!r} has no choices", hint="give them with --choices a,b,c")
    if kind is not ValueType.ENUM and declaration.choices:
        raise InvalidInputError(f"{name!r} is {kind.value} and has no choices", hint="only an enum has")
    if len(set(declaration.choices)) < len(declaration.choices) or "" in declaration.choices:
        raise InvalidInputError(f"a choice of {name!r} is empty or there twice")
    if declaration.three_valued and kind is not ValueType.BOOL:
        raise InvalidInputError(f"{name!r} is {kind.value}", hint="only a bool can be three-valued")
    return declaration


def _without(reader: TreeReader, draft: ObjectDraft, record: FileRecord, name: str) -> FileRecord:
    annotations = reader.annotations(record)
    kept = {one: value for one, value in annotations.variables.items() if one != name}
    return replace(
        record,
        annotations=save_annotations(draft, replace(annotations, variables=kept)),
        variables={one: value for one, value in record.variables.items() if one != name},
    )
