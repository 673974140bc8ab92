"""Commands on a disk that is full, and in folders that cannot be written to.

A small tmpfs is filled up to a few bytes; where mounting is refused that is said, and only the limit of a file's size
(RLIMIT_FSIZE) is tried, which needs no rights. A command may succeed or stop, but in order: one line of what is wrong,
the state before or after, a clean fsck, and it does its work once there is room.
"""

import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from torture.instants import use_small_batches
from torture.judging import Expected, judge, rehearse
from torture.processes import Ended
from torture.scene import Kind
from torture.stage import BrokenError, Stage

_DISK_BYTES = 48 << 20
_ROOMS = (0, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20)
"""Bytes left free."""
_READING = (("status",), ("ls", "-R"), ("log",), ("diff", "v1", "WORK"), ("fsck", "--quick"))


def fill_disks(stage: Stage) -> str:
    """Each kind of command on each kind of full disk, and in read-only folders. Gives the figures."""
    if not can_mount(stage):
        stage.skipped.append("full and read-only file systems: mounting is refused")
    stopped = runs = 0
    for kind in stage.kinds():
        base = stage.prepared(*kind.setup)
        expected = rehearse(stage, base, kind)
        for where, try_it in _iter_trials(stage, base, kind, expected):
            runs += 1
            with stage.trial(stage.root / "work", f"{kind.name}, {where}"):
                stopped += try_it()
    return f"{runs} runs without room or right to write, {stopped} of them stopped"


def _iter_trials(stage: Stage, base: Path, kind: Kind, expected: Expected) -> Iterator[tuple[str, Callable[[], bool]]]:
    sizes = sorted({path.stat().st_size for path in (base / ".dset").glob("*.lmdb")})
    for limit in (8192, *(size + more for size in sizes for more in (0, 32 << 10))):
        yield f"files of at most {limit} bytes", partial(_try_limited, stage, base, kind, expected, limit)
    if stage.skipped:
        return
    for room in _ROOMS:
        yield f"{room} bytes free", partial(_try_full, stage, base, kind, expected, room)
    yield "a read-only cache", partial(_try_readonly_cache, stage, base, kind, expected)
    for name in ("snapshots", ""):
        yield f"read-only .dset/{name}", partial(_try_readonly, stage, base, kind, expected, name)


def _try_limited(stage: Stage, base: Path, kind: Kind, expected: Expected, limit: int) -> bool:
    work = stage.copy(base)

    def prepare() -> None:
        use_small_batches()
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))

    ended = _checked(stage.run(work, *kind.arguments, prepare=prepare))
    judge(stage, work, kind, expected, ended)
    return ended.code != 0


def _try_full(stage: Stage, base: Path, kind: Kind, expected: Expected, room: int) -> bool:
    with _mounted(stage, f"-t tmpfs -o size={_DISK_BYTES} tmpfs") as disk, _kept_from(disk, stage):
        work = stage.copy(base, "disk/work")
        for arguments in _READING:  # whoever reads makes lock and cache files, so that they are there
            stage.must(work, *arguments)
        ballast = disk / "ballast"
        _fill(ballast, leaving=room)
        ended = _checked(stage.run(work, *kind.arguments, prepare=use_small_batches))
        for arguments in _READING:
            _checked(stage.run(work, *arguments))
        ballast.unlink()
        judge(stage, work, kind, expected, ended)
    return ended.code != 0


def _try_readonly_cache(stage: Stage, base: Path, kind: Kind, expected: Expected) -> bool:
    """What can be deleted at any time cannot be what a command fails for."""
    work = stage.copy(base)
    with _readonly(work / ".dset" / "cache"):
        ended = stage.run(work, *kind.arguments)
        found = stage.state(work)
    if (ended.code, found) != (expected.ended.code, expected.after):
        raise BrokenError(f"{ended}; {found.difference(expected.after)}")
    stage.check_sound(work)
    return False


def _try_readonly(stage: Stage, base: Path, kind: Kind, expected: Expected, name: str) -> bool:
    work = stage.copy(base)
    with _readonly(work / ".dset" / name):
        ended = _checked(stage.run(work, *kind.arguments))
        for arguments in _READING:
            _checked(stage.run(work, *arguments))
    judge(stage, work, kind, expected, ended)
    return ended.code != 0


def _checked(ended: Ended) -> Ended:
    """How a command ended, if it said in one line why it stopped. Raises BrokenError."""
    lines = [line for line in ended.err.splitlines() if line.startswith("dset: ")]
    if ended.code not in (0, 1) or (ended.code == 1 and len(lines) != 1):
        raise BrokenError(f"no clear error: {ended}")
    return ended


def _fill(ballast: Path, *, leaving: int) -> None:
    with ballast.open("wb", buffering=0) as file:
        status = os.statvfs(ballast.parent)
        os.posix_fallocate(file.fileno(), 0, max(1, status.f_bavail * status.f_frsize - leaving))


def can_mount(stage: Stage) -> bool:
    """Whether this process may mount."""
    try:
        with _mounted(stage, "-t tmpfs tmpfs"):
            return True
    except PermissionError:
        return False


@contextmanager
def _mounted(stage: Stage, options: str) -> Iterator[Path]:
    disk = stage.root / "disk"
    disk.mkdir(exist_ok=True)
    _mount(*options.split(), str(disk))
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


@contextmanager
def _kept_from(disk: Path, stage: Stage) -> Iterator[None]:
    """Where something fails, take the repository off the disk before that goes, to where the trial looks for it."""
    try:
        yield
    except Exception:
        stage.copy(disk / "work")
        raise


@contextmanager
def _readonly(folder: Path) -> Iterator[None]:
    """A folder that nobody can write to, root neither: mounted upon itself, read-only."""
    _mount("--bind", str(folder), str(folder))
    try:
        _mount("-o", "remount,bind,ro", str(folder))
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _mount(*arguments: str) -> None:
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise PermissionError(done.stderr.strip())
