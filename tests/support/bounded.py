"""Threads and processes that a test waits for, but never for ever: one that hangs fails, and does not stay behind."""

import multiprocessing
import os
import signal
from collections.abc import Callable
from threading import Thread

LIMIT_SECONDS = 100


def start(*targets: Callable[[], object]) -> list[Thread]:
    """A running thread for each; none keeps the process from ending."""
    threads = [Thread(target=target, daemon=True) for target in targets]
    for thread in threads:
        thread.start()
    return threads


def finish(*threads: Thread) -> None:
    """Wait until they have ended."""
    for thread in threads:
        thread.join(LIMIT_SECONDS)
        assert not thread.is_alive(), f"{thread.name} hangs"


def in_processes(count: int, target: Callable[..., None], *args: object) -> None:
    """Run a function in several forked processes at once; all must succeed."""
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=target, args=args, daemon=True) for _ in range(count)]
    for process in processes:
        process.start()
    try:
        for process in processes:
            process.join(LIMIT_SECONDS)
        assert [process.exitcode for process in processes] == [0] * count
    finally:
        for process in processes:
            process.kill()


def in_child(action: Callable[[], object]) -> int:
    """The exit status of a forked child that runs the action; one that hangs is ended by a signal."""
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(LIMIT_SECONDS)
        status = 1
        try:
            action()
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
