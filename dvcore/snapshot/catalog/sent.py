"""What this machine knows of shards that lie elsewhere: that it sent them, or read them and found them right.

Kept in `cache/sent`, which may be deleted at any time: then shards are read once more before they are believed.
"""

from pathlib import Path
from typing import Final, Self

from dvcore.ids import digest
from dvcore.model.manifest import Shard
from dvcore.repo.layout import Layout
from dvcore.repo.projects import Url
from dvcore.store.cache_map import CacheMap

_VERSION: Final = 1
_NOTHING: Final = b""


class SentShards:
    """The names at one URL whose bytes are known."""

    def __init__(self, layout: Layout, url: Url) -> None:
        folder: Path = layout.cache / "sent"
        self._map = CacheMap(folder, _VERSION)
        self._url = url.text.encode()

    def has(self, name: str, shard: Shard) -> bool:
        """Whether an object had the bytes of this shard when we last looked."""
        return self._map.find(self._key(name)) == shard.blake3

    def add(self, name: str, shard: Shard) -> None:
        """An object has the bytes of this shard."""
        self._map.put(self._key(name), shard.blake3)

    def forget(self, name: str) -> None:
        """An object has other bytes than we thought."""
        self._map.put(self._key(name), _NOTHING)

    def close(self) -> None:
        """Release the file."""
        self._map.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _key(self, name: str) -> bytes:
        return digest(self._url + b"\n" + name.encode())
