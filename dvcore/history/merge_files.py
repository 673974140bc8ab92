"""Three-way merge of the files of two trees: whose record counts, and which files stay at all.

A file is there as long as some directory holds it. So what one side dropped stays where the other side put it into
another directory; where the other side only changed it, the two are in conflict, and the file is not gone in silence.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from dvcore.history.entry_moves import Moves, find_moves
from dvcore.history.merging_annotations import RecordMerger
from dvcore.history.settling import is_settled, merged
from dvcore.history.three_ways import ThreeWays, iter_three_ways
from dvcore.ids import FileId
from dvcore.model.conflicts import Sides, entry_place
from dvcore.model.files import FileRecord, decode_record
from dvcore.model.names import Path, format_path
from dvcore.model.tree import Directory, Entry, FileEntry, decode_entry, encode_entry
from dvcore.prolly import ProllyMap
from dvcore.repo.edits import Change, Edits
from dvcore.repo.treereader import TreeReader

_Records = tuple[FileRecord | None, FileRecord | None, FileRecord | None]


@dataclass(slots=True)
class FileMerger:
    """Adds to `edits`, which hold those of the directories already. `notes` say what nobody may have meant."""

    base: TreeReader
    ours: TreeReader
    theirs: TreeReader
    records: RecordMerger
    edits: Edits
    saw: Callable[[FileRecord], None]
    """Gets every record of the result that a side changed."""
    notes: list[str] = field(default_factory=list)
    _dropped: dict[FileId, _Records] = field(default_factory=dict)
    """Files that a side dropped and the other did not."""

    def merge(self) -> None:
        """Merge all files."""
        trees = (self.base.tree.files, self.ours.tree.files, self.theirs.tree.files)
        for one in iter_three_ways(self.ours.objects, *trees):
            self._merge_file(FileId(one.key), one)
        ours, theirs = find_moves(self.base, self.ours, self.theirs, self._dropped)
        for file, records in self._dropped.items():
            self._settle_dropped(file, records, ours, theirs)
        self._keep_torn(ours, theirs)
        self._note_spread(ours, theirs)

    def _merge_file(self, file: FileId, one: ThreeWays) -> None:
        base, ours, theirs = map(_decoded, (one.base, one.ours, one.theirs))
        if ours is None and theirs is None:
            return
        if base is not None and (ours is None or theirs is None):
            self._dropped[file] = base, ours, theirs
            return
        if ours is None or theirs is None or is_settled(one.base, one.ours, one.theirs):
            self._set(file, ours, merged(base, ours, theirs))
        else:
            self._set(file, ours, self.records.merge(file, base, ours, theirs))

    def _settle_dropped(self, file: FileId, records: _Records, ours: Moves, theirs: Moves) -> None:
        """One side dropped the file. Where the other put it elsewhere, that one's record stands."""
        base, here, there = records
        if file in (theirs if here is None else ours).came:
            self._set(file, here, here or there)
            return
        result = self.records.settle_record(file, base, here, there)
        self._set(file, here, result)
        if result is not None:
            self._hold(file, self.theirs if here is None else self.ours)

    def _keep_torn(self, ours: Moves, theirs: Moves) -> None:
        """A file that each side took out of other directories, so that none is left: a conflict at our paths."""
        for file in sorted(ours.left.keys() & theirs.left.keys() - self._dropped.keys()):
            if file in theirs.came or self.ours.files.get(file) is None:
                continue
            paths = self.ours.certain_paths_of([file])[file]
            if paths and all(path in theirs.left[file] for path in paths):
                for path in paths:
                    entry = encode_entry(FileEntry(file))
                    base = entry if path in theirs.left[file] else None
                    self.records.settler.conflicts[entry_place(path)] = Sides(base, entry, None)
                self._hold(file, self.ours)

    def _hold(self, file: FileId, side: TreeReader) -> None:
        """Let the result hold the file where a side has it, unless the name is another file's there."""
        for path in side.certain_paths_of([file])[file]:
            change = self.edits.entries.get(path)
            if change is not None:
                if change.after is None and isinstance(change.before, FileEntry):
                    self.edits.entries[path] = Change(change.before, FileEntry(file))
            elif self._find_result(path) is None:
                self.edits.entries[path] = Change(None, FileEntry(file))

    def _find_result(self, path: Path) -> Entry | None:
        """What the edits so far leave at a path that none of them names itself."""
        for depth in range(len(path) - 1, 0, -1):
            change = self.edits.entries.get(path[:depth])
            if change is not None:
                return self._find_under(change.after, path[depth:])
        return self.ours.find_entry(path)

    def _find_under(self, entry: Entry | None, path: Path) -> Entry | None:
        for name in path:
            if not isinstance(entry, Directory):
                return entry
            data = ProllyMap(self.ours.objects, entry.root).get(name.encode())
            entry = None if data is None else decode_entry(data)
        return entry

    def _set(self, file: FileId, ours: FileRecord | None, result: FileRecord | None) -> None:
        if result is not None:
            self.saw(result)
        if result != ours:
            self.edits.files[file] = Change(ours, result)

    def _note_spread(self, ours: Moves, theirs: Moves) -> None:
        """Files that end in more directories than either side had them in."""
        spread = [
            file
            for file in ours.came.keys() & theirs.came.keys()
            if _gained(theirs, ours, file) > 0 and _gained(ours, theirs, file) > 0
        ]
        if spread:
            paths = sorted(min(ours.came[file]) for file in spread)
            named = ", ".join(map(format_path, paths[:5])) + (", …" if len(paths) > 5 else "")
            self.notes.append(f"in more directories than either side had them in: {named}")


def _gained(mover: Moves, other: Moves, file: FileId) -> int:
    """By how many entries of the file the result is more than what the other side has."""
    came = mover.came.get(file, set()) - other.came.get(file, set())
    left = mover.left.get(file, set()) - other.left.get(file, set())
    return len(came) - len(left)


def _decoded(data: bytes | None) -> FileRecord | None:
    return None if data is None else decode_record(data)
