"""The main job of dset, told by its own commands: `python demo/run.py [--images FOLDER]`.

Draws a folder of nuts, or takes one of yours with a sub-folder for each class, and leaves a repository to play with in
`demo/out`. Each command is printed before it runs and can be pasted; running again starts afresh.
"""

import argparse
import os
import shutil
import sys
from pathlib import Path
from typing import Final

from draw import BOXES, draw_folder
from shell import CommandError, Shell
from story import Subject, tell

OUT: Final = Path(__file__).resolve().parent / "out"
READ: Final = Path(__file__).resolve().parent / "read.py"


def main() -> int:
    """Make the images where none were given, then tell the story."""
    parser = argparse.ArgumentParser(description="Go through the main job of dset, command by command.")
    parser.add_argument("--images", type=Path, metavar="FOLDER", help="images of yours, a sub-folder for each class")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="a new folder for all that is made (demo/out)")
    options = parser.parse_args()
    given, out = options.images, options.out or OUT
    problem = _problem(given, out) if given else None
    if problem:
        print(f"demo: {problem}", file=sys.stderr)
        return 1
    if out == OUT:
        shutil.rmtree(OUT, ignore_errors=True)
    repository = out / "repository"
    repository.mkdir(parents=True)
    try:
        subject = Subject("images", given.resolve()) if given else _drawn(out / "nuts")
        tell(Shell(repository), subject, READ)
    except CommandError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    print(f"\nThe repository is yours to play with: cd {os.path.relpath(repository)}")
    return 0


def _drawn(folder: Path) -> Subject:
    draw_folder(folder)
    return Subject("nuts", folder, boxes=folder / BOXES)


def _problem(folder: Path, out: Path) -> str | None:
    """Why the story cannot be told of a folder."""
    if not folder.is_dir():
        return f"IMAGES={folder} is no folder; give one that has a sub-folder of images for each class"
    if folder.resolve().is_relative_to(out.resolve()):
        return f"IMAGES={folder} lies in {out}, which the demo makes anew; copy it to another place"
    if sum(one.is_dir() and not one.name.startswith(".") for one in folder.iterdir()) < 2:
        return f"IMAGES={folder} has no two sub-folders; the demo needs a sub-folder of images for each class"
    return None


if __name__ == "__main__":
    sys.exit(main())
