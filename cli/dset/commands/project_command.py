"""`dset project`: create, edit, duplicate, remove, show, list."""

from pathlib import Path

import click

from dset.context import open_repository
from dset.definition_options import definition_options
from dset.output import say, say_json, warn
from dset.snapshots import plan_json, say_plan
from dset.textfiles import name_of, read_text, text_file
from dvcore.errors import ExpressionError, NotFoundError
from dvcore.ids import format_short
from dvcore.repo.projects import Project, list_projects, load_project
from dvcore.repo.repository import Repository
from dvcore.snapshot.planning.findings import plan_warnings
from dvcore.snapshot.planning.plan import Plan
from dvcore.snapshot.planning.planner import make_plan
from dvcore.snapshot.projects.changing import (
    DefinitionFile,
    change_project,
    drop_project,
    duplicate_project,
    start_project,
)
from dvcore.snapshot.projects.options import Options
from dvcore.snapshot.projects.toml_text import format_definition

definition_file = click.option(
    "--definition", type=text_file(), metavar="FILE.toml", help="Read it from a file; - is standard input."
)


@click.group("project")
def command() -> None:
    """Define what is exported: which images, labels, features, pixels and splits."""


@command.command("create")
@click.argument("name")
@definition_file
@definition_options
def create(name: str, definition: Path | None, options: Options) -> None:
    """Make the project NAME. What is not given keeps its default; 'dset project show' shows the result."""
    plan = start_project(open_repository(), name, options, _read_file(definition))
    _say_done(f"made the project {name}", plan)


@command.command("edit")
@click.argument("name")
@definition_file
@definition_options
def edit(name: str, definition: Path | None, options: Options) -> None:
    """Change the definition of NAME, until its first snapshot; after that, 'duplicate' makes one that differs.

    What is not given stays as it is; a file takes the place of the whole definition.
    """
    if definition is None and options == Options():
        raise click.UsageError("say what to change, with the options of 'create'")
    edited = change_project(open_repository(), name, options, _read_file(definition))
    _say_done(f"changed the project {name}" if edited.changed else f"the project {name} is so already", edited.plan)


@command.command("duplicate")
@click.argument("old")
@click.argument("new")
@definition_options
def duplicate(old: str, new: str, options: Options) -> None:
    """Make the project NEW with the definition of OLD and what is given; snapshots are not duplicated."""
    plan = duplicate_project(open_repository(), old, new, options)
    _say_done(f"made the project {new}", plan)


@command.command("remove")
@click.argument("name")
@click.option("--force", is_flag=True, help="Remove its snapshots, too.")
def remove(name: str, force: bool) -> None:
    """Remove the project NAME; with --force also one that has snapshots. Their files stay on disk."""
    removed, places = drop_project(open_repository(), name, force=force)
    lost = [f"{name}@{number}" for number in removed.snapshots]
    say(f"removed {', '.join([f'the project {name}', *lost])}; 'dset undo' brings {'them' if lost else 'it'} back")
    for place in places:
        say(f"the files stay in {place}")


@command.command("show")
@click.argument("name")
@click.option("--toml", "as_toml", is_flag=True, help="The definition alone, as a file that 'create' takes.")
@click.option("--json", "as_json", is_flag=True, help="The counts as JSON.")
def show(name: str, as_toml: bool, as_json: bool) -> None:
    """Show the definition of NAME, and the counts by label and split as they stand now."""
    show_project(open_repository(), name, as_toml=as_toml, as_json=as_json)


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="A JSON object a line.")
def list_(as_json: bool) -> None:
    """List the projects and their snapshots."""
    repository = open_repository()
    for name in list_projects(repository):
        snapshots = _snapshots(load_project(repository, name))
        if as_json:
            say_json({"project": name, "snapshots": snapshots})
        else:
            say(f"{name}  {', '.join(snapshots) or 'no snapshot yet'}")


def show_project(repository: Repository, name: str, *, as_toml: bool = False, as_json: bool = False) -> None:
    """Print a project."""
    project = load_project(repository, name)
    if as_toml:
        click.echo(format_definition(project.definition), nl=False)
        return
    plan = _find_plan(repository, project)
    if as_json:
        say_json({"project": name, "snapshots": _snapshots(project), **(plan_json(plan) if plan else {})})
        return
    say(f"project {name}  {format_short(project.commit)}  ({', '.join(_snapshots(project)) or 'no snapshot yet'})")
    say()
    say(format_definition(project.definition).rstrip())
    if plan:
        say()
        _say_counts(plan)


def _find_plan(repository: Repository, project: Project) -> Plan | None:
    """The plan for the working state; None, with a warning, where that lacks something the definition names."""
    try:
        return make_plan(repository, repository.working_tree(), project.definition)
    except (NotFoundError, ExpressionError) as error:
        warn(f"the working state does not fit the project {project.name}: {error}")
        return None


def _say_done(what: str, plan: Plan) -> None:
    say(f"{what}; now it holds:")
    _say_counts(plan)


def _say_counts(plan: Plan) -> None:
    say_plan(plan)
    for line in plan_warnings(plan):
        warn(line)


def _snapshots(project: Project) -> list[str]:
    return [f"{project.name}@{number}" for number in project.snapshots]


def _read_file(path: Path | None) -> DefinitionFile | None:
    return None if path is None else DefinitionFile(name_of(path), read_text(path))
