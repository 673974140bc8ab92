"""Absent blobs in a repository: what collects garbage, checks and reads makes of them."""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from threading import Thread

import pytest
from support.noise import noise
from support.repositories import AUTHOR, assert_sound, put, ticking

from dvcore.errors import CorruptError, StateError
from dvcore.ids import BlobId, digest
from dvcore.progress import Progress, Silent
from dvcore.repo.adding import Addition, AddOptions, Declared, add_files
from dvcore.repo.bringing import bring_blobs
from dvcore.repo.check import check
from dvcore.repo.commits import commit_working
from dvcore.repo.fsck.repair import repair_blobs
from dvcore.repo.gc import GcReport, Way, collect_garbage
from dvcore.repo.gc.jobs import look
from dvcore.repo.gc.rewriting import Rewrite
from dvcore.repo.repository import Repository
from dvcore.repo.undoing import undo_newest
from dvcore.store import Table

BOTH = pytest.mark.parametrize("way", [Way.REWRITE, Way.SWEEP])
A, B, GONE, LARGE = b"a", b"b", b"gone", noise(3 << 20)
ID_A, ID_B, ID_GONE, ID_LARGE = (BlobId(digest(data)) for data in (A, B, GONE, LARGE))


@pytest.fixture(params=["memory", "disk"])
def repository(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Repository]:
    """Of two small files and a large one that are committed, and one that nothing leads to; all but `b` evicted."""
    made = (
        Repository.in_memory(author=AUTHOR, clock=ticking())
        if request.param == "memory"
        else Repository.init(tmp_path / "r", author=AUTHOR, clock=ticking())
    )
    with made:
        put(made, "a", "b")
        put_large(made)
        commit_working(made, "first")
        put(made, "gone")
        undo_newest(made)
        evict(made, ID_A, ID_GONE, ID_LARGE)
        yield made
        assert_sound(made)


def put_large(repository: Repository, name: str = "large") -> None:
    with repository.writing():
        with repository.blobs.writer() as writer:
            blob = writer.add_bytes(LARGE)
        add_files(repository, [Addition((name,), blob, len(LARGE))], Declared(), AddOptions(), "import large")


def evict(repository: Repository, *blobs: BlobId) -> None:
    with repository.uncollected(), repository.alone(5):
        repository.blobs.evict(blobs, repository.scratch)


def collect(repository: Repository, way: Way) -> GcReport:
    return collect_garbage(repository, keep_operations=timedelta(0), force=way)


def keys(repository: Repository, table: Table) -> set[bytes]:
    with repository.stores.blobs.read() as transaction:
        return {key for key, _ in transaction.iter_sizes(table)}


class Provider:
    """Brings what it has."""

    def __init__(self, repository: Repository, *datas: bytes) -> None:
        self.asked: list[list[BlobId]] = []
        self._repository = repository
        self._datas = {digest(data): data for data in datas}

    def bring(self, blobs: Sequence[BlobId], progress: Progress) -> None:
        self.asked.append(list(blobs))
        with self._repository.blobs.writer() as writer:
            for blob in blobs:
                writer.add_bytes(self._datas[blob])


# --- garbage ---------------------------------------------------------------------------------------------------------


@BOTH
def test_marks_of_what_is_alive_stay_and_others_go(repository: Repository, way: Way) -> None:
    report = collect(repository, way)
    assert keys(repository, Table.ABSENT) == {ID_A, ID_LARGE}
    assert keys(repository, Table.BLOBS) == {ID_B}
    (blobs,) = (store for store in report.stores if store.name == "blobs")
    assert {one.table: (one.live.entries, one.dead.entries) for one in blobs.tables}[Table.ABSENT] == (2, 1)
    collect(repository, way)
    assert keys(repository, Table.ABSENT) == {ID_A, ID_LARGE}


@BOTH
def test_a_blob_without_a_mark_still_stops_it(repository: Repository, way: Way) -> None:
    def lose(transaction):  # type: ignore[no-untyped-def]
        transaction.delete(Table.ABSENT, ID_A)

    repository.stores.blobs.update(lose)
    with pytest.raises(CorruptError, match=f"blob {ID_A.hex()[:12]} is missing"):
        collect(repository, way)
    assert keys(repository, Table.ABSENT) == {ID_GONE, ID_LARGE}
    put(repository, "again", data="a")


@BOTH
def test_what_is_brought_while_garbage_is_collected_stays(
    repository: Repository, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between marking and the exclusive lock. The chunks of the large one were garbage until then."""
    with repository.writing(), repository.blobs.writer() as writer:
        for piece in (LARGE[: 1 << 20], LARGE):  # chunks without a list: of an import that was killed
            writer.add_bytes(piece)
    evict(repository, ID_LARGE)
    with repository.writing(), repository.blobs.writer() as writer:
        writer.add_bytes(LARGE + b"more")  # shares nearly all chunks, and nothing leads to it
    _overtake(monkeypatch, repository, lambda: bring(repository, A, LARGE))
    collect(repository, way)
    assert repository.blobs.read(ID_LARGE) == LARGE
    assert repository.blobs.read(ID_A) == A
    assert keys(repository, Table.ABSENT) == set()
    collect(repository, way)
    repository.blobs.verify(ID_LARGE)


@BOTH
def test_what_a_fetch_marks_while_garbage_is_collected_stays_marked(
    repository: Repository, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One mark that was garbage until then, and a new one."""
    new = BlobId(digest(b"new"))

    def fetch() -> None:
        with repository.writing():
            repository.blobs.mark_absent([new, ID_GONE, ID_B])
            with monkeypatch.context() as patched:  # as a fetch does, which looks at nothing
                patched.setattr("dvcore.repo.adding._check_blobs", lambda *_: None)
                for number, blob in enumerate((new, ID_GONE)):
                    add_files(repository, [Addition((f"{number}",), blob, 3)], Declared(), AddOptions(), "fetch")

    _overtake(monkeypatch, repository, fetch)
    collect(repository, way)
    assert keys(repository, Table.ABSENT) == {new, ID_GONE, ID_A, ID_LARGE}
    assert repository.blobs.contains(ID_B)


@pytest.mark.parametrize("target", ["dvcore.repo.gc.collecting.look", "dvcore.repo.gc.rewriting.Rewrite._values"])
@BOTH
def test_what_is_brought_while_it_is_copied_stays(
    repository: Repository, way: Way, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the look at what is there, and after marks to be copied were found, which are gone by then."""
    is_look = target.endswith("look")
    original = look if is_look else Rewrite._values

    def overtaken(*args):  # type: ignore[no-untyped-def]
        found = original(*args) if is_look else None
        if is_look or args[0].name == "blobs":
            bring(repository, A, LARGE)
        return found or original(*args)

    monkeypatch.setattr(target, overtaken)
    collect(repository, way)
    monkeypatch.undo()
    bring(repository, A, LARGE)  # where nothing was copied
    assert repository.blobs.read(ID_LARGE) == LARGE
    assert keys(repository, Table.ABSENT) == set()
    collect(repository, way)


def bring(repository: Repository, *datas: bytes) -> None:
    with repository.writing(), repository.blobs.writer() as writer:
        for data in datas:
            writer.add_bytes(data)


def _overtake(monkeypatch: pytest.MonkeyPatch, repository: Repository, action: Callable[[], None]) -> None:
    """Have another thread do it just before writers are locked out."""
    original = Repository.alone

    def overtaken(self: Repository, wait: float) -> object:
        monkeypatch.setattr(Repository, "alone", original)
        thread = Thread(target=action)
        thread.start()
        thread.join(60)
        return original(self, wait)

    monkeypatch.setattr(Repository, "alone", overtaken)


# --- checking --------------------------------------------------------------------------------------------------------


def test_absent_is_not_lost(repository: Repository) -> None:
    """Each is counted once, however many files have it; marks that nothing needs are not."""
    put(repository, "mirror", data="b")
    with repository.writing():
        bring(repository, A)
        put(repository, "another", data="a")
    evict(repository, ID_A)
    checked = check(repository)
    assert checked.problems == []
    assert checked.absent == 2 + 1  # `gone` can still come back by redo … until gc


def test_what_no_remote_has_is_lost_and_named_with_its_files(repository: Repository) -> None:
    checked = check(repository, lost={ID_A, digest(b"what nothing refers to")})
    assert [(one.name, one.reason) for one in checked.problems] == [
        (ID_A.hex(), "it is not here, and no remote has it")
    ]
    assert checked.problems[0].concerned.files.listed == ["a"]
    assert checked.blobs == {ID_A: 1}
    assert checked.absent == 2
    with repository.writing():
        bring(repository, A)
    assert check(repository, lost={ID_A}).problems == []


def test_what_is_neither_here_nor_marked_is_lost(repository: Repository) -> None:
    def lose(transaction):  # type: ignore[no-untyped-def]
        transaction.delete(Table.ABSENT, ID_A)

    repository.stores.blobs.update(lose)
    checked = check(repository)
    assert [(problem.name, problem.reason) for problem in checked.problems] == [(ID_A.hex(), "it is missing")]
    assert checked.problems[0].concerned.files.listed == ["a"]
    assert checked.blobs == {ID_A: 1}
    assert checked.absent == 2
    put(repository, "again", data="a")


def test_repair_takes_the_mark_away(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(A)
    (tmp_path / "large.jpg").write_bytes(LARGE)
    wanted = {ID_A: len(A), ID_LARGE: len(LARGE)}
    assert repair_blobs(repository, wanted, [tmp_path], Silent()) == set(wanted)
    assert keys(repository, Table.ABSENT) == {ID_GONE}
    repository.blobs.verify(ID_LARGE)


# --- bringing --------------------------------------------------------------------------------------------------------


def test_what_is_absent_is_brought_at_once(repository: Repository) -> None:
    provider = Provider(repository, A, LARGE)
    repository.provider = lambda _: provider
    assert bring_blobs(repository, [ID_LARGE, ID_B, ID_A, ID_LARGE]) == 2
    assert provider.asked == [[ID_LARGE, ID_A]]
    assert repository.blobs.read(ID_LARGE) == LARGE
    assert bring_blobs(repository, [ID_LARGE, ID_B, ID_A]) == 0
    assert len(provider.asked) == 1


def test_nobody_is_asked_for_what_is_lost(repository: Repository) -> None:
    provider = Provider(repository)
    repository.provider = lambda _: provider
    assert bring_blobs(repository, [BlobId(digest(b"never seen")), ID_B]) == 0
    assert provider.asked == []


def test_without_anybody_to_bring_them_they_are_named(repository: Repository) -> None:
    with pytest.raises(
        StateError, match=rf"the blob {ID_A.hex()[:12]} is on a remote and not here; 'dset fetch --for'"
    ):
        bring_blobs(repository, iter([ID_A, ID_B]))
    with pytest.raises(StateError, match=r"2 blobs \(.*\) are on a remote"):
        bring_blobs(repository, [ID_A, ID_LARGE])


def test_where_nothing_is_absent_nobody_looks() -> None:
    with Repository.in_memory() as repository:
        put(repository, "a")
        unread = iter([ID_A])
        assert bring_blobs(repository, unread) == 0
        assert list(unread) == [ID_A]


def test_an_import_brings_an_evicted_file_back(repository: Repository) -> None:
    """Nothing is asked of any remote; the file keeps its id and what is annotated on it."""
    before = dict(repository.working_tree().iter_files())
    with repository.writing():
        put(repository, "a")
        put_large(repository)
    assert dict(repository.working_tree().iter_files()) == before
    assert repository.blobs.find_missing([ID_A, ID_LARGE]) == []
    assert keys(repository, Table.ABSENT) == {ID_GONE}
