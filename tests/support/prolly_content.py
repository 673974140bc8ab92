"""Content for prolly maps, and the specification's rules written down once more, one entry at a time.

Nothing here uses the splitter, the builder or the node encoder, so that agreement with them means something.
"""

from collections.abc import Iterable

from blake3 import blake3

from dvcore.encoding import encode_object

Items = dict[bytes, bytes]


def numbered(count: int) -> list[tuple[bytes, bytes]]:
    """`count` pairs, 4-byte big-endian i -> i + 1."""
    return [(number.to_bytes(4, "big"), (number + 1).to_bytes(4, "big")) for number in range(count)]


def hashed(count: int) -> Items:
    """`count` entries as maps of a repository hold them: 32-byte keys without any order, 40-byte values."""
    names = (blake3(b"%d" % number).digest() for number in range(count))
    return {name: b"recorded" + name[::-1] for name in sorted(names)}


def heavy_key(number: int) -> bytes:
    """About 1,000 bytes: some 16 to 30 of them fill a branch, so that a few hundred entries make three levels."""
    return b"%06d" % number + b"k" * 994


def heavy_value(seed: int) -> bytes:
    """200 to 9,000 bytes."""
    return blake3(b"%d" % seed).digest(200 + seed % 37 * 244)


def reference_root(items: Items) -> bytes:
    """Root of the map of these items, as `docs/format/prolly.md` says."""
    level = 0
    entries = sorted(items.items())
    while True:
        nodes = list(_cut(level, entries)) or [[]]
        encoded = [
            encode_object("node", 1, {"level": level, "keys": [k for k, _ in node], "values": [v for _, v in node]})
            for node in nodes
        ]
        if len(nodes) == 1:
            return blake3(encoded[0]).digest()
        counts = [len(node) if level == 0 else sum(int.from_bytes(v[32:], "big") for _, v in node) for node in nodes]
        entries = [
            (node[-1][0], blake3(data).digest() + count.to_bytes(8, "big"))
            for node, data, count in zip(nodes, encoded, counts, strict=True)
        ]
        level += 1


def _cut(level: int, entries: Iterable[tuple[bytes, bytes]]) -> Iterable[list[tuple[bytes, bytes]]]:
    node: list[tuple[bytes, bytes]] = []
    weight = 0
    for key, value in entries:
        node.append((key, value))
        own = len(key) + len(value) + 8
        weight += own
        chance = own / 16384
        drawn = int.from_bytes(blake3(bytes([level]) + key).digest()[:4], "big") / 2**32
        if weight >= 65536 or (weight >= 16384 and drawn < chance):
            yield node
            node, weight = [], 0
    if node:
        yield node
