"""One storm: two to four pushers, a collector and a reader at one remote, over a network that fails, and killed at
random; then the sky clears, and everything that was reported done has to be there.

1. `dset fsck --remote --read-data` finds nothing.
2. `dset fsck` finds nothing in any repository that took part, nor in a fresh clone.
3. Every commit of which a push was reported done is in the history of its branch in the fresh clone.
"""

import json
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from random import Random
from typing import Final

from storm.crew import Pusher, collect, read
from storm.weather import Weather
from support.noise import noise
from support.servers import BUCKET
from torture.processes import Ended, Running, ask, end_all, start, start_dset

from dvcore.ids import CommitId
from dvcore.repo.ancestry import count_beyond
from dvcore.repo.cells import REFS, find_commit
from dvcore.repo.repository import Repository

_STEPS: Final = 3
_SHARES: Final = (0, 2, 5, 10)
"""Percent of the requests that something happens to."""
_KILLS: Final = 4
_LIMIT: Final = 240.0
"""Seconds after which somebody hangs."""
_SEED_FILES: Final = 4


class LostError(AssertionError):
    """A thing that must hold does not."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What one storm tried; `endings` counts how commands ended."""

    pushes: int
    kills: int
    endings: Counter[str]


@dataclass(frozen=True, slots=True)
class Storm:
    """A run in a folder of its own. Without `weather` the remote is a folder, and only kills are against it."""

    folder: Path
    seed: int
    weather: Weather | None

    def run(self) -> Tally:
        """Raises LostError, and HangingError where somebody does not end."""
        random = Random(self.seed)
        crew = [replace(one, root=self._repository(one)) for one in self._crew(random)]
        kills = self._work(crew, random)
        self._judge(crew)
        endings = Counter(line for path in self.folder.glob("*.said") for line in path.read_text().splitlines())
        return Tally(sum(len(_account(one)) for one in crew), kills, endings)

    def _crew(self, random: Random) -> Iterator[Pusher]:
        """The first two at least share a branch."""
        for number in range(random.randint(2, 4)):
            branch = "main" if number < 2 or random.random() < 0.3 else f"branch-{number}"
            name = f"p{number}"
            yield Pusher(name, self.folder / name, self.folder / "accounts", branch, _STEPS, self.seed)

    def _repository(self, pusher: Pusher) -> Path:
        base = self.folder / "base"
        if not base.exists():
            self._make_base(base)
        root = Path(shutil.copytree(base, pusher.root))
        if pusher.branch != "main":
            self._must(root, "branch", pusher.branch)
            self._must(root, "switch", pusher.branch)
        return root

    def _make_base(self, base: Path) -> None:
        source = self.folder / "accounts" / "source"
        source.mkdir(parents=True)
        for number in range(_SEED_FILES):
            (source / f"{number}.bin").write_bytes(noise(30_000, f"base {number}"))
        if self.weather is None:
            (self.folder / "remote").mkdir()
        base.mkdir()
        for arguments in (
            ("init",),
            ("import", str(source), "--to", "shared", "--format", "files"),
            ("commit", "-m", "first"),
        ):
            self._must(base, *arguments)
        self._name_remote(base, None if self.weather is None else self.weather.stormy)

    def _name_remote(self, root: Path, endpoint: str | None) -> None:
        """As `remote add` would, which tries the store, and is not what is tried here."""
        lines = [f"url = {json.dumps(self._url)}"]
        if endpoint is not None:
            lines += [f"endpoint = {json.dumps(endpoint)}", 'region = "us-east-1"']
        (root / ".dset" / "config.toml").write_text("\n".join(["[remotes.origin]", *lines, ""]))

    @property
    def _url(self) -> str:
        if self.weather is None:
            return str(self.folder / "remote")
        share = Random(self.seed).choice(_SHARES)
        return f"s3://{BUCKET}/run-{self.seed}-{share}"

    def _work(self, crew: list[Pusher], random: Random) -> int:
        """Let them work until all pushers are through; how many were killed."""
        through = self.folder / "through"
        pushers = {one.name: self._start(one) for one in crew}
        others = {
            name: start(partial(action, crew[0].root, through.exists), self.folder / name)
            for name, action in (("collector", collect), ("reader", read))
        }
        kills = 0
        began = time.monotonic()
        while pushers:
            time.sleep(random.uniform(0.02, 0.5))
            for one in crew:
                if one.name in pushers and not pushers[one.name].is_running():
                    _check(one.name, pushers.pop(one.name).wait())
            if pushers and kills < _KILLS and random.random() < 0.5:
                name = random.choice(sorted(pushers))
                pushers[name].kill()
                kills += pushers[name].wait().was_killed
                pushers[name] = self._start(next(one for one in crew if one.name == name))
            if time.monotonic() - began > _LIMIT:
                raise LostError(f"{sorted(pushers)} are not through after {_LIMIT:.0f} s")
        through.touch()
        for name, running in others.items():
            _check(name, running.wait())
        return kills

    def _start(self, pusher: Pusher) -> Running:
        return start(pusher.work, self.folder / f"output-{pusher.name}")

    def _judge(self, crew: list[Pusher]) -> None:
        calm = None if self.weather is None else self.weather.calm
        for one in crew:
            self._name_remote(one.root, calm)
        self._sound(crew[0].root, "fsck", "--remote", "origin", "--read-data")
        for one in crew:
            self._sound(one.root, "fsck")
        clone = self.folder / "clone"
        options = () if calm is None else ("--endpoint", calm, "--region", "us-east-1")
        self._must(self.folder, "clone", self._url, str(clone), *options)
        self._sound(clone, "fsck")
        for one in crew:
            lost = ask(partial(_lost, clone, one.branch, _account(one)), self.folder / "asked")
            if lost:
                raise LostError(f"{one.name} was told that {', '.join(lost)} is on {one.branch}, and it is not")

    def _sound(self, root: Path, *arguments: str) -> None:
        ended = start_dset(root, *arguments, "--json", output=self.folder / "judging").wait()
        problems = json.loads(ended.out)["problems"] if ended.out else [str(ended)]
        if problems or ended.code != 0:
            raise LostError(f"dset {' '.join(arguments)} in {root.name}: {problems[:3]}")

    def _must(self, root: Path, *arguments: str) -> None:
        ended = start_dset(root, *arguments, output=self.folder / "judging").wait()
        if ended.code != 0:
            raise LostError(f"dset {' '.join(arguments)} in {root.name}: {ended}")


def end_storms() -> None:
    """Kill whatever is still running."""
    end_all()


def _account(pusher: Pusher) -> list[str]:
    return [line.split()[1] for line in pusher.account.read_text().splitlines()] if pusher.account.exists() else []


def _check(name: str, ended: Ended) -> None:
    if ended.code != 0:
        raise LostError(f"{name}: {ended}")


def _lost(root: Path, branch: str, commits: list[str]) -> list[str]:
    """Those that the branch of a clone does not lead to."""
    with Repository.open(root) as repository:
        with repository.store.read() as transaction:
            tip = find_commit(transaction, f"{REFS}remotes/origin/heads/{branch}")
        if tip is None:
            return commits
        objects = repository.objects
        return [one for one in commits if count_beyond(objects, CommitId(bytes.fromhex(one)), [tip])]
