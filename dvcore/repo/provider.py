"""What a repository asks for blobs that are not here."""

from collections.abc import Sequence
from typing import Protocol

from dvcore.ids import BlobId
from dvcore.progress import Progress


class BlobProvider(Protocol):
    """Whoever can bring absent blobs: the repository's remotes."""

    def bring(self, blobs: Sequence[BlobId], progress: Progress) -> None:
        """Store all of them, durably. It is called inside the repository's `writing`.

        Raises StateError, naming those that nobody has or that cannot be asked for; what was brought before stays.
        CorruptError, StorageError.
        """
