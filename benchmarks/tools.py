"""What is run for whom: dset, the tools beside it, and the least that any of them must do, `cp` + `sync`.

Each tool gives the commands of a verb as a user would type them in its folder; several are measured as one; none means
that it has nothing for the verb. `data/` is the folder with the files; dset also reads `changes/`, those that have
taken the place of some. Every tool runs with the settings that it comes with; what is set here keeps it from asking,
from encrypting where that is a choice, and from working in the background while the next tool is measured.
"""

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

from measure import FailedError

Commands = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a tool works.

    `folder` holds `data/`; `changed` are the paths in it that change; `reader` is what dset is to take the data for.
    """

    folder: Path
    changed: tuple[str, ...]
    reader: str
    environment: Mapping[str, str]

    def do(self, command: str) -> str:
        """Run a command that is not measured; what it prints. Raises FailedError."""
        environment = {**os.environ, **self.environment}
        done = subprocess.run(
            shlex.split(command), cwd=self.folder, env=environment, check=False, capture_output=True, text=True
        )
        if done.returncode:
            raise FailedError(f"{command}: exit code {done.returncode}\n{done.stderr}")
        return done.stdout


class Tool:
    """One tool at work in one place."""

    name: ClassVar[str]
    program: ClassVar[str]
    packaged: ClassVar[str]
    """How to get it."""
    stored: ClassVar[str]
    """The folder that grows."""
    inside: ClassVar[bool] = False
    """Whether it keeps its repository beside the data, so that it needs data of its own."""

    def __init__(self, place: Place) -> None:
        self.place = place

    def version(self) -> Commands:
        return (f"{self.program} --version",)

    def set_up(self) -> Commands:
        """An empty repository; not measured."""
        return ()

    def first(self) -> Commands:
        """Everything in for the first time, and committed."""
        raise NotImplementedError

    def again(self) -> Commands:
        """Look whether anything has changed, where nothing has."""
        return ()

    def change(self) -> Commands:
        """Take in and commit what has changed; whoever can is told the names."""
        return ()

    def diff(self) -> Commands:
        """What is different between the two commits."""
        return ()

    def check(self) -> Commands:
        """Read all that is stored and check it."""
        return ()

    def collect(self) -> Commands:
        """Remove what nothing refers to."""
        return ()

    def boxes(self) -> Commands:
        """Take in and commit the annotations of the images that are there."""
        return ()


class Dset(Tool):
    name = "dset"
    program = "dset"
    packaged = "pip install ."
    stored = "repository/.dset"

    def set_up(self) -> Commands:
        return ("dset init repository",)

    def first(self) -> Commands:
        return (f"dset -C repository import ../data --to photos {self._reader}", self._commit("all"))

    def again(self) -> Commands:
        return (f"dset -C repository import ../data --to photos {self._reader}",)

    def change(self) -> Commands:
        replace = f"dset -C repository import ../changes --to photos {self._reader} --on-existing replace"
        return (replace, self._commit("changed"))

    def diff(self) -> Commands:
        return ("dset -C repository diff HEAD~1 HEAD",)

    def check(self) -> Commands:
        return ("dset -C repository fsck",)

    def collect(self) -> Commands:
        return ("dset -C repository gc",)

    def boxes(self) -> Commands:
        return ("dset -C repository import ../data --to photos --format coco", self._commit("boxes"))

    @property
    def _reader(self) -> str:
        return f"--format {self.place.reader}"

    def _commit(self, message: str) -> str:
        return f"dset -C repository commit -m {message}"


class Copy(Tool):
    """Reads, writes, and waits for the disk: nobody who keeps all files can do less."""

    name = "cp + sync"
    program = "cp"
    packaged = "coreutils"
    stored = "copy"

    def version(self) -> Commands:
        return ()

    def first(self) -> Commands:
        return ("cp -r data copy", "sync")


class Restic(Tool):
    """Encrypts always. It has no names to be told: every backup looks at all files."""

    name = "restic"
    program = "restic"
    packaged = "apt-get install restic"
    stored = "restic"

    def version(self) -> Commands:
        return ("restic version",)

    def set_up(self) -> Commands:
        return ("restic init",)

    def first(self) -> Commands:
        return ("restic -q backup data",)

    def again(self) -> Commands:
        return self.first()

    def change(self) -> Commands:
        return self.first()

    def diff(self) -> Commands:
        snapshots = json.loads(self.place.do("restic snapshots --json"))
        old, new = (one["short_id"] for one in sorted(snapshots, key=lambda one: one["time"])[-2:])
        return (f"restic diff {old} {new}",)

    def check(self) -> Commands:
        return ("restic -q check --read-data",)

    def collect(self) -> Commands:
        return ("restic -q prune",)


class Borg(Tool):
    name = "borg"
    program = "borg"
    packaged = "apt-get install borgbackup"
    stored = "borg"

    def set_up(self) -> Commands:
        return ("borg init --encryption none borg",)

    def first(self) -> Commands:
        return ("borg create borg::first data",)

    def again(self) -> Commands:
        return ("borg create borg::again data",)

    def change(self) -> Commands:
        return ("borg create borg::changed data",)

    def diff(self) -> Commands:
        return ("borg diff borg::first changed",)

    def check(self) -> Commands:
        return ("borg check --verify-data borg",)

    def collect(self) -> Commands:
        return ("borg compact borg",)


class GitLfs(Tool):
    """Leaves it to the system when its files reach the disk."""

    name = "git-lfs"
    program = "git-lfs"
    packaged = "apt-get install git-lfs"
    stored = ".git"
    inside = True

    def set_up(self) -> Commands:
        return ("git init -q", "git lfs install --local", 'git lfs track "data/**"')

    def first(self) -> Commands:
        return ("git add --all", "git commit -q -m all")

    def again(self) -> Commands:
        return ("git status --porcelain",)

    def change(self) -> Commands:
        return (f"git add {_in_data(self.place)}", "git commit -q -m changed")

    def diff(self) -> Commands:
        return ("git diff --name-only HEAD~1 HEAD",)

    def check(self) -> Commands:
        return ("git lfs fsck",)


class Dvc(Tool):
    """Leaves it to the system when its files reach the disk."""

    name = "dvc"
    program = "dvc"
    packaged = "python3 -m venv VENV && VENV/bin/pip install dvc, then --dvc VENV/bin/dvc"
    stored = ".dvc"
    inside = True

    def set_up(self) -> Commands:
        quiet = "dvc config core.check_update false"
        return ("git init -q", "dvc init -q", quiet, "git add .dvc .dvcignore", "git commit -q -m begin")

    def first(self) -> Commands:
        return ("dvc add -q data", "git add data.dvc .gitignore", "git commit -q -m all")

    def again(self) -> Commands:
        return ("dvc status",)

    def change(self) -> Commands:
        return (f"dvc add -q {_in_data(self.place)}", "git add data.dvc", "git commit -q -m changed")

    def diff(self) -> Commands:
        return ("dvc diff HEAD~1 HEAD",)

    def collect(self) -> Commands:
        return ("dvc gc -q --all-commits --force",)


TOOLS: Final[tuple[type[Tool], ...]] = (Dset, Copy, Restic, Borg, GitLfs, Dvc)


def _in_data(place: Place) -> str:
    return shlex.join(f"data/{name}" for name in place.changed)


def missing(tools: tuple[type[Tool], ...], environment: Mapping[str, str]) -> tuple[type[Tool], ...]:
    """Those that are not installed."""
    return tuple(tool for tool in tools if not shutil.which(tool.program, path=environment["PATH"]))
