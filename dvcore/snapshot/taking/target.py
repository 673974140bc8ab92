"""The seam between making shards and where they go."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from dvcore.model.manifest import Shard
from dvcore.repo.projects import Project, Url
from dvcore.snapshot.catalog.places import Elsewhere, Place
from dvcore.snapshot.catalog.report import SnapshotReport
from dvcore.snapshot.catalog.snapshots import Snapshot
from dvcore.snapshot.planning.plan import Plan
from dvcore.snapshot.taking.materialize import Workshop


class Target(Protocol):
    """Where the files of a snapshot go: `here`, a folder, or `elsewhere`, a URL."""

    @property
    def place(self) -> Path | Url | None:
        """What is recorded of it; None for the repository's own place."""

    def check(self, snapshot: Snapshot | None) -> None:
        """Before any work: it is free, or holds the files of this very snapshot (None: a new one).

        Raises ExistsError, StorageError.
        """

    def parent(self, project: str) -> Path:
        """The folder in which shards are made."""

    def begin(self, key: str) -> None:
        """A new snapshot of this key is being made. Raises as `check` does."""

    def send(self, staging: Path, shards: Mapping[str, Shard]) -> int:
        """Before the snapshot is recorded: its shards are in `staging`, by file name. How many had to be sent, of those
        with examples.

        Raises ExistsError where somebody else's came there meanwhile, StorageError.
        """

    def publish(self, snapshot: Snapshot, staging: Path) -> Place | Elsewhere:
        """The snapshot is recorded: put its files where they belong, and leave no `staging`.

        Raises StorageError.
        """

    def complete(self, workshop: Workshop, project: Project, snapshot: Snapshot, plan: Plan) -> SnapshotReport:
        """Bring the files of a snapshot that was taken before to what its manifest says.

        Raises StateError, StorageError, CorruptError.
        """
