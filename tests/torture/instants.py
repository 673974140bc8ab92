"""The instants at which a process can be stopped: before and after whatever changes the disk or takes a lock.

`watch` changes the running process for good, so it is for children that end soon. The instants are

- before and after each call of `os` that syncs, renames, links, makes or removes, and each `flock`;
- around each write transaction of LMDB: before it begins, when it has begun, before and after its commit;
- before each value, batch of values and removal inside of one;
- after each line that is printed: what it reports must last from then on.

Those inside LMDB's own commit need the kernel's help: see `system_calls`.
"""

import fcntl
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from random import Random
from threading import Lock
from typing import Any

import click

from dvcore.store.blob_writer import BlobWriter
from dvcore.store.lmdb_environment import Environment
from dvcore.store.lmdb_store import LmdbWriteTransaction

Handler = Callable[[str], None]

_CALLS = ("fsync", "fdatasync", "replace", "rename", "link", "unlink", "mkdir", "rmdir", "ftruncate")
_INSIDE = ("put", "put_many", "delete")
SMALL_BATCH = 2 << 10
"""Bytes of a batch of blobs in a child, so that few and small pictures fill several."""


def watch(handler: Handler) -> None:
    """Have the handler called at each instant of this process, by whichever thread comes to one."""
    for name in _CALLS:
        _around(os, name, handler)
    _around(fcntl, "flock", handler)
    _around_transactions(handler)
    for name in _INSIDE:
        _before(LmdbWriteTransaction, name, handler)
    _around(click, "echo", handler)


def use_small_batches() -> None:
    """Have blobs written in many batches."""
    defaults = BlobWriter.__init__.__kwdefaults__
    assert defaults is not None
    defaults["batch_bytes"] = SMALL_BATCH


class Deadly:
    """Writes down each instant, and kills its process at one of them (from 1; 0: at none)."""

    def __init__(self, record: Path, deadly: int = 0) -> None:
        self._record = os.open(record, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        self._deadly = deadly
        self._count = 0
        self._lock = Lock()

    def __call__(self, name: str) -> None:
        with self._lock:
            self._count += 1
            os.write(self._record, f"{name}\n".encode())
            if self._count == self._deadly:
                os.kill(os.getpid(), signal.SIGKILL)


class Dawdling:
    """Stays a random while at some of the instants, and `pause` seconds at those whose names begin with `at`."""

    def __init__(
        self, random: Random, *, share: float, longest: float, at: str = "nowhere", pause: float = 0.0
    ) -> None:
        self._random = random
        self._share = share
        self._longest = longest
        self._at = at
        self._pause = pause

    def __call__(self, name: str) -> None:
        if name.startswith(self._at):
            time.sleep(self._pause)
        elif self._random.random() < self._share:
            time.sleep(self._random.random() * self._longest)


class Waiting:
    """Makes the file `here` at one instant (from 1), and waits until there is `go`, or for `limit` seconds: whoever is
    to make it may be waiting for a lock that this process holds."""

    def __init__(self, at: int, here: Path, go: Path, limit: float) -> None:
        self._at = at
        self._here = here
        self._go = go
        self._limit = limit
        self._count = 0

    def __call__(self, name: str) -> None:
        self._count += 1
        if self._count == self._at:
            self._here.touch()
            deadline = time.monotonic() + self._limit
            while not self._go.exists() and time.monotonic() < deadline:
                time.sleep(0.0005)


def _around(owner: Any, name: str, handler: Handler) -> None:
    original = getattr(owner, name)

    @wraps(original)
    def watched(*arguments: Any, **options: Any) -> Any:
        what = f"{name} {_named(arguments)}".rstrip()
        handler(f"before {what}")
        result = original(*arguments, **options)
        handler(f"after {what}")
        return result

    setattr(owner, name, watched)


def _before(owner: Any, name: str, handler: Handler) -> None:
    original = getattr(owner, name)

    @wraps(original)
    def watched(self: Any, table: Any, *arguments: Any) -> Any:
        key = arguments[0] if arguments and table.name == "CELLS" else ""
        handler(f"before {name} {table.name.lower()} {key!r}".removesuffix(" ''"))
        return original(self, table, *arguments)

    setattr(owner, name, watched)


def _around_transactions(handler: Handler) -> None:
    original = Environment.transaction

    @contextmanager
    def watched(self: Environment, *, write: bool) -> Iterator[Any]:
        where = f"write transaction {self.path.name}"
        if write:
            handler(f"before {where}")
        with original(self, write=write) as transaction:
            if write:
                handler(f"begun {where}")
            yield transaction
            if write:
                handler(f"before commit of {where}")
        if write:
            handler(f"after commit of {where}")

    setattr(Environment, "transaction", watched)  # noqa: B010  # a method is given another body on purpose


def _named(arguments: tuple[Any, ...]) -> str:
    """The file that a call is about."""
    first = arguments[0] if arguments else ""
    if isinstance(first, str) and " " in first:
        return "a line"
    if isinstance(first, int):
        try:
            return Path(f"/proc/self/fd/{first}").readlink().name
        except OSError:
            return ""
    return Path(os.fsdecode(first)).name
