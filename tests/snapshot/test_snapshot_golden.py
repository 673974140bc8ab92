"""Pins the bytes of a snapshot: ids, split numbers, shards, places, examples, framing, digest.

The pictures are written here without a codec and pass through, so that no version of anything takes part.
"""

import struct
import zlib

from support.datasets import KINDS, make_project, put_files

from dvcore.ids import digest
from dvcore.model.definition import Split
from dvcore.repo.commits import commit_working
from dvcore.repo.repository import Repository
from dvcore.snapshot.taking.take import take_snapshot


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def stored_png(number):
    """A 2x1 RGB picture whose pixels are stored, not compressed."""
    row = bytes([0, number, 10, 20, 30, number, 50])
    block = b"\x01" + struct.pack("<HH", len(row), len(row) ^ 0xFFFF) + row
    body = b"\x78\x01" + block + struct.pack(">I", zlib.adler32(row))
    header = struct.pack(">IIBBBBB", 2, 1, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def test_the_bytes_of_a_snapshot_are_fixed(tmp_path):
    paths = {f"nuts/{number:03d}.png": number for number in range(30)}
    with Repository.in_memory() as repository:
        put_files(
            repository,
            {path: stored_png(number) for path, number in paths.items()},
            {path: KINDS[number % 2] for path, number in paths.items()},
        )
        commit_working(repository, "first")
        make_project(repository, splits=(Split("train", "0.7", None, 2), Split("test", "0.3", None, 1)))
        report = take_snapshot(repository, "nuts", out=tmp_path / "out")
    shards = {
        shard.name: (shard.examples, shard.digest.hex()[:16])
        for split in report.splits.values()
        for shard in split.shards
    }
    assert shards == {
        "nuts-train.tfrecord-00000-of-00002": (15, "94f58ce099c02f35"),
        "nuts-train.tfrecord-00001-of-00002": (6, "0cdcc2e67b769e20"),
        "nuts-test.tfrecord-00000-of-00001": (9, "36701e9389301559"),
    }
    assert report.digest.hex()[:16] == "a0ace735153e1b07"
    assert {name: digest((report.out / name).read_bytes()).hex()[:16] for name in shards} == {
        name: value for name, (_, value) in shards.items()
    }
