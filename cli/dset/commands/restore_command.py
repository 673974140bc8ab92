"""`dset restore`."""

import click

from dset.addresses import located
from dset.context import open_repository
from dset.output import count, counts, say
from dvcore.history.restoring import Only, restore
from dvcore.model.names import format_path
from dvcore.repo.revisions import HEAD, split_revision


@click.command("restore")
@click.argument("what", metavar="[REV:]DIRECTORY|FILE")
@click.option("--only", type=click.Choice([one.value for one in Only]), help="Nothing else is touched.")
def command(what: str, only: str | None) -> None:
    """Make a directory or a file of the working state what it was in REV (HEAD).

    What is in it now and was not there goes; what was there and is gone comes back; files have the annotations that
    they had, in every directory that they are in. '/' stands for everything, the declarations too.

    --only files: which files there are, and their bytes; those that are there keep their annotations. --only variables,
    --only instances: of files that are there, neither come nor go any.
    """
    if not what:
        raise click.UsageError("name a directory or a file; '/' stands for everything")
    repository = open_repository()
    with repository.writing():  # what is found is not collected before it is in the working state again
        if ":" not in what:
            located(repository, what, hint=f"'dset restore {what}:/' restores all of that revision")
        revision, path = split_revision(repository, _address(what))
        address = f"{revision.text}:{format_path(path) or '/'}"
        said = f"{only} of {address}" if only else address
        report = restore(repository, revision.tree, path, only=None if only is None else Only(only), said=said)
    changes = counts([(report.came, "came back"), (report.went, "went"), (report.changed, "changed")])
    say(f"restored {said}: {changes}")
    if report.gone:
        say(f"{count(report.gone, 'file')} had no other entry and left the working state")


def _address(text: str) -> str:
    """With the revision that is meant where none is named; `:we:ird` is a path."""
    if text.startswith(":"):
        return f"{HEAD}{text}"
    return text if ":" in text else f"{HEAD}:{text}"
