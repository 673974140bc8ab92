"""Parts come in their order, whoever is ready first, and no more of them wait than are allowed to."""

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import repeat
from threading import Lock

import pytest

from dvcore.errors import CorruptError, InvalidInputError
from dvcore.progress import Silent
from dvcore.snapshot.shards.engine import Workers, run_local
from dvcore.snapshot.shards.shard import ShardPlan


class Count(Silent):
    """How many were done, as progress is told."""

    def __init__(self):
        self.total = None
        self.done = 0

    def start(self, what, total, *, unit=""):
        self.total = total

    def advance(self, amount=1):
        self.done += amount


def late(number):
    """Calls that come first take longest."""
    time.sleep(0.002 * (number % 5 == 0))
    return number


def shards(count, examples=3):
    return [ShardPlan("train", index, count, (None,) * examples) for index in range(count)]


@pytest.mark.parametrize("window", [1, 2, 7, 100])
def test_results_keep_the_order_of_the_calls(window):
    with ThreadPoolExecutor(4) as pool:
        assert list(Workers(pool, window).in_order(partial(late, number) for number in range(40))) == list(range(40))


def test_only_a_window_of_results_waits():
    lock, unused = Lock(), 0

    def made():
        nonlocal unused
        with lock:
            unused += 1
            assert unused <= 3

    with ThreadPoolExecutor(4) as pool:
        for _ in Workers(pool, 3).in_order(made for _ in range(50)):
            with lock:
                unused -= 1


@pytest.mark.parametrize(("room", "most"), [(10, 2), (3, 1)])
def test_large_results_wait_only_where_there_is_room(room, most):
    """One that is larger than all the room has it to itself."""
    lock, unused, seen = Lock(), 0, set()

    def made():
        nonlocal unused
        with lock:
            unused += 1
            seen.add(unused)

    with ThreadPoolExecutor(4) as pool:
        for _ in Workers(pool, 8, room).in_order((made for _ in range(50)), repeat(5)):
            with lock:
                unused -= 1
    assert max(seen) <= most


def test_an_error_comes_when_it_is_its_turn():
    def fail():
        raise CorruptError("third")

    calls = [partial(late, 0), partial(late, 1), fail, partial(late, 3)]
    with ThreadPoolExecutor(4) as pool:
        results = Workers(pool, 4).in_order(iter(calls))
        assert [next(results), next(results)] == [0, 1]
        with pytest.raises(CorruptError, match="third"):
            next(results)


@pytest.mark.parametrize("jobs", [1, 3])
def test_shards_come_in_their_order_and_are_counted(jobs):
    def work(shard, workers, advance):
        parts = [partial(late, one) for one in range(len(shard.examples))]
        for _ in workers.in_order(iter(parts)):
            advance(1)
        return shard.index

    progress = Count()
    assert run_local(work, shards(9), jobs=jobs, progress=progress) == list(range(9))
    assert progress.total == progress.done == 27


def test_the_failure_of_one_shard_gives_up_the_others():
    passed = []

    def work(shard, workers, advance):
        if shard.index == 1:
            raise CorruptError("the second")
        for _ in range(1000):
            time.sleep(0.001)
            advance(1)
            passed.append(shard.index)

    with pytest.raises(CorruptError, match="the second"):
        run_local(work, shards(6), jobs=2, progress=Silent())
    assert len(passed) < 3000


def test_no_jobs_are_none():
    with pytest.raises(InvalidInputError, match="0 jobs"):
        run_local(lambda *_: None, shards(1), jobs=0, progress=Silent())
    assert run_local(lambda *_: None, [], jobs=2, progress=Silent()) == []
