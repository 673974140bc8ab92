"""Taking a snapshot: plan, then work, then manifest.

The order is the safety: shards are made in a folder under another name, and sent where they go to a URL; the manifest
and the commit are recorded in one transaction; then the folder gets its name, or the URL the files that say what it
holds. A crash before the transaction leaves no snapshot, one after it leaves a snapshot without files. Either way the
same command takes over the shards that were finished, and makes the others.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from dvcore.errors import StateError
from dvcore.ids import CommitId
from dvcore.model.definition import Definition
from dvcore.model.manifest import encode_manifest
from dvcore.model.shard_names import shard_name
from dvcore.progress import Progress, Silent
from dvcore.repo.commits import has_uncommitted
from dvcore.repo.projects import Project, Url, load_project, record_snapshot
from dvcore.repo.repository import Repository, writes
from dvcore.repo.revisions import HEAD, dataset_parent, resolve_revision
from dvcore.repo.staging import resumable_folder
from dvcore.snapshot.catalog.copies import kept
from dvcore.snapshot.catalog.report import SnapshotReport
from dvcore.snapshot.catalog.snapshots import find_snapshot, load_numbered
from dvcore.snapshot.examples.recipe import recipe_of
from dvcore.snapshot.planning.findings import check_plan
from dvcore.snapshot.planning.plan import Plan
from dvcore.snapshot.planning.planner import make_plan
from dvcore.snapshot.planning.sizing import with_shard_counts
from dvcore.snapshot.shards.image_cache import ImageCache
from dvcore.snapshot.shards.shard import ShardPlan, plan_shards
from dvcore.snapshot.taking.here import Here
from dvcore.snapshot.taking.leaving_out import not_rendered
from dvcore.snapshot.taking.materialize import (
    Filled,
    Sources,
    Workshop,
    by_inputs,
    by_place,
    fill_folder,
    iter_known,
)
from dvcore.snapshot.taking.recording import save_manifest
from dvcore.snapshot.taking.sharing import iter_places, making_key, newest, remember, report_of
from dvcore.snapshot.taking.target import Target
from dvcore.store.folders import clear_folder


@writes
def take_snapshot(
    repository: Repository,
    project: str,
    *,
    at: str | None = None,
    out: Path | Url | None = None,
    jobs: int | None = None,
    skip_bad: bool = False,
    progress: Progress | None = None,
) -> SnapshotReport:
    """Write the TFRecords of a project at a commit: HEAD, or the revision `at`. Where the project has a snapshot of the
    same tree already, it is that one, and files that are missing or damaged are made again.

    Files are written to `out`, a folder or a URL, or else to the repository's own place, and are looked for there from
    then on. `jobs` threads render (None: one for each processor). With `skip_bad`, images that cannot be rendered are
    left out, and the manifest names them.

    Raises NotFoundError, StateError (nothing committed, uncommitted changes, nothing to export, another toolchain),
    ConflictError (labels overlap, splits leak), InvalidInputError naming an image that cannot be rendered, ExistsError
    where `out` holds something else, StorageError, CorruptError.
    """
    loaded = load_project(repository, project)
    dataset = dataset_commit(repository, at)
    tree = repository.objects.load_commit(dataset).tree
    snapshot = find_snapshot(repository, loaded, tree)
    definition = loaded.definition if snapshot is None else snapshot.definition
    progress = progress or Silent()
    with kept(repository.layout), _target(repository, out, definition, progress) as target:
        target.check(snapshot)
        without = () if snapshot is None else not_rendered(repository, snapshot)
        plan = make_plan(repository, repository.tree(tree), definition, without=without)
        with ImageCache(None if repository.layout is None else repository.layout.cache) as cache:
            recipe = recipe_of(plan.definition)
            workshop = Workshop(repository, project, recipe, cache, jobs, progress, skips_bad=skip_bad)
            if snapshot is None:
                return _take_new(workshop, loaded, dataset, plan, target)
            return target.complete(workshop, loaded, snapshot, plan)


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


@contextmanager
def _target(
    repository: Repository, out: Path | Url | None, definition: Definition, progress: Progress
) -> Iterator[Target]:
    if not isinstance(out, Url):
        yield Here(repository, out)
        return
    from dvcore.snapshot.taking.elsewhere import There  # noqa: PLC0415 - what sends, which most snapshots do without

    with There(repository, out, definition, progress) as there:
        yield there


def _take_new(workshop: Workshop, project: Project, dataset: CommitId, plan: Plan, target: Target) -> SnapshotReport:
    check_plan(plan)
    repository = workshop.repository
    definition = with_shard_counts(plan.definition, ((one.split, one.weight) for one in plan.examples))
    shards = plan_shards(plan, definition)
    names = [shard_name(project.name, one.split, one.index, one.count) for one in shards]
    key = making_key(project.name, plan.tree, definition, workshop.recipe.toolchain)
    with resumable_folder(target.parent(project.name), key) as staging:
        target.begin(key)
        clear_folder(staging, set(names))
        known = list(iter_known(iter_places(repository, newest(repository, project))))
        filled = fill_folder(workshop, shards, staging, Sources(by_inputs(known, workshop.recipe), by_place(known)))
        plan, shards = _without_bad(repository, plan, shards, filled, definition)
        draft = repository.draft()
        manifest = save_manifest(draft, plan, shards, filled.made, workshop.recipe)
        sent = target.send(staging, dict(zip(names, manifest.shards, strict=True)))
        number = record_snapshot(
            repository,
            project,
            dataset=dataset,
            definition=definition,
            manifest=encode_manifest(manifest),
            draft=draft,
            place=target.place,
        )
        snapshot = load_numbered(repository, project.name, number)
        place = target.publish(snapshot, staging)
    remember(workshop, snapshot, place)
    return replace(report_of(snapshot, place, plan, filled, sent=sent), is_new=True)


def _without_bad(
    repository: Repository, plan: Plan, shards: list[ShardPlan], filled: Filled, definition: Definition
) -> tuple[Plan, list[ShardPlan]]:
    """The plan of what was made: without the images that could not be rendered."""
    bad = [file for made in filled.made for file, _ in made.left_out]
    if not bad:
        return plan, shards
    held = make_plan(repository, repository.tree(plan.tree), definition, without=bad)
    if not held.examples:
        raise StateError("none of the project's images can be rendered", hint="check its filters")
    return held, plan_shards(held, definition)
