"""Which files a merged tree has: exactly those that its directories hold.

Directories and records were merged each on their own. What one side dropped is there again where the other put it
into another directory. What one side dropped and the other changed is a conflict, and so is a file that each side took
out of other directories, so that none is left: no file goes in silence.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field

from dvcore.history.entry_moves import Moves
from dvcore.history.free_names import FreeNames
from dvcore.history.merging_annotations import RecordMerger
from dvcore.history.settling import Strategy
from dvcore.ids import FileId
from dvcore.model.conflicts import Sides, entry_place
from dvcore.model.files import FileRecord, encode_record
from dvcore.model.names import Path
from dvcore.model.tree import FileEntry, encode_entry
from dvcore.repo.edits import Change, Edits
from dvcore.repo.treereader import TreeReader


@dataclass(frozen=True, slots=True)
class Suspects:
    """Files that may be held and have no record, or the other way round: `contested`, dropped by one side and changed
    by the other; `disputed`, whose entries the sides are in conflict about, at the paths `clashes`; and what either
    side moved."""

    contested: Collection[FileId]
    disputed: Collection[FileId]
    clashes: Collection[Path]
    ours: Moves
    theirs: Moves

    def __iter__(self) -> Iterator[FileId]:
        moved = self.ours.left.keys() | self.ours.came.keys() | self.theirs.left.keys() | self.theirs.came.keys()
        return iter(sorted(moved.union(self.contested, self.disputed)))

    def known_paths(self, file: FileId) -> set[Path]:
        """Paths that it had or has on some side; not all."""
        maps = (self.ours.left, self.ours.came, self.theirs.left, self.theirs.came)
        return set().union(*(one.get(file, ()) for one in maps))

    def clash_at(self, path: Path) -> bool:
        """Whether the sides are in conflict about what is there."""
        return any(path[: len(clash)] == clash for clash in self.clashes)


@dataclass(slots=True)
class Presence:
    """Collects the edits that bring files and records of a merged tree together."""

    base: TreeReader
    ours: TreeReader
    theirs: TreeReader
    result: TreeReader
    records: RecordMerger
    note_use: Callable[[bytes], None]
    edits: Edits = field(default_factory=Edits)
    names: FreeNames = field(init=False)

    def __post_init__(self) -> None:
        self.names = FreeNames(self.result)

    def settle(self, suspects: Suspects) -> Edits:
        """The edits of the result."""
        files = list(suspects)
        held = self._held(files, suspects)
        torn = [file for file in files if file not in held and self._is_everywhere(file)]
        for file in files:
            if file in held:
                self._set(file, self._standing(file))
            elif file in suspects.contested:
                self._settle_contested(file, suspects)
            elif not self._is_everywhere(file):
                self._displace(file, suspects)
        self._settle_torn(torn, suspects)
        return self.edits

    def _held(self, files: Iterable[FileId], suspects: Suspects) -> set[FileId]:
        """The suspects that some directory of the result holds. All of it is looked through only for files that both
        sides have, and took out of different directories or are in conflict about."""
        held: set[FileId] = set()
        open_ = []
        for file in files:
            if any(self.result.find_entry(path) == FileEntry(file) for path in suspects.known_paths(file)):
                held.add(file)
            elif self._is_everywhere(file):
                left = suspects.ours.left.get(file, set()), suspects.theirs.left.get(file, set())
                if file not in suspects.disputed and (left[0] <= left[1] or left[1] <= left[0]):
                    held.add(file)  # the side that took out more has it somewhere still, and so has the other
                else:
                    open_.append(file)
        found = self.result.certain_paths_of(open_) if open_ else {}
        return held | {file for file, paths in found.items() if paths}

    def _is_everywhere(self, file: FileId) -> bool:
        return all(side.files.get(file) is not None for side in (self.base, self.ours, self.theirs))

    def _standing(self, file: FileId) -> FileRecord | None:
        """The record of a file that is held: merged already, or that of the side that did not drop it."""
        for side in (self.result, self.ours, self.theirs, self.base):
            record = side.find_record(file)
            if record is not None:
                return record
        return None

    def _displace(self, file: FileId, suspects: Suspects) -> None:
        """The file has no entry, and is to have none, unless it came to a name that ours has of something else."""
        places = suspects.theirs.came.get(file)
        if places and self.records.settler.strategy is Strategy.UNION:
            self._set(file, self.theirs.record(file))
            self._hold(file, self.names.places(places))
        else:
            self._set(file, None)

    def _settle_contested(self, file: FileId, suspects: Suspects) -> None:
        """One side dropped the file, the other changed it."""
        base, here, there = (side.find_record(file) for side in (self.base, self.ours, self.theirs))
        result = self.records.dispute_record(file, base, here, there)
        self._set(file, result)
        if result is not None:
            gone, kept = (suspects.ours, suspects.theirs) if here is None else (suspects.theirs, suspects.ours)
            was_at = gone.left.get(file, set()) - kept.left.get(file, set())
            self._hold(file, self.names.places(was_at | kept.came.get(file, set())))

    def _settle_torn(self, torn: Collection[FileId], suspects: Suspects) -> None:
        """Both sides have the files, and none is left: each took them out of other directories, or put them where the
        other put something else. There is a conflict about that place already."""
        if not torn:
            return
        held = set()
        for side, is_ours in ((self.ours, True), (self.theirs, False)):
            for file, paths in side.certain_paths_of(torn).items():
                entry = encode_entry(FileEntry(file))
                for place in self.names.places(path for path in paths if not suspects.clash_at(path)):
                    sides = Sides(entry, entry if is_ours else None, None if is_ours else entry)
                    if self.records.settler.dispute(entry_place(place), sides) is not None:
                        self._hold(file, [place])
                        held.add(file)
        for file in set(torn) - held:
            self._set(file, None)

    def _hold(self, file: FileId, paths: Iterable[Path]) -> None:
        for path in paths:
            self.edits.entries[path] = Change(None, FileEntry(file))

    def _set(self, file: FileId, record: FileRecord | None) -> None:
        before = self.result.find_record(file)
        if record != before:
            self.edits.files[file] = Change(before, record)
            if record is not None:
                self.note_use(encode_record(record))
