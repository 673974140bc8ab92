"""Which files of which sources an operation means."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from dvcore.errors import ConflictError, InvalidInputError
from dvcore.ids import FileId, digest
from dvcore.model.names import Path, format_path
from dvcore.model.tree import FileEntry
from dvcore.repo.treereader import TreeReader

Filter = Callable[[TreeReader, Collection[Path]], Iterable[Path]]
"""Paths of files under some paths that an expression holds for; the query layer provides it."""

_SAMPLE_SALT: Final = b"dset sample\0"


@dataclass(frozen=True, slots=True)
class Selection:
    """Narrows sources down: to those that a filter lets through, and of these to `sample` files, picked by a hash of
    the file id, which is independent of the split number."""

    where: Filter | None = None
    sample: int | None = None

    @property
    def is_everything(self) -> bool:
        """Whether nothing is narrowed."""
        return self.where is None and self.sample is None


EVERYTHING: Final = Selection()


@dataclass(frozen=True, slots=True)
class Selected:
    """A file under a source: its whole path, its path below the source (or its name), its id."""

    path: Path
    below: Path
    file: FileId


def select_files(reader: TreeReader, sources: Iterable[Path], selection: Selection = EVERYTHING) -> list[Selected]:
    """The files that the sources stand for, a directory standing for everything under it.

    Raises NotFoundError for a source that is not there.
    """
    wanted = list(sources)
    files = [one for source in wanted for one in iter_under(reader, source)]
    if selection.where is not None:
        passing = set(selection.where(reader, wanted))
        files = [one for one in files if one.path in passing]
    if selection.sample is not None:
        files = _sample(files, selection.sample)
    return files


def iter_selected(reader: TreeReader, sources: Iterable[Path], selection: Selection) -> Iterator[Selected]:
    """The same, not held in memory where all files are meant."""
    if not selection.is_everything:
        return iter(select_files(reader, sources, selection))
    return (one for source in sources for one in iter_under(reader, source))


def landing(destination: Path, selected: Iterable[Selected]) -> dict[Path, Selected]:
    """Where each file lands under a destination.

    Raises ConflictError, naming both, where two different ones would land in one place.
    """
    result: dict[Path, Selected] = {}
    for one in selected:
        target = (*destination, *one.below)
        other = result.setdefault(target, one)
        if other.file != one.file:
            raise ConflictError(
                f"{format_path(other.path)!r} and {format_path(one.path)!r} would both become {format_path(target)!r}",
                hint="bring them to different directories",
            )
    return result


def check_apart(source: Path, destination: Path) -> None:
    """Raises ConflictError where a directory would be put into itself."""
    if destination == source:
        raise ConflictError(f"{format_path(source)!r} is source and destination", hint="name another directory")
    if destination[: len(source)] == source:
        raise ConflictError(f"{format_path(destination)!r} lies inside {format_path(source)!r}")


def iter_under(reader: TreeReader, source: Path) -> Iterator[Selected]:
    """The files that one source stands for.

    Raises NotFoundError for a source that is not there.
    """
    entry = reader.entry(source)
    if isinstance(entry, FileEntry):
        yield Selected(source, source[-1:], entry.file)
    else:
        for path, file in reader.iter_files(source):
            yield Selected(path, path[len(source) :], file)


def _sample(files: list[Selected], count: int) -> list[Selected]:
    if count < 0:
        raise InvalidInputError(f"a sample of {count} files", hint="give 0 or more")
    ranked = sorted({one.file for one in files}, key=lambda file: digest(_SAMPLE_SALT + file))
    chosen = set(ranked[:count])
    return [one for one in files if one.file in chosen]
