"""A collection and the push of ours, at every moment of each other: what a push reports done is there."""

from collections.abc import Callable
from contextlib import nullcontext, suppress
from functools import partial
from itertools import count
from threading import Lock

import pytest
from support.remotes import CountingStorage, TroubledStorage
from support.upkeep import DAY, Clock, assert_complete, copy_of, files, littered
from support.upkeep import push as send

from dvcore.errors import NotFoundError, StorageError
from dvcore.ids import CommitId
from dvcore.remote.exchange import push_packs
from dvcore.remote.exchange.push import PushRef, push
from dvcore.remote.indexes.cache import IndexCache
from dvcore.remote.packs.names import ROOT
from dvcore.remote.storages.memory import MemoryStorage
from dvcore.remote.storages.storage import Storage
from dvcore.remote.upkeep import survey
from dvcore.remote.upkeep.collecting import collect_remote

_numbers = count()


def made() -> tuple[MemoryStorage, Clock]:
    """A remote on which there is something of everything to be collected."""
    storage, clock = littered()
    own = Clock(clock.time)
    return copy_of(storage, own), own


def collect(storage: Storage) -> None:
    collect_remote(storage, IndexCache(None))


REVIVED = files("d", "f", "large dead", "z")
"""It rests on objects that are dead and that an index still lists."""


def push_revived(storage: Storage) -> None:
    """As somebody who never pushed there before."""
    repository, commit = REVIVED
    push(repository, storage, f"remote{next(_numbers)}", [PushRef("heads/revived", commit)])


def assert_there(storage: MemoryStorage, clock: Clock, commit: CommitId) -> None:
    """Now, and when all that is garbage by then has gone."""
    for _ in range(3):
        assert assert_complete(storage).refs["heads/revived"] == commit
        collect(storage)
        clock.time += DAY


class Interrupted(TroubledStorage):
    """Somebody else does something before the request of this number, once, whatever threads ask at once."""

    def __init__(self, storage: Storage, moment: int, action: Callable[[], object]) -> None:
        super().__init__(storage, self._interrupt)
        self._moment = moment
        self._action = action
        self._left = iter([True])

    def _interrupt(self, number: int, _: str) -> None:
        if number >= self._moment and next(self._left, False):
            self._action()


def requests_of(action: Callable[[Storage], object]) -> int:
    counting = CountingStorage(made()[0])
    action(counting)
    return counting.number


def test_a_push_at_any_moment_of_a_collection_is_there() -> None:
    for moment in range(1, requests_of(collect) + 1):
        storage, clock = made()
        collect(Interrupted(storage, moment, partial(push_revived, storage)))
        assert_there(storage, clock, REVIVED[1])


def sleep(storage: Storage, clock: Clock, days: int) -> None:
    """Six hours for no day."""
    for _ in range(max(1, days)):
        clock.time += DAY if days else DAY / 4
        collect(storage)


@pytest.mark.parametrize("days", [0, 1, 2])
def test_collections_at_any_moment_of_a_push_take_nothing_from_it(days: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """It sleeps for days there. Where what it sent was taken for a leftover, it says so, and the next one succeeds."""
    monkeypatch.setattr(push_packs, "LONG", 3600.0 if days == 0 else -1.0)
    for moment in range(1, requests_of(push_revived) + 1):
        storage, clock = made()
        interrupted = Interrupted(storage, moment, partial(sleep, storage, clock, days))
        with suppress(StorageError, NotFoundError) if days else nullcontext():
            push_revived(interrupted)
        assert_complete(storage)
        push_revived(storage)
        assert_there(storage, clock, REVIVED[1])


@pytest.mark.parametrize("days", [1, 2, 3])
def test_a_push_that_sleeps_before_it_puts_the_root_finds_its_packs_gone(
    days: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push_packs, "LONG", -1.0 if days > 1 else 3600.0)
    storage, clock = made()
    collect(storage)
    asleep = iter([True])
    puts = iter([True])

    def trouble(_: int, name: str) -> None:
        if name == ROOT and not next(puts, False) and next(asleep, False):
            for _ in range(days):
                clock.time += DAY
                collect(storage)

    with pytest.raises(StorageError, match="packs that were sent to memory are gone"):
        push_revived(TroubledStorage(storage, trouble))
    assert "heads/revived" not in assert_complete(storage).refs
    push_revived(storage)
    assert_there(storage, clock, REVIVED[1])


def test_two_pushes_and_a_collection_at_the_same_moment() -> None:
    storage, clock = made()
    moments = iter([True, True, True])
    alone = Lock()  # indexes are read by several threads

    def trouble(_: int, name: str) -> None:
        with alone:
            if name.startswith("indexes/") and next(moments, False):
                collect(storage)
                repository, commit = files("i", "large other")
                push(repository, storage, f"remote{next(_numbers)}", [PushRef(f"heads/n{next(_numbers)}", commit)])

    push_revived(TroubledStorage(storage, trouble))
    assert next(moments, None) is None
    assert_there(storage, clock, REVIVED[1])


@pytest.mark.parametrize("entries", [survey.BATCH_ENTRIES, 1])
def test_a_large_file_whose_chunks_were_collected_is_sent_again(entries: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(survey, "BATCH_ENTRIES", entries)
    (repository, commit), many = files("large dead"), files(*map(str, range(40)))
    storage, clock = MemoryStorage(own := Clock()), own
    send(storage, main=many, revived=(repository, commit))  # together, so that its objects are in packs that stay
    send(storage, revived=None)
    for moment in range(1, 1_000):
        tried, time = copy_of(storage, own), Clock(clock.time)
        try:
            collect(Interrupted(tried, moment, _fail))
        except StorageError:
            pass
        else:
            break
        push(repository, tried, f"remote{next(_numbers)}", [PushRef("heads/revived", commit)])
        assert_there(tried, time, commit)
    assert moment > 6
    push(repository, tried, f"remote{next(_numbers)}", [PushRef("heads/revived", commit)])
    assert_there(tried, clock, commit)


def _fail() -> None:
    raise StorageError("it is gone")
