"""`dset clone`."""

from pathlib import Path
from typing import Any

import click

from dset.context import allows_network_fs, on_disk
from dset.fetch_report import arrived_json, describe_arrived, end_with, outcome_json, say_adopted, say_shards
from dset.identity import find_author
from dset.output import say, say_json, warn
from dset.progress import shown_progress
from dset.remote_facts import describe_refs
from dset.remotes import read_address, read_options, side_files, store_options
from dvcore.errors import ExistsError, InvalidInputError
from dvcore.ids import format_id
from dvcore.remote.exchange.clone import CloneReport, clone
from dvcore.remote.settings import Remote
from dvcore.remote.storages.urls import Address
from dvcore.repo.layout import FOLDER


@click.command("clone")
@click.argument("url")
@click.argument("directory", required=False, metavar="[DIR]", type=click.Path(path_type=Path))
@click.option("--lazy", is_flag=True, help="History and annotations, and no image until it is needed.")
@click.option("--name", default="origin", show_default=True, metavar="REMOTE", help="What the remote is called here.")
@click.option("--with-shards", is_flag=True, help="The snapshots' TFRecords, too, where they were pushed.")
@store_options
@click.option("--json", "as_json", is_flag=True, help='{"folder","remote","branch","refs","objects","blobs","bytes",…}')
def command(
    url: str, directory: Path | None, lazy: bool, name: str, with_shards: bool, as_json: bool, **options: Any
) -> None:
    """Make a repository in DIR (the last part of URL) that has what is at URL, and follows it as the remote 'origin'.

    A clone that was interrupted goes on when it is run again.
    """
    address = read_address(url)
    remote = Remote(name, address, read_options(address, **options), is_lazy=lazy)
    folder = on_disk(directory or Path(_last_part(address))).resolve()
    _check_free(folder)
    report = clone(
        remote.open(),
        remote,
        folder,
        author=find_author(),
        allow_network_fs=allows_network_fs(),
        with_shards=with_shards,
        side_files=side_files,
        progress=shown_progress(),
    )
    if as_json:
        say_json(_json(report, folder))
    else:
        _say(report, remote, folder)
    end_with(report.adopted)


def _last_part(address: Address) -> str:
    """Raises InvalidInputError where an address has none."""
    part = (address.path or address.place).rstrip("/").rpartition("/")[2]
    if not part or part in {".", ".."}:
        raise InvalidInputError(f"{address.text} does not say what the folder is called", hint="name it: URL DIR")
    return part


def _check_free(folder: Path) -> None:
    """A folder of somebody's own, the remote's above all, is no place for a clone.

    Raises ExistsError.
    """
    if folder.exists() and not (folder / FOLDER).exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ExistsError(f"{folder} is there already, and is not empty", hint="name another folder")


def _say(report: CloneReport, remote: Remote, folder: Path) -> None:
    if report.is_empty:
        warn(f"nothing was pushed to {remote.address.text} yet")
    what = "; ".join(part for part in (describe_refs(report.refs), describe_arrived(report.arrived)) if part)
    say(f"cloned {remote.address.text} into {folder}{f': {what}' if what else ''}")
    say_adopted(report.remote, report.adopted)
    say_shards(report.remote, report.shards)


def _json(report: CloneReport, folder: Path) -> dict[str, Any]:
    refs = {ref: format_id(commit) for ref, commit in sorted(report.refs.items())}
    named = {"folder": str(folder), "remote": report.remote, "branch": report.branch, "refs": refs}
    return {**named, **arrived_json(report.arrived), **outcome_json(report)}
