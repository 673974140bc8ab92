"""The local engine: makes shards in threads.

Decoding, resizing, encoding and hashing leave Python's lock, so threads use the cores without starting processes or
copying images between them (`docs/decisions/0010-threads.md`). Results are in the order of the shards, whichever was
ready first.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from threading import Event
from typing import Final

from dvcore.errors import InvalidInputError
from dvcore.progress import Progress
from dvcore.snapshot.shards import Made, ShardPlan

Work = Callable[[ShardPlan, Callable[[], None]], Made]
"""Makes one shard; calls its second argument after each example."""

_TELL_SECONDS: Final = 0.1


class _StoppedError(Exception):
    """Another shard failed; this one's result is not wanted any more."""


def run_local(work: Work, shards: Sequence[ShardPlan], *, jobs: int | None, progress: Progress) -> list[Made]:
    """Make all shards, `jobs` at a time (None: as many as there are processors).

    Raises what the work raises: of several failures that of the first shard; the rest is given up.
    """
    if jobs is not None and jobs < 1:
        raise InvalidInputError(f"{jobs} jobs cannot make anything", hint="give 1 or more")
    stop = Event()
    done = [0] * len(shards)  # each cell is written by one thread only
    progress.start("writing examples", sum(len(shard.examples) for shard in shards))
    with ThreadPoolExecutor(jobs or len(os.sched_getaffinity(0))) as pool:
        try:
            futures = [pool.submit(work, shard, _counter(done, index, stop)) for index, shard in enumerate(shards)]
            _follow(futures, done, progress)
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)
    progress.finish()
    return [future.result() for future in futures]


def _counter(done: list[int], index: int, stop: Event) -> Callable[[], None]:
    def advance() -> None:
        if stop.is_set():
            raise _StoppedError
        done[index] += 1

    return advance


def _follow(futures: list[Future[Made]], done: list[int], progress: Progress) -> None:
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
