"""Shards on disk: made, or shared with a snapshot that has the same ones."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dvcore.errors import CorruptError
from dvcore.model.manifest import Shard
from dvcore.progress import Progress
from dvcore.repo.repository import Repository
from dvcore.snapshot.catalog import Snapshot, iter_exported_of
from dvcore.snapshot.engine import run_local
from dvcore.snapshot.files import has_size, is_sound, share_file, write_file
from dvcore.snapshot.naming import shard_name
from dvcore.snapshot.recipe import Recipe
from dvcore.snapshot.shards import Made, ShardPlan, make_shard, shard_inputs


@dataclass(frozen=True, slots=True)
class Workshop:
    """What making a project's shards takes; `jobs` are made at a time (None: one for each processor)."""

    repository: Repository
    project: str
    recipe: Recipe
    jobs: int | None
    progress: Progress


@dataclass(frozen=True, slots=True)
class KnownShard:
    """A shard whose file is on disk already, as far as name and size tell."""

    snapshot: Snapshot
    shard: Shard
    path: Path


Find = Callable[[ShardPlan], Iterable[KnownShard]]
"""The known shards that have the bytes of one that is wanted, if they are not damaged."""


@dataclass(frozen=True, slots=True)
class Filled:
    """The shards that are now in a folder, in the order asked for, and how many of them were shared."""

    made: tuple[Made, ...]
    shared: int


def fill_folder(
    workshop: Workshop,
    shards: Sequence[ShardPlan],
    folder: Path,
    *,
    find: Find,
    check: Callable[[Made], None] = lambda made: None,
) -> Filled:
    """Put these shards into a folder. Of those that `find` knows, one is shared whose bytes are those of its manifest:
    a file of two names is damaged under both, and must not get a third. The others are made, and `check` sees each
    before its file gets its name, and keeps it from that by raising.

    Raises InvalidInputError, StorageError, CorruptError, and what `check` raises.
    """
    shared: dict[int, Made] = {}
    for index, plan in enumerate(shards):
        found = next((one for one in find(plan) if is_sound(one.path, one.shard)), None)
        if found is not None:
            share_file(found.path, _path(workshop, folder, plan))
            shared[index] = _known_result(workshop.repository, found, plan)
    rest = [plan for index, plan in enumerate(shards) if index not in shared]
    made = iter(_write_shards(workshop, rest, folder, check))
    return Filled(tuple(shared.get(index) or next(made) for index in range(len(shards))), len(shared))


def iter_known(snapshots: Iterable[tuple[Snapshot, Path]]) -> Iterator[KnownShard]:
    """The shards with examples that are in the folders of these snapshots."""
    for snapshot, folder in snapshots:
        for shard in snapshot.manifest.shards:
            path = folder / snapshot.file_name(shard)
            if shard.examples and has_size(path, shard):
                yield KnownShard(snapshot, shard, path)


def by_inputs(known: Iterable[KnownShard], recipe: Recipe) -> Find:
    """Finds shards of a new snapshot, whose bytes nobody knows yet: the same inputs give the same bytes."""
    groups = _grouped(known, lambda shard: shard.inputs)
    return lambda plan: groups.get(shard_inputs(recipe, plan), ())


def by_bytes(known: Iterable[KnownShard], expected: Mapping[tuple[str, int], Shard]) -> Find:
    """Finds shards that a manifest names, whatever toolchain is here; `expected` is by split and index."""
    groups = _grouped(known, lambda shard: shard.blake3)
    return lambda plan: groups.get(expected[plan.split, plan.index].blake3, ())


def _grouped(known: Iterable[KnownShard], key: Callable[[Shard], bytes]) -> Mapping[bytes, Sequence[KnownShard]]:
    groups: defaultdict[bytes, list[KnownShard]] = defaultdict(list)
    for one in known:
        groups[key(one.shard)].append(one)
    return groups


def _write_shards(
    workshop: Workshop, shards: Sequence[ShardPlan], folder: Path, check: Callable[[Made], None]
) -> list[Made]:
    def work(plan: ShardPlan, advance: Callable[[], None]) -> Made:
        def make(write: Callable[[bytes], object]) -> Made:
            made = make_shard(workshop.repository.blobs, workshop.recipe, plan, write, advance)
            check(made)
            return made

        return write_file(_path(workshop, folder, plan), make)

    return run_local(work, shards, jobs=workshop.jobs, progress=workshop.progress)


def _path(workshop: Workshop, folder: Path, plan: ShardPlan) -> Path:
    return folder / shard_name(workshop.project, plan.split, plan.index, plan.count)


def _known_result(repository: Repository, known: KnownShard, plan: ShardPlan) -> Made:
    found = dict(iter_exported_of(repository, known.snapshot, (one.file for one in plan.examples)))
    digests = [exported.digest for exported in (found[one.file] for one in plan.examples) if exported is not None]
    if len(digests) != len(plan.examples):
        raise CorruptError(f"the manifest of {known.snapshot.name} lacks examples of {known.path.name}")
    return Made(replace(known.shard, split=plan.split, index=plan.index), tuple(digests))
