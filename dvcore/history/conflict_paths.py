"""Where the files of conflicts are, and which conflicts somebody means who names a path, a file or a declaration."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from dvcore.errors import NotFoundError
from dvcore.ids import FileId, format_short
from dvcore.model.conflicts import Conflict, Merging, Subject
from dvcore.model.names import Path, format_path, parse_path
from dvcore.model.tree import FileEntry, encode_entry
from dvcore.repo.conflicts import iter_conflicts
from dvcore.repo.objects import Objects
from dvcore.repo.treereader import TreeReader


@dataclass(frozen=True, slots=True)
class Chosen:
    """What somebody names: paths, a directory standing for all under it and the root for everything; files;
    declarations."""

    paths: Sequence[Path] = ()
    files: Sequence[FileId] = ()
    variables: Sequence[str] = ()
    labels: Sequence[str] = ()


Located = list[tuple[Path | None, Conflict]]
"""Conflicts, each with the path of what it is about, None for declarations."""


def list_conflicts(reader: TreeReader) -> Located:
    """All conflicts of a working state."""
    return locate(reader, list(iter_conflicts(reader.objects, reader.tree)))


def locate(reader: TreeReader, conflicts: Collection[Conflict]) -> Located:
    """Conflicts with their paths: of a file the first that it has here, or had in the trees that are merged. In the
    order of the paths, declarations last."""
    paths = {file: held[0] for file, held in file_paths(reader, conflicts).items() if held}
    located = [(_path(one, paths), one) for one in conflicts]
    return sorted(located, key=lambda one: (one[0] is None, one[0] or (), _order(one[1])))


def file_paths(reader: TreeReader, conflicts: Iterable[Conflict]) -> Mapping[FileId, list[Path]]:
    """The paths of the files of some conflicts: in the working state, else in theirs, else in the base."""
    files = {one.place.file for one in conflicts if one.place.file is not None}
    merging = reader.tree.merging
    found: dict[FileId, list[Path]] = {}
    for tree in (reader, *_sides(reader.objects, merging)):
        missing = [file for file in files if not found.get(file)]
        found |= tree.certain_paths_of(missing) if missing else {}
    return found


def conflicts_at(reader: TreeReader, path: Path) -> list[Conflict]:
    """Those about what is, or was, at or under a path; none where no merge has begun."""
    try:
        return [] if reader.tree.merging is None else choose_conflicts(reader, Chosen(paths=[path]))
    except NotFoundError:
        return []


def choose_conflicts(reader: TreeReader, chosen: Chosen) -> list[Conflict]:
    """The conflicts that are meant. Naming a file means those about its entries too.

    Raises NotFoundError for something that there is no conflict about.
    """
    conflicts = list(iter_conflicts(reader.objects, reader.tree))
    paths = file_paths(reader, conflicts)
    found: dict[Conflict, None] = {}
    for path in chosen.paths:
        entry = reader.find_entry(path)
        files = [entry.file] if isinstance(entry, FileEntry) else [file for file, held in paths.items() if path in held]
        _take(found, format_path(path) or "/", [one for one in conflicts if _is_at(one, path, paths, files)])
    for file in chosen.files:
        _take(found, format_short(file), [one for one in conflicts if _concerns(one, [file])])
    for subject, names in (
        (Subject.VARIABLE_DECLARATION, chosen.variables),
        (Subject.LABEL_DECLARATION, chosen.labels),
    ):
        for name in names:
            _take(found, name, [one for one in conflicts if (one.place.subject, one.place.name) == (subject, name)])
    return list(found)


def _take(found: dict[Conflict, None], name: str, meant: Sequence[Conflict]) -> None:
    if not meant:
        raise NotFoundError(f"there is no conflict about {name!r}", hint="'dset status' lists them")
    found.update(dict.fromkeys(meant))


def _is_at(one: Conflict, path: Path, paths: Mapping[FileId, Sequence[Path]], files: Collection[FileId]) -> bool:
    """Whether a conflict is about what is at or under a path, or about one of the files there."""
    if _concerns(one, files) or not path:
        return True
    if one.place.subject is Subject.ENTRY:
        return parse_path(one.place.name)[: len(path)] == path
    return one.place.file is not None and any(held[: len(path)] == path for held in paths.get(one.place.file, ()))


def _concerns(one: Conflict, files: Collection[FileId]) -> bool:
    if one.place.subject is Subject.ENTRY:
        return not {encode_entry(FileEntry(file)) for file in files}.isdisjoint(one.sides)
    return one.place.file in files


def _path(one: Conflict, paths: Mapping[FileId, Path]) -> Path | None:
    if one.place.subject is Subject.ENTRY:
        return parse_path(one.place.name)
    return None if one.place.file is None else paths.get(one.place.file)


def _order(one: Conflict) -> tuple[str, str]:
    return one.place.subject.value, one.place.name


def _sides(objects: Objects, merging: Merging | None) -> list[TreeReader]:
    return [] if merging is None else [TreeReader(objects, merging.theirs), TreeReader(objects, merging.base)]
