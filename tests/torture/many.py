"""Many processes at once in one repository: all their operations land, none waits for ever, readers wait for nobody."""

import json
import time
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from support.noise import noise
from torture.processes import Ended, HangingError, Running, ask, start
from torture.stage import BrokenError, Stage, orderly
from torture.state import read_state
from torture.workers import SHARED, Account, read_account, work

from dvcore.repo.repository import Repository
from dvcore.store.background import Task
from dvcore.store.lmdb_store import LmdbStore

Row = dict[str, Any]
"""A line that `ls --json` gives."""

READING = (("ls", "-R"), ("log",), ("diff", "HEAD", "WORK"), ("status",), ("fsck", "--quick"))
COMMANDS_EVERY = 4
"""Every so many workers, one goes through the command line."""
_TINY = 256 << 10
_GC_EVERY = 6
_SECONDS_PER_OPERATION = 2.0
"""Far more than an operation takes with all the others beside it: beyond it, somebody waits for ever."""


def work_together(stage: Stage, *, processes: int, operations: int, seed: int, tiny: bool) -> str:
    """Start the workers, read beside them, collect garbage beside them, and look for what each reported done. Gives the
    figures."""
    names = [f"p{number}" for number in range(processes)]
    root = _repository(stage, names, tiny=tiny)
    before = len(stage.state(root).log)
    reads = 0
    with stage.trial(root, f"{processes} processes, {'a tiny map, ' if tiny else ''}seed {seed}"):
        workers = _start(stage, root, names, operations, seed, tiny=tiny)
        try:
            reads = _read_beside(stage, root, workers, operations * processes * _SECONDS_PER_OPERATION)
        finally:
            _stop(workers)
        accounts = [read_account(name, stage.root / "workers") for name in names]
        _check_all(stage, root, accounts, before, processes * operations)
        stage.check_sound(root)
        stage.check_tidy(root)
    done = f"{processes} processes x {operations} operations{' on a map that all grow' if tiny else ''}"
    return f"{done}: {processes * operations} in the log; {reads} readers beside them"


def read_beside_a_writer(stage: Stage) -> str:
    """Readers beside a process that holds all that can be held until they have all answered. Gives the figures."""
    root = stage.copy(stage.prepared())
    flags = stage.root / "flags"
    flags.mkdir()
    release = flags / "release"
    writer = start(partial(_hold, root, flags, release), stage.output / "writer")
    with stage.trial(root, "readers beside a writer"):
        try:
            for name in ("objects", "blobs"):
                _wait_for(flags / name)
            for arguments in READING:
                stage.must(root, *arguments)
        finally:
            release.touch()
            writer.wait()
    return f"{len(READING)} readers answered while another process held the lock and both write transactions"


def _repository(stage: Stage, names: list[str], *, tiny: bool) -> Path:
    root = stage.root / "many"
    root.mkdir()
    source = stage.root / "shared"
    source.mkdir(exist_ok=True)
    for path in SHARED:
        (source / Path(path).name).write_bytes(noise(2_000, path))
    prepare = _use_tiny_maps if tiny else None
    first = [("init",), ("import", str(source), "--to", "shared", "--format", "files"), ("commit", "-m", "first")]
    for arguments in (*first, *(("variable", "add", name, "--type", "int") for name in names)):
        ended = stage.run(root, *arguments, prepare=prepare)
        if ended.code != 0:
            raise BrokenError(str(ended))
    return root


def _start(stage: Stage, root: Path, names: list[str], operations: int, seed: int, *, tiny: bool) -> list[Running]:
    folder = stage.root / "workers"
    folder.mkdir()

    def action(number: int) -> int:
        if tiny:
            _use_tiny_maps()
        random = Random(f"{seed} {number}")
        by_commands = number % COMMANDS_EVERY == COMMANDS_EVERY - 1
        return work(root, Account(names[number]), operations, random, folder, by_commands=by_commands)

    return [start(partial(action, number), stage.output / name) for number, name in enumerate(names)]


def _read_beside(stage: Stage, root: Path, workers: list[Running], limit: float) -> int:
    """Read, and now and then collect garbage, until all workers have ended; how many commands that were."""
    deadline = time.monotonic() + limit
    number = 0
    while any(worker.is_running() for worker in workers):
        if time.monotonic() > deadline:
            raise HangingError("\n".join(_where_they_are(workers)))
        is_turn_of_gc = "gc" in stage.commands and number % _GC_EVERY == 2
        ended = stage.run(root, *(("gc",) if is_turn_of_gc else READING[number % len(READING)]))
        if ended.code != 0 and not (is_turn_of_gc and "others are writing" in ended.err):
            raise BrokenError(f"beside {len(workers)} writers: {ended}")
        number += 1
    for worker in workers:
        ended = orderly(worker.wait())
        if ended.code != 0:
            raise BrokenError(f"a worker: {ended}")
    return number


def _where_they_are(workers: list[Running]) -> list[str]:
    said = []
    for worker in workers:
        try:
            said.append(str(worker.wait(limit=0.0)))
        except HangingError as error:
            said.append(str(error))
    return said


def _stop(workers: list[Running]) -> None:
    for worker in workers:
        try:
            if worker.is_running():
                worker.kill()
                worker.wait()
        except ChildProcessError:
            continue  # it has been waited for


def _check_all(stage: Stage, root: Path, accounts: list[Account], before: int, operations: int) -> None:
    state = ask(partial(read_state, root), stage.output)
    numbers = [int(line.split(" ", 1)[0]) for line in state.log]
    if numbers != list(range(1, before + operations + 1)):
        raise BrokenError(f"{len(numbers) - before} operations in the log, not {operations}")
    tags = {name.removeprefix("ref/tags/") for name in state.cells if name.startswith("ref/tags/")}
    rows = _rows(stage, root)
    directories = {path for account in accounts for path in account.directories}
    for account in accounts:
        _check(account, rows, tags)
    if len([line for line in state.log if "'commit: p" in line]) != sum(account.commits for account in accounts):
        raise BrokenError("not all commits are in the log")
    listed = {row.get("directory", "") for account in accounts for row in _list(stage, root, account.name)}
    if missing := directories - {path.rstrip("/") for path in listed}:
        raise BrokenError(f"directories that were made are missing: {sorted(missing)[:3]}")


def _check(account: Account, rows: dict[str, Row], tags: set[str]) -> None:
    own = {path: row["blob"] for path, row in rows.items() if path.startswith(f"{account.name}/")}
    if own != account.files:
        different = sorted(own.items() ^ account.files.items())
        raise BrokenError(f"the files of {account.name} are not as it left them: {different[:3]}")
    if missing := account.tags - tags:
        raise BrokenError(f"tags of {account.name} are missing: {sorted(missing)[:3]}")
    for path in SHARED:
        if rows[path]["variables"].get(account.name) != account.value:
            raise BrokenError(f"{path} lost what {account.name} set: {account.value}")


def _rows(stage: Stage, root: Path) -> dict[str, Row]:
    ended: Ended = stage.run(root, "ls", "-R", "--json")
    return {row["path"]: row for row in map(json.loads, ended.out.splitlines())}


def _list(stage: Stage, root: Path, directory: str) -> list[Row]:
    return [json.loads(line) for line in stage.run(root, "ls", directory, "--json").out.splitlines()]


def _use_tiny_maps() -> None:
    defaults = LmdbStore.__init__.__kwdefaults__
    assert defaults is not None
    defaults["map_size"] = _TINY


def _hold(root: Path, flags: Path, release: Path) -> int:
    """Hold the writers' lock alone, as gc does, and the write transactions of both stores, each in a thread."""
    with Repository.open(root) as repository, repository.alone(wait=1.0):

        def hold(flag: Path, _: object) -> None:
            flag.touch()
            _wait_for(release)

        stores = {"objects": repository.store, "blobs": repository.blobs._store}
        tasks = [Task(partial(store.update, partial(hold, flags / name))) for name, store in stores.items()]
        for task in tasks:
            task.result()
    return 0


def _wait_for(flag: Path) -> None:
    deadline = time.monotonic() + 60
    while not flag.exists():
        if time.monotonic() > deadline:
            raise BrokenError(f"{flag.name} did not come")
        time.sleep(0.002)
