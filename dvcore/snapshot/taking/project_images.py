"""The images that a snapshot of a project reads, or has read: to have them here before."""

from collections.abc import Iterator

from dvcore.repo.images import Image
from dvcore.repo.repository import Repository
from dvcore.repo.revisions import HEAD, parse_snapshot
from dvcore.snapshot.catalog.snapshots import load_snapshot
from dvcore.snapshot.planning.planner import make_plan
from dvcore.snapshot.taking.leaving_out import not_rendered
from dvcore.snapshot.taking.take import preview_snapshot


def iter_project_images(repository: Repository, name: str, *, at: str = HEAD) -> Iterator[Image]:
    """The images of the examples of `PROJECT`, as of a revision, or of the snapshot `PROJECT@N`, in the order of paths.

    Raises NotFoundError, StateError, CorruptError.
    """
    if parse_snapshot(name) is None:
        plan = preview_snapshot(repository, name, at=at)
    else:
        snapshot = load_snapshot(repository, name)
        tree, without = repository.tree(snapshot.tree), not_rendered(repository, snapshot)
        plan = make_plan(repository, tree, snapshot.definition, without=without)
    return (Image(one.blob, one.path) for one in plan.examples)
