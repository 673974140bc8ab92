"""`dset diff`."""

from pathlib import Path

import click

from dset.changes import Changes, say_changes, say_changes_json, say_stat
from dset.context import on_disk, open_repository
from dset.paging import paged
from dvcore.history.comparing import Compared, resolve_compared
from dvcore.history.definition_changes import diff_definitions
from dvcore.repo.repository import Repository
from dvcore.repo.revisions import HEAD


@click.command("diff")
@click.argument("before", required=False)
@click.argument("after", required=False)
@click.option("--instances", is_flag=True, help="Show each instance that differs.")
@click.option("--stat", is_flag=True, help="Counts only.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object for each change.")
@click.option(
    "--html",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write a page with pictures before and after, and print counts.",
)
def command(
    before: str | None, after: str | None, instances: bool, stat: bool, as_json: bool, html: Path | None
) -> None:
    """Show what changed from BEFORE (HEAD) to AFTER (WORK): branches, tags, commits, snapshots, projects, or REV:PATH.

    Between two snapshots of one project, what changed for a model: images, labels, splits, pixels, boxes.
    """
    repository = open_repository()
    old, new = resolve_compared(repository, HEAD if before is None else before, after)
    page = None if html is None else on_disk(html)
    with paged():
        if old.snapshot and new.snapshot and old.snapshot[0] == new.snapshot[0]:
            from dset.snapshot_changes import say_snapshot_changes  # noqa: PLC0415 - 40 ms with SQLite

            say_snapshot_changes(repository, old.text, new.text, stat=stat, as_json=as_json, page=page)
            return
        changes = _changes(old, new)
        if page is not None:
            _write_page(repository, changes, f"{old.text} to {new.text}", page)
        if stat or (page is not None and not as_json):
            say_stat(changes, as_json=as_json)
        elif as_json:
            say_changes_json(changes, instances=instances)
        else:
            say_changes(changes, instances=instances)


def _changes(old: Compared, new: Compared) -> Changes:
    definition = diff_definitions(old.definition, new.definition) if old.definition and new.definition else []
    return Changes(old.side, new.side, definition)


def _write_page(repository: Repository, changes: Changes, title: str, page: Path) -> None:
    from dset.changes_page import write_changes_page  # noqa: PLC0415 - Pillow, which only pages need

    write_changes_page(repository, changes, title, page)
