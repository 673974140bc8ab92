"""A bucket in memory that notes what happens to it, and lets a test step in."""

from collections.abc import Callable

import pytest

from dvcore.errors import StorageError
from dvcore.remote.storages.memory import MemoryStorage
from dvcore.remote.storages.storage import ALWAYS


class Bucket(MemoryStorage):
    """Notes what is sent and read, in order; from the n-th file on it fails, where that is wanted. `before` is called
    with each name that is about to be written."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[str] = []
        self.read: list[str] = []
        self.fail_after: int | None = None
        self.error: BaseException = StorageError("the bucket has gone")
        self.before: Callable[[str], object] = lambda _: None

    def put(self, name, data, *, condition=ALWAYS):
        if self.fail_after is not None and len(self.sent) >= self.fail_after:
            raise self.error
        self.before(name)
        self.sent.append(name)
        return super().put(name, data, condition=condition)

    def get_range(self, name, start, length):
        self.read.append(name)
        return super().get_range(name, start, length)

    def names(self) -> set[str]:
        return {one.name for one in self.iter_names()}

    def shards(self) -> list[str]:
        return [name for name in self.sent if "tfrecord" in name]

    def clear(self) -> None:
        self.sent.clear()
        self.read.clear()

    def write(self, name: str, data: bytes) -> None:
        """As somebody else does."""
        MemoryStorage.put(self, name, data)

    def damage(self, name: str) -> None:
        data = bytearray(self.get(name).data)
        data[len(data) // 2] ^= 1
        self.write(name, bytes(data))


def open_in_memory(monkeypatch: pytest.MonkeyPatch) -> dict[str, Bucket]:
    """Every URL is a bucket of its own from now on; they are found by their addresses."""
    found: dict[str, Bucket] = {}

    def open_storage(address, options=None, *, create=False, patience=None):
        return found.setdefault(address.text, Bucket())

    monkeypatch.setattr("dvcore.remote.exchange.places.open_storage", open_storage)
    return found
