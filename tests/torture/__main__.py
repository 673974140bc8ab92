"""`make torture`: prints what was tried and what did not hold; exit code 1 where anything did not.

    python -m torture [--part NAME]… [--at-once 2] [--kills 500] [--every 1] [--kind NAME]… [--kinds-apart 1]
                      [--interleavings 200] [--processes 8] [--operations 200] [--flips 200] [--sabotages 7]
                      [--seed 1] [--folder DIR] [--sabotage NAME]

The parts run in processes of their own, two at once. With a seed the same is tried in the same order; how the processes
of one try meet is left to the system. What failed says how to see it again, and its repository is kept.
`docs/torture.md` tells what each part shows.
"""

import argparse
import os
import shutil
import signal
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from torture.bit_flips import flip_bits
from torture.chosen_instants import kill_at_instants
from torture.full_disk import fill_disks
from torture.gc_races import race
from torture.killed_init import kill_init
from torture.killed_repair import kill_repair
from torture.lifetimes import end_orderly_when_told, keep_mounts_private
from torture.many import read_beside_a_writer, work_together
from torture.processes import Running, start, warm_up
from torture.random_kills import kill_at_random
from torture.sabotage import SABOTAGES, notice_sabotage
from torture.stage import Stage
from torture.sync_order import check_order
from torture.system_calls import kill_at_system_calls

_MEMORY = Path("/dev/shm")
_ROOM = 2 << 30
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Size:
    """How much to try: each `every`th of the chosen instants and system calls of each `kinds_apart`th of these kinds of
    commands (none named: of all), and so many of the others."""

    kind: list[str]
    kills: int
    every: int
    kinds_apart: int
    interleavings: int
    processes: int
    operations: int
    flips: int
    sabotages: int
    seed: int


Part = Callable[[Stage, Size], str]
"""Tries, notes what did not hold in the stage, and gives the figures."""


def _many(stage: Stage, size: Size, *, tiny: bool) -> str:
    return work_together(stage, processes=size.processes, operations=size.operations, seed=size.seed, tiny=tiny)


PARTS: dict[str, Part] = {
    "instants": lambda stage, size: kill_at_instants(stage, every=size.every),
    "init": lambda stage, size: kill_init(stage, every=size.every),
    "repair": lambda stage, size: kill_repair(stage, every=size.every),
    "calls": lambda stage, size: kill_at_system_calls(stage, every=size.every),
    "random": lambda stage, size: kill_at_random(stage, kills=size.kills, seed=size.seed),
    "order": lambda stage, size: check_order(stage),
    "disk": lambda stage, size: fill_disks(stage),
    "many": lambda stage, size: _many(stage, size, tiny=False),
    "tiny": lambda stage, size: _many(stage, size, tiny=True),
    "readers": lambda stage, size: read_beside_a_writer(stage),
    "gc": lambda stage, size: race(stage, interleavings=size.interleavings, seed=size.seed),
    "flips": lambda stage, size: flip_bits(stage, flips=size.flips, seed=size.seed),
    "sabotage": lambda stage, size: notice_sabotage(stage, most=size.sabotages),
}


def main() -> int:
    """Run the parts; gives the exit code."""
    options = _options()
    end_orderly_when_told()
    keep_mounts_private()
    warm_up()
    if options.sabotage:
        SABOTAGES[options.sabotage].commit()
    names = (
        "kind",
        "kills",
        "every",
        "kinds_apart",
        "interleavings",
        "processes",
        "operations",
        "flips",
        "sabotages",
        "seed",
    )
    size = Size(*(getattr(options, name) for name in names))
    parts = options.part or list(PARTS)
    if len(parts) == 1:
        failed = 0 if _run(parts[0], size, options.folder) else 1
    else:
        failed = _run_all(parts, size, options.folder, options.at_once)
    _say("all held" if not failed else f"{failed} of {len(parts)} parts did not hold")
    return 1 if failed else 0


def _run_all(parts: list[str], size: Size, folder: Path | None, at_once: int) -> int:
    """Run the parts, so many at once, each in a process of its own; how many did not hold."""
    waiting, running, failed = deque(parts), list[Running](), 0
    with TemporaryDirectory(prefix="dset-torture-") as output:
        try:
            while waiting or running:
                while waiting and len(running) < at_once:
                    action = partial(_run_apart, waiting[0], size, folder)
                    running.append(start(action, Path(output) / waiting.popleft()))
                for part in [one for one in running if not one.is_running()]:
                    running.remove(part)
                    ended = part.wait()
                    _say((ended.out + ended.err).rstrip())
                    failed += ended.code != 0
                time.sleep(0.05)
        finally:
            _end(running)
    return failed


def _end(parts: list[Running]) -> None:
    """Have parts end that still run, so that they remove what they made."""
    for part in parts:
        os.kill(part.pid, signal.SIGTERM)
    for part in parts:
        part.wait()


def _run_apart(name: str, size: Size, folder: Path | None) -> int:
    end_orderly_when_told()
    return 0 if _run(name, size, folder) else 1


def _run(name: str, size: Size, folder: Path | None) -> bool:
    """Run a part and tell of it; whether all held."""
    began, figures = time.monotonic(), ""
    with (
        Stage(folder or _fast_folder(), kinds=size.kind, kinds_apart=size.kinds_apart) as stage,
        stage.trial(stage.root / "prepared", f"{name}, at the outset"),
    ):
        figures = PARTS[name](stage, size)
    _say(f"{name:9} {figures or 'nothing'}, {len(stage.failures)} failures  [{time.monotonic() - began:.0f} s]")
    for reason in stage.skipped:
        _say(f"{'':9} NOT TRIED: {reason}")
    for failure in stage.failures[:_SHOWN]:
        _say(f"  FAILED {failure}")
    if len(stage.failures) > _SHOWN:
        _say(f"  and {len(stage.failures) - _SHOWN} more")
    return not stage.failures


def _fast_folder() -> Path | None:
    """Memory, where there is enough: a kill loses nothing of what the system was given, be it on a disk or not."""
    enough = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free >= _ROOM
    return _MEMORY if enough else None


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="torture", description="Tries to make dset lose something.")
    parser.add_argument("--part", action="append", choices=PARTS, help="only this; repeatable")
    parser.add_argument("--at-once", type=int, default=2, help="so many parts at a time")
    parser.add_argument("--kind", action="append", default=[], help="only this kind of command; repeatable")
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--every", type=int, default=1, help="try every so many of the chosen instants only")
    parser.add_argument("--kinds-apart", type=int, default=1, help="try every so many kinds of commands only")
    parser.add_argument("--interleavings", type=int, default=200)
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--operations", type=int, default=200, help="of each process")
    parser.add_argument("--flips", type=int, default=200)
    parser.add_argument("--sabotages", type=int, default=len(SABOTAGES), help="mistakes that must be noticed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where to work; memory where there is enough")
    parser.add_argument("--sabotage", choices=SABOTAGES, help="break dset first, to see that it is noticed")
    return parser.parse_args()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
