"""`dset variable`: add, list, edit, remove."""

import click

from dset.context import open_repository
from dset.output import count, read_option, say, say_json, say_table
from dvcore.model.declarations import VariableDeclaration
from dvcore.model.names import normalize_name
from dvcore.model.values import ValueType, check_value, format_value
from dvcore.repo.variable_edits import VariableEdit, edit_variable
from dvcore.repo.variables import add_variable, remove_variable


@click.group("variable")
def command() -> None:
    """Declare, list, edit and remove variables of files."""


@command.command("add")
@click.argument("name")
@click.option("--type", "kind", required=True, type=click.Choice([kind.value for kind in ValueType]))
@click.option("--required", is_flag=True, help="Every import must give it.")
@click.option("--choices", metavar="A,B,…", help="Values of an enum, in order.")
@click.option("--three-valued", is_flag=True, help="An unset bool is unknown instead of false.")
@click.option("--default", metavar="VALUE", help="What files read that have no value.")
def add(name: str, kind: str, required: bool, choices: str | None, three_valued: bool, default: str | None) -> None:
    """Declare the variable NAME."""
    listed = tuple(str(check_value(choice.strip())) for choice in choices.split(",")) if choices else ()
    plain = VariableDeclaration(normalize_name(name), ValueType(kind), listed, required, three_valued)
    added = add_variable(open_repository(), plain if default is None else plain.with_default(default))
    say(f"{'declared' if added else 'is declared already:'} {plain.name} {kind}")


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
                    "default": one.default,
                }
            )
        return
    say_table([(one.name, one.type.value, _details(one)) for one in variables])


@command.command("edit")
@click.argument("name")
@click.option("--add-choice", "add_choices", multiple=True, metavar="CHOICE", help="One more choice of an enum, last.")
@click.option(
    "--rename-choice",
    "renames",
    multiple=True,
    metavar="OLD=NEW",
    help="Another name for a choice, in all files; NEW may be a choice already.",
)
@click.option("--required/--not-required", default=None, help="Whether every import must give it.")
@click.option("--default", metavar="VALUE", help="What files read that have no value.")
@click.option("--no-default", is_flag=True, help="Take the default away.")
def edit(
    name: str,
    add_choices: tuple[str, ...],
    renames: tuple[str, ...],
    required: bool | None,
    default: str | None,
    no_default: bool,
) -> None:
    """Change the declaration of the variable NAME."""
    if not (add_choices or renames or required is not None or default is not None or no_default):
        raise click.UsageError("say what to change: --add-choice, --rename-choice, --required, --default …")
    if default is not None and no_default:
        raise click.UsageError("--default and --no-default exclude each other")
    wanted = VariableEdit(
        add_choices, read_option("--rename-choice", renames, "OLD=NEW"), required, default, no_default
    )
    edited = edit_variable(open_repository(), name, wanted)
    if edited.after == edited.before:
        say(f"{name} is so already")
        return
    say(f"changed {name}: {edited.after.type.value} {_details(edited.after)}".rstrip())
    if edited.values:
        say(f"its value has another name in {count(edited.values, 'file')}")


@command.command("remove")
@click.argument("name")
@click.option("--force", is_flag=True, help="Remove the values that files have for it, too.")
def remove(name: str, force: bool) -> None:
    """Remove the variable NAME; with --force also where files have values for it, which go."""
    removed = remove_variable(open_repository(), name, force=force)
    lost = f" and its value in {count(removed.values, 'file')}" if removed.values else ""
    say(f"removed {name}{lost}; 'dset undo' brings {'them' if lost else 'it'} back")


def _details(one: VariableDeclaration) -> str:
    words = [", ".join(one.choices)] if one.choices else []
    words += ["required"] if one.required else []
    words += ["three-valued"] if one.three_valued else []
    words += [] if one.default is None else [f"default {format_value(one.default)}"]
    return "; ".join(words)
