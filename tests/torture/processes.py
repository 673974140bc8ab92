"""Processes that may be killed: forked from this warm one, or started anew as a user starts them.

A forked child imports nothing: it runs `dset.main.main` as the console script does, in a process group of its own, a
few milliseconds after the fork instead of 150. Its parent holds no repository open and has no threads.
"""

import faulthandler
import os
import pickle
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TypeVar

from torture.lifetimes import die_with_this

T = TypeVar("T")

WATCHDOG = 120.0
"""Seconds after which a process that has not ended counts as hanging. The longest command takes under one."""
_CONSOLE_SCRIPT = Path(sys.executable).with_name("dset")
_running: set[int] = set()
"""Those that were started and not waited for."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended: its exit code, or minus the signal; what it printed; how long it ran."""

    code: int
    out: str
    err: str
    seconds: float

    @property
    def was_killed(self) -> bool:
        return self.code == -signal.SIGKILL

    def __str__(self) -> str:
        return f"exit code {self.code}: {(self.err or self.out).strip() or 'nothing printed'}"


class HangingError(Exception):
    """A process that did not end in time; it was killed."""


@dataclass(frozen=True, slots=True)
class Running:
    """A process that was started; `folder` takes what it prints."""

    pid: int
    folder: Path
    began: float

    def kill(self) -> None:
        """SIGKILL to it and to its children."""
        os.killpg(self.pid, signal.SIGKILL)

    def wait(self, limit: float = WATCHDOG) -> Ended:
        """How it ended. Raises HangingError, with where its threads are."""
        deadline = time.monotonic() + limit
        pause = 0.0002
        while (status := _status(self.pid)) is None:
            if time.monotonic() > deadline:
                raise HangingError(self._kill_hanging())
            time.sleep(pause)
            pause = min(2 * pause, 0.005)
        _running.discard(self.pid)
        seconds = time.monotonic() - self.began
        return Ended(status, self._printed("out"), self._printed("err"), seconds)

    def is_running(self) -> bool:
        """Whether it has not ended yet; `wait` must not have been called."""
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None

    def open_files(self) -> list[str]:
        """What it has open, as far as it can be seen before it ends."""
        found = []
        with suppress(OSError):
            for link in Path(f"/proc/{self.pid}/fd").iterdir():
                found.append(os.readlink(link))  # noqa: PERF401, PTH115  # what was seen before an error is kept; text
        return found

    def _kill_hanging(self) -> str:
        os.kill(self.pid, signal.SIGUSR1)
        time.sleep(0.5)
        self.kill()
        os.waitpid(self.pid, 0)
        _running.discard(self.pid)
        return self._printed("err")

    def _printed(self, name: str) -> str:
        return (self.folder / name).read_text("utf-8", errors="replace")


def start_dset(root: Path, *arguments: str, output: Path, prepare: Callable[[], None] | None = None) -> Running:
    """A `dset` command in a forked child; `prepare` runs in the child before it."""

    def action() -> int:
        if prepare is not None:
            prepare()
        return run_main(root, arguments)

    return start(action, output)


def run_main(root: Path, arguments: Sequence[str]) -> int:
    """A command in this process, as the console script runs it; gives its exit code."""
    os.chdir(root)
    sys.argv = ["dset", *arguments]
    try:
        import_module("dset.main").main()
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 1
    return 0


def start_script(root: Path, *arguments: str, output: Path, wrapper: Sequence[str] = ()) -> Running:
    """The installed console script in a new interpreter, below `wrapper` where one is given."""
    output.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with (output / "out").open("wb") as out, (output / "err").open("wb") as err:
        process = subprocess.Popen(
            [*wrapper, _CONSOLE_SCRIPT, *arguments],
            cwd=root,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
            preexec_fn=die_with_this(),  # noqa: PLW1509  # there are no threads
        )
    process.returncode = 0  # it is waited for here, by its number
    _running.add(process.pid)
    return Running(process.pid, output, began)


def start(action: Callable[[], int], output: Path) -> Running:
    """A forked child that ends with the exit code that the action gives."""
    output.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons warn of threads that libraries started
        dying = die_with_this()
        sys.stdout.flush()
        pid = os.fork()
    if pid == 0:
        dying()
        _be_child(action, output)
    _running.add(pid)
    with suppress(OSError):  # the child does the same, and may have ended
        os.setpgid(pid, pid)
    return Running(pid, output, began)


def end_all() -> None:
    """Kill whatever still runs of what was started here."""
    for pid in list(_running):
        with suppress(OSError):
            os.killpg(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    _running.clear()


def ask(question: Callable[[], T], output: Path) -> T:
    """What a function gives in a forked child. Raises RuntimeError with what went wrong there."""
    answer = output / "answer"
    answer.unlink(missing_ok=True)

    def action() -> int:
        answer.write_bytes(pickle.dumps(question()))
        return 0

    ended = start(action, output).wait()
    if ended.code != 0:
        raise RuntimeError(str(ended))
    result: T = pickle.loads(answer.read_bytes())
    return result


def warm_up() -> None:
    """Import what the children will need."""
    main = import_module("dset.main")
    for name in main.COMMANDS:
        import_module(f"dset.commands.{name.replace('-', '_')}_command")
    for name in (
        "sqlite3",
        "numpy",
        "PIL.PngImagePlugin",
        "dvcore.snapshot.taking.take",
        "dvcore.snapshot.verifying.verify",
    ):
        import_module(name)


def _be_child(action: Callable[[], int], output: Path) -> None:
    code = 70
    _running.clear()  # its brothers and sisters are not its own
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.setpgid(0, 0)
        for number, name in ((1, "out"), (2, "err")):
            descriptor = os.open(output / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
            os.dup2(descriptor, number)
            os.close(descriptor)
        sys.stdin = Path(os.devnull).open()  # noqa: SIM115  # for as long as the process lives
        # A child of this one lets go of these objects, and must keep the descriptors.
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False)
        faulthandler.register(signal.SIGUSR1, file=2, all_threads=True)
        code = action()
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:  # noqa: BLE001  # nothing may come back into the parent's code
        faulthandler.dump_traceback(2)
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(code)


def _status(pid: int) -> int | None:
    ended, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if ended else None
