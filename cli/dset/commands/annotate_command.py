"""`dset annotate`."""

from pathlib import Path
from typing import Any, Final
from unicodedata import normalize

import click

from dset.annotation_lines import iter_annotations
from dset.context import open_repository
from dset.instances import read_instances
from dset.output import count, counts, note, read_option, say
from dset.selecting import read_sources, selection, where_option
from dset.textfiles import name_of, text_file
from dvcore.ids import InstanceId, parse_id
from dvcore.model.annotation_names import check_label_name
from dvcore.model.values import ValueType
from dvcore.repo.annotating import AnnotateReport, Annotation, annotate
from dvcore.repo.annotating_list import annotate_listed
from dvcore.repo.repository import Repository

_CHANGES: Final = (
    "values",
    "unset",
    "instances",
    "clear_instances",
    "add_instances",
    "relabel",
    "remove_labels",
    "remove_instances",
    "done",
)


@click.command("annotate")
@click.argument("targets", nargs=-1)
@click.option("--set", "values", multiple=True, metavar="NAME=VALUE", help="Give a variable a value.")
@click.option("--unset", multiple=True, metavar="NAME", help="Take a variable's value away.")
@click.option(
    "--instances",
    type=text_file(),
    metavar="FILE",
    help="Replace the instances by those of a JSON file, as 'dset show FILE --json' gives them; - is standard input.",
)
@click.option("--clear-instances", is_flag=True, help="Remove all instances.")
@click.option(
    "--add-instances",
    type=text_file(),
    metavar="FILE",
    help="Add the instances of a JSON file; one with an id takes the place of the one that has it.",
)
@click.option("--relabel", multiple=True, metavar="OLD=NEW", help="Give instances of one label another.")
@click.option("--remove-label", "remove_labels", multiple=True, metavar="NAME", help="Remove instances of a label.")
@click.option("--remove-instance", "remove_instances", multiple=True, metavar="ID", help="Remove an instance.")
@click.option("--done", is_flag=True, help="Mark as annotated, also where there is nothing on the image.")
@click.option(
    "--from-json",
    type=text_file(),
    metavar="FILE",
    help="Read from JSON lines what to change in which file, in the place of TARGETS; - is standard input.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
@where_option
def command(targets: tuple[str, ...], from_json: Path | None, dry_run: bool, where: str | None, **options: Any) -> None:
    """Annotate the files TARGETS, a directory standing for all under it, wherever else they are mirrored.

    Giving instances marks a file as annotated; clearing them does not change whether it is. All of it happens, or
    nothing.
    """
    if from_json is not None:
        _check_alone(targets, where, options)
        listed = iter_annotations(from_json)
        _say(annotate_listed(open_repository(), listed, source=name_of(from_json), dry_run=dry_run), dry_run)
        return
    if not targets:
        raise click.UsageError("name the files to annotate, or '/' for all")
    if not any(options[name] for name in _CHANGES):
        raise click.UsageError("say what to change: --set, --instances, --relabel, --done …; --help lists them")
    annotation = _annotation(options)
    repository = open_repository()
    sources = read_sources(repository, targets)
    _note_slips(repository, annotation)
    _say(annotate(repository, sources, annotation, selection=selection(repository, where), dry_run=dry_run), dry_run)


def _check_alone(targets: tuple[str, ...], where: str | None, options: dict[str, Any]) -> None:
    if targets or where is not None or any(options[name] for name in _CHANGES):
        raise click.UsageError("--from-json says itself what to change in which file; only --dry-run goes with it")


def _annotation(options: dict[str, Any]) -> Annotation:
    replacing, adding = options["instances"], options["add_instances"]
    if replacing is not None and options["clear_instances"]:
        raise click.UsageError("--instances and --clear-instances exclude each other")
    if replacing is not None and replacing == adding:
        raise click.UsageError("--instances and --add-instances name the same file")
    given = None if replacing is None else read_instances(replacing)
    relabel = read_option("--relabel", options["relabel"], "OLD=NEW")
    return Annotation(
        set=read_option("--set", options["values"]),
        unset=options["unset"],
        instances=() if options["clear_instances"] else given,
        done=options["done"],
        add=() if adding is None else read_instances(adding),
        relabel={check_label_name(old): check_label_name(new) for old, new in relabel.items()},
        remove_labels=[check_label_name(name) for name in options["remove_labels"]],
        remove=[InstanceId(parse_id(text)) for text in options["remove_instances"]],
    )


def _note_slips(repository: Repository, annotation: Annotation) -> None:
    """Name, for each text that is new, the value that it is nearly the same as."""
    reader = repository.working_tree()
    declared = {one.name for one in reader.tree.variables if one.type is ValueType.TEXT}
    texts = [(name, str(value)) for name, value in annotation.set.items() if name in declared]
    if not texts:
        return
    from dvcore.query import find_near_value  # noqa: PLC0415 - 18 ms with SQLite, which only texts need

    for name, text in texts:
        near = find_near_value(repository, reader, name, normalize("NFC", text))
        if near is not None:
            note(f"no file had {name} = {text!r} until now; {near.value!r} is that of {count(near.files, 'file')}")


def _say(report: AnnotateReport, dry_run: bool) -> None:
    say(f"{count(report.files, 'file')}: {report.changed:,} {'would change' if dry_run else 'changed'}")
    instances = [(report.added, "added"), (report.removed, "removed"), (report.modified, "changed")]
    if any(number for number, _ in instances):
        say(f"instances: {counts(instances)}")
    for label in report.new_labels:
        say(f"new label: {label}")
