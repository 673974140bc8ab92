"""Times of the prolly map on entries of about 40-byte keys and values: `python benchmarks/prolly.py [N …]`.

Best of three, in milliseconds; nodes are kept in memory, so the store's time is not in it.
"""

import random
import sys
from collections.abc import Callable
from hashlib import sha256
from time import perf_counter
from typing import Any

from dvcore.ids import NodeId, digest
from dvcore.prolly import ProllyMap, build, diff, edit, verify

SIZES = (10_000, 100_000, 1_000_000)
REPEATS = 3


class DictNodes(dict[bytes, bytes]):
    """The least that a node writer can be."""

    read = dict.__getitem__

    def put(self, data: bytes, /) -> bytes:
        node_id = digest(data)
        self[node_id] = data
        return node_id


def milliseconds(work: Callable[[], Any]) -> float:
    times = []
    for _ in range(REPEATS):
        began = perf_counter()
        work()
        times.append(perf_counter() - began)
    return min(times) * 1000


def content(size: int) -> list[tuple[bytes, bytes]]:
    digests = (sha256(str(number).encode()).digest() for number in range(size))
    return sorted((b"image_" + digest_.hex()[:34].encode(), b"recorded" + digest_) for digest_ in digests)


def measure(size: int) -> dict[str, float]:
    items = content(size)
    nodes = DictNodes()
    root = build(nodes, items)
    chosen = random.Random(size)
    ten = [(key, b"another value, as long as those of old!!") for key, _ in chosen.sample(items, 10)]
    new = [(key + b"+", value) for key, value in chosen.sample(items, 10)]
    percent = [(key, b"changed") for key, _ in chosen.sample(items, size // 100)]
    some = sorted(key for key, _ in chosen.sample(items, 1000))
    edited: NodeId = edit(nodes, root, ten)
    shifted: NodeId = edit(nodes, root, new)
    warm = ProllyMap(nodes, root)
    return {
        "build": milliseconds(lambda: build(nodes, items)),
        "scan": milliseconds(lambda: sum(1 for _ in ProllyMap(nodes, root).iter_items())),
        "get, cold": milliseconds(lambda: ProllyMap(nodes, root).get(some[500])),
        "1,000 gets": milliseconds(lambda: [warm.get(key) for key in some]),
        "get_many 1,000": milliseconds(lambda: list(warm.get_many(some))),
        "edit 10": milliseconds(lambda: edit(nodes, root, ten)),
        "insert 10": milliseconds(lambda: edit(nodes, root, new)),
        "edit 1 %": milliseconds(lambda: edit(nodes, root, percent)),
        "diff 10": milliseconds(lambda: list(diff(nodes, root, edited))),
        "diff 10 inserted": milliseconds(lambda: list(diff(nodes, root, shifted))),
        "verify": milliseconds(lambda: verify(nodes, root)),
    }


def main() -> None:
    sizes = [int(argument) for argument in sys.argv[1:]] or SIZES
    for size in sizes:
        print(f"{size:,} entries")
        for name, taken in measure(size).items():
            print(f"  {name:18} {taken:10.2f} ms")


if __name__ == "__main__":
    main()
