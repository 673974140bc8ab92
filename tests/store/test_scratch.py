"""The scratch map: a plain dict, sorted, however large it grows and whatever is put on the way."""

import os
from pathlib import Path

from dvcore.store.scratch import TURN_ENTRIES, ScratchMap


def test_is_a_sorted_dict(tmp_path: Path) -> None:
    with ScratchMap(tmp_path) as scratch:
        expected = {os.urandom(8): os.urandom(20) for _ in range(3 * TURN_ENTRIES)}
        for key, value in expected.items():
            scratch.put(key, value)
        for key in list(expected)[::3]:
            assert scratch.delete(key)
            del expected[key]
        assert not scratch.delete(b"absent")
        assert list(scratch.iter_items()) == sorted(expected.items())
        assert len(scratch) == len(expected)
        assert all(scratch.get(key) == value for key, value in expected.items())
        assert scratch.get(b"absent") is None
        assert b"absent" not in scratch


def test_a_set_says_what_is_new(tmp_path: Path) -> None:
    with ScratchMap(tmp_path) as scratch:
        assert scratch.add(b"a")
        assert not scratch.add(b"a")
        assert b"a" in scratch


def test_scans_go_on_while_entries_are_put(tmp_path: Path) -> None:
    with ScratchMap(tmp_path) as scratch:
        for number in range(2 * TURN_ENTRIES):
            scratch.put(b"a%08d" % number)
        seen = []
        for key, _ in scratch.iter_items(b"a"):
            seen.append(key)
            scratch.put(b"b" + key)
        assert seen == [b"a%08d" % number for number in range(2 * TURN_ENTRIES)]
        assert sum(1 for _ in scratch.iter_items(b"b")) == len(seen)


def test_leaves_nothing_on_the_disk_even_while_in_use(tmp_path: Path) -> None:
    with ScratchMap(tmp_path) as scratch:
        scratch.put(b"a", b"1")
        assert list(tmp_path.iterdir()) == []
    assert list(tmp_path.iterdir()) == []
