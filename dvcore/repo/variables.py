"""Declaring the variables of files, and taking declarations back."""

from dataclasses import dataclass, replace

from dvcore.errors import ExistsError, InvalidInputError, StateError
from dvcore.model.declarations import VariableDeclaration
from dvcore.model.names import normalize_name
from dvcore.model.values import ValueType, check_value
from dvcore.model.variable_names import check_variable_name
from dvcore.repo.edits import Change, Edits, kept
from dvcore.repo.repository import Repository
from dvcore.repo.treereader import TreeReader
from dvcore.repo.variable_values import change_values, count_values
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
                hint="'dset variable list' shows it, 'dset variable edit' changes it",
            )
        check_variable_name(declaration.name, [one.name for one in reader.tree.variables])
        added = present is None
        return Edits(variables={declaration.name: Change(None, declaration)} if added else {})

    change_working(repository, f"variable: add {declaration.name}", plan)
    return added


def remove_variable(repository: Repository, name: str, *, force: bool = False) -> RemovedVariable:
    """Remove a declaration and, if `force` says so, every value of it.

    Raises NotFoundError, and StateError where files have values and nobody said that they may go.
    """
    removed: RemovedVariable | None = None

    def plan(reader: TreeReader, draft: ObjectDraft) -> Edits:
        nonlocal removed
        declaration = reader.variable(name)
        if not force:
            _refuse_values(reader, name)
        with kept(repository.edits()) as edits:
            values = change_values(reader, draft, edits, name, lambda _: None) if force else 0
            edits.variables[name] = Change(declaration, None)
            edits.exact = True
            removed = RemovedVariable(declaration, values)
            return edits

    change_working(repository, f"variable: remove {name}", plan)
    assert removed is not None, "the plan was made"
    return removed


def normalize_declaration(declaration: VariableDeclaration) -> VariableDeclaration:
    """The declaration with its texts in normal form C.

    Raises InvalidInputError where it contradicts itself.
    """
    choices = tuple(str(check_value(choice)) for choice in declaration.choices)
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
    return _with_default(declaration)


def _with_default(declaration: VariableDeclaration) -> VariableDeclaration:
    default = declaration.default
    if default is None:
        return declaration
    if declaration.three_valued:
        raise InvalidInputError(
            f"{declaration.name!r} is three-valued, and with a default it would never be unknown", hint="choose one"
        )
    return replace(declaration, default=declaration.check(check_value(default)))


def _refuse_values(reader: TreeReader, name: str) -> None:
    values = count_values(reader, name)
    if values:
        have = "1 file has" if values == 1 else f"{values:,} files have"
        raise StateError(
            f"{have} a value for the variable {name!r}, which would go with it", hint="--force removes them"
        )
