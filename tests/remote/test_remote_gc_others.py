"""A collection among others: pushers, readers and other collections at every moment of it, and its own end after any
request. Whatever happens, what the root's refs lead to is there, and in the end nothing else is."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import timedelta
from functools import partial
from itertools import count

import pytest
from support.remotes import TroubledStorage
from support.upkeep import DAY, Clock, Pusher, assert_complete, copy_of, files, listed_packs, littered, push

from dvcore.errors import DsetError, NotFoundError, StateError, StorageError, UnknownOutcomeError
from dvcore.remote.contents.opened import open_contents
from dvcore.remote.indexes.cache import IndexCache
from dvcore.remote.packs.names import ROOT
from dvcore.remote.roots.commit import commit_root, read_root
from dvcore.remote.roots.root import Root
from dvcore.remote.storages.memory import MemoryStorage
from dvcore.remote.storages.storage import ALWAYS, Condition, Data, Storage
from dvcore.remote.upkeep import survey
from dvcore.remote.upkeep.collecting import collect_remote

MINUTE = timedelta(minutes=1)


def made() -> tuple[MemoryStorage, Clock]:
    """A copy of it."""
    storage, clock = littered()
    own = Clock(clock.time)
    return copy_of(storage, own), own


def collect(storage: Storage) -> None:
    collect_remote(storage, IndexCache(None))


def tidy(storage: MemoryStorage, clock: Clock) -> Root:
    """Collect until there is nothing left to be done; nothing lies there then that the root does not list."""
    for _ in range(3):
        collect(storage)
        clock.time += DAY
    collect(storage)
    root = assert_complete(storage)
    names = {one.name for one in storage.iter_names()}
    packs = {pack.name for pack in listed_packs(storage, root)}
    assert names == {ROOT} | packs | {index.name for index in root.indexes}
    return root


def requests_of(storage: Storage) -> int:
    """How many requests a collection makes."""
    counting = TroubledStorage(storage, lambda number, name: None)
    collect(counting)
    return counting.number


class CutStorage(TroubledStorage):
    """Nothing reaches it from some request on; of that one the answer may be lost."""

    def __init__(self, storage: Storage, cut: int, *, is_done: bool) -> None:
        super().__init__(storage, self._fail)
        self._cut = cut
        self._is_done = is_done

    def put(self, name: str, data: Data, *, condition: Condition = ALWAYS) -> None:
        self._do(lambda: self.storage.put(name, data, condition=condition))
        return super().put(name, data, condition=condition)

    def remove(self, name: str) -> None:
        self._do(lambda: self.storage.remove(name))
        super().remove(name)

    def _do(self, request: Callable[[], object]) -> None:
        if self._is_done and self.number + 1 == self._cut:
            request()

    def _fail(self, number: int, name: str) -> None:
        if number >= self._cut:
            raise StorageError("the line is dead")


@pytest.mark.parametrize("is_done", [False, True], ids=["not sent", "answer lost"])
def test_killed_after_any_request_it_leaves_a_sound_remote_and_the_next_one_ends_it(is_done: bool) -> None:
    kill_after(range(1, requests_of(made()[0]) + 1), is_done=is_done)


def kill_after(requests: Iterable[int], *, is_done: bool) -> None:
    for cut in requests:
        storage, clock = made()
        before = read_root(storage)
        with pytest.raises(StorageError):
            collect(CutStorage(storage, cut, is_done=is_done))
        assert_complete(storage)
        assert_complete(storage, older=before)
        push(storage, revived=files("d", "large dead"))
        assert_complete(storage)
        push(storage, revived=None)
        tidy(storage, clock)


def test_in_several_steps_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(survey, "BATCH_ENTRIES", 1)
    kill_after(range(1, requests_of(made()[0]) + 1, 4), is_done=True)


def at(storage: Storage, moment: int, action: Callable[[], object]) -> TroubledStorage:
    """The storage; before a request of this number, from 1, something else happens."""
    left = iter([True])  # several threads may make requests

    def trouble(number: int, _: str) -> None:
        if number >= moment and next(left, False):
            action()

    return TroubledStorage(storage, trouble)


def moments() -> range:
    return range(1, requests_of(made()[0]) + 1)


def test_a_push_at_any_moment_that_counts_on_what_was_dead_is_complete() -> None:
    for moment in moments():
        storage, clock = made()
        collect(at(storage, moment, partial(push, storage, revived=files("d", "f", "large dead"))))
        root = assert_complete(storage)
        assert "heads/revived" in root.refs
        clock.time += DAY
        collect(storage)
        assert "heads/revived" in tidy(storage, clock).refs


def test_a_root_that_moves_all_the_time_is_followed() -> None:
    storage, clock = made()
    numbers = count()

    def trouble(_: int, name: str) -> None:
        if name.startswith("clock/") and next(numbers) in {2, 4, 6, 8}:
            push(storage, **{f"n{next(numbers)}": files("d", f"n{next(numbers)}")})

    collect(TroubledStorage(storage, trouble))
    root = assert_complete(storage)
    assert len(root.refs) > 4
    assert tidy(storage, clock).refs == root.refs


def test_what_is_copied_is_copied_once_however_often_the_root_moves() -> None:
    copied = []
    for pushes in (0, 3):
        storage, clock = made()
        left = iter(range(pushes))

        def trouble(_: int, name: str, storage: Storage = storage, left: Iterator[int] = left) -> None:
            if name.startswith("indexes/") and (number := next(left, None)) is not None:
                push(storage, **{f"n{number}": files(f"n{number}")})

        copied.append(collect_remote(TroubledStorage(storage, trouble), IndexCache(None)).copied)
        assert next(left, None) is None
        tidy(storage, clock)
    assert copied[0] == copied[1]


def test_a_push_around_any_moment_of_it_is_complete() -> None:
    """It looks and sends before, or looks before and sends at that moment, and publishes after it all."""
    for moment in moments():
        for sends_before in (True, False):
            storage, clock = made()
            pusher = Pusher(storage, {"heads/revived": files("d", "f", "z")})
            pusher.look()
            if sends_before:
                pusher.send()
                collect(at(storage, moment, pusher.publish))
            else:
                collect(at(storage, moment, pusher.send))
                pusher.publish()
            assert "heads/revived" in assert_complete(storage).refs
            assert "heads/revived" in tidy(storage, clock).refs


@pytest.mark.parametrize("days", [1, 2, 3])
def test_a_push_that_ends_days_later_is_complete(days: int) -> None:
    """Its packs had their tombstones by then, or are gone; the root has moved in any case."""
    for collections in range(1, days + 2):
        storage, clock = made()
        tidy(storage, clock)
        pusher = Pusher(storage, {"heads/late": files("d", "z")}, is_slow=True)
        pusher.look()
        pusher.send()
        for _ in range(collections):
            clock.time += days * DAY / collections
            collect(storage)
        pusher.publish()
        assert "heads/late" in assert_complete(storage).refs
        assert "heads/late" in tidy(storage, clock).refs


@pytest.mark.parametrize("days", [1, 2])
def test_a_push_that_stops_before_its_last_request_for_days_is_complete(days: int) -> None:
    """Its index is sent, and the root rests on the one that it has read, which nobody but collections has replaced."""
    storage, clock = made()
    tidy(storage, clock)
    asleep = iter([True])

    def trouble(_: int, name: str) -> None:
        puts_root = name == ROOT and troubled.requests["put"] > 2
        if puts_root and next(asleep, False):
            for _ in range(days):
                clock.time += DAY
                collect(storage)

    troubled = TroubledStorage(storage, trouble)
    pusher = Pusher(troubled, {"heads/late": files("d", "z")}, is_slow=True)
    pusher.run()
    assert next(asleep, None) is None
    assert "heads/late" in assert_complete(storage).refs
    tidy(storage, clock)


def test_a_push_that_only_publishes_an_index_that_has_gone_meanwhile_fails_and_looks_again() -> None:
    """Even where its packs are young and there is nothing else to collect."""
    storage, clock = made()
    tidy(storage, clock)
    pusher = Pusher(storage, {"heads/late": files("d", "z")}, is_slow=True)
    pusher.look()
    pusher.send()
    root = read_root(storage)
    assert root is not None
    made_root = pusher._updated(root)
    clock.time += DAY
    for pack in pusher.sent:
        storage.put(pack.ref.name, pack.data)  # as good as young
    collect(storage)
    assert not {index.name for index in made_root.indexes} <= {one.name for one in storage.iter_names()}
    newer = read_root(storage)
    assert newer is not None
    assert newer.serial > root.serial


def test_what_is_published_a_day_late_while_it_is_taken_for_a_leftover_stays() -> None:
    """Packs and an index are listed as old and in no root; before that is put which sets tombstones, they are."""
    storage, clock = made()
    tidy(storage, clock)
    pusher = Pusher(storage, {"heads/late": files("d", "z")})
    pusher.look()
    pusher.send()
    root = read_root(storage)
    assert root is not None
    after = pusher._updated(root)
    clock.time += DAY
    late = iter([True])

    def trouble(_: int, name: str) -> None:
        if name.startswith("clock/") and next(late, False):
            commit_root(storage, lambda _: after)

    collect(TroubledStorage(storage, trouble))
    assert next(late, None) is None
    assert "heads/late" in assert_complete(storage).refs
    assert "heads/late" in tidy(storage, clock).refs


def test_another_collection_at_any_moment_is_told_apart_and_nothing_is_lost() -> None:
    outcomes = set()
    for moment in moments():
        storage, clock = made()
        try:
            collect(at(storage, moment, partial(collect, storage)))
            outcomes.add("both")
        except StateError as error:
            outcomes.add(error.message.rpartition(": ")[2])
        assert_complete(storage)
        tidy(storage, clock)
    assert outcomes == {"both", "another collection has come in between"}


def test_who_reads_by_an_older_root_has_the_whole_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    storage, clock = made()
    collect(storage)
    roots = []
    for branch in "xyz":
        push(storage, **{branch: files(branch), f"{branch}2": files(f"{branch}2", f"{branch}3", f"{branch}4")})
        root = read_root(storage)
        assert root is not None
        roots.append(root)
        push(storage, **{f"{branch}2": None})
        collect(storage)
        kept = IndexCache(None).open_all(storage, root.indexes)
        clock.time += DAY - MINUTE
        collect(storage)
        with monkeypatch.context() as patch:
            patch.setattr(IndexCache, "open_all", lambda *_, kept=kept: kept)
            assert_complete(storage, older=root)


def test_who_opens_a_remote_while_its_indexes_are_replaced_reads_the_root_again() -> None:
    storage, clock = made()
    left = iter([True])

    def trouble(_: int, name: str) -> None:
        if name.startswith("indexes/") and next(left, False):
            push(storage, many=files(*"mnopqrstuvw"))
            clock.time += DAY
            collect(storage)
            push(storage, more=files("x"))
            collect(storage)

    before = read_root(storage)
    assert before is not None
    contents = open_contents(TroubledStorage(storage, trouble), IndexCache(None))
    assert contents is not None
    assert contents.root == read_root(storage) != before
    assert not {index.name for index in before.indexes} & {one.name for one in storage.iter_names("indexes")}


def test_where_an_index_is_gone_and_the_root_is_the_same_that_is_said() -> None:
    storage, _ = made()
    root = read_root(storage)
    assert root is not None
    storage.remove(root.indexes[0].name)
    with pytest.raises(NotFoundError, match="memory has no indexes/"):
        open_contents(storage, IndexCache(None))


@pytest.mark.parametrize("is_done", [False, True])
def test_an_answer_that_is_lost_is_found_out(is_done: bool) -> None:
    storage, clock = made()
    lost = iter([True])

    class Losing(TroubledStorage):
        def put(self, name: str, data: Data, *, condition: Condition = ALWAYS) -> None:
            if name != ROOT or not next(lost, False):
                return super().put(name, data, condition=condition)
            if is_done:
                super().put(name, data, condition=condition)
            raise UnknownOutcomeError("no answer")

    before = read_root(storage)
    assert before is not None
    collect(Losing(storage, lambda *_: None))
    root = assert_complete(storage)
    assert (root.serial, next(lost, None)) == (before.serial + 1, None)
    tidy(storage, clock)


def test_a_step_that_takes_half_the_grace_is_given_up() -> None:
    storage, clock = made()
    times = count()

    def trouble(_: int, name: str) -> None:
        if name.startswith("clock/") and next(times) == 2:
            clock.time += DAY / 2 + MINUTE

    before = read_root(storage)
    with pytest.raises(StateError, match="was given up: it has taken longer than 12:00:00"):
        collect(TroubledStorage(storage, trouble))
    assert read_root(storage) == before
    assert_complete(storage)
    tidy(storage, clock)


def test_every_request_of_it_finds_a_complete_remote() -> None:
    storage, _ = made()

    def trouble(_: int, name: str) -> None:
        assert_complete(storage)

    collect(TroubledStorage(storage, trouble))


def remove_packs(storage: Storage) -> None:
    for one in list(storage.iter_names("packs")):
        storage.remove(one.name)


def test_no_failure_is_another_than_of_the_tree() -> None:
    """Objects that vanish under it: whoever removes what is not theirs."""
    for moment in moments():
        storage, _ = made()
        with suppress(DsetError):
            collect(at(storage, moment, partial(remove_packs, storage)))
