"""A remote in memory, for tests and for trying things out: strict as the strictest, gone with the process."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from dvcore.errors import ConflictError, NotFoundError
from dvcore.remote.storages.storage import (
    ALWAYS,
    GET_LIMIT,
    Absent,
    Always,
    Capabilities,
    Condition,
    Data,
    Listed,
    Matches,
    Stored,
    check_length,
    check_name,
    check_prefix,
    check_range,
    check_size,
    content_tag,
)
from dvcore.store.folders import storage_errors


class MemoryStorage:
    """See `storage.Storage`."""

    capabilities = Capabilities()

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """`clock` gives the times at which objects are written (aware)."""
        self._clock = clock
        self._objects: dict[str, tuple[bytes, datetime]] = {}
        self._lock = Lock()

    def describe(self) -> str:
        """See `storage.Storage`."""
        return "memory"

    def get(self, name: str, *, limit: int = GET_LIMIT) -> Stored:
        """See `storage.Storage`."""
        data = self._data(name)
        check_size(len(data), limit, name, self.describe())
        return Stored(data, content_tag(data))

    def get_range(self, name: str, start: int, length: int) -> bytes:
        """See `storage.Storage`."""
        check_name(name)
        check_range(start, length)
        if not length:
            return b""
        return check_length(self._data(name)[start : start + length], start, length, name, self.describe())

    def put(self, name: str, data: Data, *, condition: Condition = ALWAYS) -> None:
        """See `storage.Storage`."""
        check_name(name)
        own = bytes(data)
        with self._lock:
            if not self._holds(name, condition):
                raise ConflictError(f"{name} in {self.describe()} is not what it was")
            self._objects[name] = own, self._clock()

    def put_file(self, name: str, path: Path) -> None:
        """See `storage.Storage`."""
        check_name(name)
        with storage_errors(path):
            data = path.read_bytes()
        self.put(name, data)

    def iter_names(self, prefix: str = "") -> Iterator[Listed]:
        """See `storage.Storage`."""
        folder = check_prefix(prefix)
        with self._lock:
            objects = sorted(self._objects.items())
        for name, (data, time) in objects:
            if not folder or name.startswith(f"{folder}/"):
                yield Listed(name, len(data), time)

    def is_empty(self) -> bool:
        """See `storage.Storage`."""
        return not self._objects

    def remove(self, name: str) -> None:
        """See `storage.Storage`."""
        with self._lock:
            self._objects.pop(check_name(name), None)

    def _data(self, name: str) -> bytes:
        with self._lock:
            found = self._objects.get(check_name(name))
        if found is None:
            raise NotFoundError(f"{self.describe()} has no {name}")
        return found[0]

    def _holds(self, name: str, condition: Condition) -> bool:
        found = self._objects.get(name)
        match condition:
            case Always():
                return True
            case Absent():
                return found is None
            case Matches(tag):
                return found is not None and content_tag(found[0]) == tag
