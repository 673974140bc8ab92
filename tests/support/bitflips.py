"""Bits that turn over on the disk: a repository with everything in it, where its bytes are, and what a check says.

A check runs in a forked child, since what it must not do is to take the process with it.
"""

import json
import os
import random
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import lmdb
import numpy as np

from dvcore.errors import DsetError
from dvcore.ids import BlobId, CommitId, digest
from dvcore.model.annotations import Entered
from dvcore.model.definition import Definition
from dvcore.model.geometry import Polygon
from dvcore.model.manifest import Exported, Manifest, Shard, encode_exported, encode_manifest, encode_reason
from dvcore.model.names import format_path, parse_path
from dvcore.model.runlength import mask_of_runs
from dvcore.prolly import build
from dvcore.repo.branches import create_branch, create_tag, switch_branch
from dvcore.repo.check import check_repository
from dvcore.repo.commits import commit_working, head_commit
from dvcore.repo.copying import CopyOptions, copy
from dvcore.repo.mirroring import mirror
from dvcore.repo.projects import create_project, load_project, record_snapshot
from dvcore.repo.repository import Repository
from dvcore.repo.undoing import undo_newest
from dvcore.store import Table
from support.repositories import box, label, put, snapshot

TIMEOUT_SECONDS = 120
STORES = ("objects.0.lmdb", "blobs.0.lmdb")
TRIANGLE = Polygon((((0.0, 0.0, 4.0, 0.0, 4.0, 4.0),),))


@dataclass(frozen=True, slots=True)
class Place:
    """A stored value on the disk: the store's file, and which of its bytes the value takes."""

    file: str
    table: Table
    key: bytes
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Flip:
    """One bit of a file."""

    file: str
    offset: int
    bit: int

    def turn(self, root: Path) -> None:
        """Turn it over; again, and it is as it was."""
        with (root / ".dset" / self.file).open("r+b") as file:
            file.seek(self.offset)
            byte = file.read(1)[0]
            file.seek(self.offset)
            file.write(bytes([byte ^ 1 << self.bit]))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check said, a line for each problem, and the names of what is damaged. `content` is a digest of all that
    can be read, where nothing was said to be wrong."""

    problems: tuple[str, ...]
    names: tuple[str, ...] = ()
    content: str = ""


def make_everything(root: Path) -> None:
    """A repository in `root` with every kind of object, cell and blob, and with free pages in its stores."""
    noise = random.Random(7)
    with Repository.init(root) as repository:
        put(repository, *(f"nuts/{number}.jpg" for number in range(60)), entered=[box("dog")])
        put(repository, "large.bin", data="".join(noise.choices("0123456789abcdef", k=1_600_000)))
        put(repository, "middle.bin", data="x" * 50_000)
        masks = [Entered("cat", mask_of_runs(4, 5, [3, 4, 13])), Entered("cat", TRIANGLE)]
        put(repository, "masks/m.jpg", entered=masks)
        commit_working(repository, "first")
        create_tag(repository, "v1", _head(repository))
        create_branch(repository, "side", _head(repository))
        create_project(repository, "kinds", Definition())
        _snapshot_files(repository)
        label(repository, "nuts/1.jpg", "dog", "cat")
        mirror(repository, [parse_path("nuts")], parse_path("pets/mirrored"))
        copy(repository, [parse_path("masks")], parse_path("copied"), options=CopyOptions(True))
        commit_working(repository, "second")
        snapshot(repository, "kinds", _head(repository))
        label(repository, "nuts/2.jpg", "bird")
        undo_newest(repository)
        switch_branch(repository, "side")
        put(repository, "only on the side.jpg")
        switch_branch(repository, "main")
        with repository.uncollected(), repository.alone(5):
            repository.blobs.evict([BlobId(digest(b"nuts/%d.jpg" % number)) for number in range(20)])


def _snapshot_files(repository: Repository) -> None:
    """A snapshot of most files in two shards, the others left out, as `dset snapshot` records one; of shards only the
    manifest is stored."""
    draft, head = repository.draft(), _head(repository)
    tree = repository.tree(repository.objects.load_commit(head).tree)
    files = [
        (file, record.blob, format_path(path)) for path, file in tree.iter_files() for record in [tree.record(file)]
    ]
    taken, left_out = files[:-10], files[-10:]
    examples = {
        file: encode_exported(Exported(digest(file), blob, path, 0, number % 2, (0,)))
        for number, (file, blob, path) in enumerate(taken)
    }
    counts = [len(taken) - len(taken) // 2, len(taken) // 2]
    manifest = Manifest(
        tuple(
            Shard("train", index, count, 1000 * count, digest(b"shard"), digest(b"sha"), digest(b"inputs"))
            for index, count in enumerate(counts)
        ),
        build(draft, sorted(examples.items())),
        build(draft, sorted((file, encode_reason("label")) for file, _, _ in left_out)),
        ((len(taken),), (0,), (0,)),
        {"label": len(left_out)},
        {"dset": "1"},
    )
    record_snapshot(
        repository,
        load_project(repository, "kinds"),
        dataset=head,
        definition=Definition(),
        manifest=encode_manifest(manifest),
        draft=draft,
        place=Path("/somewhere"),
    )


def stored_places(root: Path) -> list[Place]:
    """Where the values of all tables are. Nobody may have the repository open."""
    return [place for file in STORES for place in _places(root / ".dset" / file)]


def value_flip(places: list[Place], seed: int) -> tuple[Place, Flip]:
    """A bit of a stored value: any table, any entry, any bit, each with the same chance within the one before."""
    random_ = random.Random(seed)
    table = random_.choice(sorted({place.table for place in places}, key=lambda table: table.value))
    place = random_.choice([place for place in places if place.table is table and place.length > 0])
    return place, Flip(place.file, place.offset + random_.randrange(place.length), random_.randrange(8))


def any_flip(root: Path, seed: int) -> Flip:
    """A bit anywhere in a store; every second time among the first 256 of a page, which LMDB itself relies on."""
    random_ = random.Random(seed)
    file = random_.choice(STORES)
    size = (root / ".dset" / file).stat().st_size
    page, within = random_.randrange(size // 4096), random_.randrange(4096)
    if random_.random() < 0.5:
        page, within = random_.choice([random_.randrange(2), page]), random_.randrange(256)
    return Flip(file, 4096 * page + within, random_.randrange(8))


def check_in_child(root: Path) -> Verdict:
    """What a check of the repository says. Raises AssertionError where it crashes or does not end."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(TIMEOUT_SECONDS)  # ends the child
        try:
            os.write(writing, json.dumps(_look(root)).encode())
            os._exit(0)
        finally:
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    assert status == 0, f"the check ended with status {status}"
    return Verdict(*(tuple(one) if isinstance(one, list) else one for one in json.loads(said)))


def find_missed_value_flip(root: Path, places: list[Place], seed: int) -> str | None:
    """Turn a bit of a stored value over, check, turn it back; what went wrong, or None where the damage was named."""
    place, flip = value_flip(places, seed)
    verdict = _checked_with(root, flip, check_in_child)
    name = place.key.decode() if place.table is Table.CELLS else place.key.hex()
    named = name in verdict.names or (
        place.table is Table.CHUNKS and any(name[:12] in line for line in verdict.problems)
    )
    return None if named else f"seed {seed}: {place} {flip} was not named: {verdict}"


def find_missed_flip(root: Path, content: str, seed: int) -> str | None:
    """Turn any bit over, check, turn it back; what went wrong, or None where it was told or harms nothing."""
    flip = any_flip(root, seed)
    verdict = _checked_with(root, flip, check_in_child)
    is_right = bool(verdict.problems) or verdict.content == content
    return None if is_right else f"seed {seed}: {flip} changed what can be read, and all was said to be well"


def _checked_with(root: Path, flip: Flip, check: Callable[[Path], Verdict]) -> Verdict:
    flip.turn(root)
    try:
        return check(root)
    finally:
        flip.turn(root)


def _look(root: Path) -> tuple[list[str], list[str], str]:
    try:
        with Repository.open(root) as repository:
            problems = check_repository(repository)
            content = "" if problems else _content(repository)
    except DsetError as error:
        return [error.message], [], ""
    return [str(problem)[:1000] for problem in problems][:40], [problem.name for problem in problems][:400], content


def _content(repository: Repository) -> str:
    """A digest of every entry."""
    hashes = []
    for store in (repository.stores.objects, repository.stores.blobs):
        with store.read() as transaction:
            for table in Table:
                hashes += [digest(table.value + key + value) for key, value in transaction.iter_items(table)]
    return digest(b"".join(hashes)).hex()


def _places(path: Path) -> list[Place]:
    """LMDB gives views of its map, which begins at the first byte of the file."""
    with lmdb.open(str(path), subdir=False, readonly=True, lock=False) as environment:
        base = _map_base(path)
        with environment.begin(buffers=True) as transaction, transaction.cursor() as cursor:
            return [
                Place(path.name, Table(bytes(key[:1])), bytes(key[1:]), _address(value) - base, len(value))
                for key, value in cursor
                if len(value) > 0
            ]


def _address(view: memoryview) -> int:
    address: int = np.frombuffer(view, np.uint8).ctypes.data
    return address


def _map_base(path: Path) -> int:
    lines = Path("/proc/self/maps").read_text().splitlines()
    return min(int(line.partition("-")[0], 16) for line in lines if line.endswith(f" {path.resolve()}"))


def _head(repository: Repository) -> CommitId:
    head = head_commit(repository)
    assert head is not None
    return head
