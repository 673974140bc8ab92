"""`dset project`: create, show, list."""

from pathlib import Path
from typing import Any

import click

from dset.context import open_repository
from dset.output import read_option, say, say_json, warn
from dset.snapshots import plan_json, say_plan
from dset.textfiles import name_of, read_text, text_file
from dvcore.errors import ExpressionError, NotFoundError
from dvcore.ids import format_short
from dvcore.model.definition import Definition
from dvcore.repo.projects import Project, create_project, list_projects, load_project
from dvcore.repo.repository import Repository
from dvcore.snapshot.definition import Options, apply_options, check_expressions, check_project_name
from dvcore.snapshot.plan import Plan, make_plan, plan_warnings
from dvcore.snapshot.toml import format_definition, parse_definition


@click.group("project")
def command() -> None:
    """Define what is exported: which images, labels, pixels and splits."""


@command.command("create")
@click.argument("name")
@click.option("--definition", type=text_file(), metavar="FILE.toml", help="Read it from a file; - is standard input.")
@click.option("--directory", "directories", multiple=True, metavar="DIR", help="Take the files of DIR; repeatable.")
@click.option("--where", metavar="EXPR", help="Take only files that the expression holds for.")
@click.option("--label", "labels", multiple=True, metavar="NAME=EXPR", help="A label; repeatable, in order.")
@click.option("--split", "splits", multiple=True, metavar="NAME=RATIO", help="A split; giving any replaces all.")
@click.option("--split-where", "filters", multiple=True, metavar="NAME=EXPR", help="What a split takes first.")
@click.option("--color", metavar="gray|rgb|mixed", help="Channels of every image.")
@click.option("--downsample", metavar="SIZE", help="none, factor:4, both:HEIGHTxWIDTH, height:256, longest:512, …")
@click.option("--interpolation", metavar="NAME", help="nearest, bilinear, bicubic, lanczos, box or hamming.")
@click.option("--encoding", metavar="auto|png|jpeg", help="How images are stored that cannot pass through.")
@click.option("--background", metavar="COLOR", help="What shows through transparent pixels.")
@click.option("--overlap", metavar="stop|first", help="What happens to an image of two labels.")
@click.option("--leak", metavar="stop|warn", help="What happens where the same bytes land in two splits.")
@click.option("--shards", type=click.IntRange(min=1), metavar="N", help="Shards of each split.")
def create(name: str, definition: Path | None, **options: Any) -> None:
    """Make the project NAME. What is not given keeps its default; 'dset project show' shows the result."""
    repository = open_repository()
    start = Definition() if definition is None else parse_definition(read_text(definition), name_of(definition))
    made = apply_options(start, _read_options(**options))
    tree = repository.working_tree()
    check_expressions(tree.tree, made)
    plan = make_plan(repository, tree, made)
    create_project(repository, check_project_name(name), made)
    say(f"made the project {name}; now it holds:")
    say_plan(plan)
    for line in plan_warnings(plan):
        warn(line)


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
        numbers = load_project(repository, name).snapshots
        snapshots = [f"{name}@{number}" for number in numbers]
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
        snapshots = [f"{name}@{number}" for number in project.snapshots]
        say_json({"project": name, "snapshots": snapshots, **(plan_json(plan) if plan else {})})
        return
    state = ", ".join(f"{name}@{number}" for number in project.snapshots) or "no snapshot yet"
    say(f"project {name}  {format_short(project.commit)}  ({state})")
    say()
    say(format_definition(project.definition).rstrip())
    if plan:
        say()
        say_plan(plan)
        for line in plan_warnings(plan):
            warn(line)


def _find_plan(repository: Repository, project: Project) -> Plan | None:
    """The plan for the working state; None, with a warning, where that lacks something the definition names."""
    try:
        return make_plan(repository, repository.working_tree(), project.definition)
    except (NotFoundError, ExpressionError) as error:
        warn(f"the working state does not fit the project {project.name}: {error}")
        return None


def _read_options(**given: Any) -> Options:
    return Options(
        directories=given["directories"] or None,
        where=given["where"],
        labels=read_option("--label", given["labels"], "NAME=EXPR"),
        splits=read_option("--split", given["splits"], "NAME=RATIO") or None,
        split_filters=read_option("--split-where", given["filters"], "NAME=EXPR"),
        shards=given["shards"],
        **{name: given[name] for name in ("color", "downsample", "interpolation", "encoding", "background")},
        overlap=given["overlap"],
        leak=given["leak"],
    )
