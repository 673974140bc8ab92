"""A bit that turned over on the disk is found, or in bytes that nothing reads; and the check survives it.

`make torture` does more of the same.
"""

from pathlib import Path

import pytest
from support.bitflips import (
    Place,
    check_in_child,
    find_missed_flip,
    find_missed_value_flip,
    make_everything,
    stored_places,
)

from dvcore.store import Table

VALUE_FLIPS = 40
OTHER_FLIPS = 40


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Place], str]:
    root = tmp_path_factory.mktemp("everything")
    make_everything(root)
    verdict = check_in_child(root)
    assert verdict.problems == ()
    return root, stored_places(root), verdict.content


def test_places_are_where_the_values_are(everything: tuple[Path, list[Place], str]) -> None:
    root, places, _ = everything
    assert {place.table for place in places} == set(Table) - {Table.ABSENT}  # marks have no value
    from dvcore.ids import digest

    for place in places:
        if place.table is Table.OBJECTS:
            data = (root / ".dset" / place.file).read_bytes()[place.offset : place.offset + place.length]
            assert digest(data) == place.key


def test_a_bit_of_a_stored_value(everything: tuple[Path, list[Place], str]) -> None:
    root, places, _ = everything
    missed = [find_missed_value_flip(root, places, seed) for seed in range(VALUE_FLIPS)]
    assert [one for one in missed if one] == []


def test_a_bit_anywhere_in_a_store(everything: tuple[Path, list[Place], str]) -> None:
    root, _, content = everything
    missed = [find_missed_flip(root, content, seed) for seed in range(OTHER_FLIPS)]
    assert [one for one in missed if one] == []
