"""`make fuzz`: feeds every parser with what it knows, changed in many ways, and prints what came out that must not.

    python -m fuzz [NAME…] [--seconds 120] [--keep DIR]

Each parser runs in a process of its own, one after the other, for so many seconds; atheris chooses the changes by the
code that they reach. Nothing but DsetError may come out. Each place where something else does is told once, with its
input kept in DIR. Exit code 1 where there is one.
"""

import argparse
import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from fuzz.targets import all_targets

_RUNS: Final = re.compile(r"stat::number_of_executed_units:\s*(\d+)")
_TAIL: Final = 2_000
"""Characters that are shown of what a process said that did not end as it should."""


def main() -> int:
    """Gives the exit code."""
    known = list(all_targets())
    options = _options(known)
    keep = options.keep or Path(mkdtemp(prefix="dset-fuzz-"))
    findings = sum([_fuzz(name, options.seconds, keep / name.replace(" ", "-")) for name in options.names or known])
    _say(f"{findings} findings in {keep}" if findings else "nothing came out that must not")
    if not findings and not options.keep:
        keep.rmdir()
    return 1 if findings else 0


def _fuzz(name: str, seconds: int, folder: Path) -> int:
    """How many findings there are; their folder is removed where there is none."""
    folder.mkdir(parents=True)
    command = [sys.executable, "-m", "fuzz.one", name, str(seconds), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    runs = _RUNS.search(done.stderr)
    found = sorted(folder.glob("*.txt"))
    _say(f"{name}: {seconds} s, {int(runs[1]) if runs else 0:,} runs, {len(found)} findings")
    for one in found:
        _say(one.read_text())
    if done.returncode:  # too slow, too much memory, or the interpreter itself has crashed
        _say(f"ended with {done.returncode}:\n{done.stderr[-_TAIL:]}")
    elif not found:
        shutil.rmtree(folder)
    return len(found) + (done.returncode != 0)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _options(known: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[[], *known], help=f"one of: {', '.join(known)}")
    parser.add_argument("--seconds", type=int, default=120, help="for each (default: 120)")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="where findings are kept (default: a new folder)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
