"""The check beside other processes that write and collect garbage: what is sound looks sound at every moment."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.busy import PAUSE
from support.repositories import put

from dvcore.repo.check import check_repository
from dvcore.repo.commits import commit_working
from dvcore.repo.gc import Way
from dvcore.repo.repository import Repository
from dvcore.store import LmdbStore, ReadTransaction

CHECKS = 10
LIMIT = 60.0
"""Seconds in which garbage must have been collected in both ways; it takes two."""


def test_no_false_alarm_beside_writers_and_collections(tmp_path: Path) -> None:
    root, stop, told = tmp_path / "r", tmp_path / "stop", tmp_path / "told"
    with Repository.init(root) as repository:
        put(repository, "kept")
        commit_working(repository, "first")
    with told.open("w") as output:
        running = [_start(role, root, stop, output.fileno()) for role in ("write", "write", "collect")]
    try:
        problems = _check_until_collected(root, told, running)
    finally:
        stop.touch()
        ended = [process.communicate(timeout=LIMIT)[1] for process in running]
    assert problems == []
    assert ended == ["", "", ""]
    with Repository.open(root) as repository:
        assert check_repository(repository) == []


def test_what_is_given_up_between_the_two_stores_is_still_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The objects are looked at as of a moment when they led to a blob; then an import is undone and all collected."""
    with Repository.init(tmp_path / "r") as repository:
        put(repository, "kept")
        put(repository, "given up")
    overtaken = _overtake(monkeypatch, tmp_path / "r")
    with Repository.open(tmp_path / "r") as repository:
        assert check_repository(repository) == []
    assert overtaken == ["postpone postpone\n"]


def _overtake(monkeypatch: pytest.MonkeyPatch, root: Path) -> list[str]:
    """Have another process undo and collect when the second store's transaction begins within the first one's; what it
    says of each."""
    script = (
        "import sys; from datetime import timedelta; from pathlib import Path\n"
        "from dvcore.repo.gc import Way, collect_garbage; from dvcore.repo.repository import Repository\n"
        "from dvcore.repo.undoing import undo_newest\n"
        "with Repository.open(Path(sys.argv[1])) as repository:\n"
        "    undo_newest(repository)\n"
        "    report = collect_garbage(repository, keep_operations=timedelta(0), force=Way.SWEEP)\n"
        "    print(*(store.way.value for store in report.stores))\n"
    )
    said: list[str] = []
    objects: list[LmdbStore] = []
    original = LmdbStore.read

    @contextmanager
    def read(self: LmdbStore) -> Iterator[ReadTransaction]:
        is_second = self.path.name.startswith("blobs")
        if is_second and objects:
            command = [sys.executable, "-c", script, str(root)]
            done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=LIMIT)
            said.append(done.stdout + done.stderr)
        with original(self) as transaction:
            if not is_second:
                objects.append(self)
            yield transaction
            if not is_second:
                objects.remove(self)

    monkeypatch.setattr(LmdbStore, "read", read)
    return said


def _check_until_collected(root: Path, told: Path, running: "list[subprocess.Popen[str]]") -> list[str]:
    """What the checks say, which are at least so many, and go on until a store was collected in each way or one of the
    others has ended, as none should."""
    problems: list[str] = []
    deadline, checks = time.monotonic() + LIMIT, 0
    while checks < CHECKS or not {Way.REWRITE.value, Way.SWEEP.value} <= set(told.read_text().split()):
        with Repository.open(root) as repository:
            problems += map(str, check_repository(repository))
        checks += 1
        time.sleep(PAUSE)  # or the stores would hardly ever be nobody's, as a sweep needs
        assert time.monotonic() < deadline, told.read_text()
        if any(process.poll() is not None for process in running):
            break
    return problems


def _start(role: str, root: Path, stop: Path, output: int) -> "subprocess.Popen[str]":
    tests = Path(__file__).parents[1]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (tests, tests.parent)))}
    command = [sys.executable, "-m", "support.busy", role, str(root), str(stop)]
    return subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.PIPE, text=True)
