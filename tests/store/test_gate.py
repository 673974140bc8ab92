"""The gate: what a thread that ended inside does to those that want to be alone."""

from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from support.bounded import finish, in_child, start
from support.store_contract import CELLS, get, put

from dvcore.errors import StateError
from dvcore.store import LmdbStore
from dvcore.store.gate import Gate


def pass_through(gate: Gate) -> None:
    with gate.passage():
        pass


def test_a_thread_that_ended_inside_is_told_and_shuts_nobody_out() -> None:
    gate = Gate()
    kept: list[AbstractContextManager[None]] = []

    def enter() -> None:
        kept.append(gate.passage())
        kept[0].__enter__()

    finish(*start(enter))
    with pytest.raises(StateError, match="ended inside a transaction"), gate.closed():
        pass
    finish(*start(lambda: pass_through(gate)))
    kept[0].__exit__(None, None, None)
    with gate.closed():
        assert not gate.is_inside()


def test_a_fork_and_growth_do_not_wait_for_a_thread_that_is_gone(tmp_path: Path) -> None:
    kept: list[object] = []
    with LmdbStore(tmp_path / "s.lmdb", create=True, map_size=64 << 10) as store:
        put(store, b"a", b"1")

        def begin() -> None:
            reading = store.read()
            kept.extend([reading, reading.__enter__()])

        finish(*start(begin))
        assert in_child(lambda: None) == 0
        with pytest.raises(StateError, match="ended inside a transaction"):
            store.update(lambda transaction: transaction.put(CELLS, b"large", bytes(1 << 20)))
        assert get(store, b"a") == b"1"
        kept.clear()
        put(store, b"large", bytes(1 << 20))
