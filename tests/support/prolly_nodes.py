"""Nodes in memory, with a count of what is read and written."""

from dvcore.errors import NotFoundError
from dvcore.ids import digest


class MemoryNodes:
    """A node writer over a dict. `reads` and `puts` count the calls."""

    def __init__(self) -> None:
        self.data: dict[bytes, bytes] = {}
        self.reads = 0
        self.puts = 0

    def read(self, node_id: bytes, /) -> bytes:
        self.reads += 1
        try:
            return self.data[node_id]
        except KeyError:
            raise NotFoundError(f"no node {node_id.hex()}") from None

    def put(self, data: bytes, /) -> bytes:
        self.puts += 1
        node_id = digest(data)
        self.data[node_id] = data
        return node_id
