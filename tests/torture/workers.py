"""A process that does many operations in one repository that others write to as well, and keeps account of them.

Each worker has a directory of its own, and all annotate the same files of `shared`, each its own variable.
"""

import contextlib
import io
import pickle
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from blake3 import blake3
from support.noise import noise
from torture.processes import run_main

from dvcore.errors import DsetError, StateError
from dvcore.formats.intake.importing import import_source
from dvcore.model.names import parse_path
from dvcore.repo.annotating import Annotation, annotate
from dvcore.repo.branches import create_tag
from dvcore.repo.commits import commit_working, head_commit
from dvcore.repo.entries import make_directory, move
from dvcore.repo.mirroring import mirror
from dvcore.repo.repository import Repository

SHARED = ("shared/0.bin", "shared/1.bin", "shared/2.bin", "shared/3.bin")


@dataclass(slots=True)
class Account:
    """What a worker reported done: blobs by path, directories, tags, the shared variable's last value, commits, and how
    many operations."""

    name: str
    done: int = 0
    files: dict[str, str] = field(default_factory=dict)
    directories: set[str] = field(default_factory=set)
    tags: set[str] = field(default_factory=set)
    value: int | None = None
    commits: int = 0


@dataclass(frozen=True, slots=True)
class ByLibrary:
    """Does operations on a repository that stays open, and so moves to newer generations under way."""

    repository: Repository

    def import_folder(self, source: Path, to: str) -> None:
        import_source(self.repository, source, parse_path(to), format="files")

    def set_value(self, path: str, variable: str, value: int) -> None:
        annotate(self.repository, [parse_path(path)], Annotation(set={variable: str(value)}))

    def mirror(self, source: str, to: str) -> None:
        mirror(self.repository, [parse_path(source)], parse_path(to))

    def move(self, source: str, to: str) -> None:
        move(self.repository, [parse_path(source)], parse_path(to))

    def make_directory(self, path: str) -> None:
        make_directory(self.repository, parse_path(path))

    def tag(self, name: str) -> None:
        commit = head_commit(self.repository)
        assert commit is not None
        create_tag(self.repository, name, commit)

    def commit(self, message: str) -> bool:
        try:
            commit_working(self.repository, message)
        except StateError:  # somebody else has just committed all there was
            return False
        return True


@dataclass(frozen=True, slots=True)
class ByCommands:
    """Does operations by `dset` which open the repository anew each time."""

    root: Path

    def import_folder(self, source: Path, to: str) -> None:
        self._must("import", str(source), "--to", to, "--format", "files")

    def set_value(self, path: str, variable: str, value: int) -> None:
        self._must("annotate", path, "--set", f"{variable}={value}")

    def mirror(self, source: str, to: str) -> None:
        self._must("mirror", source, to)

    def move(self, source: str, to: str) -> None:
        self._must("move", source, to)

    def make_directory(self, path: str) -> None:
        self._must("mkdir", path)

    def tag(self, name: str) -> None:
        self._must("tag", name)

    def commit(self, message: str) -> bool:
        code, said = self._run("commit", "-m", message)
        if code != 0 and "nothing to commit" not in said:
            raise RuntimeError(said)
        return code == 0

    def _must(self, *arguments: str) -> None:
        code, said = self._run(*arguments)
        if code != 0:
            raise RuntimeError(f"{arguments}: {said}")

    def _run(self, *arguments: str) -> tuple[int, str]:
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            code = run_main(self.root, arguments)
        return code, said.getvalue()


Way = ByLibrary | ByCommands


def work(root: Path, account: Account, operations: int, random: Random, folder: Path, *, by_commands: bool) -> int:
    """Do so many operations, and write the account to `folder`, whole after each. To be run in a child."""
    if by_commands:
        _do(ByCommands(root), account, operations, random, folder)
        return 0
    with Repository.open(root) as repository:
        _do(ByLibrary(repository), account, operations, random, folder)
    return 0


def _do(way: Way, account: Account, operations: int, random: Random, folder: Path) -> None:
    kinds: list[Callable[[Way, Account, int, Path], bool]] = [_import, _annotate, _mirror, _move, _mkdir, _tag, _commit]
    weights = [4, 6, 2, 1, 2, 1, 2]
    for number in range(operations):
        kind = random.choices(kinds, weights)[0]
        try:
            if not kind(way, account, number, folder):
                _mkdir(way, account, number, folder)
        except (DsetError, RuntimeError) as error:
            raise RuntimeError(f"{account.name}, operation {number}, {kind.__name__}: {error}") from error
        account.done += 1
        _write(account, folder)


def _import(way: Way, account: Account, number: int, folder: Path) -> bool:
    source = folder / f"{account.name}-{number}"
    source.mkdir()
    to = f"{account.name}/i{number}"
    for place in range(3):
        # The first is the same for all workers, so that each finds what another has just written.
        data = noise(3_000, f"common {number}") if place == 0 else noise(3_000, f"{account.name} {number} {place}")
        (source / f"{place}.bin").write_bytes(data)
        account.files[f"{to}/{place}.bin"] = blake3(data).hexdigest()
    way.import_folder(source, to)
    return True


def _annotate(way: Way, account: Account, number: int, folder: Path) -> bool:
    way.set_value("shared", account.name, number)
    account.value = number
    return True


def _mirror(way: Way, account: Account, number: int, folder: Path) -> bool:
    to = f"{account.name}/m{number}"
    source = _some_import(account)
    if source is None:
        return False
    way.mirror(source, to)
    account.files.update(_under(account, source, to))
    return True


def _move(way: Way, account: Account, number: int, folder: Path) -> bool:
    source = _some_import(account)
    if source is None:
        return False
    to = f"{account.name}/i{number}"
    way.move(source, to)
    moved = _under(account, source, to)
    account.files = {path: blob for path, blob in account.files.items() if not path.startswith(f"{source}/")} | moved
    return True


def _mkdir(way: Way, account: Account, number: int, folder: Path) -> bool:
    path = f"{account.name}/d{number}"
    way.make_directory(path)
    account.directories.add(path)
    return True


def _tag(way: Way, account: Account, number: int, folder: Path) -> bool:
    name = f"{account.name}-{number}"
    way.tag(name)
    account.tags.add(name)
    return True


def _commit(way: Way, account: Account, number: int, folder: Path) -> bool:
    done = way.commit(f"{account.name} {number}")
    account.commits += done
    return done


def _some_import(account: Account) -> str | None:
    """The directory of the newest import."""
    imports = [path.rsplit("/", 1)[0] for path in account.files if "/i" in path]
    return imports[-1] if imports else None


def _under(account: Account, source: str, to: str) -> dict[str, str]:
    """The files under a directory, as they are called under another."""
    return {path.replace(source, to, 1): blob for path, blob in account.files.items() if path.startswith(f"{source}/")}


def _write(account: Account, folder: Path) -> None:
    temporary = folder / f".{account.name}.account"
    temporary.write_bytes(pickle.dumps(account))
    temporary.replace(folder / f"{account.name}.account")


def read_account(name: str, folder: Path) -> Account:
    """What a worker has written down."""
    account: Account = pickle.loads((folder / f"{name}.account").read_bytes())
    return account
