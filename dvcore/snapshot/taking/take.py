"""Taking a snapshot: plan, then work, then manifest.

The order is the safety: shards are made in a folder under another name; the manifest and the commit are recorded in one
transaction; then the folder gets its name. A crash before the transaction leaves no snapshot, one after it leaves a
snapshot without files. Either way the same command takes over the shards that were finished, and makes the others.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Final

from dvcore.encoding import encode
from dvcore.errors import StateError
from dvcore.ids import CommitId, TreeId, digest
from dvcore.model.definition import Definition, pack_definition
from dvcore.model.manifest import encode_manifest
from dvcore.progress import Progress, Silent
from dvcore.repo.commits import has_uncommitted
from dvcore.repo.projects import Project, find_place, load_project, record_place, record_snapshot
from dvcore.repo.repository import Repository, writes
from dvcore.repo.revisions import HEAD, dataset_parent, resolve_revision
from dvcore.repo.staging import abandoned_folder, mended_folder, resumable_folder
from dvcore.snapshot.catalog.files import is_sound
from dvcore.snapshot.catalog.folder import check_usable, clear_temporary, write_side_files
from dvcore.snapshot.catalog.naming import shard_name
from dvcore.snapshot.catalog.places import home_folder, place_of
from dvcore.snapshot.catalog.report import SnapshotReport, describe
from dvcore.snapshot.catalog.snapshots import Snapshot, find_snapshot, load_numbered
from dvcore.snapshot.examples.recipe import find_toolchain_change, recipe_of
from dvcore.snapshot.planning.findings import check_plan, plan_warnings
from dvcore.snapshot.planning.plan import Plan
from dvcore.snapshot.planning.planner import make_plan
from dvcore.snapshot.planning.sizing import with_shard_counts
from dvcore.snapshot.shards.image_cache import ImageCache
from dvcore.snapshot.shards.shard import Made, ShardPlan, plan_shards
from dvcore.snapshot.taking.leaving_out import NOT_RENDERED, leave_out, not_rendered
from dvcore.snapshot.taking.materialize import (
    Filled,
    KnownShard,
    Sources,
    Workshop,
    by_bytes,
    by_inputs,
    by_place,
    fill_folder,
    iter_known,
)
from dvcore.snapshot.taking.recording import save_manifest
from dvcore.store.durable import sync_folder
from dvcore.store.folders import clear_folder, publish

_RECENT: Final = 3
"""Snapshots whose files are looked at to share them."""


@writes
def take_snapshot(
    repository: Repository,
    project: str,
    *,
    at: str | None = None,
    out: Path | None = None,
    jobs: int | None = None,
    skip_bad: bool = False,
    progress: Progress | None = None,
) -> SnapshotReport:
    """Write the TFRecords of a project at a commit: HEAD, or the revision `at`. Where the project has a snapshot of the
    same tree already, it is that one, and files that are missing or damaged are made again.

    Files are written to `out`, or else to the repository's own place, and are looked for there from then on. `jobs`
    threads render (None: one for each processor). With `skip_bad`, images that cannot be rendered are left out, and the
    manifest names them.

    Raises NotFoundError, StateError (nothing committed, uncommitted changes, nothing to export, another toolchain),
    ConflictError (labels overlap, splits leak), InvalidInputError naming an image that cannot be rendered, ExistsError
    where `out` holds something else, StorageError, CorruptError.
    """
    loaded = load_project(repository, project)
    dataset = dataset_commit(repository, at)
    tree = repository.objects.load_commit(dataset).tree
    snapshot = find_snapshot(repository, loaded, tree)
    definition = loaded.definition if snapshot is None else snapshot.definition
    if out is not None:
        out = out.absolute()
        check_usable(out, snapshot)
    plan = make_plan(repository, repository.tree(tree), definition)
    with ImageCache(None if repository.layout is None else repository.layout.cache) as cache:
        workshop = Workshop(
            repository, project, recipe_of(plan.definition), cache, jobs, progress or Silent(), skips_bad=skip_bad
        )
        if snapshot is None:
            return _take_new(workshop, loaded, dataset, plan, out)
        plan = leave_out(plan, not_rendered(repository, snapshot), NOT_RENDERED)
        return _complete(workshop, loaded, snapshot, plan, out)


def preview_snapshot(repository: Repository, project: str, *, at: str | None = None) -> Plan:
    """The plan that `take_snapshot` would follow; it is not checked.

    Raises NotFoundError, StateError, CorruptError.
    """
    definition = load_project(repository, project).definition
    tree = repository.objects.load_commit(dataset_commit(repository, at)).tree
    return make_plan(repository, repository.tree(tree), definition)


def dataset_commit(repository: Repository, at: str | None) -> CommitId:
    """The commit that a snapshot is taken of: HEAD's, if all is committed, or that of a revision.

    Raises StateError, NotFoundError.
    """
    revision = resolve_revision(repository, HEAD if at is None else at)
    if at is None and has_uncommitted(repository):
        raise StateError(
            "there are uncommitted changes", hint="'dset commit' them, or take the last commit with --at HEAD"
        )
    if revision.commit is None:
        raise StateError("a snapshot is of a commit, not of the working state", hint="'dset commit' makes one")
    commit = repository.objects.load_commit(revision.commit)
    return revision.commit if commit.manifest is None else dataset_parent(commit)


def _take_new(workshop: Workshop, project: Project, dataset: CommitId, plan: Plan, out: Path | None) -> SnapshotReport:
    check_plan(plan)
    repository = workshop.repository
    definition = with_shard_counts(plan.definition, ((one.split, one.weight) for one in plan.examples))
    shards = plan_shards(plan, definition)
    parent = (out or home_folder(repository, project.name)).parent
    with resumable_folder(parent, _key(project.name, plan.tree, definition, workshop.recipe.toolchain)) as staging:
        clear_folder(staging, {shard_name(project.name, one.split, one.index, one.count) for one in shards})
        known = list(iter_known(_iter_folders(repository, _newest(repository, project))))
        sources = Sources(by_inputs(known, workshop.recipe), by_place(known))
        filled = fill_folder(workshop, shards, staging, sources)
        plan, shards = _without_bad(plan, shards, filled, definition)
        draft = repository.draft()
        manifest = encode_manifest(save_manifest(draft, plan, shards, filled.made, workshop.recipe))
        number = record_snapshot(
            repository, project, dataset=dataset, definition=definition, manifest=manifest, draft=draft, place=out
        )
        snapshot = load_numbered(repository, project.name, number)
        folder = out or home_folder(repository, snapshot.name)
        write_side_files(snapshot, staging)
        publish(staging, folder)
    _remember(workshop, snapshot, folder)
    return replace(_report(snapshot, folder, plan, filled), is_new=True)


def _without_bad(
    plan: Plan, shards: list[ShardPlan], filled: Filled, definition: Definition
) -> tuple[Plan, list[ShardPlan]]:
    """The plan of what was made: without the images that could not be rendered."""
    bad = [file for made in filled.made for file, _ in made.left_out]
    if not bad:
        return plan, shards
    held = leave_out(plan, bad, NOT_RENDERED)
    if not held.examples:
        raise StateError("none of the project's images can be rendered", hint="check its filters")
    return held, plan_shards(held, definition)


def _complete(workshop: Workshop, project: Project, snapshot: Snapshot, plan: Plan, out: Path | None) -> SnapshotReport:
    """Bring the files of a snapshot that exists to what its manifest says."""
    repository = workshop.repository
    folder = out or home_folder(repository, snapshot.name)
    with mended_folder(folder), _abandoned(repository, snapshot, folder) as left:
        clear_temporary(snapshot, folder)
        write_side_files(snapshot, folder)  # first: they tell the next attempt whose folder it is
        snapshots = [snapshot, *_newest(repository, project)]
        folders = [one for one in _iter_folders(repository, snapshots) if one[1] != folder]
        known = iter_known(folders if left is None else [(snapshot, left), *folders])
        filled = _mend(workshop, snapshot, plan, folder, list(known))
        if filled.made:
            sync_folder(folder)  # before what was left is removed
    _remember(workshop, snapshot, folder)
    record_place(repository, snapshot.project, snapshot.number, out)
    return _report(snapshot, folder, plan, filled)


def _mend(workshop: Workshop, snapshot: Snapshot, plan: Plan, folder: Path, known: Sequence[KnownShard]) -> Filled:
    """Replace what is missing or damaged in the folder of a snapshot."""
    expected = {(shard.split, shard.index): shard for shard in snapshot.manifest.shards}

    def is_well(one: ShardPlan) -> bool:
        shard = expected[one.split, one.index]
        return is_sound(folder / snapshot.file_name(shard), shard)

    def check(made: Made) -> None:
        wanted = expected[made.shard.split, made.shard.index]
        if made.shard.blake3 != wanted.blake3:
            change = find_toolchain_change(snapshot.manifest.toolchain, workshop.recipe)
            hint = change or "the toolchain is the same: please report this"
            raise StateError(f"{snapshot.file_name(wanted)} of {snapshot.name} came out with other bytes", hint=hint)

    faulty = [one for one in plan_shards(plan, snapshot.definition) if not is_well(one)]
    return fill_folder(workshop, faulty, folder, Sources(by_bytes(known, expected), by_place(known)), check=check)


def _remember(workshop: Workshop, snapshot: Snapshot, folder: Path) -> None:
    """Tell the cache where the files are from now on."""
    shards = snapshot.manifest.shards
    workshop.cache.move({shard.inputs: folder / snapshot.file_name(shard) for shard in shards if shard.examples})


def _abandoned(repository: Repository, snapshot: Snapshot, folder: Path) -> AbstractContextManager[Path | None]:
    """What a process left that was killed after the snapshot was recorded: it lies beside where the files were to go,
    under the key that the process had."""
    place = find_place(repository, snapshot.project, snapshot.number)
    manifest = snapshot.manifest
    key = _key(snapshot.project, snapshot.tree, snapshot.definition, manifest.toolchain)
    return abandoned_folder((place or folder).parent, key)


def _newest(repository: Repository, project: Project) -> list[Snapshot]:
    return [load_numbered(repository, project.name, number) for number in project.snapshots[: -_RECENT - 1 : -1]]


def _iter_folders(repository: Repository, snapshots: Iterable[Snapshot]) -> Iterator[tuple[Snapshot, Path]]:
    """Where the files of each should be. One in memory that was never written out has no such folder."""
    for snapshot in snapshots:
        if repository.layout is not None or find_place(repository, snapshot.project, snapshot.number):
            yield snapshot, place_of(repository, snapshot).folder


def _report(snapshot: Snapshot, folder: Path, plan: Plan, filled: Filled) -> SnapshotReport:
    made = sum(one.shard.examples > 0 for one in filled.made) - filled.shared
    bad = tuple(f"left out: {fault}" for one in filled.made for _, fault in one.left_out)
    warnings = (*bad, *plan_warnings(plan))
    report = describe(snapshot, folder)
    return replace(report, made=made, shared=filled.shared, warnings=warnings, balance=plan.balance)


def _key(project: str, tree: TreeId, definition: Definition, toolchain: Mapping[str, str]) -> str:
    """Names what is being made: two processes with the same key would make the same files."""
    return digest(encode([project, tree, pack_definition(definition), dict(toolchain)])).hex()[:16]
