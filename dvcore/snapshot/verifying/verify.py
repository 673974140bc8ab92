"""Verifying a snapshot: its files against the manifest, or the manifest against shards that are made anew."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from dvcore.errors import StateError, StorageError
from dvcore.model.manifest import Manifest, Shard
from dvcore.progress import Progress, Silent
from dvcore.repo.bringing import bring_blobs
from dvcore.repo.projects import Url
from dvcore.repo.repository import Repository
from dvcore.snapshot.catalog.files import find_fault
from dvcore.snapshot.catalog.places import Elsewhere, Place, check_there, place_of, remake_command
from dvcore.snapshot.catalog.sidefiles import side_files
from dvcore.snapshot.catalog.snapshots import Snapshot, load_snapshot
from dvcore.snapshot.examples.recipe import find_toolchain_change, recipe_of
from dvcore.snapshot.planning.planner import make_plan
from dvcore.snapshot.shards.engine import Workers, run_local
from dvcore.snapshot.shards.rendering import Renderer
from dvcore.snapshot.shards.shard import Made, ShardPlan, plan_shards
from dvcore.snapshot.shards.shard_making import ShardMaker
from dvcore.snapshot.taking.leaving_out import not_rendered
from dvcore.snapshot.taking.recording import save_manifest
from dvcore.snapshot.verifying.differences import Differences
from dvcore.snapshot.verifying.rebuilding import find_differences
from dvcore.store import MemoryStore, ObjectDraft


@dataclass(frozen=True, slots=True)
class Verification:
    """`problems` are one line each. `notes` say what explains them, such as another toolchain. `differences` are
    those of the examples, where a rebuild found some."""

    snapshot: str
    shards: int
    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()
    differences: Differences = field(default_factory=Differences)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def verify_files(
    repository: Repository, name: str, *, folder: Path | Url | None = None, progress: Progress | None = None
) -> Verification:
    """Read the files of a snapshot and compare them with its manifest, in `folder`, which may be a URL, or where they
    were last written to.

    Raises NotFoundError, InvalidInputError, CorruptError, StorageError; StateError for a snapshot in memory that nobody
    wrote out.
    """
    snapshot = load_snapshot(repository, name)
    place, shards = place_of(repository, snapshot, folder), snapshot.manifest.shards
    try:
        check_there(snapshot, place)
    except StateError as gone:
        return Verification(snapshot.name, len(shards), (gone.message,), (gone.hint or "",))
    found = tuple(_find_problems(snapshot, place, progress or Silent()))
    notes = (f"'{remake_command(snapshot, place)}' makes files again",) if found else ()
    return Verification(snapshot.name, len(shards), found, notes)


def verify_rebuild(
    repository: Repository,
    name: str,
    *,
    folder: Path | Url | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Verification:
    """Make all shards and the manifest anew, from the tree and the blobs alone, without any file or cache, and compare
    them with the manifest. Where examples come out different, the files of the snapshot tell what differs in them, if
    they are in `folder` or where they were last written to. Absent blobs are brought.

    Raises NotFoundError, InvalidInputError, CorruptError; StateError where nobody can bring blobs.
    """
    snapshot = load_snapshot(repository, name)
    recipe = recipe_of(snapshot.definition)
    tree, without = repository.tree(snapshot.tree), not_rendered(repository, snapshot)
    plan = make_plan(repository, tree, snapshot.definition, private_index=True, without=without)
    shards = plan_shards(plan, snapshot.definition)
    bring_blobs(repository, (one.blob for one in plan.examples if recipe.pipelines), progress)
    maker = ShardMaker(Renderer(repository.blobs), repository.objects, recipe)

    def work(shard: ShardPlan, workers: Workers, advance: Callable[[int], None]) -> Made:
        return maker.make(shard, workers, advance, lambda _: None).made

    made = run_local(work, shards, jobs=jobs, progress=progress or Silent())
    # The draft is never written: only the roots of its maps are wanted.
    rebuilt = save_manifest(ObjectDraft(MemoryStore()), plan, shards, made, recipe)
    problems = _shard_differences(snapshot, made) or _example_differences(snapshot.manifest, rebuilt)
    problems += _count_differences(snapshot.manifest, rebuilt)
    change = find_toolchain_change(snapshot.manifest.toolchain, recipe)
    notes = () if change is None else (change,)
    differences = find_differences(repository, snapshot, maker, zip(shards, made, strict=True), folder)
    return Verification(snapshot.name, len(shards), tuple(problems), (*notes, *differences.lines()), differences)


def _find_problems(snapshot: Snapshot, place: Place | Elsewhere, progress: Progress) -> Iterator[str]:
    if isinstance(place, Elsewhere):
        from dvcore.snapshot.verifying.verify_elsewhere import find_problems  # noqa: PLC0415 - what reads from stores

        yield from find_problems(snapshot, place, progress)
        return
    problems = [_problem(place.path_of(snapshot, shard), shard) for shard in snapshot.manifest.shards]
    problems += [_side_problem(place.folder / file, data) for file, data in side_files(snapshot).items()]
    yield from (problem for problem in problems if problem is not None)


def _problem(path: Path, shard: Shard) -> str | None:
    try:
        return find_fault(path, shard)
    except StorageError as error:
        return str(error)


def _side_problem(path: Path, data: bytes) -> str | None:
    try:
        return None if path.read_bytes() == data else f"{path.name} was changed"
    except FileNotFoundError:
        return f"{path.name} is missing"
    except OSError as error:
        return f"{path.name} cannot be read: {error.strerror}"


def _shard_differences(snapshot: Snapshot, made: Sequence[Made]) -> list[str]:
    return [
        f"{snapshot.file_name(expected)} came out with other bytes"
        for expected, result in zip(snapshot.manifest.shards, made, strict=True)
        if expected != replace(result.shard, inputs=expected.inputs)  # inputs name the toolchain, which may differ
    ]


def _example_differences(expected: Manifest, rebuilt: Manifest) -> list[str]:
    """Of shards that are equal: where a shard differs, so does what the manifest says of its examples."""
    return ["the manifest names other examples than the commit gives"] if expected.examples != rebuilt.examples else []


def _count_differences(expected: Manifest, rebuilt: Manifest) -> list[str]:
    problems = []
    if (expected.left_out, expected.left_out_counts) != (rebuilt.left_out, rebuilt.left_out_counts):
        problems.append("the manifest names other files as left out than the commit gives")
    if expected.label_counts != rebuilt.label_counts:
        problems.append("the manifest has other counts of labels than the commit gives")
    return problems
