"""One repetition of the measurements: a folder with a repository, a plain copy, and restic's repository where restic is
installed; each step is measured for each tool in turn, with everything written back before it begins.
"""

import json
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Final

from images import Data
from measure import Command, Run, measure

DSET: Final = Path(sys.executable).parent / "dset"
RESTIC: Final = shutil.which("restic")
ENVIRONMENT: Final = {"DSET_AUTHOR": "Bench <bench@example.org>", "RESTIC_PASSWORD": "bench"}

Results = defaultdict[tuple[str, str], list[Run]]
"""Runs by step and tool."""


class Bench:
    """What steps work with."""

    def __init__(self, data: Data, folder: Path, results: Results) -> None:
        self.data = data
        self.folder = folder
        self.copy = folder / "copy"
        self._environment = {**ENVIRONMENT, "RESTIC_REPOSITORY": str(folder / "restic")}
        self._environment["RESTIC_CACHE_DIR"] = str(folder / "restic-cache")
        self._results = results

    def time(self, step: str, tool: str, *commands: Command) -> None:
        """Measure these commands, in turn, as one step."""
        os.sync()
        total = Run(0.0, 0)
        for command in commands:
            total = total.then(measure(command, folder=self.folder, environment=self._environment))
        self._results[step, tool].append(total)
        print(f"  {step}, {tool}: {total.seconds:.2f} s", file=sys.stderr, flush=True)

    def do(self, *command: str | Path) -> str:
        """Run a command that is not measured; what it prints."""
        environment = {**os.environ, **self._environment}
        done = subprocess.run(command, cwd=self.folder, env=environment, check=True, stdout=subprocess.PIPE, text=True)
        return done.stdout

    def dset(self, *arguments: str | Path) -> Command:
        """A command of dset in the repository."""
        return (DSET, "-C", self.folder / "repository", *arguments)


def import_all(bench: Bench) -> None:
    """Everything in for the first time, beside the least that any tool must do: read, write, and wait for the disk."""
    step = "import + commit"
    bench.time(step, "cp + sync", ("cp", "-r", bench.data.images, bench.copy), ("sync",))
    bench.do(DSET, "init", "repository")
    added = bench.dset("import", bench.data.images, "--to", "photos", "--format", "folders")
    bench.time(step, "dset", added, bench.dset("commit", "-m", "all"))
    if RESTIC:
        bench.do(RESTIC, "-q", "init")
        bench.time(step, "restic", _backup(bench))


def look_again(bench: Bench) -> None:
    """The same again, where nothing has changed."""
    again = bench.dset("import", bench.data.images, "--to", "photos", "--format", "folders")
    bench.time("import again, nothing changed", "dset", again)
    if RESTIC:
        bench.time("import again, nothing changed", "restic", _backup(bench))
    bench.time("status", "dset", bench.dset("status"))


def change_ten(bench: Bench) -> None:
    """Ten images get other bytes; then what changed."""
    changed = ("import", bench.data.replacements, "--to", "photos", "--format", "folders", "--on-existing", "replace")
    bench.time("10 images changed + commit", "dset", bench.dset(*changed), bench.dset("commit", "-m", "ten"))
    bench.time("diff of the two", "dset", bench.dset("diff", "HEAD~1", "HEAD"))
    if RESTIC:
        shutil.copytree(bench.data.replacements, bench.copy, dirs_exist_ok=True)
        bench.time("10 images changed + commit", "restic", _backup(bench))
        old, new = [one["short_id"] for one in json.loads(bench.do(RESTIC, "snapshots", "--json"))][-2:]
        bench.time("diff of the two", "restic", (RESTIC, "diff", old, new))


def mirror(bench: Bench) -> None:
    """A directory of the same files: all of them, and those that an expression holds for."""
    bench.time("mirror of all", "dset", bench.dset("mirror", "photos", "all"))
    chosen = ("--where", "label IN ('class01', 'class02')")
    bench.time("mirror of a fifth, by label", "dset", bench.dset("mirror", "photos", "some", *chosen))
    bench.time("commit of the mirrors", "dset", bench.dset("commit", "-m", "mirrors"))
    bench.time("annotate 10, by path", "dset", bench.dset("annotate", *_ten(bench), "--set", "label=class00"))
    bench.time("commit of the 10", "dset", bench.dset("commit", "-m", "ten labels"))


def snapshot_pass(bench: Bench) -> None:
    """TFRecords of the bytes as they are."""
    _snapshot(bench, "pass", "snapshot, bytes passed through")


def snapshot_jpeg(bench: Bench) -> None:
    """Each image decoded, reduced and encoded; then again, after ten labels changed."""
    size = ("--color", "rgb", "--downsample", "both:256x256")
    _snapshot(bench, "jpeg", "snapshot, 256x256 jpeg", *size, "--encoding", "jpeg")
    bench.do(*bench.dset("annotate", *_ten(bench), "--set", "label=class09"))
    bench.do(*bench.dset("commit", "-m", "ten more labels"))
    bench.time("snapshot, 256x256 jpeg, 10 labels changed", "dset", bench.dset("snapshot", "jpeg"))


def snapshot_png(bench: Bench) -> None:
    """The same as png."""
    _snapshot(bench, "png", "snapshot, 256x256 png", "--color", "rgb", "--downsample", "both:256x256")


def _snapshot(bench: Bench, project: str, step: str, *options: str) -> None:
    labels = [option for name in bench.data.classes for option in ("--label", f"{name}=label = '{name}'")]
    directory = ("--directory", "photos", "--shards", "16")
    bench.do(*bench.dset("project", "create", project, *directory, *labels, *options))
    bench.time(step, "dset", bench.dset("snapshot", project))


def _backup(bench: Bench) -> Command:
    assert RESTIC is not None, "asked for only where it is installed"
    return (RESTIC, "-q", "backup", bench.copy)


def _ten(bench: Bench) -> list[str]:
    replaced = sorted(bench.data.replacements.rglob("*.jpg"))
    return [f"photos/{path.relative_to(bench.data.replacements)}" for path in replaced]
