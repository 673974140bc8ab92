"""Files of a snapshot at a URL: made in a folder of the repository, sent, and kept as copies in its cache.

A crash before the snapshot is recorded leaves shards at the URL, and beside them what says that they are unfinished;
one after it a snapshot that `verify` finds incomplete. Either way the same command goes on: it makes no shard that was
made, and sends none that was sent.
"""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

from dvcore.errors import CorruptError, DsetError, StateError, StorageError
from dvcore.ids import format_id
from dvcore.model.definition import Definition
from dvcore.model.manifest import Shard
from dvcore.progress import Progress
from dvcore.remote.storages.storage import check_name
from dvcore.repo.projects import Project, Url, record_place
from dvcore.repo.repository import Repository
from dvcore.repo.staging import resumable_folder
from dvcore.snapshot.catalog.bringing import bring_shards
from dvcore.snapshot.catalog.places import Elsewhere, layout_of
from dvcore.snapshot.catalog.report import SnapshotReport
from dvcore.snapshot.catalog.sidefiles import side_names
from dvcore.snapshot.catalog.snapshots import Snapshot
from dvcore.snapshot.planning.plan import Plan
from dvcore.snapshot.shards.shard import ShardPlan, plan_shards
from dvcore.snapshot.taking.materialize import Filled, Workshop, fill_folder, iter_known
from dvcore.snapshot.taking.sending import Destination
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
from dvcore.store.folders import clear_folder, make_folder, remove_folder, storage_errors


class There:
    """See `target.Target`: what is under a URL."""

    def __init__(self, repository: Repository, url: Url, definition: Definition, progress: Progress) -> None:
        """Raises ExistsError, StorageError, StateError for a repository in memory, InvalidInputError where a file of a
        project of this definition would have a name that stores do not take."""
        for name in side_names(definition):
            check_name(name)
        self.place = url
        self._layout = layout_of(repository)
        self._progress = progress
        self._destination = Destination(self._layout, url)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Release what is remembered of the URL. What was said there to be on its way goes where the folder goes that
        shards are made in: see `resumable_folder`."""
        if isinstance(error, DsetError) and not isinstance(error, StorageError):
            self._destination.withdraw()
        self._destination.close()

    def check(self, snapshot: Snapshot | None) -> None:
        """See `target.Target`."""
        self._destination.check_usable(snapshot)

    def parent(self, project: str) -> Path:
        """See `target.Target`."""
        return self._layout.snapshots

    def begin(self, key: str) -> None:
        """See `target.Target`."""
        self._destination.begin(None, key)

    def send(self, staging: Path, shards: Mapping[str, Shard]) -> int:
        """See `target.Target`."""
        files = [(staging / name, name, shard) for name, shard in shards.items()]
        return self._destination.send(files, self._progress)

    def publish(self, snapshot: Snapshot, staging: Path) -> Elsewhere:
        """See `target.Target`."""
        self._destination.finish(snapshot)
        self._keep(snapshot, staging)
        return Elsewhere(self.place, self._layout)

    def complete(self, workshop: Workshop, project: Project, snapshot: Snapshot, plan: Plan) -> SnapshotReport:
        """See `target.Target`."""
        place, key = Elsewhere(self.place, self._layout), key_of(snapshot)
        with resumable_folder(self._layout.snapshots, key) as staging:
            clear_folder(staging, {snapshot.file_name(shard) for shard in snapshot.manifest.shards})
            self._destination.begin(snapshot, key)
            self._look_at_unknown(snapshot, place)
            filled = self._make_missing(workshop, project, snapshot, plan, staging)
            sent = self.send(staging, {snapshot.file_name(one.shard): one.shard for one in filled.made})
            self.publish(snapshot, staging)
        remember(workshop, snapshot, place)
        record_place(workshop.repository, snapshot.project, snapshot.number, self.place)
        return report_of(snapshot, place, plan, filled, sent=sent)

    def _look_at_unknown(self, snapshot: Snapshot, place: Elsewhere) -> None:
        """Shards that somebody else sent, or of which we know no more: they are read rather than made and sent."""
        for shard in snapshot.manifest.shards:
            name = snapshot.file_name(shard)
            if self._destination.may_have(name, shard) and not self._destination.has(name, shard):
                with suppress(CorruptError, StateError):  # damaged, or gone: it is sent again
                    bring_shards(snapshot, place, [shard], self._progress)

    def _make_missing(
        self, workshop: Workshop, project: Project, snapshot: Snapshot, plan: Plan, staging: Path
    ) -> Filled:
        """Put the shards that the URL lacks into a folder."""
        expected = expected_shards(snapshot)

        def is_missing(one: ShardPlan) -> bool:
            shard = expected[one.split, one.index]
            return not self._destination.has(snapshot.file_name(shard), shard)

        missing = [one for one in plan_shards(plan, snapshot.definition) if is_missing(one)]
        places = iter_places(workshop.repository, [snapshot, *newest(workshop.repository, project)])
        known = list(iter_known([*places, (snapshot, Elsewhere(self.place, self._layout))]))
        check = manifest_check(workshop, snapshot)
        return fill_folder(workshop, missing, staging, sources_of(snapshot, known), check=check)

    def _keep(self, snapshot: Snapshot, staging: Path) -> None:
        """Put the files into the cache: to be read, and shared with the next snapshot."""
        make_folder(self._layout.shards)
        with storage_errors(self._layout.shards):
            for shard in snapshot.manifest.shards:
                path = staging / snapshot.file_name(shard)
                if path.exists():
                    path.replace(self._layout.shards / format_id(shard.blake3))
        remove_folder(staging)
