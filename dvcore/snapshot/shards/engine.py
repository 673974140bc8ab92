"""The local engine: makes shards in threads.

Decoding, resizing, encoding and hashing leave Python's lock, so threads use the cores without starting processes or
copying images between them (`docs/decisions/0010-threads.md`). Workers make examples, of one shard or of several;
a thread for each shard in the making puts them in their order, so that a single large shard keeps all cores busy too.
Results are in the order of the shards, whichever was ready first.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import repeat
from threading import Event
from typing import Final, TypeVar

from dvcore.errors import InvalidInputError
from dvcore.progress import Progress
from dvcore.snapshot.shards.shard import ShardPlan

T = TypeVar("T")

_TELL_SECONDS: Final = 0.1
_ROOM: Final = 32 << 20
"""Bytes that may wait, for each worker: those of 30 parts of small images, or of one large photograph as PNG."""


class _StoppedError(Exception):
    """Another shard failed; this one's result is not wanted any more."""


@dataclass(frozen=True, slots=True)
class Workers:
    """The threads that do the work of a shard. To bound the memory, at most `window` results wait for their turn, and
    not more than one where they have more than `room` bytes together."""

    pool: ThreadPoolExecutor
    window: int
    room: int = _ROOM

    def in_order(self, calls: Iterable[Callable[[], T]], weights: Iterable[int] = repeat(0)) -> Iterator[T]:
        """What the calls return, in their order, though they run side by side; `weights` are about the bytes of each.

        Raises what a call raises when it is its turn.
        """
        waiting: deque[tuple[Future[T], int]] = deque()
        held = 0
        try:
            for call, weight in zip(calls, weights, strict=False):
                while waiting and (len(waiting) >= self.window or held + weight > self.room):
                    held -= waiting[0][1]
                    yield waiting.popleft()[0].result()
                waiting.append((self.pool.submit(call), weight))
                held += weight
            while waiting:
                yield waiting.popleft()[0].result()
        finally:
            for future, _ in waiting:
                future.cancel()


Work = Callable[[ShardPlan, Workers, Callable[[int], None]], T]
"""Makes one shard; tells its third argument how many examples it has passed."""


def run_local(work: Work[T], shards: Sequence[ShardPlan], *, jobs: int | None, progress: Progress) -> list[T]:
    """Make all shards, with `jobs` workers (None: as many as there are processors).

    Raises what the work raises: of several failures that of the first shard; the rest is given up.
    """
    if jobs is not None and jobs < 1:
        raise InvalidInputError(f"{jobs} jobs cannot make anything", hint="give 1 or more")
    jobs = jobs or len(os.sched_getaffinity(0))
    lanes = max(1, min(len(shards), jobs + 1))  # one more: while a shard waits for the disk, the workers go on
    stop = Event()
    done = [0] * len(shards)  # each cell is written by one thread only
    progress.start("writing examples", sum(len(shard.examples) for shard in shards))
    with ThreadPoolExecutor(jobs) as pool, ThreadPoolExecutor(lanes) as lane_pool:
        workers = Workers(pool, 2 * jobs // lanes + 2, jobs * _ROOM // lanes)
        try:
            futures = [
                lane_pool.submit(work, shard, workers, _counter(done, index, stop))
                for index, shard in enumerate(shards)
            ]
            _follow(futures, done, progress)
        finally:
            stop.set()
            lane_pool.shutdown(cancel_futures=True)
    progress.finish()
    return [future.result() for future in futures]


def _counter(done: list[int], index: int, stop: Event) -> Callable[[int], None]:
    def advance(number: int) -> None:
        if stop.is_set():
            raise _StoppedError
        done[index] += number

    return advance


def _follow(futures: list[Future[T]], done: list[int], progress: Progress) -> None:
    """Tell the progress from this thread until all is done or one has failed."""
    told = 0
    waiting = True
    while waiting:
        finished, unfinished = wait(futures, timeout=_TELL_SECONDS, return_when=FIRST_EXCEPTION)
        waiting = bool(unfinished)
        total = sum(done)
        progress.advance(total - told)
        told = total
        for future in futures:
            if future in finished and (error := future.exception()) is not None:
                raise error
