"""Collecting garbage: what goes, what stays, what happens beside readers and writers, and after a crash."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from threading import Thread

import pytest
from support.noise import noise
from support.repositories import (
    AUTHOR,
    assert_sound,
    box,
    label,
    labels_at,
    paths,
    put,
    repository,
    snapshot,
    ticking,
)

from dvcore.errors import CorruptError, InvalidInputError, NotFoundError, StateError, StorageError
from dvcore.ids import BlobId, CommitId, digest
from dvcore.model.definition import Definition
from dvcore.progress import Silent
from dvcore.repo.adding import Addition, AddOptions, Declared, add_files
from dvcore.repo.branches import create_branch, create_tag, delete_branch, switch_branch
from dvcore.repo.commits import commit_working, head_commit, iter_history
from dvcore.repo.fsck.repair import repair_blobs
from dvcore.repo.gc import GcReport, Way, collect_garbage, preview_garbage, sweeping
from dvcore.repo.gc.rewriting import Rewrite
from dvcore.repo.gc.ways import LEAST_GAIN, Worth, choose_ways
from dvcore.repo.horizon import find_horizon
from dvcore.repo.layout import MAKING, Generations
from dvcore.repo.operations import iter_operations
from dvcore.repo.projects import create_project, load_project
from dvcore.repo.repository import Repository
from dvcore.repo.revisions import _is_commit, resolve_commit
from dvcore.repo.undoing import redo_newest, undo_newest
from dvcore.store import Table
from dvcore.store.file_lock import FileLock

NOTHING = timedelta(0)
ALL = timedelta(days=10_000)
BOTH = pytest.mark.parametrize("way", [Way.REWRITE, Way.SWEEP])

__all__ = ["repository"]


def put_large(repository: Repository, name: str, data: bytes) -> BlobId:
    """A file that is stored in chunks."""
    with repository.writing():
        with repository.blobs.writer() as writer:
            blob = writer.add_bytes(data)
        add_files(repository, [Addition((name,), blob, len(data))], Declared(), AddOptions(), f"import {name}")
    return blob


def collect(repository: Repository, way: Way | None = None, keep: timedelta = NOTHING) -> GcReport:
    return collect_garbage(repository, keep_operations=keep, force=way)


def entries(repository: Repository) -> dict[Table, set[bytes]]:
    """Every key of the stores."""
    found = {}
    for store in (repository.stores.objects, repository.stores.blobs):
        with store.read() as transaction:
            for table in Table:
                found.setdefault(table, set()).update(key for key, _ in transaction.iter_sizes(table))
    return found


def without_cells(found: dict[Table, set[bytes]]) -> dict[Table, set[bytes]]:
    return {table: keys for table, keys in found.items() if table is not Table.CELLS}


def ways(report: GcReport) -> list[Way]:
    return [store.way for store in report.stores]


# --- what goes and what stays ----------------------------------------------------------------------------------------


@BOTH
def test_what_expired_operations_held_goes(repository: Repository, way: Way) -> None:
    put(repository, "a", "b")
    collect(repository, way)
    before = entries(repository)
    put(repository, "c", entered=[box("dog")])
    large = put_large(repository, "large", noise(3 << 20))
    for _ in range(2):
        undo_newest(repository)
    report = collect(repository, way)
    assert without_cells(entries(repository)) == without_cells(before)
    assert not repository.blobs.contains(large)
    assert sum(store.freed.entries for store in report.stores) > 10
    assert sum(store.freed.size for store in report.stores) > 3 << 20
    assert paths(repository) == ["a", "b"]


def test_what_younger_operations_hold_stays(repository: Repository) -> None:
    put(repository, "a")
    large = put_large(repository, "large", noise(2 << 20))
    put(repository, "b", entered=[box("dog")])
    before = entries(repository)
    for _ in range(3):
        undo_newest(repository)
    report = collect(repository, keep=ALL)
    assert (report.expired, report.horizon) == (0, 0)
    assert before[Table.OBJECTS] <= entries(repository)[Table.OBJECTS]
    for _ in range(3):
        redo_newest(repository)
    assert paths(repository) == ["a", "b", "large"]
    assert labels_at(repository, "b") == ["dog"]
    repository.blobs.verify(large)


@BOTH
def test_everything_that_has_a_name_stays(repository: Repository, way: Way) -> None:
    put(repository, "a")
    large = put_large(repository, "large", noise(3 << 20))
    tagged = commit_working(repository, "tagged")
    create_tag(repository, "v1", tagged)
    create_project(repository, "nuts", Definition())
    snapshot(repository, "nuts", tagged)
    create_branch(repository, "other", tagged)
    switch_branch(repository, "other")
    put(repository, "b", entered=[box("dog")])
    switch_branch(repository, "main")
    commit_second = label(repository, "a", "cat") or commit_working(repository, "second")
    collect(repository, way)
    assert labels_at(repository, "a") == ["cat"]
    assert [commit.message for _, commit in iter_history(repository, commit_second)] == ["second", "tagged"]
    assert load_project(repository, "nuts").snapshots == (1,)
    repository.blobs.verify(large)
    switch_branch(repository, "other")
    assert paths(repository) == ["a", "b", "large"]
    assert labels_at(repository, "b") == ["dog"]


def test_a_deleted_branch_goes_with_its_operation(repository: Repository) -> None:
    put(repository, "a")
    create_branch(repository, "other", commit_working(repository, "first"))
    switch_branch(repository, "other")
    put(repository, "b")
    lost = commit_working(repository, "lost")
    switch_branch(repository, "main")
    delete_branch(repository, "other", force=True)
    collect(repository, keep=ALL)
    assert repository.objects.load_commit(lost).message == "lost"
    collect(repository)
    with pytest.raises(CorruptError, match="missing"):
        repository.objects.load_commit(lost)


def test_what_a_killed_import_left_goes(repository: Repository) -> None:
    put(repository, "a")
    with repository.writing(), repository.blobs.writer() as writer:
        orphan = writer.add_bytes(b"nothing refers to it")
        chunked = writer.add_bytes(noise(2 << 20))
    collect(repository, keep=ALL)
    assert repository.blobs.find_missing([orphan, chunked, BlobId(digest(b"a"))]) == [orphan, chunked]
    assert not entries(repository)[Table.CHUNKS]


def test_chunks_that_two_blobs_share_stay_with_either(repository: Repository) -> None:
    data = noise(4 << 20)
    kept = put_large(repository, "kept", data)
    put_large(repository, "gone", data + b"more")
    undo_newest(repository)
    collect(repository)
    repository.blobs.verify(kept)


def test_a_second_collection_finds_nothing(repository: Repository) -> None:
    put(repository, "a")
    undo_newest(repository)
    collect(repository)
    report = collect(repository)
    assert ways(report) == [Way.NOTHING, Way.NOTHING]
    assert report.leftovers == 0


def test_an_empty_repository(repository: Repository) -> None:
    assert [store.freed.entries for store in collect(repository, Way.REWRITE).stores] == [0, 0]
    put(repository, "a")


# --- the horizon -----------------------------------------------------------------------------------------------------


def horizon(repository: Repository) -> int:
    with repository.store.read() as transaction:
        return find_horizon(transaction)


def test_undo_and_redo_stop_at_the_horizon(repository: Repository) -> None:
    put(repository, "a")
    put(repository, "b")
    collect(repository)
    with pytest.raises(StateError, match="cannot undo 'import': 'dset gc' has given up"):
        undo_newest(repository)
    put(repository, "c")
    undo_newest(repository)
    assert paths(repository) == ["a", "b"]
    with pytest.raises(StateError, match="cannot undo"):
        undo_newest(repository)
    collect(repository)
    with pytest.raises(StateError, match="cannot redo"):
        redo_newest(repository)
    assert paths(repository) == ["a", "b"]
    with repository.store.read() as transaction:
        assert [operation.number for operation in iter_operations(transaction)] == [4, 3, 2, 1]


def test_the_horizon_is_by_age_and_never_moves_back(repository: Repository) -> None:
    for name in "abcd":
        put(repository, name)  # the clock goes on by a second at each look
    report = collect(repository, keep=timedelta(seconds=2, milliseconds=500))
    assert (report.horizon, report.expired) == (horizon(repository), report.horizon)
    assert 1 <= report.horizon < 4
    assert collect(repository, keep=ALL).horizon == report.horizon
    assert collect(repository, keep=NOTHING).expired == 4 - report.horizon
    assert horizon(repository) == 4


def test_an_operation_lets_go_only_when_all_before_it_do(tmp_path: Path) -> None:
    """A clock that was wrong for an hour must not take a hole out of the middle of the log."""
    times = iter([5_000_000, 1_000_000, 9_000_000, 9_500_000])
    with Repository.in_memory(author=AUTHOR, clock=times.__next__) as repository:
        for name in "abc":
            put(repository, name)
        assert collect(repository, keep=timedelta(seconds=7)).horizon == 0


def test_golden_horizon(repository: Repository) -> None:
    """`docs/format/repository.md` tells the cell."""
    put(repository, "a")
    collect(repository)
    with repository.store.read() as transaction:
        sealed = transaction.get(Table.CELLS, b"horizon/operations")
    assert sealed is not None
    assert sealed.hex() == GOLDEN


GOLDEN = "b929da9da5a8cdd1b3ef9eb538d79ee401"


# --- damage ----------------------------------------------------------------------------------------------------------


def damaged_commit(repository: Repository) -> tuple[Table, bytes]:
    commit = head_commit(repository)
    assert commit is not None
    return Table.OBJECTS, commit


def of_file(which: str) -> Callable[[Repository], tuple[Table, bytes]]:
    def find(repository: Repository) -> tuple[Table, bytes]:
        reader = repository.working_tree()
        record = next(record for _, record in reader.iter_records() if record.annotations)
        assert record.annotations is not None
        return {
            "node": (Table.OBJECTS, reader.tree.files),
            "directory": (Table.OBJECTS, reader.tree.root.root),
            "annotations": (Table.OBJECTS, record.annotations),
            "blob": (Table.BLOBS, record.blob),
        }[which]

    return find


def stored(table: Table) -> Callable[[Repository], tuple[Table, bytes]]:
    def find(repository: Repository) -> tuple[Table, bytes]:
        with repository.stores.blobs.read() as transaction:
            return table, next(transaction.iter_sizes(table))[0]

    return find


PLACES = {
    "commit": damaged_commit,
    **{name: of_file(name) for name in ("node", "directory", "annotations", "blob")},
    "chunk list": stored(Table.CHUNK_LISTS),
    "chunk": stored(Table.CHUNKS),
}


LEAVES = {"blob", "chunk", "annotations"}
"""Nothing follows from their bytes, which only 'dset fsck' reads."""
DAMAGE = [(what, "missing") for what in PLACES] + [(what, "changed") for what in PLACES if what not in LEAVES]


@pytest.fixture(params=["memory", "disk"])
def full(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Repository]:
    """A repository with garbage in it, and something of every kind; not sound at the end."""
    in_memory = request.param == "memory"
    made = Repository.in_memory(author=AUTHOR) if in_memory else Repository.init(tmp_path / "r", author=AUTHOR)
    with made:
        put(made, "a", entered=[box("dog")])
        put_large(made, "large", noise(2 << 20))
        commit_working(made, "first")
        put(made, "garbage")
        undo_newest(made)
        yield made


@pytest.mark.parametrize(("what", "how"), DAMAGE)
def test_beside_damage_nothing_is_removed(full: Repository, what: str, how: str) -> None:
    table, key = PLACES[what](full)
    store = full.stores.objects if table is Table.OBJECTS else full.stores.blobs
    with store.read() as transaction:
        value = transaction.get(table, key)
    assert value is not None
    flipped = value[:-1] + bytes([value[-1] ^ 1])
    store.update(lambda t: t.delete(table, key) if how == "missing" else t.put(table, key, flipped))
    before = entries(full)
    for action in (collect, lambda one: preview_garbage(one, keep_operations=NOTHING)):
        with pytest.raises(CorruptError, match="nothing was removed; 'dset fsck'"):
            action(full)
    assert entries(full) == before
    assert horizon(full) == 0
    store.update(lambda t: t.put(table, key, value))
    collect(full)
    assert_sound(full)


# --- on disk ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with a repository: a file, and 8 MiB that were undone."""
    with Repository.init(tmp_path / "r", author=AUTHOR, clock=ticking()) as repository:
        put(repository, "a", entered=[box("dog")])
        put_large(repository, "large", noise(8 << 20))
        undo_newest(repository)
    return tmp_path / "r"


def names(root: Path) -> set[str]:
    return {path.name for path in (root / ".dset").iterdir()}


def test_the_room_comes_back_to_the_disk(root: Path) -> None:
    with Repository.open(root) as repository:
        preview = preview_garbage(repository, keep_operations=NOTHING)
        report = collect(repository)
        assert ways(report) == ways(preview) == [Way.REWRITE, Way.REWRITE]
        assert report.disk_before == preview.disk_before > 8 << 20
        assert report.disk_after < 1 << 20
        assert preview.disk_after < 1 << 20
        assert report.disk_after == sum(path.stat().st_size for path in (root / ".dset").glob("*.lmdb"))
        assert {"blobs.1.lmdb", "objects.1.lmdb"} < names(root)
        assert not {"blobs.0.lmdb", "objects.0.lmdb"} & names(root)
        put(repository, "b")
        assert_sound(repository)
    with Repository.open(root) as repository:
        assert paths(repository) == ["a", "b"]


def test_little_garbage_is_swept_in_place(root: Path) -> None:
    with Repository.open(root) as repository:
        redo_newest(repository)
        put(repository, "small")
        undo_newest(repository)
        assert ways(collect(repository)) == [Way.SWEEP, Way.SWEEP]
        assert not repository.blobs.contains(BlobId(digest(b"small")))


def test_a_full_disk_is_swept_in_place(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dvcore.repo.gc.jobs._free_bytes", lambda _: 4 << 10)
    with Repository.open(root) as repository:
        report = collect(repository)
        assert ways(report) == [Way.SWEEP, Way.SWEEP]
        assert report.disk_after >= report.disk_before


def test_a_nearly_full_disk_gets_its_room_back_where_little_is_alive(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dvcore.repo.gc.jobs._free_bytes", lambda _: 1 << 20)
    with Repository.open(root) as repository:
        report = collect(repository)
        assert report.disk_after < 1 << 20 < report.disk_before - (7 << 20)


def test_a_dry_run_changes_nothing(root: Path) -> None:
    def contents() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in (root / ".dset").iterdir() if path.suffix == ".lmdb"}

    with Repository.open(root) as repository:
        before = contents(), names(root), entries(repository)
        report = preview_garbage(repository, keep_operations=NOTHING)
        assert report.is_dry_run
        assert report.expired == 3
        assert (contents(), names(root), entries(repository)) == before


def test_readers_of_the_old_generation_go_on(root: Path) -> None:
    """In this process, and in another that opened the repository before and reads afterwards."""
    script = (
        "import sys; from pathlib import Path; from dvcore.repo.repository import Repository\n"
        "with Repository.open(Path(sys.argv[1])) as r:\n"
        "    tree = r.working_tree(); print('open', flush=True); sys.stdin.readline()\n"
        "    for file, record in tree.iter_records(): r.blobs.verify(record.blob); print(record.size)\n"
        "    r.refresh(); print(r.stores.numbers.blobs)"
    )
    with (
        Repository.open(root) as repository,
        Repository.open(root) as beside,
        subprocess.Popen(
            [sys.executable, "-c", script, root], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process,
    ):
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        tree = beside.working_tree()
        collect(repository, Way.REWRITE)
        assert {"blobs.0.lmdb", "blobs.1.lmdb", "objects.0.lmdb", "objects.1.lmdb"} < names(root)
        assert [record.size for _, record in tree.iter_records()] == [1]
        assert process.communicate("go\n") == ("1\n1\n", None)
        put(beside, "b")
        assert [path for path, _ in tree.iter_files()] == [("a",)]
        assert paths(beside) == ["a", "b"]
        repository.refresh()
        assert paths(repository) == ["a", "b"]
    with Repository.open(root) as repository:
        collect(repository, keep=ALL)
        assert not {"blobs.0.lmdb", "objects.0.lmdb", "blobs.0.lmdb-lock", "objects.0.lmdb-lock"} & names(root)
        assert_sound(repository)


def test_in_place_nothing_goes_while_others_have_it_open(root: Path) -> None:
    with Repository.open(root) as repository, Repository.open(root) as reader:
        before = entries(reader)
        assert ways(collect(repository, Way.SWEEP)) == [Way.POSTPONE, Way.POSTPONE]
        assert without_cells(entries(reader)) == without_cells(before)
    script = (
        "import sys; from pathlib import Path; from dvcore.repo.repository import Repository\n"
        "with Repository.open(Path(sys.argv[1])): print('open', flush=True); sys.stdin.readline()"
    )
    command = [sys.executable, "-c", script, root]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        with Repository.open(root) as repository:
            assert ways(collect(repository, Way.SWEEP)) == [Way.POSTPONE, Way.POSTPONE]
        process.communicate("go\n")
    with Repository.open(root) as repository:
        assert ways(collect(repository, Way.SWEEP)) == [Way.SWEEP, Way.SWEEP]
        assert_sound(repository)


@BOTH
def test_what_is_written_meanwhile_stays(root: Path, way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between marking and the exclusive lock: a new file, one whose blob was garbage, one whose chunks were."""
    data = noise(8 << 20)

    def write() -> None:
        with Repository.open(root) as other:
            put(other, "new", "d/b", entered=[box("dog")])
            put_large(other, "again", data)

    original = Repository.alone

    def overtaken(self: Repository, wait: float) -> object:
        thread = Thread(target=write)
        thread.start()
        thread.join(60)
        return original(self, wait)

    monkeypatch.setattr(Repository, "alone", overtaken)
    with Repository.open(root) as repository:
        report = collect(repository, way)
    assert way in ways(report)
    with Repository.open(root) as repository:
        assert paths(repository) == ["a", "again", "d/b", "new"]
        assert_sound(repository)


def test_another_collection_is_refused(root: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from dvcore.store.file_lock import FileLock\n"
        "with FileLock(Path(sys.argv[1]) / '.dset' / 'gc') as lock:\n"
        "    assert lock.try_take(); print('held', flush=True); sys.stdin.readline()"
    )
    command = [sys.executable, "-c", script, root]
    with (
        Repository.open(root) as repository,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process,
    ):
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(StateError, match="another 'dset gc'"):
            collect(repository)
        preview_garbage(repository)
        process.communicate("go\n")


def test_writers_that_do_not_end_stop_it_and_nothing_is_left(root: Path) -> None:
    with Repository.open(root) as repository, Repository.open(root) as other, other.writing():
        before = entries(repository)
        with pytest.raises(StateError, match="others are writing"):
            collect_garbage(repository, keep_operations=NOTHING, wait=0)
        assert entries(repository) == before
        assert "blobs.1.lmdb" not in names(root)
        assert horizon(repository) == 0


def test_a_failing_disk_leaves_the_old_generation(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise StorageError("no room")

    with Repository.open(root) as repository:
        monkeypatch.setattr("dvcore.repo.gc.rewriting.Rewrite.finish", fail)
        with pytest.raises(StorageError, match="no room"):
            collect(repository)
        assert not any(".1." in name for name in names(root))
        monkeypatch.undo()
        assert paths(repository) == ["a"]
        collect(repository)
        assert_sound(repository)


INSTANTS = [
    ("dvcore.repo.gc.rewriting.Rewrite.prepare", "before"),
    ("dvcore.repo.gc.rewriting.Rewrite.prepare", "after"),
    ("dvcore.repo.gc.rewriting.Rewrite.finish", "before"),
    ("dvcore.repo.gc.rewriting.Rewrite.finish", "after"),
    ("dvcore.repo.layout.Layout.write_generations", "before"),
    ("dvcore.repo.layout.Layout.write_generations", "after"),
    ("dvcore.repo.gc.sweeping._delete", "before"),
    ("dvcore.repo.gc.sweeping._delete", "after"),
    ("dvcore.repo.gc.sweeping.Sweep.finish", "after"),
    ("dvcore.repo.gc.leftovers._remove_store", "before"),
    ("dvcore.repo.gc.leftovers._remove_store", "after"),
]

DIE = """
import os, sys
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from dvcore.repo.gc import Way, collect_garbage
from dvcore.repo.repository import Repository
from dvcore.repo.revisions import _is_commit, resolve_commit

root, target, when, way = sys.argv[1:]
parts = target.split(".")
owner = import_module(".".join(parts[:4] if parts[2] == "gc" else parts[:3]))
for part in parts[(4 if parts[2] == "gc" else 3):-1]:
    owner = getattr(owner, part)
original = getattr(owner, parts[-1])

def dying(*args, **kwargs):
    if when == "before":
        os.kill(os.getpid(), 9)
    original(*args, **kwargs)
    os.kill(os.getpid(), 9)

setattr(owner, parts[-1], dying)
with Repository.open(Path(root)) as repository:
    collect_garbage(repository, keep_operations=timedelta(0), force=Way(way))
"""


@pytest.mark.parametrize(("target", "when"), INSTANTS)
def test_killed_at_any_instant_it_leaves_a_sound_repository_and_the_next_one_tidies_up(
    root: Path, target: str, when: str
) -> None:
    way = "sweep" if "sweeping" in target else "rewrite"
    result = subprocess.run([sys.executable, "-c", DIE, root, target, when, way], check=False, timeout=60)
    assert result.returncode == -9, "the instant was not reached"
    with Repository.open(root) as repository:
        assert_sound(repository)
        assert paths(repository) == ["a"]
        collect(repository)
        assert_sound(repository)
        assert repository.layout is not None
        numbers = repository.layout.generations()
        stores = {name for name in names(root) if ".lmdb" in name}
        wanted = {path.name for path in repository.layout.store_paths(numbers)}
        assert stores == wanted | {f"{name}-lock" for name in wanted}
        assert not repository.blobs.contains(BlobId(digest(noise(8 << 20))))


def test_leftovers_of_killed_commands_go(root: Path) -> None:
    folder = root / ".dset"
    making = folder / "snapshots" / f"{MAKING}0123"
    making.mkdir()
    (making / "shard").write_bytes(b"half")
    (folder / "snapshots" / "nuts@1").mkdir()
    left = [
        folder / ".current.123.tmp",
        folder / "snapshots" / "nuts@1" / ".shard.99.tmp",
        folder / "blobs.7.lmdb",
        folder / "objects.9.lmdb-lock",
    ]
    for path in left:
        path.write_bytes(b"half")
    old = folder / "cache" / "scratch-0"
    young = folder / "cache" / "scratch-1"
    for path in (old, young):
        path.write_bytes(b"")
    os.utime(old, (0, 0))
    kept = [folder / "config.toml", folder / "snapshots" / "nuts@1", young]
    with Repository.open(root) as repository:
        assert collect(repository, keep=ALL).leftovers == 6
    assert not any(path.exists() for path in (*left, making, old))
    assert all(path.exists() for path in kept)


def test_generations_are_moved_to_by_who_writes(root: Path) -> None:
    with Repository.open(root) as other:
        with Repository.open(root) as repository:
            collect(repository, Way.REWRITE)
        assert other.stores.numbers == Generations(0, 0)
        with other.writing():
            assert other.stores.numbers == Generations(1, 1)
        other.refresh()
        assert other.stores.numbers == Generations(1, 1)


def test_a_generation_that_went_while_it_was_opened(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between reading `current` and opening what it names, a whole collection runs."""
    from dvcore.repo import generations

    opening = generations._open
    runs: list[Generations] = []

    def overtaken(layout: object, numbers: Generations) -> object:
        runs.append(numbers)
        if len(runs) == 1:
            monkeypatch.setattr(generations, "_open", opening)
            with Repository.open(root) as repository:
                collect(repository, Way.REWRITE)
            monkeypatch.setattr(generations, "_open", overtaken)
        return opening(layout, numbers)  # type: ignore[arg-type]

    monkeypatch.setattr(generations, "_open", overtaken)
    with Repository.open(root) as repository:
        assert paths(repository) == ["a"]
    assert runs == [Generations(0, 0), Generations(1, 1)]


def test_blobs_are_written_anew_only_with_objects(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who opened the repository before would see new names, whose blobs are in a store that it does not have open."""
    with Repository.open(root) as repository, Repository.open(root) as reader:
        stores = reader.stores
        assert ways(collect(repository)) == [Way.REWRITE, Way.REWRITE]
        put(repository, "b")
        reader.refresh()
        assert paths(reader) == ["a", "b"]
        assert [record.size for _, record in reader.working_tree().iter_records()] == [1, 1]
        with stores.objects.read() as transaction:
            assert len(list(iter_operations(transaction))) == 3, "the older pair is as it was"
    small = Worth(gain=LEAST_GAIN, live=0)
    assert choose_ways(Worth(0, 0), small, 1 << 40) == (Way.REWRITE, Way.REWRITE)
    assert choose_ways(small, Worth(0, 0), 1 << 40) == (Way.REWRITE, Way.SWEEP)
    assert choose_ways(Worth(0, 1 << 30), small, 1 << 40) == (Way.SWEEP, Way.SWEEP), "it would copy a GiB for 64 KiB"


def test_both_new_files_must_fit_on_the_disk() -> None:
    each = Worth(gain=1 << 30, live=1 << 30)
    assert choose_ways(each, each, 3 << 30) == (Way.REWRITE, Way.REWRITE)
    assert choose_ways(each, each, 2 << 30) == (Way.REWRITE, Way.SWEEP)
    assert choose_ways(each, each, 1 << 30) == (Way.SWEEP, Way.SWEEP)


def test_a_leftover_that_somebody_holds_is_not_written_to(root: Path) -> None:
    """Its cells are of another time."""
    folder = root / ".dset"
    shutil.copy(folder / "objects.0.lmdb", folder / "objects.1.lmdb")
    with Repository.open(root) as repository, FileLock(folder / "objects.1.lmdb") as held:
        held.share()
        put(repository, "b")
        collect(repository, Way.REWRITE)
        assert repository.stores.numbers == Generations(2, 1)
        assert paths(repository) == ["a", "b"]
    with Repository.open(root) as repository:
        assert paths(repository) == ["a", "b"]
        collect(repository)
        assert "objects.1.lmdb" not in names(root)


def test_nothing_is_written_to_a_file_that_is_there(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / ".dset" / "blobs.1.lmdb").write_bytes(b"")
    monkeypatch.setattr("dvcore.repo.gc.jobs.free_number", lambda *_: 1)
    monkeypatch.setattr("dvcore.repo.gc.leftovers.Leftovers.remove_newer", lambda _: None)
    with Repository.open(root) as repository, pytest.raises(StorageError, match="in the way of a new store"):
        collect(repository, Way.REWRITE)


def test_what_cannot_be_removed_is_told_and_stops_nothing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stuck = root / ".dset" / "snapshots" / f"{MAKING}0123"
    stuck.mkdir()

    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    with Repository.open(root) as repository:
        monkeypatch.setattr(shutil, "rmtree", refuse)
        report = collect(repository)
        assert report.stuck == (stuck,)
        assert report.disk_after < report.disk_before
        monkeypatch.undo()
        report = collect(repository)
        assert (report.stuck, report.leftovers) == ((), 1)


def test_a_sweep_that_is_cut_short_leaves_no_commit_without_what_it_leads_to(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Repository.open(root) as repository:
        create_branch(repository, "other", commit_working(repository, "first"))
        switch_branch(repository, "other")
        for name in "bcdefgh":
            put(repository, name)
            commit_working(repository, name)
        switch_branch(repository, "main")
        delete_branch(repository, "other", force=True)
    monkeypatch.setattr(sweeping, "_BATCH", 1)
    for batches in range(8):
        shutil.copytree(root, root.parent / "copy")
        with Repository.open(root.parent / "copy") as repository:
            _cut_short(repository, monkeypatch, batches)
            for key in entries(repository)[Table.OBJECTS]:
                if _is_commit(repository.objects.read(key)):
                    list(iter_history(repository, CommitId(key)))
            collect(repository, Way.SWEEP)
            assert_sound(repository)
        shutil.rmtree(root.parent / "copy")


def _cut_short(repository: Repository, monkeypatch: pytest.MonkeyPatch, batches: int) -> None:
    """A sweep that ends after so many batches."""
    delete, left = sweeping._delete, [True] * batches

    def failing(*args: object) -> None:
        if not left:
            raise StorageError("killed")
        left.pop()
        delete(*args)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(sweeping, "_delete", failing)
        with pytest.raises(StorageError, match="killed"):
            collect(repository, Way.SWEEP)


@pytest.mark.parametrize("name", [create_tag, create_branch])
def test_a_commit_that_was_collected_since_it_was_looked_up_gets_no_name(
    root: Path, name: Callable[[Repository, str, CommitId], None]
) -> None:
    with Repository.open(root) as repository, Repository.open(root) as other:
        create_branch(repository, "other", commit_working(repository, "first"))
        switch_branch(repository, "other")
        put(repository, "b")
        commit_working(repository, "lost")
        switch_branch(repository, "main")
        lost = resolve_commit(other, "other")
        delete_branch(repository, "other", force=True)
        collect(repository, Way.REWRITE)
        with pytest.raises(NotFoundError, match="no commit"):
            name(other, "v1", lost)
        assert_sound(other)


def test_who_looks_up_a_name_sees_what_is_in_use(root: Path) -> None:
    with Repository.open(root) as repository, Repository.open(root) as reader:
        commit = commit_working(repository, "first")
        collect(repository, Way.REWRITE)
        create_tag(repository, "v1", commit)
        assert resolve_commit(reader, "v1") == commit
        collect(repository, Way.REWRITE)
        put(repository, "b")
        assert paths(reader) == ["a", "b"]
        collect(repository, Way.REWRITE)
        create_project(repository, "nuts", Definition())
        assert load_project(reader, "nuts").snapshots == ()


def test_an_older_generation_goes_with_the_last_that_refers_to_it(root: Path) -> None:
    with Repository.open(root) as repository, Repository.open(root) as reader:
        tree = reader.working_tree()
        for number in range(1, 4):
            collect(repository, Way.REWRITE)
            reader.refresh()
            assert reader.stores.numbers == Generations(number, number)
        assert list(tree.iter_records())
        del tree
        collect(repository, Way.REWRITE)
        reader.refresh()
        collect(repository, Way.SWEEP)
        assert {name for name in names(root) if name.endswith(".lmdb")} == {"objects.4.lmdb", "blobs.4.lmdb"}


def test_a_blob_that_was_collected_since_it_was_written_is_asked_for(root: Path) -> None:
    with Repository.open(root) as repository, Repository.open(root) as other:
        with other.blobs.writer() as writer:
            blob = writer.add_bytes(b"too early")
        collect(repository, Way.REWRITE)
        with pytest.raises(InvalidInputError, match="bytes of 'b' are not in the repository"):
            add_files(other, [Addition(("b",), blob, 9)], Declared(), AddOptions(), "import")
        assert paths(other) == ["a"]


def test_what_was_undone_lately_can_be_redone_however_old_it_is(repository: Repository) -> None:
    put(repository, "a")
    put(repository, "b")
    undo_newest(repository)  # the clock goes on by a second at each look
    report = collect(repository, keep=timedelta(seconds=1, milliseconds=500))
    assert report.horizon == 2
    redo_newest(repository)
    assert paths(repository) == ["a", "b"]
    undo_newest(repository)
    assert paths(repository) == ["a"]


def test_a_repair_and_a_collection_exclude_each_other(root: Path) -> None:
    """What the collection has copied already would stay damaged."""
    with Repository.open(root) as repository, Repository.open(root) as other, other.uncollected():
        with pytest.raises(StateError, match="'dset fsck --repair' is at work"):
            collect(repository)
        with pytest.raises(StateError, match="another 'dset gc'"):
            repair_blobs(repository, {}, [], Silent())


def test_a_collection_that_was_overtaken_changes_nothing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody has removed the file that keeps collections apart."""
    prepare, overtaken = Rewrite.prepare, []

    def overtake(job: Rewrite, *args: object) -> None:
        prepare(job, *args)  # type: ignore[arg-type]
        if not overtaken:
            overtaken.append(job)
            (root / ".dset" / "gc").unlink()
            with Repository.open(root) as other:
                collect(other, Way.REWRITE)
                put(other, "b")

    monkeypatch.setattr(Rewrite, "prepare", overtake)
    with Repository.open(root) as repository:
        with pytest.raises(StateError, match="another collection has come in between"):
            collect(repository, Way.REWRITE)
        assert paths(repository) == ["a", "b"]
        assert_sound(repository)


def test_a_second_store_that_cannot_be_opened_leaves_the_first_closed(root: Path) -> None:
    from dvcore.store.lmdb_registry import _environments

    blobs = root / ".dset" / "blobs.0.lmdb"
    blobs.rename(blobs.with_suffix(".away"))
    with pytest.raises(StorageError, match=r"blobs\.0\.lmdb is missing"):
        Repository.open(root)
    assert not _environments
    blobs.with_suffix(".away").rename(blobs)
    Repository.open(root).close()
