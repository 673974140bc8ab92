"""The bar on a terminal: gone when the command is, however that ends."""

import os
import pty
import sys

import pytest
from support.command import Dset
from support.datasets import broken

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
