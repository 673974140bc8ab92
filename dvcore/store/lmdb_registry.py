"""The LMDB environments of this process: one for each file, shared, counted, dropped in a forked child.

LMDB's locks belong to the pair of process and file, so a process must not open a file twice. And it must not use what
it inherited over a fork: the child forgets its environments, and each opens again at its first transaction. A fork
waits for the running transactions of other threads, which would leave the child a handle that nobody can drop.

Checked against py-lmdb 3.0 with LMDB 0.9.36: dropping an inherited environment leaves the parent's reader slots alone,
while `close` in the child clears them.
"""

import os
from contextlib import suppress
from pathlib import Path
from threading import RLock

from dvcore.errors import StateError
from dvcore.store.gate import TRANSACTIONS
from dvcore.store.lmdb_environment import Environment

_environments: dict[Path, Environment] = {}
_registry = RLock()
"""Re-entrant, since a forgotten store is released wherever Python happens to collect it, in `acquire` too."""


def acquire(path: Path, *, create: bool, map_size: int, readahead: bool) -> Environment:
    """The process's environment of the file, opened; `release` it as often.

    Where it is open already, its map size and readahead stay.
    """
    path = Path(os.path.realpath(path))
    with _registry:
        environment = _environments.get(path)
        if environment is None or not environment.is_current():
            environment = Environment(path, map_size=map_size, readahead=readahead)
        environment.open(create=create)
        _environments[path] = environment
        environment.users += 1
        return environment


def release(environment: Environment) -> None:
    """Give an acquired environment back; the last one closes the file."""
    with _registry:
        environment.users -= 1
        if environment.users == 0:
            environment.close()
            if _environments.get(environment.path) is environment:
                del _environments[environment.path]


def _before_fork() -> None:
    # A thread that forks inside its own transaction cannot wait for the others without the risk of a circle.
    if not TRANSACTIONS.is_inside():
        with suppress(StateError):  # one of a thread that is gone would be waited for in vain
            TRANSACTIONS.close()


def _after_fork_in_child() -> None:
    global _registry  # noqa: PLW0603  # may have been held by a thread that is gone
    _registry = RLock()
    TRANSACTIONS.forget_other_threads()
    for environment in _environments.values():
        environment.abandon()


os.register_at_fork(before=_before_fork, after_in_parent=TRANSACTIONS.open, after_in_child=_after_fork_in_child)
