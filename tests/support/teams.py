"""Several people, each with a repository of their own, and the folder through which they share it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from support.command import Dset


class Team:
    """Everything lies in one folder: the remote, and a repository under each person's name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.remote = folder / "remote"
        self._members: list[Dset] = []

    def founded(self, name: str) -> Dset:
        """A new, empty repository."""
        (self.folder / name).mkdir()
        dset = Dset(self.folder / name)
        dset("init")
        return self._joined(dset)

    def cloned(self, name: str, *options: str) -> Dset:
        """A clone of the remote."""
        Dset(self.folder)("clone", self.remote, name, *options)
        return self._joined(Dset(self.folder / name))

    def check(self) -> None:
        """Every repository and the remote are whole; what is absent somewhere, the remote has."""
        for dset in self._members:
            assert dset("fsck", "--json").json["ok"]
        for dset in self._members[:1]:
            if dset("remote", "list").out:
                assert dset("fsck", "--remote", "--read-data", "--json").json == {"ok": True, "problems": []}

    def packs(self) -> set[str]:
        """Names of the packs that lie on the remote."""
        return {path.name for path in self._files("packs")}

    def size(self) -> int:
        """Bytes of packs that lie on the remote."""
        return sum(path.stat().st_size for path in self._files("packs"))

    def _files(self, under: str) -> Iterator[Path]:
        return (path for path in (self.remote / under).rglob("*") if path.is_file())

    def _joined(self, dset: Dset) -> Dset:
        self._members.append(dset)
        return dset


def history(dset: Dset) -> list[Any]:
    """The commits of the current branch."""
    return dset("log", "--json").rows


def refs(dset: Dset) -> dict[str, Any]:
    """What branches, tags, projects and snapshots there are, and their commits."""
    return {
        "branches": {one["branch"]: one["commit"] for one in dset("branch", "--json").rows},
        "tags": {one["tag"]: one["commit"] for one in dset("tag", "--json").rows},
        "projects": {one["project"]: one["snapshots"] for one in dset("project", "list", "--json").rows},
    }
