"""Lists and maps that move to the disk behave as those in memory do."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvcore.errors import StorageError
from dvcore.store import spool
from dvcore.store.spilling import SpillingMap
from dvcore.store.spool import Spool

keys = st.binary(min_size=1, max_size=3)
steps = st.lists(st.tuples(st.sampled_from(["put", "delete", "scan"]), keys, st.binary(max_size=40)), max_size=60)


@given(steps, st.sampled_from([0, 900, 1 << 20]))
def test_a_spilling_map_is_a_sorted_dict(steps: list[tuple[str, bytes, bytes]], memory: int) -> None:
    expected: dict[bytes, bytes] = {}
    spilling = SpillingMap(None, memory_bytes=memory)
    for step, key, value in steps:
        if step == "put":
            spilling.put(key, value)
            expected[key] = value
        elif step == "delete":
            assert spilling.delete(key) == (expected.pop(key, None) is not None)
        else:
            below = [(one, expected[one]) for one in sorted(expected) if one.startswith(key)]
            assert list(spilling.iter_items(key)) == below
        assert spilling.get(key) == expected.get(key)
    assert list(spilling.iter_items()) == sorted(expected.items())
    spilling.close()
    spilling.close()


@given(st.lists(st.binary(max_size=50)), st.integers(1, 60), st.integers(1, 3))
def test_a_spool_gives_back_what_was_appended(items: list[bytes], block: int, blocks: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spool, "BLOCK_BYTES", block)
        patch.setattr(spool, "MEMORY_BLOCKS", blocks)
        made = Spool(None)
        for place, item in enumerate(items):
            early = made.iter_blocks()
            next(early, None)
            made.append(item)
            assert b"".join(made.iter_blocks()) == b"".join(items[: place + 1])
        made.close()
        assert list(made.iter_blocks()) == []


def test_nothing_lies_in_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "MEMORY_BLOCKS", 1)
    made, spilling = Spool(tmp_path / "cache"), SpillingMap(tmp_path / "cache", memory_bytes=0)
    made.append(bytes(spool.BLOCK_BYTES))
    spilling.put(b"a", b"b")
    assert list((tmp_path / "cache").iterdir()) == []
    assert b"".join(made.iter_blocks()) == bytes(spool.BLOCK_BYTES)
    assert spilling.get(b"a") == b"b"
    made.close()
    spilling.close()


def test_a_folder_that_cannot_be_had_is_a_storage_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "MEMORY_BLOCKS", 1)
    (tmp_path / "taken").write_bytes(b"")
    with pytest.raises(StorageError, match="scratch file"):
        Spool(tmp_path / "taken").append(bytes(spool.BLOCK_BYTES))
    with pytest.raises(StorageError, match="scratch file"):
        SpillingMap(tmp_path / "taken", memory_bytes=0).put(b"a", b"b")
