"""What all ways of taking a snapshot share: what is on this disk already, what is being made, what came of it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from dvcore.encoding import encode
from dvcore.errors import StateError
from dvcore.ids import TreeId, digest
from dvcore.model.definition import Definition, pack_definition
from dvcore.model.manifest import Shard
from dvcore.repo.projects import Project, find_place
from dvcore.repo.repository import Repository
from dvcore.snapshot.catalog.files import has_size
from dvcore.snapshot.catalog.places import Elsewhere, Place, place_of
from dvcore.snapshot.catalog.report import SnapshotReport, describe
from dvcore.snapshot.catalog.snapshots import Snapshot, load_numbered
from dvcore.snapshot.examples.recipe import find_toolchain_change
from dvcore.snapshot.planning.findings import plan_warnings
from dvcore.snapshot.planning.plan import Plan
from dvcore.snapshot.shards.shard import Made
from dvcore.snapshot.taking.materialize import Filled, KnownShard, Sources, Workshop, by_bytes, by_place

_RECENT: Final = 3
"""Snapshots whose files are looked at to share them."""


def newest(repository: Repository, project: Project) -> list[Snapshot]:
    """The snapshots whose files may be shared."""
    return [load_numbered(repository, project.name, number) for number in project.snapshots[: -_RECENT - 1 : -1]]


def iter_places(repository: Repository, snapshots: Iterable[Snapshot]) -> Iterator[tuple[Snapshot, Place | Elsewhere]]:
    """Where the files of each should be. One in memory that was never written out has no such place."""
    for snapshot in snapshots:
        if repository.layout is not None or find_place(repository, snapshot.project, snapshot.number):
            yield snapshot, place_of(repository, snapshot)


def expected_shards(snapshot: Snapshot) -> Mapping[tuple[str, int], Shard]:
    """What the manifest says, by split and index."""
    return {(shard.split, shard.index): shard for shard in snapshot.manifest.shards}


def sources_of(snapshot: Snapshot, known: Sequence[KnownShard]) -> Sources:
    """Where shards of a snapshot that was taken may come from."""
    return Sources(by_bytes(known, expected_shards(snapshot)), by_place(known))


def manifest_check(workshop: Workshop, snapshot: Snapshot) -> Callable[[Made], None]:
    """Raises StateError for a shard that is not the manifest's."""
    expected = expected_shards(snapshot)

    def check(made: Made) -> None:
        wanted = expected[made.shard.split, made.shard.index]
        if made.shard.blake3 != wanted.blake3:
            change = find_toolchain_change(snapshot.manifest.toolchain, workshop.recipe)
            hint = change or "the toolchain is the same: please report this"
            raise StateError(f"{snapshot.file_name(wanted)} of {snapshot.name} came out with other bytes", hint=hint)

    return check


def remember(workshop: Workshop, snapshot: Snapshot, place: Place | Elsewhere) -> None:
    """Tell the cache where the files are from now on."""
    found = ((shard, place.path_of(snapshot, shard)) for shard in snapshot.manifest.shards if shard.examples)
    workshop.cache.move({shard.inputs: path for shard, path in found if has_size(path, shard)})


def report_of(
    snapshot: Snapshot, place: Place | Elsewhere, plan: Plan, filled: Filled, *, sent: int = 0
) -> SnapshotReport:
    """What the command says."""
    made = sum(one.shard.examples > 0 for one in filled.made) - filled.shared
    bad = tuple(f"left out: {fault}" for one in filled.made for _, fault in one.left_out)
    warnings = (*bad, *plan_warnings(plan))
    report = describe(snapshot, place)
    return replace(report, made=made, shared=filled.shared, sent=sent, warnings=warnings, balance=plan.balance)


def making_key(project: str, tree: TreeId, definition: Definition, toolchain: Mapping[str, str]) -> str:
    """Names what is being made: two processes with the same key would make the same files."""
    return digest(encode([project, tree, pack_definition(definition), dict(toolchain)])).hex()[:16]


def key_of(snapshot: Snapshot) -> str:
    """The key that the process had which took the snapshot."""
    return making_key(snapshot.project, snapshot.tree, snapshot.definition, snapshot.manifest.toolchain)
