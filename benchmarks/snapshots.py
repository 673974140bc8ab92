"""How long snapshots take, beside other ways to write TFRecords:
`python benchmarks/snapshots.py --data FOLDER --peers FOLDER [--modes jpeg png pass] [--repeat 3]`.

DATA holds class folders of images, as `D1` of `data.py` does. PEERS holds scripts `tfrecord_NAME.py` that, given DATA,
a folder and `resize` or `pass`, write the same images as TFRecords, reduced to 256x256 as jpeg or as they are; for png
they are run with another encoder. Each way is a whole process, in turns. Then one file of a hundred gets another label,
and the next snapshot is measured beside `cp` of the shards that it writes, for no copy is faster. Memory is that of all
processes together.
Everything is made in a folder under `--work` that is removed at the end.
"""

import argparse
import os
import shutil
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from environment import make_environment
from measure import Run, measure, shown

_OPTIONS: Final[Mapping[str, Sequence[str]]] = {
    "jpeg": ("--downsample", "both:256x256", "--encoding", "jpeg"),
    "png": ("--downsample", "both:256x256", "--encoding", "png"),
    "pass": (),
}
_PNG: Final = {"'JPEG', quality=90": "'PNG'", "encode_jpeg": "encode_png", ", quality=90": "", "'jpeg'": "'png'"}
"""What makes a peer's script write png."""
_RELABELLED: Final = 100
"""Of so many files one gets another label."""

Measured = defaultdict[str, list[Run]]


class Bench:
    """One repository, and the folder around it."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        self._options = options
        self._folder = folder
        self._environment = make_environment(folder / "home", None)
        self._classes = sorted(path.name for path in options.data.iterdir() if path.is_dir())
        self._runs = 0
        self.run("dset", "init", ".")
        self.run("dset", "import", options.data, "--to", "photos", "--format", "folders")
        self.run("dset", "commit", "-m", "images")

    def run(self, *command: str | Path) -> Run:
        return measure(command, folder=self._folder, environment=self._environment)

    def turn(self, mode: str, measured: Measured) -> None:
        """Every way once; another one is first each time."""
        self._runs += 1
        scripts = sorted(self._options.peers.glob("tfrecord_*.py"))
        ways: list[Callable[[], None]] = [partial(self._dset, mode, measured)]
        ways += [partial(self._peer, script, mode, measured) for script in scripts]
        first = self._runs % len(ways)
        for way in ways[first:] + ways[:first]:
            way()

    def _dset(self, mode: str, measured: Measured) -> None:
        project = f"{mode}-{self._runs}"
        labels = [option for name in self._classes for option in ("--label", f"{name}=label = '{name}'")]
        self.run("dset", "project", "create", project, "--directory", "photos", *labels, *_OPTIONS[mode])
        shutil.rmtree(self._folder / ".dset" / "cache" / "encoded", ignore_errors=True)
        snapshot = ("dset", "snapshot", project)
        measured[f"{mode}: dset"].append(self._timed(*snapshot))
        self._relabel()
        measured[f"{mode}: dset, 1 % relabelled"].append(self._timed(*snapshot))
        shards = self._folder / ".dset" / "snapshots" / f"{project}@2"
        measured[f"{mode}: cp of these shards"].append(self._timed("sh", "-c", f"cp -r '{shards}' out && sync -f out"))
        self._clear(self._folder / "out", self._folder / ".dset" / "snapshots")

    def _relabel(self) -> None:
        files = sorted(path.relative_to(self._options.data) for path in self._options.data.glob("*/*"))
        chosen = files[self._runs % _RELABELLED :: _RELABELLED]
        label = self._classes[self._runs % len(self._classes)]
        self.run("dset", "annotate", *(f"photos/{path}" for path in chosen), "--set", f"label={label}")
        self.run("dset", "commit", "-m", "labels")

    def _peer(self, script: Path, mode: str, measured: Measured) -> None:
        if mode == "png":
            text = script.read_text()
            for old, new in _PNG.items():
                text = text.replace(old, new)
            script = self._folder / script.name
            script.write_text(text)
        what = "pass" if mode == "pass" else "resize"
        run = self._timed(self._options.python, script, self._options.data, self._folder / "out", what)
        measured[f"{mode}: {script.stem.removeprefix('tfrecord_')}"].append(run)
        self._clear(self._folder / "out")

    def _timed(self, *command: str | Path) -> Run:
        os.sync()  # what was written and removed before must not slow down what comes next
        return self.run(*command)

    def _clear(self, *folders: Path) -> None:
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    options = _options()
    with TemporaryDirectory(prefix="dset-snapshots-", dir=options.work) as name:
        bench = Bench(options, Path(name))
        measured: Measured = defaultdict(list)
        for turn in range(options.repeat):
            for mode in options.modes:
                bench.turn(mode, measured)
                print(f"turn {turn + 1}, {mode}: done", file=sys.stderr, flush=True)
    for what in sorted(measured):
        print(f"{what}: {shown(measured[what])}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--peers", type=Path, required=True)
    parser.add_argument("--python", default=sys.executable, help="has the peers' packages")
    parser.add_argument("--modes", nargs="+", choices=list(_OPTIONS), default=list(_OPTIONS))
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--work", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
