"""Runs a command with little memory, to show that it succeeds.

A control group counts what the kernel would, page cache included, and is made where systemd runs. Elsewhere the limit
is on the process's private writable memory (`RLIMIT_DATA`): more than `RssAnon`, since pages that were never touched
count, too.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import Final

_MIB: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Limit:
    """What stands before a command to limit it, and what it is, in words."""

    prefix: tuple[str, ...]
    name: str


NO_LIMIT: Final = Limit((), "no limit")


def memory_limit(megabytes: int) -> Limit:
    """The strictest limit that this machine offers. Exits where there is none."""
    for limit in (_scope(megabytes), _resource_limit(megabytes)):
        if shutil.which(limit.prefix[0]) and _holds(limit, megabytes):
            return limit
    raise SystemExit("a memory limit takes systemd-run (systemd) or prlimit (util-linux); neither works here")


def _holds(limit: Limit, megabytes: int) -> bool:
    """A little memory can be had, and more than the limit cannot: systemd also makes scopes that it cannot limit."""
    return _can_fill(limit, megabytes // 4) and not _can_fill(limit, megabytes + megabytes // 4)


def _can_fill(limit: Limit, megabytes: int) -> bool:
    fill = f"b'x' * {megabytes * _MIB}"
    return not subprocess.run([*limit.prefix, sys.executable, "-c", fill], capture_output=True, check=False).returncode


def _scope(megabytes: int) -> Limit:
    """A control group of its own, without swap. systemd-run becomes the command, so the process stays the same."""
    user = () if os.geteuid() == 0 else ("--user",)
    properties = ("-p", f"MemoryMax={megabytes}M", "-p", "MemorySwapMax=0")
    return Limit(("systemd-run", *user, "--scope", "--quiet", *properties), f"control group of {megabytes} MB")


def _resource_limit(megabytes: int) -> Limit:
    return Limit(("prlimit", f"--data={megabytes * _MIB}"), f"RLIMIT_DATA of {megabytes} MB")
