"""How long exports take: `python benchmarks/export.py --data FOLDER [--formats voc yolo] [--repeat 2]`.

FOLDER holds images and a COCO json, as `D1` of `data.py` does. The whole command is measured, start-up included, with
and without images, in turns with `cp -r` of the images, as disks differ more than programs. Everything is made in a
folder under `--work` and removed at the end only, so it takes as much room as all runs together: ext4 gives no file the
inode of one that was removed within the last minutes, and looks for another one by one, which makes whatever comes
after `rm -r` of many files take several times as long.
"""

import argparse
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from environment import make_environment
from measure import Command, Run, measure


def main() -> None:
    options = _options()
    with TemporaryDirectory(prefix="dset-export-", dir=options.work) as name:
        folder = Path(name)
        environment = make_environment(folder / "home", None)

        def run(*command: str | Path) -> Run:
            return measure(command, folder=folder, environment=environment)

        run("dset", "init", ".")
        print(f"import: {_shown([run('dset', 'import', options.data, '--to', 'd', '--format', 'coco')])}", flush=True)
        commands: dict[str, Command] = {"cp -r": ("cp", "-r", options.data)}
        for format_ in options.formats:
            commands[format_] = ("dset", "export", "--format", format_, "d")
            commands[f"{format_}, no images"] = ("dset", "export", "--no-images", "--format", format_, "d")
        runs: dict[str, list[Run]] = {what: [] for what in commands}
        for turn in range(options.repeat):
            for number, (what, command) in enumerate(commands.items()):
                os.sync()  # what was written before must not slow down what comes next
                runs[what].append(run(*command, f"out-{number}-{turn}"))
        for what, found in runs.items():
            print(f"{what}: {_shown(found)}")


def _shown(runs: list[Run]) -> str:
    best = min(run.seconds for run in runs)
    memory = max(run.memory for run in runs)
    return f"{best:.2f} s ({', '.join(f'{run.seconds:.2f}' for run in runs)}), {memory / 1e6:.0f} MB"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--formats", nargs="+", default=["voc", "yolo", "coco"])
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("--work", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
