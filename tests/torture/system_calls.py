"""Commands killed at each of the system calls that change the disk, so inside of LMDB's own commit too.

strace does it (a Debian package): it counts the calls of a real console script, and then has the kernel kill the script
on entry to each.
"""

import os
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from torture.judging import judge, rehearse
from torture.kills import Kills
from torture.processes import Ended, start_script
from torture.scene import Kind
from torture.stage import Stage

CALLS = (
    *("pwrite64", "pwritev", "writev", "ftruncate", "fallocate", "copy_file_range", "sendfile"),
    *("fdatasync", "fsync", "msync"),
    *("rename", "renameat", "renameat2", "link", "linkat", "unlink", "unlinkat", "mkdir", "rmdir"),
)
_CALL = re.compile(r"^(\d+) +(\w+)\(")


def kill_at_system_calls(stage: Stage, *, every: int = 1) -> str:
    """One run for each `every`th call of each kind of command. Gives the figures."""
    if not can_trace():
        stage.skipped.append("kills at system calls: strace is absent or may not trace")
        return ""
    kills = Kills()
    for place, kind in enumerate(stage.kinds()):
        base = stage.prepared(*kind.setup)
        expected = rehearse(stage, base, kind)
        for call, number in list(_iter_calls(stage, base, kind))[place % every :: every]:
            work = stage.copy(base)
            with stage.trial(work, f"{kind.name}, {call} number {number}"):
                killed = kills.note(_traced(stage, work, kind, f"inject={call}:signal=SIGKILL:when={number}"))
                judge(stage, work, kind, expected, killed)
                stage.check_tidy(work)
    return kills.check(stage, "system calls")


def can_trace() -> bool:
    """Whether strace is there and may do its work."""
    return shutil.which("strace") is not None and os.system("strace -o /dev/null true 2> /dev/null") == 0


def _iter_calls(stage: Stage, base: Path, kind: Kind) -> Iterator[tuple[str, int]]:
    """Each call and its number; strace counts by thread, so the busiest one's numbers."""
    _traced(stage, stage.copy(base), kind, "trace=" + ",".join(CALLS))
    found = map(_CALL.match, _record(stage).read_text("utf-8", errors="replace").splitlines())
    numbers = Counter((one[1], one[2]) for one in found if one)
    for call in CALLS:
        most = max((number for (_, name), number in numbers.items() if name == call), default=0)
        for number in range(1, most + 1):
            yield call, number


def _traced(stage: Stage, work: Path, kind: Kind, expression: str) -> Ended:
    traced = expression.removeprefix("inject=").split(":")[0].removeprefix("trace=")
    wrapper = ["strace", "-f", "-qq", "-o", str(_record(stage)), "-e", f"trace={traced}", "-e", expression]
    return start_script(work, *kind.arguments, output=stage.output, wrapper=wrapper).wait()


def _record(stage: Stage) -> Path:
    return stage.output / "calls"
