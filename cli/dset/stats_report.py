"""What `dset stats` finds out, and the forms in which it tells it."""

from dataclasses import dataclass
from pathlib import Path as DiskPath

from dset.output import say_json
from dset.progress import shown_progress
from dset.stats_tables import say_statistics
from dset.textfiles import write_text
from dvcore.model.names import Path
from dvcore.repo.repository import Repository
from dvcore.repo.selection import Selection
from dvcore.repo.treereader import TreeReader
from dvcore.stats.collecting import collect
from dvcore.stats.document import statistics_json
from dvcore.stats.page import statistics_page
from dvcore.stats.statistics import Statistics, conclude


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants to know: of which directory, as they wrote it, and by which expression."""

    directory: str
    where: str | None


def find_statistics(
    repository: Repository, reader: TreeReader, path: Path, *, selection: Selection, depth: int
) -> Statistics:
    """The statistics of the files at and under a path, with progress shown."""
    tally = collect(
        reader, path, selection=selection, depth=depth, scratch=repository.scratch, progress=shown_progress()
    )
    return conclude(tally)


def report(asked: Asked, statistics: Statistics, *, as_json: bool, page: DiskPath | None) -> None:
    """Write the page where one is wanted; print JSON, or tables where neither is.

    Raises StorageError.
    """
    if page is not None:
        title = asked.directory or "all files"
        write_text(page, statistics_page(statistics, title=title, where=asked.where))
    if as_json:
        say_json({"directory": asked.directory, "where": asked.where, **statistics_json(statistics)})
    elif page is None:
        say_statistics(statistics)
