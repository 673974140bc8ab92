"""`dset fsck --remote`: what is wrong on remotes."""

from itertools import chain
from typing import Any

from dset.context import open_repository
from dset.output import count, say, say_json
from dset.progress import shown_progress
from dset.remotes import layout_of, remote_of
from dvcore.errors import StateError
from dvcore.remote.exchange.fetch import index_cache
from dvcore.remote.exchange.refs import find_seen
from dvcore.remote.settings import Remote, list_remotes
from dvcore.remote.upkeep.checking import RemoteCheck, check_remote
from dvcore.remote.upkeep.problems import RemoteProblem
from dvcore.remote.upkeep.unheld import Unheld
from dvcore.repo.check import Problem
from dvcore.repo.check import check as check_repository
from dvcore.repo.fsck.faults import Damaged
from dvcore.repo.repository import Repository


def check(name: str | None, *, read_data: bool, as_json: bool) -> int:
    """Check a remote, or without a name all of them, and say what is wrong; the exit code.

    Where all are checked, it is known, too, whether what is absent here is on any of them; what is on none is named
    with the files that it concerns.
    """
    repository = open_repository()
    remotes = list_remotes(layout_of(repository)) if name is None else [remote_of(repository, name)]
    if not remotes:
        raise StateError("no remote", hint="'dset remote add NAME URL' names one")
    with Unheld(repository.stores.blobs, repository.scratch) as unheld:
        checks = [_check(repository, one, unheld, read_data=read_data) for one in remotes]
        lost = _lost(repository, unheld) if name is None and unheld else []
    return (_say_json if as_json else _say)(checks, lost)


def _check(repository: Repository, remote: Remote, unheld: Unheld, *, read_data: bool) -> RemoteCheck:
    return check_remote(
        remote.open(),
        index_cache(repository, remote.name),
        read_data=read_data,
        local=repository.store,
        folder=repository.scratch,
        seen=find_seen(repository, remote.name),
        unheld=unheld,
        progress=shown_progress(),
    )


def _lost(repository: Repository, unheld: Unheld) -> list[Problem]:
    """Absent blobs that no remote has, as far as anything here refers to them."""
    checked = check_repository(repository, read_blobs=False, lost=unheld, progress=shown_progress())
    return [one for one in checked.problems if one.damaged is Damaged.BLOB and bytes.fromhex(one.name) in unheld]


def _say(checks: list[RemoteCheck], lost: list[Problem]) -> int:
    for problem in chain(*(one.problems for one in checks), lost):
        say(str(problem))
    number = sum(len(one.problems) + one.unlisted for one in checks) + len(lost)
    say(count(number, "problem") if number else "all is well")
    return 1 if number else 0


def _say_json(checks: list[RemoteCheck], lost: list[Problem]) -> int:
    problems = [_as_json(problem) for one in checks for problem in one.problems]
    unlisted = sum(one.unlisted for one in checks)
    is_well = not (problems or lost or unlisted)
    named = [{"problem": str(one), "blob": one.name, "files": one.concerned.files.listed} for one in lost]
    extra = ({"lost": named} if named else {}) | ({"unlisted": unlisted} if unlisted else {})
    say_json({"ok": is_well, "problems": problems, **extra})
    return 0 if is_well else 1


def _as_json(problem: RemoteProblem) -> dict[str, Any]:
    named = {"remote": problem.remote, "thing": problem.thing, "pack": problem.pack, "ref": problem.ref}
    return {"problem": str(problem), **named}
