"""Images that cannot be rendered: found when a shard is made, left out of the plan where the user said so.

The manifest names them. From then on the snapshot is what it is without them: whoever makes its files again, or
verifies it, does not try them.
"""

from dvcore.ids import FileId
from dvcore.repo.repository import Repository
from dvcore.snapshot.catalog.snapshots import Snapshot, iter_left_out
from dvcore.snapshot.planning.plan import NOT_RENDERED


def not_rendered(repository: Repository, snapshot: Snapshot) -> list[FileId]:
    """The files that a snapshot lacks because their images cannot be rendered."""
    if NOT_RENDERED not in snapshot.manifest.left_out_counts:
        return []
    return [file for file, reason in iter_left_out(repository, snapshot) if reason == NOT_RENDERED]
