from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from support.model_strategies import entered, raw_ids

from dvcore.ids import FileId, InstanceId
from dvcore.model.annotations import Entered, derive_instances, rederive_instances
from dvcore.model.geometry import Box

FILE = FileId(bytes(range(32)))
DOG = Entered("dog", Box(1, 2, 3, 4))


@given(st.lists(entered, max_size=5))
def test_ids_depend_on_nothing_but_the_file_and_what_came_in(items: list[Entered]) -> None:
    first = derive_instances(FILE, items)
    assert derive_instances(FILE, items) == first
    assert len({one.id for one in first}) == len(items)
    backwards = derive_instances(FILE, items[::-1])
    assert {one.id for one in backwards} == {one.id for one in first}


@given(st.lists(entered, min_size=1, max_size=5), raw_ids)
def test_two_files_share_no_ids(items: list[Entered], other: bytes) -> None:
    ids = {one.id for one in derive_instances(FILE, items)}
    if other != FILE:
        assert not ids & {one.id for one in derive_instances(FileId(other), items)}


def test_attributes_and_the_box_beside_take_no_part() -> None:
    more = replace(DOG, attributes={"occluded": True}, box=Box(0, 0, 9, 9))
    assert derive_instances(FILE, [more])[0].id == derive_instances(FILE, [DOG])[0].id


def test_label_geometry_and_source_do() -> None:
    others = [replace(DOG, label="cat"), replace(DOG, geometry=Box(1, 2, 3, 5)), replace(DOG, source="7"), DOG]
    assert len({derive_instances(FILE, [one])[0].id for one in others}) == 4


def test_equal_ones_are_counted_and_taken_ids_passed_over() -> None:
    first, second = derive_instances(FILE, [DOG, DOG])
    assert derive_instances(FILE, [DOG]) == [first]
    assert derive_instances(FILE, [DOG], taken={first.id})[0].id == second.id


def test_a_copys_instances_have_ids_of_their_own_and_the_same_content() -> None:
    originals = derive_instances(FILE, [DOG, replace(DOG, label="cat")])
    copies = rederive_instances(FileId(bytes(32)), originals)
    assert [one.id for one in copies] == sorted(one.id for one in copies)
    assert not {one.id for one in copies} & {one.id for one in originals}
    assert {one.label for one in copies} == {"dog", "cat"}
    assert rederive_instances(FileId(bytes(32)), originals[::-1]) == copies


def test_golden_ids() -> None:
    """Ids are stored in every repository: a change here separates old annotations from their history."""
    first, second = derive_instances(FILE, [DOG, DOG])
    assert first.id.hex() == "dde5a3c57876445afc66224c5525d09427e33789cdcf7f2b1c39193482d794d7"
    assert second.id.hex() == "b5de309bc9193bf5d6a4cb21a2db2c31511fbfa2df982bc2f7fffe603498a895"
    assert (
        derive_instances(FILE, [replace(DOG, source="17")])[0].id.hex()
        == "56687af3be7ad05834b14332df679fcfea00d54299cbd445ec7bd6937f8a7325"
    )
    copy = rederive_instances(FileId(bytes(32)), [replace(first, id=InstanceId(bytes(range(1, 33))))])
    assert copy[0].id.hex() == "a6c2cd5fec0be4cee8cf4bb60485c3f25b859fb4a77e8b6623cca24eb33ac6f0"
