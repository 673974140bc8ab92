"""The writers' lock: many writers, or one who is alone; between processes, threads, and after a kill."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pytest
from support.repositories import put

from dvcore.errors import StateError, StorageError
from dvcore.repo import locking
from dvcore.repo.branches import create_branch
from dvcore.repo.commits import commit_working
from dvcore.repo.gc import collect_garbage
from dvcore.repo.locking import WritersLock
from dvcore.repo.repository import Repository, writes

HOLD = (
    "import sys; from pathlib import Path; from dvcore.repo.repository import Repository\n"
    "with Repository.open(Path(sys.argv[1])) as repository, repository.writing():\n"
    "    print('held', flush=True); sys.stdin.readline()"
)


@pytest.fixture(autouse=True)
def _short_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locking, "TURN_SECONDS", 0.05)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    Repository.init(tmp_path).close()
    return tmp_path


def holder(root: Path) -> subprocess.Popen[str]:
    """Another process that is writing until it is sent a line."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, root], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_writers_do_not_exclude_each_other(root: Path) -> None:
    with holder(root) as process, Repository.open(root) as repository:
        put(repository, "a")
        process.communicate("go\n")


def test_alone_waits_for_writers_of_other_processes_and_gives_up(root: Path) -> None:
    with holder(root) as process, Repository.open(root) as repository:
        with pytest.raises(StateError, match="others are writing"), repository.alone(0.2):
            pass
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
        with repository.alone(60):
            assert process.wait(60) == 0


def test_a_killed_writer_holds_nothing(root: Path) -> None:
    with holder(root) as process, Repository.open(root) as repository:
        process.send_signal(signal.SIGKILL)
        with repository.alone(60):
            pass


def test_a_writer_waits_for_who_is_alone(root: Path) -> None:
    done: list[str] = []
    with Repository.open(root) as repository, Repository.open(root) as other:
        writer = Thread(target=lambda: done.append(str(put(other, "a").added)))
        with repository.alone(60):
            writer.start()
            writer.join(0.3)
            assert done == []
        writer.join(60)
        assert done == ["1"]


def test_who_gives_up_leaves_the_gate_open(root: Path) -> None:
    with holder(root) as process, Repository.open(root) as repository:
        with pytest.raises(StateError), repository.alone(0):
            pass
        put(repository, "a")
        process.communicate("go\n")


def test_writing_may_be_nested_and_ends_with_the_outermost(root: Path) -> None:
    with Repository.open(root) as repository, Repository.open(root) as other:
        with repository.writing():
            with repository.writing():
                put(repository, "a")
            with pytest.raises(StateError), other.alone(0):
                pass
        with other.alone(60), other.writing():
            pass
        with pytest.raises(StorageError, match="stop"), repository.writing():
            raise StorageError("stop")
        with other.alone(60):
            pass


def test_threads_hold_it_each_for_itself(root: Path) -> None:
    with Repository.open(root) as repository:
        with repository.writing():
            thread = Thread(target=lambda: put(repository, "a"))
            thread.start()
            thread.join(60)
            assert not thread.is_alive()
            with pytest.raises(StateError), Repository.open(root) as other, other.alone(0):
                pass
        with repository.alone(60):
            pass


@pytest.fixture
def forked() -> Iterator[Callable[[Callable[[], None]], int]]:
    """Forks children that act and then live until the end of the test; gives the exit code of the act. Whatever fails,
    none is left behind."""
    children: list[int] = []

    def fork(act: Callable[[], None]) -> int:
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                act()
                os.write(write, b"0")
            except BaseException:  # noqa: BLE001
                os.write(write, b"1")
            while True:
                signal.pause()
        children.append(child)
        code = int(os.read(read, 1))
        os.close(read)
        os.close(write)
        return code

    yield fork
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_a_forked_child_holds_nothing_of_its_parents(root: Path, forked: Callable[[Callable[[], None]], int]) -> None:
    """Workers that were forked while their parent wrote, or collected, would lock everybody out while they live."""
    with Repository.open(root) as repository, Repository.open(root) as other:
        with repository.writing():
            assert forked(lambda: None) == 0
        with other.alone(60), repository.uncollected():
            assert forked(lambda: None) == 0
        with other.alone(0), repository.uncollected():
            pass


def test_a_fork_by_another_thread_takes_no_lock_along(root: Path, forked: Callable[[Callable[[], None]], int]) -> None:
    codes: list[int] = []
    with Repository.open(root) as repository:
        with repository.writing():
            thread = Thread(target=lambda: codes.append(forked(lambda: None)))
            thread.start()
            thread.join(60)
        assert codes == [0]
        with repository.alone(0):
            pass


def test_what_a_forked_child_does_leaves_its_parents_lock_alone(
    root: Path, forked: Callable[[Callable[[], None]], int]
) -> None:
    def write() -> None:
        assert not repository._lock.is_held()  # type: ignore[union-attr]
        put(repository, "a")

    with Repository.open(root) as repository, Repository.open(root) as other:
        with repository.writing():
            assert forked(write) == 0
            with pytest.raises(StateError), other.alone(0):
                pass
        with other.alone(60):
            pass


def test_removing_what_looks_like_a_lock_lets_nobody_in(root: Path) -> None:
    with Repository.open(root) as repository, Repository.open(root) as other, repository.writing():
        for name in ("lock", "gate", "gc"):
            (root / ".dset" / name).unlink(missing_ok=True)
        with pytest.raises(StateError), other.alone(0):
            pass


def test_who_writes_cannot_wait_for_itself_to_end(root: Path) -> None:
    with Repository.open(root) as repository, repository.writing():
        for enter in (lambda: repository.alone(60), repository.uncollected):
            with pytest.raises(StateError, match="by who is writing"), enter():
                pass
        with pytest.raises(StateError, match="by who is writing"):
            collect_garbage(repository)


def test_a_lock_inside_a_transaction_is_refused(root: Path) -> None:
    lock = WritersLock(root / ".dset")
    with Repository.open(root) as repository, repository.store.read():
        with pytest.raises(StateError), lock.shared():
            pass
        with pytest.raises(StateError), lock.exclusive(0):
            pass


def test_a_lock_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot lock"), WritersLock(tmp_path / "none").shared():
        pass


def test_everything_that_writes_holds_it(root: Path) -> None:
    """Each of these would wait for ever, or get through, if it did not ask."""
    with Repository.open(root) as repository:
        put(repository, "a")
        commit = commit_working(repository, "first")
        blocked = [lambda: put(repository, "b"), lambda: create_branch(repository, "b", commit)]
        threads = [Thread(target=one) for one in blocked]
        with Repository.open(root) as other, other.alone(60):
            before = state(other)
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(0.2)
            assert all(thread.is_alive() for thread in threads)
            assert state(other) == before
        for thread in threads:
            thread.join(60)
        assert not any(thread.is_alive() for thread in threads)


def state(repository: Repository) -> object:
    return repository.working_tree().id, repository.branch()


def test_memory_has_no_lock_and_the_same_calls() -> None:
    with Repository.in_memory() as repository:
        with repository.writing(), repository.alone(0), repository.writing():
            pass
        repository.refresh()


def test_what_writes_says_what_it_returns() -> None:
    @writes
    def add(repository: Repository, one: int, *, two: int) -> int:
        """Docs."""
        return one + two

    with Repository.in_memory() as repository:
        assert add(repository, 1, two=2) == 3
    assert add.__doc__ == "Docs."
