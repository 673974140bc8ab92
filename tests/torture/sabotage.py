"""Mistakes that dset could have. Torture that does not notice them is none.

Each breaks the running process, and so the children that are forked from it.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from support import bitflips
from torture.lifetimes import die_with_this
from torture.stage import BrokenError, Stage

from dset.commands import commit_command
from dset.output import say
from dvcore.ids import CommitId
from dvcore.repo import adding, cells, operations
from dvcore.repo.check import check_repository
from dvcore.repo.commits import commit_working
from dvcore.repo.locking import WritersLock
from dvcore.repo.repository import Repository
from dvcore.store import blob_writer
from dvcore.store.lmdb_store import LmdbStore


def _write_references_first() -> None:
    """Blobs are written when the store is closed, after what refers to them."""
    write, close = blob_writer.write_batch, LmdbStore.close
    waiting: list[Callable[[], None]] = []

    def write_later(store: Any, batch: Any, filled: Any) -> None:
        waiting.append(partial(write, store, batch, filled))
        filled.set()

    def write_and_close(self: LmdbStore) -> None:
        while waiting:
            waiting.pop(0)()
        close(self)

    setattr(adding, "_check_blobs", lambda *_: None)  # noqa: B010  # it would refuse
    blob_writer.write_batch = write_later
    setattr(LmdbStore, "close", write_and_close)  # noqa: B010  # a method is given another body on purpose


def _log_apart() -> None:
    """The entry of the operation log is written in a transaction of its own."""
    update = LmdbStore.update
    waiting: list[tuple[str, Any]] = []
    set_cell = cells.set_cell

    def set_later(transaction: Any, name: str, value: Any) -> None:
        if name.startswith("log/"):
            waiting.append((name, value))
        else:
            set_cell(transaction, name, value)

    def update_twice(self: LmdbStore, action: Any) -> Any:
        result = update(self, action)
        while waiting:
            name, value = waiting.pop(0)
            update(self, partial(set_cell, name=name, value=value))
        return result

    setattr(operations, "set_cell", set_later)  # noqa: B010  # where it was imported to
    setattr(LmdbStore, "update", update_twice)  # noqa: B010


def _write_without_lock() -> None:
    """Writers take no lock against the collection of garbage."""

    @contextmanager
    def open_to_all(self: WritersLock) -> Iterator[None]:
        with self._inside():
            yield

    setattr(WritersLock, "shared", open_to_all)  # noqa: B010


def _say_before_it_is_done() -> None:
    """`commit` prints its line, and then commits."""
    waiting: list[Callable[[], Any]] = []

    def commit_later(*arguments: Any) -> CommitId:
        waiting.append(partial(commit_working, *arguments))
        return CommitId(bytes(32))

    def say_and_commit(text: str) -> None:
        say(text)
        waiting.pop()()

    setattr(commit_command, "commit_working", commit_later)  # noqa: B010
    setattr(commit_command, "say", say_and_commit)  # noqa: B010


def _crash_on_damage() -> None:
    """The check ends its process where it finds something."""

    def check_and_crash(repository: Repository) -> Any:
        if problems := check_repository(repository):
            os._exit(3)
        return problems

    setattr(bitflips, "check_repository", check_and_crash)  # noqa: B010


def _kill_nobody() -> None:
    """Not a mistake of dset's: the torture itself does nothing."""
    for name in ("kill", "killpg"):
        setattr(os, name, lambda *_: None)


@dataclass(frozen=True, slots=True)
class Sabotage:
    """A mistake, the part of the torture with the options that must notice it, and what that must say."""

    commit: Callable[[], None]
    noticed_by: tuple[str, ...]
    says: str


_IMPORT_ONLY = ("--part", "instants", "--kind", "import", "--every", "3")
_COMMIT_ONLY = ("--part", "instants", "--kind", "commit")
SABOTAGES: dict[str, Sabotage] = {
    "references-first": Sabotage(_write_references_first, _IMPORT_ONLY, "import, instant "),
    "log-apart": Sabotage(_log_apart, _IMPORT_ONLY, "import, instant "),
    "said-too-early": Sabotage(_say_before_it_is_done, _COMMIT_ONLY, "it said "),
    "no-writers-lock": Sabotage(_write_without_lock, ("--part", "gc", "--interleavings", "60"), " gc, seed 1"),
    "check-crashes": Sabotage(_crash_on_damage, ("--part", "flips", "--flips", "2"), "the check ended with status"),
    "nobody-dies": Sabotage(_kill_nobody, _COMMIT_ONLY, "too few died: 0 kills"),
    "nobody-dies-at-random": Sabotage(_kill_nobody, ("--part", "random", "--kills", "3"), "0 died of 3"),
}
_DID_NOT_HOLD = 1


def notice_sabotage(stage: Stage, *, most: int) -> str:
    """Run the torture on a broken dset, once for each of so many mistakes, which it must notice. Gives the figures."""
    chosen = list(SABOTAGES)[:most]
    for name in chosen:
        with stage.trial(stage.root / "nothing", name):
            _notice(stage, name)
    return f"{len(chosen) - len(stage.failures)} of {len(chosen)} mistakes made on purpose noticed"


def _notice(stage: Stage, name: str) -> None:
    sabotage = SABOTAGES[name]
    options = ["--folder", str(stage.root), "--sabotage", name, *sabotage.noticed_by]
    done = subprocess.run(
        [sys.executable, "-m", "torture", *options],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=die_with_this(),  # there are no threads
    )
    if done.returncode != _DID_NOT_HOLD or "FAILED" not in done.stdout or sabotage.says not in done.stdout:
        raise BrokenError(f"not noticed: {done.stdout} {done.stderr}")
