"""What a repository should do, in plain Python: paths, files and operations as dicts and tuples.

A file is named by what its id is derived from, so that the model also says which ids there must be.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

Path = tuple[str, ...]
Name = tuple[Any, ...]
"""Of a file: ("imported", directory, name, data, counter) or ("copied", directory, name, file, counter). Of an
instance: ("entered", file, label, place, counter) or ("copied", file, instance)."""
Shape = tuple[str, int]
"""Of an instance: its label, and where it is."""
Instances = frozenset[tuple[Name, Shape]]


class Refused(Exception):  # noqa: N818 - it is no failure of the model
    """The repository must refuse this and change nothing."""


@dataclass(frozen=True)
class File:
    """`instances` are pairs of what the id is derived from and what the instance is, `values` those of variables."""

    data: str
    split_key: str
    instances: Instances = frozenset()
    annotated: bool = False
    values: frozenset[tuple[str, int]] = frozenset()


@dataclass(frozen=True)
class Merging:
    """A merge that is not committed: the commit that becomes the second parent, and what is to be settled."""

    parent: int | None
    conflicts: frozenset[tuple[Any, ...]]


@dataclass(frozen=True)
class State:
    """One tree."""

    entries: dict[Path, Name] = field(default_factory=dict)
    directories: frozenset[Path] = frozenset({()})
    files: dict[Name, File] = field(default_factory=dict)
    labels: tuple[tuple[str, int], ...] = ()
    """Names and numbers."""
    variables: tuple[str, ...] = ()
    merging: Merging | None = None

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

    def add(self, path: Path, data: str, *, replacing: bool = False) -> "State":
        if self.is_directory(path):
            raise Refused
        if self.is_file(path):
            name = self.entries[path]
            file = self.files[name]
            if file.data != data and not replacing:
                raise Refused
            return self.with_file(name, replace(file, data=data))
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
        return replace(file, instances=frozenset((("copied", name, one), shape) for one, shape in file.instances))

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
        """Each label's instance is drawn at its place among the labels, and those that were there go."""
        shapes = [(label, place) for place, label in enumerate(labels)]

        def drawn(name: Name, file: File) -> File:
            instances = frozenset((("entered", name, *shape, 0), shape) for shape in shapes)
            return replace(file, instances=instances, annotated=file.annotated or bool(shapes))

        return self.with_each(path, drawn, labels)

    def draw(self, path: Path, shape: Shape) -> "State":
        """One more instance, where the file has none that is the same."""

        def drawn(name: Name, file: File) -> File:
            there = dict(file.instances)
            if shape in there.values():
                return replace(file, annotated=True)
            counter = next(n for n in range(len(there) + 1) if ("entered", name, *shape, n) not in there)
            more = frozenset({(("entered", name, *shape, counter), shape)})
            return replace(file, instances=file.instances | more, annotated=True)

        return self.with_each(path, drawn, (shape[0],))

    def edit(self, name: Name, instance: Name, shape: Shape | None) -> "State":
        """Make another one of an instance, or none."""
        file = self.files[name]
        others = {one: shape for one, shape in file.instances if one != instance}
        after = others if shape is None else {**others, instance: shape}
        edited = replace(file, instances=frozenset(after.items()), annotated=file.annotated or shape is not None)
        return self.with_file(name, edited).with_labels(() if shape is None else shape[:1])

    def declare(self, variable: str) -> "State":
        return self if variable in self.variables else replace(self, variables=(*self.variables, variable))

    def undeclare(self, variable: str) -> "State":
        """The declaration and all values of a variable go."""
        if variable not in self.variables:
            raise Refused
        files = {
            name: replace(file, values=frozenset(one for one in file.values if one[0] != variable))
            for name, file in self.files.items()
        }
        return replace(self, files=files, variables=tuple(one for one in self.variables if one != variable))

    def set_value(self, path: Path, variable: str, value: int | None) -> "State":
        if variable not in self.variables:
            raise Refused

        def said(_: Name, file: File) -> File:
            values = {**dict(file.values), variable: value}
            return replace(file, values=frozenset((key, one) for key, one in values.items() if one is not None))

        return self.with_each(path, said)

    def with_each(self, path: Path, action: Callable[[Name, File], File], labels: tuple[str, ...] = ()) -> "State":
        """Something done to every file at or under a path."""
        names = {self.entries[one] for one in self.under(path)}
        changed = {name: action(name, self.files[name]) for name in names}
        return replace(self, files={**self.files, **changed}).with_labels(labels if names else ())

    def with_file(self, name: Name, file: File) -> "State":
        return replace(self, files={**self.files, name: file})

    def with_labels(self, labels: tuple[str, ...]) -> "State":
        """New ones are declared, each with the next number."""
        declared = dict(self.labels)
        for label in labels:
            declared.setdefault(label, max(declared.values(), default=-1) + 1)
        return replace(self, labels=tuple(declared.items()))


def parents(path: Path) -> set[Path]:
    """The directories that lead to a path, the root among them."""
    return {path[:depth] for depth in range(len(path))}


@dataclass(frozen=True)
class Commit:
    """`parents` are numbers: the commits are counted as they are made."""

    state: State
    parents: tuple[int, ...] = ()


@dataclass(frozen=True)
class Branch:
    """`head` is the number of the newest commit."""

    work: State
    head: int | None = None


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
