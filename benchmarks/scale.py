"""How dset's everyday commands grow with a repository: `python benchmarks/scale.py [--files N …] [--repeat N]`.

Repositories are filled by `fill.py`: all files in one directory, over few blobs, so that what is measured is the
structure and not the disk. Each further step is a whole `dset` process, Python's start included. Steps that leave no
trace are repeated, and the median counts; so are rounds of changes.
"""

import argparse
import os
import statistics
import sys
import tempfile
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from measure import Command, FailedError, Run, measure

FILL: Final = Path(__file__).with_name("fill.py")
TEN: Final = 10

Table = dict[str, dict[int, list[Run]]]


class Repository:
    """One repository that is measured: where it is, how many files it has, and where figures go."""

    def __init__(self, folder: Path, files: int, table: Table) -> None:
        self.folder = folder
        self.files = files
        self._table = table

    def run(self, step: str, *commands: Command) -> None:
        """Measure commands in turn as one step; one that fails leaves its place in the table empty."""
        try:
            runs = [measure(command, folder=self.folder, environment={}) for command in commands]
        except FailedError as error:
            print(error, file=sys.stderr)
            return
        total = runs[0]
        for run in runs[1:]:
            total = total.then(run)
        self._table[step][self.files].append(total)

    def dset(self, step: str, *arguments: str) -> None:
        """Measure one `dset`."""
        self.run(step, ["dset", *arguments])


def _ten(repository: Repository, turn: int) -> list[str]:
    """Paths of ten files far from each other, others in each turn."""
    step = repository.files // TEN
    return [f"all/img_{place * step + turn:08}.jpg" for place in range(TEN)]


def _measure(repository: Repository, repeat: int) -> None:
    fill: Command = [sys.executable, FILL, repository.folder, str(repository.files)]
    repository.run("import (add_files)", fill)
    repository.dset("first commit", "commit", "-m", "all")
    repository.dset("first status", "status")
    for turn in range(repeat):
        _change_ten(repository, turn)
    for turn in range(repeat):
        _merge_tens(repository, turn)
    for turn in range(repeat):
        repository.dset("mirror of all", "mirror", "all", f"mirror-{turn}")
        repository.dset("status after it", "status")
    repository.dset("mkdir", "mkdir", "few")
    for turn in range(repeat):
        repository.dset("mirror of ten", "mirror", *_ten(repository, turn), "few")
        repository.dset("ls of a small directory", "ls", "few")
    _query(repository, repeat)
    repository.dset("commit of the mirrors", "commit", "-m", "mirrors")
    repository.dset("copy of all", "copy", "all", "copies")
    repository.dset("commit of the copies", "commit", "-m", "copies")
    repository.dset("fsck", "fsck")
    repository.dset("gc --dry-run", "gc", "--dry-run")
    repository.run("import again", fill)
    repository.dset("annotate all", "annotate", "all", "--set", "kind=almond", "--done")
    repository.dset("remove all", "remove", "all")


def _change_ten(repository: Repository, turn: int) -> None:
    paths = _ten(repository, turn)
    repository.dset("annotate 10, by path", "annotate", *paths, "--set", "kind=hazel", "--done")
    repository.dset("status of the 10", "status")
    repository.dset("commit of the 10", "commit", "-m", "ten")
    repository.dset("diff HEAD~1 HEAD", "diff", "HEAD~1", "HEAD")


def _merge_tens(repository: Repository, turn: int) -> None:
    """Ten changes on either side of a merge, of other files."""
    branch = f"other-{turn}"
    for name, first in (("main", 100), (branch, 200)):
        if name == branch:
            repository.dset("branch", "branch", branch, "HEAD~1")
            repository.dset("switch", "switch", branch)
        repository.dset("annotate 10, by path", "annotate", *_ten(repository, first + turn), "--set", "kind=walnut")
        repository.dset("commit of the 10", "commit", "-m", "ten")
    repository.dset("diff of two branches", "diff", "main", branch)
    repository.dset("switch", "switch", "main")
    repository.dset("merge of 10 and 10", "merge", branch, "-m", "merged")


def _query(repository: Repository, repeat: int) -> None:
    where = ("ls", "few", "--where", "kind = 'almond'")
    repository.dset("ls --where, index made", *where)
    for turn in range(repeat):
        repository.dset("ls --where, warm", *where)
        repository.dset("annotate 10 more", "annotate", *_ten(repository, turn), "--set", "kind=walnut")
        repository.dset("ls --where after 10 changes", *where)


def main() -> None:
    options = _options()
    table: Table = defaultdict(lambda: defaultdict(list))
    with tempfile.TemporaryDirectory(prefix="dset-scale-", dir=options.work) as work:
        for files in options.files:
            folder = Path(work) / str(files)
            folder.mkdir()
            _measure(Repository(folder, files, table), options.repeat)
            print(f"{files:,} files done", file=sys.stderr)
    _print_table(table, options.files, options.repeat)


def _print_table(table: Table, sizes: list[int], repeat: int) -> None:
    print(f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores; median of {repeat}\n")
    print(f"| step | {' | '.join(f'{files:,}' for files in sizes)} | memory at the last |")
    print(f"| --- | {' | '.join('---:' for _ in (*sizes, 0))} |")
    for step, found in table.items():
        seconds = [_shown(found[files]) for files in sizes]
        memory = max((run.memory for run in found[sizes[-1]]), default=0)
        print(f"| {step} | {' | '.join(seconds)} | {memory / 2**20:.0f} MB |")


def _shown(runs: list[Run]) -> str:
    return f"{statistics.median(run.seconds for run in runs):.2f} s" if runs else ""


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--work", type=Path, help="where repositories are made (default: where temporary files go)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
