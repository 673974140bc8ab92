"""Checking a repository: every cell, every object and blob that something refers to, every link.

Finds what is damaged and names it; changes nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from dvcore.encoding import check_id, is_count
from dvcore.errors import DsetError, InvalidInputError
from dvcore.ids import BlobId, CommitId, FileId, ManifestId, NodeId, TreeId, digest, format_short
from dvcore.model.annotations import AnnotationSet
from dvcore.model.files import decode_record
from dvcore.model.geometry import Mask
from dvcore.model.manifest import decode_exported, decode_manifest, decode_reason
from dvcore.model.names import ROOT, Path, format_path, normalize_name
from dvcore.model.runlength import mask_of_counts
from dvcore.model.tree import Directory, FileEntry, decode_entry
from dvcore.prolly import ProllyMap, verify
from dvcore.repo.cells import COUNTERS, HEAD, SNAPSHOTS, iter_cells, snapshot_counter
from dvcore.repo.edits import count_directories
from dvcore.repo.operations import iter_operations
from dvcore.repo.repository import Repository


def check_repository(repository: Repository, *, read_blobs: bool = True) -> list[str]:
    """What is wrong, a line each; an empty list where all is well."""
    return _Check(repository, read_blobs).run()


class _Check:
    """One walk over everything that refs, working states and the operation log lead to."""

    def __init__(self, repository: Repository, read_blobs: bool) -> None:
        self.repository = repository
        self.read_blobs = read_blobs
        self.problems: list[str] = []
        self._done: set[bytes] = set()

    def run(self) -> list[str]:
        self._try("the operation log", self._check_log)
        self._try("the cells", self._check_cells)
        self._try("HEAD", self._check_head)
        return self.problems

    def _try(self, what: str, action: Callable[[], None]) -> None:
        """Run a part of the check; what it raises is a problem, and the others go on."""
        try:
            action()
        except DsetError as error:
            self.problems.append(f"{what}: {error.message}")

    def _check_head(self) -> None:
        self.repository.work(self.repository.branch())

    def _check_log(self) -> None:
        with self.repository.store.read() as transaction:
            operations = list(iter_operations(transaction))
        for operation in operations:
            for change in operation.changes:
                for value in (change.before, change.after):
                    self._follow(change.cell, value)

    def _check_cells(self) -> None:
        with self.repository.store.read() as transaction:
            cells = dict(iter_cells(transaction, ""))
        for cell, value in cells.items():
            if cell.startswith(("ref/", "work/")):
                self._follow(cell, value)
            elif cell != HEAD and not cell.startswith(("log/", "place/", COUNTERS)):
                self.problems.append(f"the cell {cell!r} is unknown to this version")
        self._check_counters(cells)

    def _check_counters(self, cells: Mapping[str, Any]) -> None:
        for cell in cells:
            if cell.startswith(SNAPSHOTS):
                name, number = cell.removeprefix(SNAPSHOTS).rsplit("/", 1)
                counter = cells.get(snapshot_counter(name))
                if not number.isdecimal() or not is_count(counter) or counter < int(number):
                    self.problems.append(f"the number of {name}@{number} would be given again: its counter is wrong")

    def _follow(self, cell: str, value: object) -> None:
        if value is None or cell == HEAD:
            return
        key = check_id(value, f"cell {cell!r}", "value")
        if cell.startswith("work/"):
            self._try(f"{cell} (tree {format_short(key)})", partial(self._check_tree, TreeId(key)))
        else:
            self._try(f"{cell} (commit {format_short(key)})", partial(self._check_commit, CommitId(key)))

    def _check_commit(self, start: CommitId) -> None:
        pending = [start]
        while pending:
            id_ = pending.pop()
            if id_ in self._done:
                continue
            self._check_bytes(id_)
            commit = self.repository.objects.load_commit(id_)
            pending.extend(commit.parents)
            self._try(f"commit {format_short(id_)}", partial(self._check_tree, commit.tree))
            if commit.manifest is not None:
                self._try(f"snapshot {format_short(id_)}", partial(self._check_manifest, commit.manifest))

    def _check_manifest(self, id_: ManifestId) -> None:
        self._check_bytes(id_)
        objects = self.repository.objects
        manifest = decode_manifest(objects.read(id_))
        for root, decode_value in ((manifest.examples, decode_exported), (manifest.left_out, decode_reason)):
            verify(objects, root)
            for _, value in ProllyMap(objects, root).iter_items():
                decode_value(value)

    def _check_tree(self, id_: TreeId) -> None:
        if id_ in self._done:
            return
        self._check_bytes(id_)
        reader = self.repository.tree(id_)
        verify(self.repository.objects, reader.tree.files)
        held = {file for _, file in self._iter_entries(ROOT, reader.tree.root)}
        recorded = set()
        for key, data in reader.files.iter_items():
            recorded.add(FileId(key))
            if digest(data) not in self._done:
                self._done.add(digest(data))
                self._try(f"file {format_short(key)}", partial(self._check_record, data))
        self._report_difference("a record but no entry", recorded - held)
        self._report_difference("an entry but no record", held - recorded)

    def _report_difference(self, what: str, files: set[FileId]) -> None:
        if files:
            self.problems.append(f"files with {what}: {len(files)}, such as {format_short(min(files))}")

    def _iter_entries(self, path: Path, directory: Directory) -> Iterator[tuple[Path, FileId]]:
        verify(self.repository.objects, NodeId(directory.root))
        files = directories = 0
        for key, value in ProllyMap(self.repository.objects, directory.root).iter_items():
            name, entry = key.decode(errors="replace"), decode_entry(value)
            if normalize_name(name).encode() != key:
                self.problems.append(f"{format_path(path)}: the name {name!r} is not in normal form")
            if isinstance(entry, FileEntry):
                files += 1
                yield (*path, name), entry.file
            else:
                files += entry.files
                directories += count_directories(entry)
                yield from self._iter_entries((*path, name), entry)
        if (files, directories) != (directory.files, directory.directories):
            self.problems.append(f"{format_path(path)!r} counts other numbers of files or directories than it holds")

    def _check_record(self, data: bytes) -> None:
        record = decode_record(data)
        if record.annotations is not None:
            self._check_bytes(record.annotations)
            self._check_masks(self.repository.objects.load_annotations(record.annotations))
        self._check_blob(record.blob, record.size)

    def _check_masks(self, annotations: AnnotationSet) -> None:
        """Loading does not look into run-length codes, of which there are many."""
        for instance in annotations.instances:
            if isinstance(instance.geometry, Mask):
                mask = instance.geometry
                try:
                    sound = mask_of_counts(mask.height, mask.width, mask.counts) == mask
                except InvalidInputError:
                    sound = False
                if not sound:
                    self.problems.append(f"the mask of instance {format_short(instance.id)} is none")

    def _check_blob(self, blob: BlobId, size: int) -> None:
        blobs = self.repository.blobs
        if self.read_blobs and blob not in self._done:
            self._done.add(blob)
            blobs.verify(blob)
        if blobs.size(blob) != size:
            self.problems.append(f"blob {format_short(blob)} has another size than its file says")

    def _check_bytes(self, id_: bytes) -> None:
        if id_ not in self._done:
            self._done.add(id_)
            if digest(self.repository.objects.read(id_)) != id_:
                self.problems.append(f"object {format_short(id_)} is damaged: its bytes have another hash")
