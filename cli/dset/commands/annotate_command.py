"""`dset annotate`."""

from pathlib import Path

import click

from dset.context import open_repository
from dset.instances import read_instances
from dset.output import count, read_option, say
from dset.selecting import read_sources, selection, where_option
from dset.textfiles import text_file
from dvcore.errors import InvalidInputError
from dvcore.repo.annotating import Annotation, annotate


@click.command("annotate")
@click.argument("targets", nargs=-1, required=True)
@click.option("--set", "values", multiple=True, metavar="NAME=VALUE", help="Give a variable a value.")
@click.option("--unset", multiple=True, metavar="NAME", help="Take a variable's value away.")
@click.option(
    "--instances",
    type=text_file(),
    metavar="FILE",
    help="Replace the instances by those of a JSON file, as 'dset show FILE --json' gives them; - is standard input.",
)
@click.option("--clear-instances", is_flag=True, help="Remove all instances.")
@click.option("--done", is_flag=True, help="Mark as annotated, also where there is nothing on the image.")
@where_option
def command(
    targets: tuple[str, ...],
    values: tuple[str, ...],
    unset: tuple[str, ...],
    instances: Path | None,
    clear_instances: bool,
    done: bool,
    where: str | None,
) -> None:
    """Annotate the files TARGETS, a directory standing for all under it, wherever else they are mirrored.

    Giving instances marks a file as annotated; clearing them does not change whether it is.
    """
    if instances is not None and clear_instances:
        raise click.UsageError("--instances and --clear-instances exclude each other")
    if not (values or unset or instances or clear_instances or done):
        raise click.UsageError("say what to change: --set, --unset, --instances, --clear-instances or --done")
    given = read_instances(instances) if instances else None
    settings = read_option("--set", values)
    both = settings.keys() & set(unset)
    if both:
        raise InvalidInputError(f"{min(both)!r} is both set and unset", hint="choose one")
    repository = open_repository()
    annotation = Annotation(settings, unset, () if clear_instances else given, done)
    report = annotate(repository, read_sources(repository, targets), annotation, selection=selection(repository, where))
    say(f"{count(report.files, 'file')}: {report.changed:,} changed")
    for label in report.new_labels:
        say(f"new label: {label}")
