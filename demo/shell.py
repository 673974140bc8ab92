"""Runs commands in front of an audience: heading, the command as one would type it, what it prints."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

_MOST: Final = 20
_SHOWN: Final = 8
"""An output of more than `_MOST` lines is cut to its first ones; the rest is counted."""

_BIN: Final = Path(sys.executable).parent
"""Where the `dset` of this very environment lies."""


class CommandError(Exception):
    """A command failed, and the story with it."""


class Shell:
    """Runs commands in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        print(f"$ cd {quoted([os.path.relpath(folder)])}", flush=True)

    def heading(self, text: str) -> None:
        """What comes next, in a few words."""
        print(f"\n{_bold(text)}", flush=True)

    def dset(self, *arguments: str) -> None:
        """Show and run a command of dset."""
        self._run(("dset", *arguments), (str(_BIN / "dset"), *arguments))

    def python(self, *arguments: str) -> None:
        """Show and run a Python script with the Python of this environment. What it logs is shown where it fails:
        TensorFlow tells of the machine before it does anything.
        """
        python = os.path.relpath(sys.executable, self.folder)
        self._run((python, *arguments), (sys.executable, *arguments), stderr=subprocess.PIPE)

    def rows(self, *arguments: str) -> list[Any]:
        """What a `--json` command of dset says, an object a line; behind the scene."""
        done = self._start((str(_BIN / "dset"), *arguments), stderr=None)
        if done.returncode:
            raise CommandError(f"'{quoted(('dset', *arguments))}' failed")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def _run(self, shown: Sequence[str], command: Sequence[str], stderr: int = subprocess.STDOUT) -> None:
        print(f"$ {quoted(shown)}", flush=True)
        done = self._start(command, stderr)
        if done.returncode:
            print(done.stdout + (done.stderr or ""), end="")
            raise CommandError(f"the command above ended with exit code {done.returncode}")
        lines = done.stdout.splitlines()
        for line in lines if len(lines) <= _MOST else [*lines[:_SHOWN], f"… and {len(lines) - _SHOWN:,} more lines"]:
            print(f"  {line}")

    def _start(self, command: Sequence[str], stderr: int | None) -> "subprocess.CompletedProcess[str]":
        try:
            return subprocess.run(
                command, cwd=self.folder, check=False, stdout=subprocess.PIPE, stderr=stderr, encoding="utf-8"
            )
        except FileNotFoundError:
            raise CommandError(f"{command[0]} is not there; 'make demo' installs it") from None


def quoted(words: Sequence[str]) -> str:
    """A command line that a shell takes apart into these words; in double quotes where that is easier to read."""
    return " ".join(
        f'"{word}"' if "'" in word and not set(word) & set('"$`\\!') else shlex.quote(word) for word in words
    )


def _bold(text: str) -> str:
    return f"\x1b[1m{text}\x1b[0m" if sys.stdout.isatty() else f"# {text}"
