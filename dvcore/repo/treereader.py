"""One tree, read: entries by path, files by id."""

from collections.abc import Collection, Iterator
from pathlib import Path as FolderPath

from dvcore.errors import CorruptError, NotFoundError, nearest_hint
from dvcore.ids import FileId, TreeId
from dvcore.model.annotations import AnnotationSet
from dvcore.model.declarations import VariableDeclaration
from dvcore.model.files import FileRecord, decode_record
from dvcore.model.names import ROOT, Path, decode_name, format_path
from dvcore.model.tree import Directory, Entry, FileEntry, Tree, decode_entry
from dvcore.model.values import Value
from dvcore.prolly import NodeCache, ProllyMap
from dvcore.repo.holders import find_paths, find_paths_quickly
from dvcore.repo.objects import Objects


class TreeReader:
    """Looks things up in a tree; `cache` is a folder for indexes and private files, if there is one. `nodes` keeps what
    was read last; readers of several trees may share it. Methods that take a path raise NotFoundError where it does not
    lead anywhere."""

    def __init__(
        self,
        objects: Objects,
        tree_id: TreeId,
        cache: FolderPath | None = None,
        *,
        nodes: NodeCache | None = None,
    ) -> None:
        self.objects = objects
        self.cache = cache
        self.id = tree_id
        self.tree: Tree = objects.load_tree(tree_id)
        self.nodes = NodeCache(objects) if nodes is None else nodes
        self.files = ProllyMap(self.nodes, self.tree.files)
        self._defaults = {one.name: one.default for one in self.tree.variables if one.default is not None}

    def names(self, directory: Directory) -> ProllyMap:
        """The map of a directory: name in UTF-8 -> encoded entry."""
        return ProllyMap(self.nodes, directory.root)

    def find_entry(self, path: Path) -> Entry | None:
        """What a path leads to, or None."""
        entry: Entry = self.tree.root
        for name in path:
            if isinstance(entry, FileEntry):
                return None
            value = self.names(entry).get(name.encode())
            if value is None:
                return None
            entry = decode_entry(value)
        return entry

    def entry(self, path: Path) -> Entry:
        """What a path leads to."""
        entry = self.find_entry(path)
        if entry is None:
            raise self._not_found("file or directory", path)
        return entry

    def directory(self, path: Path) -> Directory:
        """The directory that a path leads to."""
        entry = self.find_entry(path)
        if isinstance(entry, FileEntry):
            raise NotFoundError(f"{format_path(path)!r} is a file", hint="name a directory")
        if entry is None:
            raise self._not_found("directory", path)
        return entry

    def iter_directory(self, directory: Directory) -> Iterator[tuple[str, Entry]]:
        """The entries of one directory in the order of their UTF-8 names."""
        for name, value in self.names(directory).iter_items():
            yield decode_name(name), decode_entry(value)

    def iter_files(self, path: Path = ROOT) -> Iterator[tuple[Path, FileId]]:
        """The file entries at and under a path, directories in the place of their names."""
        entry = self.entry(path)
        if isinstance(entry, FileEntry):
            yield path, entry.file
        else:
            yield from self._iter_under(path, entry)

    def iter_directories(self, path: Path = ROOT) -> Iterator[tuple[Path, Directory]]:
        """The directory at a path and those under it, each before what is in it."""
        directory = self.directory(path)
        yield path, directory
        for name, entry in self.iter_directory(directory):
            if isinstance(entry, Directory):
                yield from self.iter_directories((*path, name))

    def record(self, file: FileId) -> FileRecord:
        """The record of a file that some entry names.

        Raises CorruptError where there is none.
        """
        record = self.find_record(file)
        if record is None:
            raise CorruptError(f"the file {file.hex()} has an entry but no record")
        return record

    def find_record(self, file: FileId) -> FileRecord | None:
        """The record of a file, or None where this tree has no such file."""
        data = self.files.get(file)
        return None if data is None else decode_record(data)

    def iter_records(self) -> Iterator[tuple[FileId, FileRecord]]:
        """Every file, in the order of the ids."""
        for key, data in self.files.iter_items():
            yield FileId(key), decode_record(data)

    def annotations(self, record: FileRecord) -> AnnotationSet:
        """What people said about a file."""
        return self.objects.load_annotations(record.annotations)

    def stated_variables(self, record: FileRecord) -> dict[str, Value]:
        """The values that somebody gave: annotated ones over those given on entry."""
        return {**record.variables, **self.annotations(record).variables}

    def variables(self, record: FileRecord) -> dict[str, Value]:
        """The values in effect: those that somebody gave over the defaults of the declarations."""
        return {**self._defaults, **self.stated_variables(record)}

    def paths_of(self, files: Collection[FileId]) -> dict[FileId, list[Path]]:
        """All paths of some files, in the order of their UTF-8 bytes, to be shown: the answer may rest on an index."""
        return find_paths_quickly(self.cache, self.nodes, self.tree.root, files)

    def certain_paths_of(self, files: Collection[FileId]) -> dict[FileId, list[Path]]:
        """The same, for plans that rest on it. Looks at every entry of the tree."""
        return find_paths(self.nodes, self.tree.root, files)

    def variable(self, name: str) -> VariableDeclaration:
        """The declaration of a variable.

        Raises NotFoundError with the nearest name.
        """
        found = self.tree.find_variable(name)
        if found is None:
            near = nearest_hint(name, [one.name for one in self.tree.variables])
            hint = near or "'dset variable list' lists them, 'dset variable add' declares one"
            raise NotFoundError(f"no variable {name!r} is declared", hint=hint)
        return found

    def _iter_under(self, path: Path, directory: Directory) -> Iterator[tuple[Path, FileId]]:
        for name, entry in self.iter_directory(directory):
            if isinstance(entry, FileEntry):
                yield (*path, name), entry.file
            else:
                yield from self._iter_under((*path, name), entry)

    def _not_found(self, what: str, path: Path) -> NotFoundError:
        """Says which part of the path is missing and what is named nearly so beside it."""
        for depth in range(len(path)):
            parent = self.find_entry(path[:depth])
            if isinstance(parent, Directory) and self.find_entry(path[: depth + 1]) is None:
                beside = [name for name, _ in self.iter_directory(parent)]
                hint = nearest_hint(path[depth], beside)
                where = f" in {format_path(path[:depth])!r}" if depth else ""
                return NotFoundError(f"no {what} {path[depth]!r}{where}", hint=hint)
        return NotFoundError(f"no {what} {format_path(path)!r}")
