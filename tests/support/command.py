"""Runs `dset` in this process, through its real entry point, and holds what it printed."""

import contextlib
import io
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from dset.main import main


@dataclass(frozen=True, slots=True)
class Result:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[Any]:
        """Standard output, a JSON value a line."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def json(self) -> Any:
        """Standard output, which is one JSON value."""
        (value,) = self.rows
        return value


@dataclass(frozen=True, slots=True)
class Dset:
    """The command, started in one folder."""

    folder: Path

    def __call__(self, *arguments: str | Path, stdin: str = "", env: Mapping[str, str] | None = None) -> Result:
        """A command that must succeed."""
        result = self.run(*arguments, stdin=stdin, env=env)
        assert result.code == 0, (arguments, result)
        return result

    def run(self, *arguments: str | Path, stdin: str = "", env: Mapping[str, str] | None = None) -> Result:
        """A command, however it ends."""
        out, err = io.StringIO(), io.StringIO()
        with (
            contextlib.chdir(self.folder),
            patch.object(sys, "argv", ["dset", *map(str, arguments)]),
            patch.object(sys, "stdin", io.StringIO(stdin)),
            patch.dict(os.environ, env or {}),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            code = _exit_code()
        return Result(code, out.getvalue(), err.getvalue())

    def fails(self, *arguments: str | Path, stdin: str = "", code: int = 1) -> str:
        """What a command that must fail says: no traceback, nothing on standard output, one last line of what is
        wrong."""
        result = self.run(*arguments, stdin=stdin)
        assert result.code == code, result
        assert not result.out, result
        assert "Traceback" not in result.err, result
        assert "internal error" not in result.err, result
        return result.err.rstrip("\n").splitlines()[-1]

    def tree(self) -> list[Any]:
        """Every file of the working state, as `ls` gives it."""
        return self("ls", "-R", "--json").rows

    def paths(self, *arguments: str) -> list[str]:
        """The paths that a listing gives."""
        return [row["path"] for row in self("ls", *arguments, "--json").rows if "path" in row]


def _exit_code() -> int:
    try:
        main()
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 0
    raise AssertionError("the command came back without an exit code")
