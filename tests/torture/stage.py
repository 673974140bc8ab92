"""Where the torture happens: a private folder, commands run in it, and what must hold after each.

A part copies a repository, has commands killed in the copy inside of a `trial`, and checks what it expects. What does
not hold is a `Failure`, which names how to see it again; its repository is kept.
"""

import json
import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from traceback import format_exc
from typing import Final, Self

from torture.leftovers import find_leftovers, make_old
from torture.processes import Ended, HangingError, ask, end_all, start_dset
from torture.scene import CONFLICTING, Kind, Sources, build, iter_kinds
from torture.state import State, read_state

from dset.main import COMMANDS

_KEPT: Final = 10
"""Repositories of failures; those of more are not kept."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What did not hold, where, and the repository as it was left, if it was kept."""

    where: str
    what: str
    kept: Path | None

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" + (f"\n    left in {self.kept}" if self.kept else "")


class BrokenError(AssertionError):
    """A thing that must hold does not."""


class Stage:
    """A private folder, and what came of what was tried in it: `failures`, and in `skipped` what could not be tried and
    why. `with` ends what still runs in it, and removes it unless something that failed lies in it. `commands` are those
    that dset has."""

    def __init__(self, parent: Path | None = None, *, kinds: Collection[str] = (), kinds_apart: int = 1) -> None:
        self.root = Path(mkdtemp(prefix="dset-torture-", dir=parent)).resolve()
        self.sources = Sources(self.root / "sources")
        self.output = self.root / "output"
        self.commands = frozenset(COMMANDS)
        self._kinds = frozenset(kinds)
        self._kinds_apart = kinds_apart
        self.skipped: list[str] = []
        self.failures: list[Failure] = []

    def __enter__(self) -> Self:
        self.output.mkdir()
        self.sources.make()
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        end_all()
        if not self.failures and not isinstance(error, Exception):
            shutil.rmtree(self.root, ignore_errors=True)

    @contextmanager
    def trial(self, root: Path, where: str) -> Iterator[None]:
        """What does not hold inside of the `with` is a failure, and so is whatever breaks off; the repository is put
        aside for whoever looks into it. `where` is to say how it can be seen again."""
        try:
            yield
        except (BrokenError, HangingError) as error:
            self._fail(where, str(error), root)
        except Exception:  # noqa: BLE001  # the next trial must come
            self._fail(where, format_exc(), root)

    def _fail(self, where: str, what: str, root: Path) -> None:
        keeps = root.exists() and len(self.failures) < _KEPT
        kept = root.rename(self.root / f"failed-{len(self.failures) + 1}") if keeps else None
        self.failures.append(Failure(where, what, kept))

    def require(self, holds: bool, where: str, what: str) -> None:
        """A failure without a repository, of the torture itself, unless something holds."""
        if not holds:
            self.failures.append(Failure(where, what, None))

    def kinds(self) -> list[Kind]:
        """The kinds of commands to try: those of these names, or all; of them each `kinds_apart`th."""
        known = list(iter_kinds(self.sources, self.commands))
        return [kind for kind in known if not self._kinds or kind.name in self._kinds][:: self._kinds_apart]

    def prepared(self, *setup: tuple[str, ...]) -> Path:
        """A repository with everything in it, and these commands done; until the next call."""
        prepared = self.copy(self._base(), "prepared")
        for arguments in setup:
            self.must(prepared, *arguments, code=1 if arguments == CONFLICTING else 0)
        return prepared

    def _base(self) -> Path:
        root = self.root / "base"
        if not root.exists():
            root.mkdir()
            build(partial(self.must, root), self.sources)
        return root

    def copy(self, root: Path, name: str = "work") -> Path:
        """A repository's copy under a name, in place of what had it."""
        target = self.root / name
        if target.exists():
            shutil.rmtree(target)
        return Path(shutil.copytree(root, target))

    def run(self, root: Path, *arguments: str, prepare: Callable[[], None] | None = None) -> Ended:
        """A command in a child, however it ends. Raises BrokenError where it hangs or shows a traceback."""
        return orderly(start_dset(root, *arguments, output=self.output, prepare=prepare).wait())

    def must(self, root: Path, *arguments: str, code: int = 0) -> None:
        """A command that must succeed, or end with another code. Raises BrokenError."""
        ended = self.run(root, *arguments)
        if ended.code != code:
            raise BrokenError(f"'dset {' '.join(arguments)}' gave {ended}")

    def state(self, root: Path) -> State:
        """See `read_state`."""
        try:
            return ask(partial(read_state, root), self.output)
        except RuntimeError as error:
            raise BrokenError(f"the state cannot be read: {error}") from None

    def check_sound(self, root: Path, *, quick: bool = False) -> None:
        """Raises BrokenError with the first problems that fsck names."""
        ended = self.run(root, "fsck", "--json", *(["--quick"] if quick else []))
        problems = json.loads(ended.out)["problems"] if ended.out else [str(ended)]
        if problems or ended.code != 0:
            raise BrokenError(f"fsck: {problems[:3]}")

    def check_tidy(self, root: Path) -> None:
        """Raises BrokenError where gc leaves something in `.dset` that nothing needs."""
        if "gc" in self.commands:
            make_old(root / ".dset")
            self.must(root, "gc")
            if left := find_leftovers(root / ".dset"):
                raise BrokenError(f"gc leaves {left}")


def orderly(ended: Ended) -> Ended:
    """How a command ended, if it did so in one of the ways that users are promised. Raises BrokenError."""
    if "Traceback" in ended.err or "internal error" in ended.err or ended.code not in (0, 1, -9):
        raise BrokenError(f"a command broke off: {ended}")
    return ended
