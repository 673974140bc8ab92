"""Histories of trees that are made of plain data, node by node: deep maps and strange commits without the work of
making them by commands."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from dvcore.ids import AnnotationsId, BlobId, CommitId, FileId, ManifestId, NodeId, TreeId, digest
from dvcore.model.commit import Commit
from dvcore.model.files import FileRecord, encode_record
from dvcore.model.manifest import Manifest, encode_manifest
from dvcore.model.tree import Directory, FileEntry, Tree, encode_entry
from dvcore.prolly import build
from dvcore.repo.links import Kind, Link, iter_reachable
from dvcore.repo.objects import save_commit, save_tree

Files = Mapping[str, int]
"""Path -> a number that stands for the file's bytes; negative ones are annotated, too."""


@dataclass
class Given:
    """A commit: its files, its parents by their places, its time; with a manifest of `examples` entries."""

    files: Files
    parents: list[int] = field(default_factory=list)
    time: int = 0
    examples: int | None = None


class World:
    """Objects in a dict, and the commits among them."""

    def __init__(self) -> None:
        self.data: dict[bytes, bytes] = {}
        self.commits: list[CommitId] = []

    def put(self, data: bytes, /) -> bytes:
        self.data[digest(data)] = data
        return digest(data)

    def read(self, object_id: bytes, /) -> bytes:
        return self.data[object_id]

    def add(self, given: Given) -> CommitId:
        parents = tuple(self.commits[parent] for parent in given.parents)
        manifest = None if given.examples is None else self._save_manifest(given.examples)
        message = f"commit {len(self.commits)}"
        commit = Commit(self.save_tree(given.files), parents, "Ada", given.time, message, manifest=manifest)
        self.commits.append(save_commit(self, commit))
        return self.commits[-1]

    def save_tree(self, files: Files) -> TreeId:
        records = {_file_id(path): _record(self, number) for path, number in files.items()}
        return save_tree(self, Tree(self._save_directory(files), build(self, sorted(records.items()))))

    def load(self, links: Iterable[Link]) -> list[tuple[Link, bytes]]:
        return [(link, self.data[link.id]) for link in links]

    def closure(self, commits: Iterable[CommitId]) -> set[Link]:
        """All that commits lead to, each link followed by itself."""
        seen: set[Link] = set()

        def enter(link: Link) -> bool:
            is_new = link not in seen
            seen.add(link)
            return is_new

        starts = [Link(Kind.COMMIT, one) for one in commits]
        return {*iter_reachable(self.read, starts, enter)}

    def commits_of(self, commits: Iterable[CommitId]) -> set[bytes]:
        """The commits that commits lead to."""
        return {link.id for link in self.closure(commits) if link.kind is Kind.COMMIT}

    def _save_directory(self, files: Files) -> Directory:
        below: dict[str, dict[str, int]] = {}
        entries: dict[bytes, bytes] = {}
        for path, number in files.items():
            name, _, rest = path.partition("/")
            if rest:
                below.setdefault(name, {})[rest] = number
            else:
                entries[name.encode()] = encode_entry(FileEntry(_file_id(path)))
        directories = {name: self._save_directory(inside) for name, inside in below.items()}
        entries |= {name.encode(): encode_entry(one) for name, one in directories.items()}
        return Directory(build(self, sorted(entries.items())), len(files), len(directories))

    def _save_manifest(self, examples: int) -> ManifestId:
        root = build(self, [(digest(b"%d" % number), b"example") for number in _sorted(range(examples))])
        nothing = build(self, ())
        return ManifestId(self.put(encode_manifest(Manifest((), NodeId(root), nothing, (), {}, {}))))


class CountingLoad:
    """Loads from a world and counts."""

    def __init__(self, world: World, check: Callable[[Link], bool] = lambda _: True) -> None:
        self._world = world
        self._check = check
        self.rounds = 0
        self.links: list[Link] = []

    def __call__(self, links: Iterable[Link]) -> Iterator[tuple[Link, bytes]]:
        self.rounds += 1
        wanted = list(links)
        self.links += wanted
        assert len(set(wanted)) == len(wanted)
        assert all(map(self._check, wanted))
        return iter(self._world.load(reversed(wanted)))


def _sorted(numbers: Iterable[int]) -> list[int]:
    return sorted(numbers, key=lambda number: digest(b"%d" % number))


def _file_id(path: str) -> FileId:
    return FileId(digest(path.encode()))


def _record(world: World, number: int) -> bytes:
    blob = BlobId(digest(b"blob %d" % number))
    annotations = AnnotationsId(world.put(b"annotations %d" % number)) if number < 0 else None
    return encode_record(FileRecord(blob, 1, blob, annotations=annotations))
