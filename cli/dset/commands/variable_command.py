"""`dset variable`: add, list, remove."""

import click

from dset.context import open_repository
from dset.output import count, say, say_json, say_table
from dvcore.model.declarations import VariableDeclaration
from dvcore.model.names import normalize_name
from dvcore.model.values import ValueType
from dvcore.repo.variables import add_variable, remove_variable


@click.group("variable")
def command() -> None:
    """Declare, list and remove variables of files."""


@command.command("add")
@click.argument("name")
@click.option("--type", "kind", required=True, type=click.Choice([kind.value for kind in ValueType]))
@click.option("--required", is_flag=True, help="Every import must give it.")
@click.option("--choices", metavar="A,B,…", help="Values of an enum, in order.")
@click.option("--three-valued", is_flag=True, help="An unset bool is unknown instead of false.")
def add(name: str, kind: str, required: bool, choices: str | None, three_valued: bool) -> None:
    """Declare the variable NAME."""
    listed = tuple(normalize_name(choice.strip()) for choice in choices.split(",")) if choices else ()
    declaration = VariableDeclaration(normalize_name(name), ValueType(kind), listed, required, three_valued)
    added = add_variable(open_repository(), declaration)
    say(f"{'declared' if added else 'is declared already:'} {declaration.name} {kind}")


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="A JSON object a line.")
def list_(as_json: bool) -> None:
    """List the declared variables."""
    variables = open_repository().working_tree().tree.variables
    if as_json:
        for one in variables:
            say_json(
                {
                    "name": one.name,
                    "type": one.type.value,
                    "choices": list(one.choices),
                    "required": one.required,
                    "three_valued": one.three_valued,
                }
            )
        return
    say_table([(one.name, one.type.value, _details(one)) for one in variables])


@command.command("remove")
@click.argument("name")
def remove(name: str) -> None:
    """Remove the variable NAME and every value of it."""
    removed = remove_variable(open_repository(), name)
    say(f"removed {name} and its value in {count(removed.values, 'file')}; 'dset undo' brings them back")


def _details(one: VariableDeclaration) -> str:
    words = [", ".join(one.choices)] if one.choices else []
    words += ["required"] if one.required else []
    words += ["three-valued"] if one.three_valued else []
    return "; ".join(words)
