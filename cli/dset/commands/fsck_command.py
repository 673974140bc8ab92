"""`dset fsck`."""

from collections.abc import Collection
from itertools import chain
from os.path import lexists
from pathlib import Path
from typing import Any

import click

from dset.context import on_disk, open_repository
from dset.output import count, say, say_json
from dset.progress import shown_progress
from dvcore.errors import CorruptError, DsetError, NotFoundError
from dvcore.formats.disk.stat_cache import iter_places, open_cache_map
from dvcore.repo.check import Checked, Problem, check
from dvcore.repo.fsck.faults import Damaged
from dvcore.repo.fsck.repair import repair_blobs
from dvcore.repo.repository import Repository


@click.command("fsck")
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path))
@click.option("--quick", is_flag=True, help="Do not read the blobs' bytes.")
@click.option(
    "--repair", is_flag=True, help="Put back damaged files found in FOLDERS, or where they were imported from."
)
@click.option(
    "--remote", is_flag=False, flag_value="", metavar="[NAME]", help="Check the remote NAME instead, or all of them."
)
@click.option("--read-data", is_flag=True, help="With --remote: read and hash every byte there.")
@click.option("--json", "as_json", is_flag=True, help='{"ok","problems","absent"}')
def command(
    folders: tuple[Path, ...], quick: bool, repair: bool, remote: str | None, read_data: bool, as_json: bool
) -> int:
    """Check the stores, every stored value, and everything that refs, working states and the operation log lead to.

    With --remote, the same of remotes: roots, indexes, packs and what the refs there lead to.
    """
    if remote is not None:
        if folders or quick or repair:
            raise click.UsageError("--remote goes with --read-data and --json alone")
        from dset.remote_fsck import check as check_remotes  # noqa: PLC0415 - 50 ms, for remotes only

        return check_remotes(remote or None, read_data=read_data, as_json=as_json)
    if read_data:
        raise click.UsageError("--read-data is for --remote; here everything is read unless --quick says no")
    if folders and not repair:
        raise click.UsageError("FOLDERS are for --repair")
    _check_present(folders)
    tell = _say_json if as_json else _say
    try:
        repository = open_repository()
    except CorruptError as error:
        return tell(Checked([Problem(Damaged.STORE, "repository", str(error))], {}), set() if repair else None)
    checked = check(repository, read_blobs=not quick, progress=shown_progress())
    if not repair:
        return tell(checked, None)
    try:
        repaired = _repair(repository, checked, folders)
    except DsetError:
        tell(checked, set())
        raise
    return tell(checked, repaired)


def _check_present(folders: tuple[Path, ...]) -> None:
    """A folder that is misspelt would look like one without the lost files."""
    for folder in folders:
        if not lexists(on_disk(folder)):
            raise NotFoundError(f"there is no {folder}", hint="FOLDERS are where lost files are looked for")


def _repair(repository: Repository, checked: Checked, folders: tuple[Path, ...]) -> set[str]:
    """The ids, in hex, of blobs that could be put back. Where they came from is tried first."""
    if not checked.blobs:
        return set()
    with open_cache_map(None if repository.layout is None else repository.layout.cache) as kept:
        places = chain(iter_places(kept, checked.blobs), map(on_disk, folders))
        return {blob.hex() for blob in repair_blobs(repository, checked.blobs, places, shown_progress())}


def _remaining(checked: Checked, repaired: Collection[str]) -> tuple[list[Problem], int]:
    """The problems that are left, and how many are not listed; of those some may be among the repaired."""
    left = [problem for problem in checked.problems if problem.name not in repaired]
    more = len(repaired) - (len(checked.problems) - len(left))
    return left, max(0, checked.unlisted - more)


def _say(checked: Checked, repaired: set[str] | None) -> int:
    """`repaired` is None where nothing was to be. Gives the exit code, as the other does."""
    problems, unlisted = _remaining(checked, repaired or ())
    for problem in problems:
        say(str(problem))
    if unlisted:
        say(f"and {count(unlisted, 'problem')} more")
    if repaired:
        say(f"{count(len(repaired), 'file')} put back; 'dset fsck' again tells what is left")
    if checked.absent:
        say(f"{count(checked.absent, 'image')} on a remote and not here; 'dset fsck --remote' looks for them there")
    left = len(problems) + unlisted
    if left or not repaired:
        say("all is well" if not left else count(left, "problem"))
    return 1 if left else 0


def _say_json(checked: Checked, repaired: set[str] | None) -> int:
    problems, unlisted = _remaining(checked, repaired or ())
    told = {"ok": not problems and not unlisted, "problems": [_as_json(problem) for problem in problems]}
    extra = {"unlisted": unlisted} if unlisted else {}
    extra |= {"absent": checked.absent} if checked.absent else {}
    say_json(told | extra | ({} if repaired is None else {"repaired": sorted(repaired)}))
    return 0 if told["ok"] else 1


def _as_json(problem: Problem) -> dict[str, Any]:
    concerned = problem.concerned
    named = {
        "files": concerned.files,
        "commits": concerned.commits,
        "snapshots": concerned.snapshots,
        "working": concerned.working,
        "operations": concerned.operations,
        "refs": concerned.refs,
        "children": concerned.children,
    }
    return {
        "problem": str(problem),
        "kind": problem.damaged.value,
        "name": problem.name,
        "state": concerned.state or None,
        **{what: some.listed for what, some in named.items()},
        "more": {what: some.more for what, some in named.items() if some.more},
    }
