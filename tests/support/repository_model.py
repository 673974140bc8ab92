"""What a repository should do, in plain Python: paths, files and operations as dicts and tuples.

A file is named by what its id is derived from, so that the model also says which ids there must be.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

Path = tuple[str, ...]
Name = tuple[Any, ...]
"""Of a file: ("imported", directory, name, data, counter) or ("copied", file, directory, name, counter)."""


class Refused(Exception):  # noqa: N818 - it is no failure of the model
    """The repository must refuse this and change nothing."""


@dataclass(frozen=True)
class File:
    """`instances` are pairs of what the id is derived from and the label."""

    data: str
    split_key: str
    instances: frozenset[tuple[Name, str]] = frozenset()
    annotated: bool = False


@dataclass(frozen=True)
class State:
    """One tree."""

    entries: dict[Path, Name] = field(default_factory=dict)
    directories: frozenset[Path] = frozenset({()})
    files: dict[Name, File] = field(default_factory=dict)
    labels: tuple[str, ...] = ()

    def is_file(self, path: Path) -> bool:
        return path in self.entries

    def is_directory(self, path: Path) -> bool:
        return path in self.directories

    def exists(self, path: Path) -> bool:
        return self.is_file(path) or self.is_directory(path)

    def under(self, path: Path) -> Iterator[Path]:
        """Paths of files at and under a path that exists."""
        if not self.exists(path):
            raise Refused
        return (one for one in sorted(self.entries) if one[: len(path)] == path)

    def with_entries(self, entries: dict[Path, Name], directories: frozenset[Path] = frozenset()) -> "State":
        """More entries, and the directories that lead to them."""
        wanted = directories.union(*(map(parents, [*entries, *directories]))) | self.directories
        if any(self.is_file(path) for path in wanted) or any(self.is_directory(path) for path in entries):
            raise Refused
        return replace(self, entries={**self.entries, **entries}, directories=wanted)

    def without_orphans(self) -> "State":
        """Files go with their last entry."""
        held = set(self.entries.values())
        return replace(self, files={name: file for name, file in self.files.items() if name in held})

    def add(self, path: Path, data: str) -> "State":
        if self.is_directory(path):
            raise Refused
        if self.is_file(path):
            if self.files[self.entries[path]].data != data:
                raise Refused
            return self
        name = self.free("imported", path, data)
        return replace(self, files={**self.files, name: File(data, data)}).with_entries({path: name})

    def free(self, kind: str, path: Path, of: Any) -> Name:
        counter = 0
        while (kind, path[:-1], path[-1], of, counter) in self.files:
            counter += 1
        return kind, path[:-1], path[-1], of, counter

    def mirror(self, source: Path, destination: Path) -> "State":
        if not self.exists(source) or self.is_file(destination):
            raise Refused
        if self.is_file(source):
            return self.place({(*destination, source[-1]): self.entries[source]})
        if destination[: len(source)] == source:
            raise Refused
        entries = {destination + path[len(source) :]: self.entries[path] for path in self.under(source)}
        directories = {destination + path[len(source) :] for path in self.directories if path[: len(source)] == source}
        return self.place(entries, frozenset(directories))

    def place(self, entries: dict[Path, Name], directories: frozenset[Path] = frozenset()) -> "State":
        if any(self.entries.get(path, name) != name for path, name in entries.items()):
            raise Refused
        return self.with_entries(entries, directories)

    def copy(self, source: Path, destination: Path, *, instances: bool) -> "State":
        if self.is_directory(source) and destination[: len(source)] == source:
            raise Refused
        entries, files = {}, {}
        for path in self.under(source):
            target = destination + (path[len(source) :] or path[-1:])
            of = self.entries[path]
            there = self.entries.get(target)
            if there is not None and there[:4] == ("copied", target[:-1], target[-1], of):
                continue
            if self.exists(target):
                raise Refused
            name = entries[target] = self.free("copied", target, of)
            files[name] = self.copied(name, self.files[of], instances)
        return replace(self, files={**self.files, **files}).with_entries(entries)

    @staticmethod
    def copied(name: Name, file: File, instances: bool) -> File:
        if not instances:
            return replace(file, instances=frozenset(), annotated=False)
        return replace(file, instances=frozenset((("copied", name, one), label) for one, label in file.instances))

    def move(self, source: Path, destination: Path) -> "State":
        if not self.exists(source) or source == ():
            raise Refused
        target = (*destination, source[-1]) if self.is_directory(destination) else destination
        if target == source:
            return self
        if target[: len(source)] == source or self.exists(target):
            raise Refused
        left = self.cut(source)
        entries = {target + path[len(source) :]: self.entries[path] for path in self.under(source)}
        moved = {target + path[len(source) :] for path in self.directories if path[: len(source)] == source}
        return left.with_entries(entries, frozenset(moved))

    def cut(self, path: Path) -> "State":
        return replace(
            self,
            entries={one: name for one, name in self.entries.items() if one[: len(path)] != path},
            directories=frozenset(one for one in self.directories if one[: len(path)] != path),
        )

    def remove(self, path: Path) -> "State":
        if path == () or not self.exists(path):
            raise Refused
        return self.cut(path).without_orphans()

    def annotate(self, path: Path, labels: tuple[str, ...]) -> "State":
        """Each label's instance is drawn at its place among the labels."""
        names = {self.entries[one] for one in self.under(path)}
        if not names:
            return self
        files = {
            name: replace(
                self.files[name],
                instances=frozenset((("entered", name, label, place), label) for place, label in enumerate(labels)),
                annotated=self.files[name].annotated or bool(labels),
            )
            for name in names
        }
        new = tuple(label for label in dict.fromkeys(labels) if label not in self.labels)
        return replace(self, files={**self.files, **files}, labels=self.labels + new)


def parents(path: Path) -> set[Path]:
    """The directories that lead to a path, the root among them."""
    return {path[:depth] for depth in range(len(path))}


@dataclass(frozen=True)
class Branch:
    """`commits` are those of its history, oldest first."""

    work: State
    commits: tuple[State, ...] = ()

    @property
    def is_clean(self) -> bool:
        return self.work == (self.commits[-1] if self.commits else State())


@dataclass(frozen=True)
class Everything:
    """All that operations change."""

    branches: dict[str, Branch] = field(default_factory=lambda: {"main": Branch(State())})
    current: str = "main"

    @property
    def branch(self) -> Branch:
        return self.branches[self.current]

    def with_branch(self, branch: Branch) -> "Everything":
        return replace(self, branches={**self.branches, self.current: branch})
