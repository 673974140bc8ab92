"""What merging three trees of the model should give: docs/merging.md in plain Python, at any cost.

Everything is looked at, directories are dicts of dicts, and nothing of the library is used. What both sides changed
otherwise is settled by one of `Strategy`'s names; under "stop" it is a conflict as well, and stays as ours has it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from support.repository_model import File, Instances, Name, Path, State, parents

T = TypeVar("T")
Place = tuple[Any, ...]
"""Of a conflict: ("entry", path), ("file", file), ("variable", file, name), ("instance", file, instance),
("label declaration", name)."""


@dataclass
class Merge:
    """One merge. `order` sorts files as their ids do: it decides who of two gets a free name first."""

    base: State
    ours: State
    theirs: State
    order: Callable[[Name], bytes]
    strategy: str = "stop"
    conflicts: set[Place] = field(default_factory=set)
    clashes: set[Path] = field(default_factory=set)
    """Where the sides have entries that are in conflict."""

    def result(self) -> State:
        """The tree that the merge gives, and the conflicts with it."""
        files = {name: self.merge_file(name, *self.records(name)) for name in self.names()}
        entries, directories = self.merge_entries()
        present = Presence(self, entries, directories, files)
        present.settle()
        used = [*filter(None, files.values()), *present.files.values()]
        return State(
            entries=present.entries,
            directories=frozenset(present.directories),
            files=present.files,
            labels=self.merge_labels({label for file in used for label, _ in dict(file.instances).values()}),
            variables=self.merge_variables({variable for file in used for variable, _ in file.values}),
        )

    def names(self) -> list[Name]:
        return sorted({*self.base.files, *self.ours.files, *self.theirs.files}, key=self.order)

    def records(self, name: Name) -> list[File | None]:
        return [side.files.get(name) for side in (self.base, self.ours, self.theirs)]

    def settle(self, place: Place, base: T, ours: T, theirs: T) -> T:
        """The side that changed a thing; where both did, otherwise, they are in dispute."""
        if not is_settled(base, ours, theirs):
            return self.dispute(place, base, ours, theirs)
        return theirs if ours == base else ours

    def dispute(self, place: Place, base: T, ours: T, theirs: T) -> T:
        if self.strategy == "stop":
            self.conflicts.add(place)
        either = ours if ours is not None else theirs
        return {"stop": ours, "ours": ours, "theirs": theirs, "base": base, "union": either}[self.strategy]

    # Directories.

    def merge_entries(self) -> tuple[dict[Path, Name], set[Path]]:
        root = self.merge_directories((), *map(nested, (self.base, self.ours, self.theirs)))
        return flat(root or {})

    def merge_directories(self, path: Path, *sides: dict[str, Any] | None) -> dict[str, Any] | None:
        """One that a side removed is gone, unless something is left in it."""
        names = sorted({name for side in sides for name in side or ()})
        found = {name: self.merge_entry((*path, name), *((side or {}).get(name) for side in sides)) for name in names}
        kept = {name: entry for name, entry in found.items() if entry is not None}
        return kept if kept or None not in sides[1:] else None

    def merge_entry(self, path: Path, base: Any, ours: Any, theirs: Any) -> Any:
        if is_settled(base, ours, theirs):
            return theirs if ours == base else ours
        if not any(isinstance(one, tuple) for one in (base, ours, theirs)):
            return self.merge_directories(path, base, ours, theirs)
        self.clashes.add(path)
        return self.dispute(("entry", path), base, ours, theirs)

    # What is said of a file.

    def merge_file(self, name: Name, base: File | None, ours: File | None, theirs: File | None) -> File | None:
        """Whether a file stays that one side dropped is not decided here."""
        if is_settled(base, ours, theirs):
            return theirs if ours == base else ours
        if ours is None or theirs is None:
            return None
        before = base or File("", "")
        if (base is None and ours.data != theirs.data) or len({before.data, ours.data, theirs.data}) > 2:
            return self.dispute(("file", name), base, ours, theirs) or ours
        return replace(
            ours,
            data=self.settle((), before.data, ours.data, theirs.data),
            values=self.merge_values(name, dict(before.values), dict(ours.values), dict(theirs.values)),
            instances=self.merge_instances(name, *(dict(one.instances) for one in (before, ours, theirs))),
            annotated=self.settle((), before.annotated, ours.annotated, theirs.annotated),
        )

    def merge_values(self, file: Name, *sides: dict[str, int]) -> frozenset[tuple[str, int]]:
        names = {name for side in sides for name in side}
        found = {name: self.settle(("variable", file, name), *(side.get(name) for side in sides)) for name in names}
        return frozenset((name, value) for name, value in found.items() if value is not None)

    def merge_instances(self, file: Name, *sides: dict[Name, Any]) -> Instances:
        ids = {id_ for side in sides for id_ in side}
        found = {id_: self.merge_instance((file, id_), *(side.get(id_) for side in sides)) for id_ in ids}
        return frozenset((id_, one) for id_, one in found.items() if one is not None)

    def merge_instance(self, place: Place, *sides: Any) -> Any:
        """Label and place each on their own, where all three have it and no part was changed by both."""
        if None not in sides:
            apart = Merge(self.base, self.ours, self.theirs, self.order)
            parts = tuple(apart.settle(("part",), *(side[part] for side in sides)) for part in range(2))
            if not apart.conflicts:
                return parts
        return self.settle(("instance", *place), *sides)

    # Declarations.

    def merge_variables(self, used: set[str]) -> tuple[str, ...]:
        sides = [dict.fromkeys(side.variables, "int") for side in (self.base, self.ours, self.theirs)]
        is_whole = is_settled(self.base.variables, self.ours.variables, self.theirs.variables)
        return tuple(self.merge_declared("variable declaration", sides, used, is_whole=is_whole))

    def merge_labels(self, used: set[str]) -> tuple[tuple[str, int], ...]:
        """A new one that both have takes the lower of its numbers; then no number is there twice, the older keeping
        its own."""
        base, ours, theirs = (dict(side.labels) for side in (self.base, self.ours, self.theirs))
        is_whole = is_settled(self.base.labels, self.ours.labels, self.theirs.labels)
        if not is_whole:
            for name in (ours.keys() & theirs.keys()) - base.keys():
                ours[name] = theirs[name] = min(ours[name], theirs[name])
        return numbered(self.merge_declared("label declaration", [base, ours, theirs], used, is_whole=is_whole), base)

    def merge_declared(
        self, subject: str, sides: list[dict[str, Any]], used: set[str], *, is_whole: bool
    ) -> dict[str, Any]:
        """In the order of the one side that changed something; else of the base, then by name. What a side removed and
        a changed file uses stays."""
        base, ours, theirs = sides
        names = [*base, *sorted({*ours, *theirs} - {*base})]
        if is_whole:
            found = dict(theirs if list(ours.items()) == list(base.items()) else ours)
        else:
            settled = {name: self.settle((subject, name), *(side.get(name) for side in sides)) for name in names}
            found = {name: one for name, one in settled.items() if one is not None}
        for name in names:
            if name in used and name not in found:
                found[name] = next(side[name] for side in (ours, theirs, base) if name in side)
        return found


@dataclass
class Presence:
    """Brings entries and files of a result together: files are those that an entry holds."""

    merge: Merge
    entries: dict[Path, Name]
    directories: set[Path]
    merged: dict[Name, File | None]
    files: dict[Name, File] = field(default_factory=dict)
    given: set[Path] = field(default_factory=set)
    """Names that were handed out."""

    def settle(self) -> None:
        held = set(self.entries.values())
        torn = []
        for name in self.merge.names():
            base, ours, theirs = self.merge.records(name)
            if name in held:
                self.files[name] = next(one for one in (self.merged[name], ours, theirs, base) if one is not None)
            elif ours is not None and theirs is not None and base is not None:
                torn.append(name)
            elif base is not None and (ours or theirs) not in (None, base):
                self.contest(name, base, ours, theirs)
            elif self.merge.strategy == "union" and theirs is not None:
                self.put_beside(name, theirs)
        for is_ours, side in ((True, self.merge.ours), (False, self.merge.theirs)):
            for name in torn:
                for place in self.free(path for path in paths_of(side, name) if not self.clash_at(path)):
                    sides = (name, name, None) if is_ours else (name, None, name)
                    if self.merge.dispute(("entry", place), *sides) is not None:
                        self.hold(place, name)
                        self.files[name] = self.merged[name]  # type: ignore[assignment]

    def contest(self, name: Name, base: File, ours: File | None, theirs: File | None) -> None:
        """One side dropped a file, the other changed it."""
        result = self.merge.dispute(("file", name), base, ours, theirs)
        if result is not None:
            kept = self.merge.theirs if ours is None else self.merge.ours
            for place in self.free(paths_of(kept, name)):
                self.hold(place, name)
            self.files[name] = result

    def put_beside(self, name: Name, theirs: File) -> None:
        """Theirs came to a name that ours has of something else."""
        came = {*paths_of(self.merge.theirs, name)} - {*paths_of(self.merge.base, name)}
        for place in self.free(came) if came else ():
            self.hold(place, name)
            self.files[name] = theirs

    def hold(self, path: Path, name: Name) -> None:
        self.entries[path] = name
        self.directories |= parents(path)

    def free(self, wanted: Iterable[Path]) -> list[Path]:
        """Those that are free, or else one beside the first: with a number in the first name that is in the way."""
        paths = sorted(wanted)
        chosen = [path for path in paths if self.is_free(path)] or [self.beside(path) for path in paths[:1]]
        self.given.update(chosen)
        return chosen

    def clash_at(self, path: Path) -> bool:
        return any(path[:depth] in self.merge.clashes for depth in range(1, len(path) + 1))

    def is_free(self, path: Path) -> bool:
        inner = {one for given in self.given for one in parents(given)}
        return not (
            path in self.entries
            or path in self.given
            or path in self.directories | inner
            or any(one in self.entries or one in self.given for one in parents(path))
        )

    def beside(self, path: Path) -> Path:
        deep = next((n for n in range(1, len(path)) if {path[:n]} & (self.entries.keys() | self.given)), len(path))
        above, name, below = path[: deep - 1], path[deep - 1], path[deep:]
        others = ((*above, f"{name}~{number}", *below) for number in range(1, 100))
        return next(other for other in others if self.is_free(other))


def is_settled(base: object, ours: object, theirs: object) -> bool:
    """Whether not more than one side changed a thing, or both alike."""
    return ours == theirs or base in (ours, theirs)


def numbered(labels: dict[str, int], older: Iterable[str]) -> tuple[tuple[str, int], ...]:
    """No number twice: those of the older labels stay."""
    older = set(older)
    taken: set[int] = set()
    homeless = []
    for name in sorted(labels, key=lambda name: name not in older):
        if labels[name] in taken:
            homeless.append(name)
        taken.add(labels[name])
    free = max(taken, default=-1) + 1
    fresh = dict(zip([name for name in labels if name in homeless], range(free, free + len(homeless)), strict=True))
    return tuple((name, fresh.get(name, number)) for name, number in labels.items())


def paths_of(state: State, name: Name) -> list[Path]:
    return [path for path, file in state.entries.items() if file == name]


def nested(state: State) -> dict[str, Any]:
    """Directories as dicts: name -> file or dict."""
    root: dict[str, Any] = {}
    for path in sorted(state.directories):
        inside = root
        for name in path:
            inside = inside.setdefault(name, {})
    for path, file in state.entries.items():
        inside = root
        for name in path[:-1]:
            inside = inside[name]
        inside[path[-1]] = file
    return root


def flat(root: dict[str, Any], above: Path = ()) -> tuple[dict[Path, Name], set[Path]]:
    entries: dict[Path, Name] = {}
    directories = {above}
    for name, entry in root.items():
        if isinstance(entry, tuple):
            entries[(*above, name)] = entry
        else:
            below = flat(entry, (*above, name))
            entries |= below[0]
            directories |= below[1]
    return entries, directories
