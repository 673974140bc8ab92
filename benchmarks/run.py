"""What dset takes for everyday work, beside `cp` and restic: `python benchmarks/run.py [--images N] [--steps …]`.

Every figure is a whole process, start-up included, as a user waits for it; the median of several repetitions, in which
the tools take turns. Other programs on the machine falsify it: compare figures of one run, not of two.
"""

import argparse
import os
import platform
import shutil
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bench import (
    RESTIC,
    Bench,
    Results,
    change_ten,
    import_all,
    look_again,
    mirror,
    snapshot_jpeg,
    snapshot_pass,
    snapshot_png,
)
from images import Data, prepare
from measure import FailedError
from startup import measure_start_up

STEPS: Final[dict[str, Callable[[Bench], None]]] = {
    "again": look_again,
    "change": change_ten,
    "mirror": mirror,
    "pass": snapshot_pass,
    "jpeg": snapshot_jpeg,
    "png": snapshot_png,
}
"""What can be chosen; the first import is part of all."""

TOOLS: Final = ("dset", "cp + sync", "restic")


def main() -> None:
    options = _options()
    chosen = [name for name in (*STEPS, "start") if name in (options.steps or (*STEPS, "start"))]
    results: Results = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="dset-bench-", dir=options.work) as work:
        data = prepare(options.data or Path(work) / "data", options.images)
        if "start" in chosen:
            measure_start_up(Path(work), results)
        if set(chosen) - {"start"}:
            for number in range(options.repeat):
                print(f"repetition {number + 1} of {options.repeat}", file=sys.stderr)
                _repeat(data, Path(work) / "run", results, [STEPS[name] for name in chosen if name in STEPS])
    _print_table(results, options.images, options.repeat)


def _repeat(data: Data, folder: Path, results: Results, steps: Iterable[Callable[[Bench], None]]) -> None:
    folder.mkdir()
    bench = Bench(data, folder, results)
    import_all(bench)
    for step in steps:
        step(bench)
    shutil.rmtree(folder)


def _print_table(results: Results, images: int, repeat: int) -> None:
    print(f"{datetime.now(UTC):%Y-%m-%d}, {_machine()}; {images:,} images; median of {repeat}; start-up of 15")
    if not RESTIC:
        print("restic is not installed: its column is empty")
    print()
    print(f"| step | {' | '.join(TOOLS)} | dset's memory |")
    print(f"| --- | {' | '.join('---:' for _ in TOOLS)} | ---: |")
    for step in dict.fromkeys(step for step, _ in results):
        cells = [_seconds(results, step, tool) for tool in TOOLS]
        memory = max((run.memory for run in results.get((step, "dset"), ())), default=0)
        print(f"| {step} | {' | '.join(cells)} | {f'{memory / 1e6:.0f} MB' if memory else ''} |")


def _seconds(results: Results, step: str, tool: str) -> str:
    runs = results.get((step, tool))
    return f"{statistics.median(run.seconds for run in runs):.2f} s" if runs else ""


def _machine() -> str:
    processor = next(
        (line.partition(":")[2].strip() for line in _cpu_lines() if line.startswith("model name")), platform.machine()
    )
    cores = len(os.sched_getaffinity(0))
    return f"{cores} cores of {processor}, Linux {platform.release()}, Python {platform.python_version()}"


def _cpu_lines() -> list[str]:
    try:
        return Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return []


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure dset beside cp and restic.")
    parser.add_argument("--images", type=int, default=20_000, metavar="N", help="how many JPEGs (20,000)")
    parser.add_argument("--data", type=Path, metavar="DIR", help="where they are, or are made and stay")
    parser.add_argument("--work", type=Path, metavar="DIR", help="where the repositories are made; fast and roomy")
    parser.add_argument("--repeat", type=int, default=3, metavar="N", help="repetitions (3)")
    parser.add_argument(
        "--steps",
        nargs="+",
        choices=[*STEPS, "start"],
        metavar="STEP",
        help=f"only these: {', '.join([*STEPS, 'start'])}",
    )
    return parser.parse_args()


if __name__ == "__main__":
    try:
        main()
    except FailedError as error:
        sys.exit(f"benchmark: {error}")
