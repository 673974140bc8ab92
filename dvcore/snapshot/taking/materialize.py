"""Shards on disk: made, or shared with a snapshot that has the same ones."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dvcore.errors import CorruptError
from dvcore.model.manifest import Shard
from dvcore.model.shard_names import shard_name
from dvcore.progress import Progress
from dvcore.repo.bringing import bring_blobs
from dvcore.repo.repository import Repository
from dvcore.snapshot.catalog.files import Write, has_size, is_sound, share_file, write_file
from dvcore.snapshot.catalog.places import Elsewhere, Place
from dvcore.snapshot.catalog.snapshots import Snapshot, iter_exported_of
from dvcore.snapshot.examples.recipe import Recipe
from dvcore.snapshot.shards.donors import Donor
from dvcore.snapshot.shards.engine import Workers, run_local
from dvcore.snapshot.shards.image_cache import ImageCache
from dvcore.snapshot.shards.rendering import Renderer
from dvcore.snapshot.shards.shard import Made, ShardPlan, shard_inputs
from dvcore.snapshot.shards.shard_making import Making, ShardMaker


@dataclass(frozen=True, slots=True)
class Workshop:
    """What making a project's shards takes; `jobs` threads render (None: one for each processor). With `skips_bad`,
    images that cannot be rendered are left out."""

    repository: Repository
    project: str
    recipe: Recipe
    cache: ImageCache
    jobs: int | None
    progress: Progress
    skips_bad: bool = False


@dataclass(frozen=True, slots=True)
class KnownShard:
    """A shard whose file is on disk already, as far as name and size tell."""

    snapshot: Snapshot
    shard: Shard
    path: Path


Find = Callable[[ShardPlan], Iterable[KnownShard]]
"""Known shards that have something in common with one that is wanted, if they are not damaged."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where bytes may come from: `same` finds shards that have those of one that is wanted, `near` those that may have
    records of it."""

    same: Find
    near: Find


@dataclass(frozen=True, slots=True)
class Filled:
    """The shards that are now in a folder, in the order asked for, and how many of them were not made here."""

    made: tuple[Made, ...]
    shared: int


def fill_folder(
    workshop: Workshop,
    shards: Sequence[ShardPlan],
    folder: Path,
    sources: Sources,
    *,
    check: Callable[[Made], None] = lambda made: None,
) -> Filled:
    """Put these shards into a folder. One that is in it already, with a receipt, is left there; of those that other
    folders have, one is shared whose bytes are those of its manifest: a file of two names is damaged under both, and
    must not get a third. The others are made; `check` sees each before its file gets its name, and keeps it from that
    by raising.

    Raises InvalidInputError, StorageError, CorruptError, and what `check` raises.
    """
    ready: dict[int, Made] = {}
    for index, plan in enumerate(shards):
        made = _find_finished(workshop, folder, plan) or _find_shared(workshop, folder, plan, sources.same)
        if made is not None:
            check(made)
            ready[index] = made
    rest = [plan for index, plan in enumerate(shards) if index not in ready]
    made_here = iter(_write_shards(workshop, rest, folder, sources.near, check))
    return Filled(tuple(ready.get(index) or next(made_here) for index in range(len(shards))), len(ready))


def iter_known(snapshots: Iterable[tuple[Snapshot, Place | Elsewhere]]) -> Iterator[KnownShard]:
    """The shards with examples that are on this disk, of these snapshots in these places."""
    for snapshot, place in snapshots:
        for shard in snapshot.manifest.shards:
            path = place.path_of(snapshot, shard)
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


def by_place(known: Iterable[KnownShard]) -> Find:
    """Finds shards of the same split and index."""
    groups: defaultdict[tuple[str, int], list[KnownShard]] = defaultdict(list)
    for one in known:
        groups[one.shard.split, one.shard.index].append(one)
    return lambda plan: groups.get((plan.split, plan.index), ())


def _grouped(known: Iterable[KnownShard], key: Callable[[Shard], bytes]) -> Mapping[bytes, Sequence[KnownShard]]:
    groups: defaultdict[bytes, list[KnownShard]] = defaultdict(list)
    for one in known:
        groups[key(one.shard)].append(one)
    return groups


def _find_finished(workshop: Workshop, folder: Path, plan: ShardPlan) -> Made | None:
    """The shard that an interrupted process finished: its file is in its place, and has the bytes of its receipt."""
    path = _path(workshop, folder, plan)
    receipt = workshop.cache.find_receipt(shard_inputs(workshop.recipe, plan)) if path.exists() else None
    if receipt is None or not is_sound(path, receipt.shard):
        return None
    return replace(receipt.made, shard=replace(receipt.shard, split=plan.split, index=plan.index))


def _find_shared(workshop: Workshop, folder: Path, plan: ShardPlan, same: Find) -> Made | None:
    found = next((one for one in same(plan) if is_sound(one.path, one.shard)), None)
    if found is None:
        return None
    share_file(found.path, _path(workshop, folder, plan))
    return _known_result(workshop.repository, found, plan)


def _write_shards(
    workshop: Workshop, shards: Sequence[ShardPlan], folder: Path, near: Find, check: Callable[[Made], None]
) -> list[Made]:
    repository, recipe, cache = workshop.repository, workshop.recipe, workshop.cache
    renderer = Renderer(repository.blobs, cache)
    maker = ShardMaker(renderer, repository.objects, recipe, workshop.skips_bad)
    pipelines = renderer.pipeline_keys(recipe.pipelines)
    needed = (blob for plan in shards for blob in maker.iter_needed(plan, _find_donor(cache, near(plan))))
    bring_blobs(repository, needed, workshop.progress)

    def work(plan: ShardPlan, workers: Workers, advance: Callable[[int], None]) -> Made:
        path = _path(workshop, folder, plan)

        def make(write: Write) -> Making:
            making = maker.make(plan, workers, advance, write, _find_donor(cache, near(plan)))
            check(making.made)
            return making

        making = write_file(path, make)
        cache.put(making.receipt, path, making.places, pipelines)
        return making.made

    return run_local(work, shards, jobs=workshop.jobs, progress=workshop.progress)


def _find_donor(cache: ImageCache, near: Iterable[KnownShard]) -> Donor | None:
    for known in near:
        receipt = cache.find_receipt(known.shard.inputs)
        if receipt is not None and receipt.shard.blake3 == known.shard.blake3:
            return Donor(known.path, receipt)
    return None


def _path(workshop: Workshop, folder: Path, plan: ShardPlan) -> Path:
    return folder / shard_name(workshop.project, plan.split, plan.index, plan.count)


def _known_result(repository: Repository, known: KnownShard, plan: ShardPlan) -> Made:
    found = dict(iter_exported_of(repository, known.snapshot, (one.file for one in plan.examples)))
    digests = [exported.digest for exported in (found[one.file] for one in plan.examples) if exported is not None]
    if len(digests) != len(plan.examples):
        raise CorruptError(f"the manifest of {known.snapshot.name} lacks examples of {known.path.name}")
    return Made(replace(known.shard, split=plan.split, index=plan.index), tuple(digests))
