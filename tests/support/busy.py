"""What other processes do with a repository: `python -m support.busy write|collect ROOT STOP`, until STOP is there.

Each turn opens the repository anew, as commands do; collecting is done in the two ways in turn, and prints them.
"""

import sys
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from dvcore.errors import StateError
from dvcore.model.names import parse_path
from dvcore.repo.annotating import Annotation, GivenInstance, annotate
from dvcore.repo.commits import commit_working
from dvcore.repo.gc import Way, collect_garbage
from dvcore.repo.repository import Repository
from dvcore.repo.undoing import undo_newest
from support.repositories import box, put

PAUSE = 0.02
"""Seconds between two turns, so that at times nobody has the stores open."""


def write(repository: Repository, turn: int) -> None:
    """One operation: import, annotate, commit, or take the last one back."""
    if turn % 4 == 0:
        paths = (f"d{turn % 5}/{place}" for place in range(20))
        put(repository, *paths, data=f"{turn} of {time.time_ns()}", on_existing="replace")
    elif turn % 4 == 1:
        given = [GivenInstance(box("dog", float(1 + turn % 90)))]
        annotate(repository, [parse_path("kept")], Annotation(instances=given))
    elif turn % 4 == 2:
        with suppress(StateError):  # another process has just committed it
            commit_working(repository, f"turn {turn}")
    else:
        with suppress(StateError):  # the collection let go of it
            undo_newest(repository)


def collect(repository: Repository, turn: int) -> None:
    """Collect whatever is not needed this very moment."""
    way = Way.SWEEP if turn % 4 else Way.REWRITE
    report = collect_garbage(repository, keep_operations=timedelta(0), force=way)
    sys.stdout.write(" ".join(store.way.value for store in report.stores) + "\n")
    sys.stdout.flush()


def main() -> None:
    action = {"write": write, "collect": collect}[sys.argv[1]]
    root, stop = map(Path, sys.argv[2:])
    turn = 0
    while not stop.exists():
        with Repository.open(root, author="Ada <ada@example.org>") as repository:
            action(repository, turn)
        turn += 1
        time.sleep(PAUSE)


if __name__ == "__main__":
    main()
