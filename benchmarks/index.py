"""How long the index of expressions and SQL takes: `python benchmarks/index.py [--files N …] [--boxes N] [--repeat N]`.

Repositories are filled by `fill.py`, each file with so many boxes. Measured are whole `dset` processes, Python's start
included, that ask for nothing: the first makes the index, later ones bring it up to ten changed files. What must hold
at a million files with five boxes each: 60 s and 1 GB of anonymous memory, and 0.3 s.
"""

import argparse
import os
import shutil
import statistics
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from measure import Command, Run, disk_usage, measure

FILL: Final = Path(__file__).with_name("fill.py")
ASK: Final = ("dset", "sql", "VALUES (1)")
INDEX: Final = Path(".dset", "cache", "index")
TEN: Final = 10


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one size: making the index, what it takes on the disk, and bringing it up to ten changes, in turns."""

    files: int
    made: Run
    size: int
    moved: tuple[Run, ...]


def _measure(folder: Path, files: int, boxes: int, repeat: int) -> Figures:
    _run(folder, [sys.executable, FILL, folder, str(files), str(boxes)])
    shutil.rmtree(folder / INDEX, ignore_errors=True)
    made = _run(folder, ASK)
    size = disk_usage(folder / INDEX)
    moved = []
    for turn in range(repeat):
        paths = [f"all/img_{place * (files // TEN) + turn:08}.jpg" for place in range(TEN)]
        _run(folder, ["dset", "annotate", *paths, "--set", "kind=hazel", "--clear-instances"])
        moved.append(_run(folder, ASK))
    return Figures(files, made, size, tuple(moved))


def _run(folder: Path, command: Command) -> Run:
    return measure(command, folder=folder, environment={})


def _print(figures: list[Figures], boxes: int, repeat: int) -> None:
    print(f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores; {boxes} boxes a file; median of {repeat}\n")
    print("| files | index made | a file | memory | on disk | current after 10 changes |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: |")
    for one in figures:
        moved = statistics.median(run.seconds for run in one.moved)
        print(
            f"| {one.files:,} | {one.made.seconds:.2f} s | {one.made.seconds / one.files * 1e6:.0f} us "
            f"| {one.made.memory / 2**20:.0f} MB | {one.size / 2**20:.0f} MB | {moved:.2f} s |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--boxes", type=int, default=5)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--work", type=Path, help="where repositories are made (default: where temporary files go)")
    options = parser.parse_args()
    figures = []
    with tempfile.TemporaryDirectory(prefix="dset-index-", dir=options.work) as work:
        for files in options.files:
            folder = Path(work) / str(files)
            folder.mkdir()
            figures.append(_measure(folder, files, options.boxes, options.repeat))
            print(f"{files:,} files done", file=sys.stderr)
    _print(figures, options.boxes, options.repeat)


if __name__ == "__main__":
    main()
