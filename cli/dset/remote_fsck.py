"""`dset fsck --remote`: what is wrong on remotes."""

from collections.abc import Iterator
from typing import Any, Final

from dset.context import open_repository
from dset.output import count, say, say_json
from dset.progress import shown_progress
from dset.remotes import layout_of, remote_of
from dvcore.errors import StateError
from dvcore.ids import BlobId, format_id
from dvcore.remote.exchange.fetch import index_cache
from dvcore.remote.exchange.refs import find_seen
from dvcore.remote.settings import Remote, list_remotes
from dvcore.remote.upkeep.checking import RemoteCheck, check_remote
from dvcore.remote.upkeep.problems import RemoteProblem
from dvcore.remote.upkeep.unheld import Unheld
from dvcore.repo.repository import Repository

_SHOWN: Final = 1_000
"""Absent images that no remote has; more are counted."""


def check(name: str | None, *, read_data: bool, as_json: bool) -> int:
    """Check a remote, or without a name all of them, and say what is wrong; the exit code.

    Where all are checked, it is known, too, whether what is absent here is on any of them.
    """
    repository = open_repository()
    remotes = list_remotes(layout_of(repository)) if name is None else [remote_of(repository, name)]
    if not remotes:
        raise StateError("no remote", hint="'dset remote add NAME URL' names one")
    with Unheld(repository.stores.blobs, repository.scratch) as unheld:
        checks = [_check(repository, one, unheld, read_data=read_data) for one in remotes]
        lost = unheld if name is None else iter(())
        return (_say_json if as_json else _say)(checks, iter(lost))


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


def _say(checks: list[RemoteCheck], lost: Iterator[BlobId]) -> int:
    number = 0
    for problem in (problem for one in checks for problem in one.problems):
        say(str(problem))
        number += 1
    for blob in lost:
        number += 1
        if number <= _SHOWN:
            say(f"blob {format_id(blob)}: it is not here, and no remote has it")
    number += sum(one.unlisted for one in checks)
    say(count(number, "problem") if number else "all is well")
    return 1 if number else 0


def _say_json(checks: list[RemoteCheck], lost: Iterator[BlobId]) -> int:
    problems = [_as_json(problem) for one in checks for problem in one.problems]
    absent = [format_id(blob) for blob in lost]
    unlisted = sum(one.unlisted for one in checks)
    is_well = not (problems or absent or unlisted)
    extra = ({"lost": absent} if absent else {}) | ({"unlisted": unlisted} if unlisted else {})
    say_json({"ok": is_well, "problems": problems, **extra})
    return 0 if is_well else 1


def _as_json(problem: RemoteProblem) -> dict[str, Any]:
    named = {"remote": problem.remote, "thing": problem.thing, "pack": problem.pack, "ref": problem.ref}
    return {"problem": str(problem), **named}
