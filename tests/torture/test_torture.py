"""`make torture`, shorter: every part once, the one on mistakes that it must notice included."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from torture.__main__ import PARTS

TESTS = Path(__file__).resolve().parents[1]
ROOT = TESTS.parent
SHORT = {
    "instants": ("--every", "20", "--kinds-apart", "6"),
    "init": ("--every", "10"),
    "repair": ("--every", "10"),
    "calls": ("--every", "6", "--kinds-apart", "100"),
    "random": ("--kills", "4"),
    "order": ("--kinds-apart", "16"),
    "disk": ("--kinds-apart", "100"),
    "many": ("--operations", "5"),
    "tiny": ("--operations", "5"),
    "readers": (),
    "gc": ("--interleavings", "4"),
    "flips": ("--flips", "5"),
    "sabotage": ("--sabotages", "1"),
}


def test_every_part_is_here() -> None:
    assert set(SHORT) == set(PARTS)


@pytest.mark.parametrize("part", SHORT)
def test_nothing_is_lost(part: str, tmp_path: Path) -> None:
    """The harness as `make torture` starts it, in a process of its own: it forks, and must have no threads."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (TESTS, ROOT, ROOT / "cli")))}
    command = [sys.executable, "-m", "torture", "--folder", str(tmp_path), "--part", part, *SHORT[part]]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "all held" in done.stdout
    if "NOT TRIED" in done.stdout:
        pytest.skip(done.stdout)
