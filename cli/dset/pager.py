"""The pager that output goes through on a terminal."""

import os
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from typing import IO, Final

import click

from dset.styles import is_colored

_PAGER: Final = "less"
_LESS: Final = "FRX"
"""Short output stays on the terminal as it would without a pager; colours are colours."""


@contextmanager
def through_pager() -> Iterator[None]:
    """What is printed inside goes to the pager; without one it is printed as ever."""
    pager = _start()
    if pager is None:
        yield
        return
    assert pager.stdin is not None
    click.get_current_context().color = is_colored()  # click would take it away: a pipe is no terminal
    try:
        with suppress(BrokenPipeError, KeyboardInterrupt), redirect_stdout(pager.stdin):
            yield
    finally:
        _finish(pager, pager.stdin)


def _start() -> "subprocess.Popen[str] | None":
    """None where there is no pager; `cat`, or nothing, in `PAGER` says that none is wanted."""
    environment = {"LESS": _LESS} | os.environ
    try:
        command = shlex.split(os.environ.get("PAGER", _PAGER))
        if not command or command == ["cat"]:
            return None
        return subprocess.Popen(command, stdin=subprocess.PIPE, env=environment, encoding="utf-8")
    except (OSError, ValueError):  # it is not there, or a quote in it is never closed
        return None


def _finish(pager: "subprocess.Popen[str]", output: IO[str]) -> None:
    """Wait until the reader is through; Ctrl-C is for the pager."""
    with suppress(BrokenPipeError):
        output.close()
    while True:
        with suppress(KeyboardInterrupt):
            pager.wait()
            return
