"""`dset diff`."""

import click

from dset.changes import say_changes, say_stat
from dset.context import open_repository
from dset.snapshot_changes import say_snapshot_changes
from dvcore.repo.repository import Repository
from dvcore.repo.revisions import HEAD, WORK, Revision, resolve_revision


@click.command("diff")
@click.argument("before", required=False)
@click.argument("after", required=False)
@click.option("--instances", is_flag=True, help="Show each instance that differs.")
@click.option("--stat", is_flag=True, help="Counts only.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object for each change.")
def command(before: str | None, after: str | None, instances: bool, stat: bool, as_json: bool) -> None:
    """Show what changed from BEFORE (HEAD) to AFTER (WORK): branches, tags, commits, snapshots.

    Between two snapshots of one project, what changed for a model: images, labels, splits.
    """
    repository = open_repository()
    old, new = resolve_revision(repository, before or HEAD), resolve_revision(repository, after or WORK)
    if old.snapshot and new.snapshot and old.snapshot[0] == new.snapshot[0]:
        say_snapshot_changes(repository, old.text, new.text, stat=stat, as_json=as_json)
    else:
        _say_tree_changes(repository, old, new, instances=instances, stat=stat, as_json=as_json)


def _say_tree_changes(
    repository: Repository, old: Revision, new: Revision, *, instances: bool, stat: bool, as_json: bool
) -> None:
    before, after = repository.tree(old.tree), repository.tree(new.tree)
    if stat:
        say_stat(before, after, as_json=as_json)
    else:
        say_changes(before, after, as_json=as_json, instances=instances)
