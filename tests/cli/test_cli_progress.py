"""The bar on a terminal: gone when the command is, however that ends."""

import os
import pty
import sys
import time

import pytest
from support.command import Dset
from support.datasets import broken

from dset.progress import LineProgress
from dvcore.progress import BYTES

HIDE, SHOW = b"\x1b[?25l", b"\x1b[?25h"
"""What a terminal is told about its cursor."""


def run_on_terminal(folder, *arguments):
    """What a command writes to a terminal, and its exit code."""
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(folder)
        os.environ["TERM"] = "xterm"
        os.execv(sys.executable, [sys.executable, "-c", "from dset.main import main; main()", *arguments])
    written = b""
    try:
        while data := os.read(terminal, 1 << 16):
            written += data
    except OSError:  # how Linux says that the other side has ended
        pass
    finally:
        os.close(terminal)
    return written, os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


@pytest.mark.parametrize("fails", [False, True])
def test_the_cursor_comes_back(project: Dset, tmp_path, fails):
    if fails:
        (tmp_path / "broken.png").write_bytes(broken(1))
        project("import", tmp_path / "broken.png", "--to", "nuts")
        project("annotate", "nuts/broken.png", "--set", "label=walnut")
        project("commit", "-m", "a broken one")
        project("project", "edit", "kinds", "--color", "gray")
    written, code = run_on_terminal(project.folder, "snapshot", "kinds")
    assert code == int(fails), written
    assert written.count(HIDE) == written.count(SHOW) == 1
    assert (b"broken.png" in written.rpartition(SHOW)[2]) == fails


def test_bytes_are_shown_as_such(project: Dset, tmp_path):
    project("remote", "add", "origin", tmp_path / "remote")
    written, code = run_on_terminal(project.folder, "push")
    assert code == 0, written
    assert written.count(HIDE) == written.count(SHOW) == 2
    bars = written.decode().rpartition("looking for what is missing")[2]
    assert "sending" in bars
    assert "0 bytes/" in bars
    assert " kB" in bars


@pytest.mark.parametrize(
    ("unit", "line"), [("", "9,200,000 in 4.0 s, 2,300,000/s"), (BYTES, "9.2 MB in 4.0 s, 2.3 MB/s")]
)
def test_a_line_where_there_is_no_terminal(capsys, monkeypatch, unit, line):
    clock = iter([100.0, 104.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    progress = LineProgress()
    progress.start("sending", None, unit=unit)
    progress.advance(9_200_000)
    progress.finish()
    assert capsys.readouterr().err == f"sending: {line}\n"
