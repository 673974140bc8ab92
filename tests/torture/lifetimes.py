"""What ends with this process, however it ends: the processes that it starts, and what it mounts.

The calls of Linux that Python 3.11 has no function for: prctl(2), unshare(2).
"""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from types import FrameType

_LIBC = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1
_CLONE_NEWNS = 0x20000


def die_with_this() -> Callable[[], None]:
    """To be called first in a child that is about to start: the system kills it when this process has ended."""
    return partial(_die_with, os.getpid())


def _die_with(parent: int) -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it ended before the call
        os._exit(70)


def keep_mounts_private() -> bool:
    """Have mounts seen by this process and its children only, and gone with the last of them; whether that may be."""
    if _LIBC.unshare(_CLONE_NEWNS) != 0:
        return False
    return subprocess.run(["mount", "--make-rprivate", "/"], capture_output=True, check=False).returncode == 0


def end_orderly_when_told() -> None:
    """SIGTERM ends this process as an exit does, so that it removes what it made."""
    signal.signal(signal.SIGTERM, _exit)


def _exit(number: int, _: FrameType | None) -> None:
    sys.exit(128 + number)
