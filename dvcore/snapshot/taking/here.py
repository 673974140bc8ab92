"""Files of a snapshot in a folder: given their names together, mended one by one."""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from dvcore.errors import CorruptError, StateError, StorageError
from dvcore.model.manifest import Shard
from dvcore.repo.origins import is_of, settle_folders
from dvcore.repo.projects import Project, find_place, record_place
from dvcore.repo.repository import Repository
from dvcore.repo.staging import abandoned_folder, mended_folder
from dvcore.snapshot.catalog.files import has_size, is_sound
from dvcore.snapshot.catalog.folder import check_usable, clear_others, clear_temporary, write_side_files
from dvcore.snapshot.catalog.places import Elsewhere, Place, home_folder, read_from
from dvcore.snapshot.catalog.report import SnapshotReport
from dvcore.snapshot.catalog.snapshots import Snapshot
from dvcore.snapshot.planning.plan import Plan
from dvcore.snapshot.shards.shard import ShardPlan, plan_shards
from dvcore.snapshot.taking.materialize import Filled, Workshop, fill_folder, iter_known
from dvcore.snapshot.taking.sharing import (
    expected_shards,
    iter_places,
    key_of,
    manifest_check,
    newest,
    remember,
    report_of,
    sources_of,
)
from dvcore.store.durable import sync_folder
from dvcore.store.folders import publish


class Here:
    """See `target.Target`: the folder `out`, or the repository's own place."""

    def __init__(self, repository: Repository, out: Path | None) -> None:
        self._repository = repository
        self.place = None if out is None else out.absolute()

    def check(self, snapshot: Snapshot | None) -> None:
        """See `target.Target`."""
        if self.place is not None:
            check_usable(self.place, snapshot)

    def parent(self, project: str) -> Path:
        """See `target.Target`."""
        return (self.place or home_folder(self._repository, project)).parent

    def begin(self, key: str) -> None:
        """Nothing: who makes the same has the lock of the folder."""

    def send(self, staging: Path, shards: Mapping[str, Shard]) -> int:
        """Nothing: they are on the right disk."""
        return 0

    def publish(self, snapshot: Snapshot, staging: Path) -> Place:
        """See `target.Target`."""
        place = self._place_of(snapshot)
        write_side_files(snapshot, staging)
        publish(staging, place.folder)
        return place

    def complete(self, workshop: Workshop, project: Project, snapshot: Snapshot, plan: Plan) -> SnapshotReport:
        """See `target.Target`."""
        repository, place = workshop.repository, self._place_of(snapshot)
        if not is_of(place.folder, snapshot.manifest.digest):
            settle_folders(repository, snapshot.project)
        with mended_folder(place.folder), self._abandoned(snapshot, place.folder) as left:
            clear_temporary(snapshot, place.folder)
            clear_others(snapshot, place.folder)
            write_side_files(snapshot, place.folder)  # first: they tell the next attempt whose folder it is
            _bring(workshop, snapshot, place)
            places = iter_places(repository, [snapshot, *newest(repository, project)])
            others = [one for one in places if one[1].folder != place.folder]
            known = others if left is None else [(snapshot, Place(left, is_chosen=False)), *others]
            filled = _mend(workshop, snapshot, plan, place, known)
            if filled.made:
                sync_folder(place.folder)  # before what was left is removed
        remember(workshop, snapshot, place)
        record_place(repository, snapshot.project, snapshot.number, self.place)
        return report_of(snapshot, place, plan, filled)

    def _place_of(self, snapshot: Snapshot) -> Place:
        if self.place is None:
            return Place(home_folder(self._repository, snapshot.name), is_chosen=False)
        return Place(self.place, is_chosen=True)

    def _abandoned(self, snapshot: Snapshot, folder: Path) -> AbstractContextManager[Path | None]:
        """What a process left that was killed after the snapshot was recorded: it lies beside where the files were to
        go, under the key that the process had."""
        place = find_place(self._repository, snapshot.project, snapshot.number)
        beside = place if isinstance(place, Path) else folder
        return abandoned_folder(beside.parent, key_of(snapshot))


def _bring(workshop: Workshop, snapshot: Snapshot, place: Place) -> None:
    """Have copies of shards that are missing here, where the snapshot was sent to a URL. What cannot be had is made."""
    sent = next((one for _, one in iter_places(workshop.repository, [snapshot]) if isinstance(one, Elsewhere)), None)
    if sent is None:
        return
    for shard in snapshot.manifest.shards:
        if not has_size(place.path_of(snapshot, shard), shard):
            try:
                read_from(snapshot, sent, [shard], workshop.progress)
            except StorageError:  # out of reach: each shard would be minutes of trying
                return
            except (CorruptError, StateError):  # damaged, or gone
                continue


def _mend(
    workshop: Workshop,
    snapshot: Snapshot,
    plan: Plan,
    place: Place,
    others: Iterable[tuple[Snapshot, Place | Elsewhere]],
) -> Filled:
    """Replace what is missing or damaged in the folder of a snapshot."""
    expected = expected_shards(snapshot)

    def is_well(one: ShardPlan) -> bool:
        shard = expected[one.split, one.index]
        return is_sound(place.path_of(snapshot, shard), shard)

    faulty = [one for one in plan_shards(plan, snapshot.definition) if not is_well(one)]
    sources = sources_of(snapshot, list(iter_known(others)))
    return fill_folder(workshop, faulty, place.folder, sources, check=manifest_check(workshop, snapshot))
