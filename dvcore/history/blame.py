"""Which commit made each instance and variable of a file what it is now.

The parts of a file are asked after from new to old. A commit hands on to a parent what the parent has likewise, to the
first that has it; what no parent has likewise is of the commit. So what a merge took over from one side is asked after
on that side. The search ends as soon as nothing is asked after any more.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from heapq import heappop, heappush

from dvcore.encoding import encode
from dvcore.errors import InvalidInputError
from dvcore.ids import CommitId, FileId, InstanceId, TreeId
from dvcore.model.annotations import Instance, encode_instance
from dvcore.model.commit import Commit
from dvcore.model.files import decode_record
from dvcore.model.names import Path, format_path
from dvcore.model.tree import FileEntry
from dvcore.model.values import Value
from dvcore.prolly import NodeCache, ProllyMap
from dvcore.repo.commits import head_commit
from dvcore.repo.objects import Objects
from dvcore.repo.repository import Repository
from dvcore.repo.revisions import Revision, dataset_parent

Part = str | InstanceId
"""A variable by its name, an instance by its id; "" is the file's bytes, which no variable is called."""
_BYTES: Part = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """The commit that made a part what it is; `id` and `commit` are None where it is not committed."""

    id: CommitId | None = None
    commit: Commit | None = None


@dataclass(frozen=True, slots=True)
class Blame:
    """Of one file: whose its bytes are, each value that somebody gave it, and each instance."""

    file: FileId
    data: Origin
    variables: Mapping[str, tuple[Value, Origin]]
    instances: tuple[tuple[Instance, Origin], ...]


def blame_file(repository: Repository, revision: Revision, path: Path) -> Blame:
    """Blame the file at a path of a revision.

    Raises NotFoundError, InvalidInputError for a directory, CorruptError, NeedsNewerError.
    """
    reader = repository.tree(revision.tree)
    entry = reader.entry(path)
    if not isinstance(entry, FileEntry):
        raise InvalidInputError(f"{format_path(path) or '/'!r} is a directory", hint="name a file")
    search = _Search(reader.objects, entry.file)
    search.begin(repository, revision)
    search.run()
    record = reader.record(entry.file)
    values = sorted(reader.stated_variables(record).items())
    instances = reader.annotations(record).instances
    return Blame(
        entry.file,
        search.found[_BYTES],
        {name: (value, search.found[name]) for name, value in values},
        tuple((one, search.found[one.id]) for one in instances),
    )


class _Search:
    """Asks commits, the newest first, what they made of one file."""

    def __init__(self, objects: Objects, file: FileId) -> None:
        self.found: dict[Part, Origin] = {}
        self._objects = objects
        self._nodes = NodeCache(objects)
        self._file = file
        self._asked: dict[CommitId, set[Part]] = {}
        self._queue: list[tuple[int, CommitId, Commit]] = []
        # A parent is asked next, mostly, and neighbours mostly have the same record.
        self._record = lru_cache(64)(self._read_record)
        self._parts = lru_cache(16)(self._read_parts)

    def begin(self, repository: Repository, revision: Revision) -> None:
        """Ask after all parts of the file as a revision has it."""
        everything = self._parts(self._record(revision.tree)).keys()
        if revision.commit is not None:
            self._hand_on(revision.commit, self._objects.load_commit(revision.commit), everything)
            return
        merging = self._objects.load_tree(revision.tree).merging
        parents = (head_commit(repository), None if merging is None else merging.parent)
        self._ask(revision.tree, [one for one in parents if one is not None], everything, Origin())

    def run(self) -> None:
        """Until all is found."""
        while self._queue:
            _, id_, commit = heappop(self._queue)
            self._ask(commit.tree, _parents(commit), self._asked.pop(id_), Origin(id_, commit))

    def _ask(self, tree: TreeId, parents: Collection[CommitId], parts: Collection[Part], origin: Origin) -> None:
        """Who made some parts what they are in a tree that comes of these parents: one of them, or else `origin`."""
        left = set(parts)
        record = self._record(tree)
        for parent in parents:
            if not left:
                return
            commit = self._objects.load_commit(parent)
            before = self._record(commit.tree)
            same = left if before == record else _alike(left, self._parts(before), self._parts(record))
            if same:
                self._hand_on(parent, commit, same)
                left -= set(same)
        self.found.update(dict.fromkeys(left, origin))

    def _hand_on(self, id_: CommitId, commit: Commit, parts: Collection[Part]) -> None:
        if id_ not in self._asked:
            self._asked[id_] = set()
            heappush(self._queue, (-commit.time, id_, commit))
        self._asked[id_].update(parts)

    def _read_record(self, tree: TreeId) -> bytes | None:
        return ProllyMap(self._nodes, self._objects.load_tree(tree).files).get(self._file)

    def _read_parts(self, data: bytes | None) -> dict[Part, bytes]:
        """Each part of a record, encoded."""
        if data is None:
            return {}
        record = decode_record(data)
        annotations = self._objects.load_annotations(record.annotations)
        parts: dict[Part, bytes] = {_BYTES: record.blob}
        parts |= {name: encode(value) for name, value in {**record.variables, **annotations.variables}.items()}
        parts |= {one.id: encode_instance(one) for one in annotations.instances}
        return parts


def _parents(commit: Commit) -> tuple[CommitId, ...]:
    """Of a snapshot's commit the dataset's: what came before it in the chain made nothing."""
    return commit.parents if commit.manifest is None else (dataset_parent(commit),)


def _alike(parts: Collection[Part], before: Mapping[Part, bytes], after: Mapping[Part, bytes]) -> set[Part]:
    return {part for part in parts if before.get(part) == after[part]}
