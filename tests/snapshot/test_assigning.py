import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.split_ratios import ratios, splits_of

from dvcore.errors import InvalidInputError
from dvcore.ids import digest
from dvcore.model.definition import MAX_BOUND, Definition, Feature, Label, Split
from dvcore.model.files import split_number
from dvcore.snapshot.splits.assigning import Draft, assign_splits, check_splits
from dvcore.snapshot.splits.numbers import NUMBERS, cumulative_ratios, group_number

LABELS = (Label("a", "true"), Label("b", "true"))
SPLITS = (Split("train", "0.7"), Split("eval", "0.2"), Split("test", "0.1"))
STRATIFIED = Definition(labels=LABELS, splits=SPLITS, stratify=True)
FILES = [split_number(digest(b"%d" % number)) for number in range(600)]


def drafts_of(numbers, strata=1):
    return [Draft(number, stratum=index % strata) for index, number in enumerate(numbers)]


def placed(definition, drafts):
    return list(assign_splits(definition, drafts).splits)


def test_a_filter_counts_before_the_number():
    drafts = [Draft(0), Draft(0, filtered=2), Draft(NUMBERS - 1), Draft(NUMBERS - 1, filtered=0)]
    assert placed(Definition(splits=SPLITS), drafts) == [0, 2, 2, 0]
    assert placed(STRATIFIED, drafts) == [0, 2, 2, 0]


@settings(max_examples=60)
@given(ratios(parts=4), ratios(parts=4))
def test_other_ratios_move_only_what_lies_between_an_old_and_a_new_cut(before, after):
    """Each of them must move: it is on the other side of a cut. So no order-preserving choice moves fewer."""
    old, new = (Definition(splits=tuple(splits_of(*texts))) for texts in (before, after))
    cuts = list(zip(cumulative_ratios(old.splits), cumulative_ratios(new.splits), strict=True))
    between = [any((one < a * NUMBERS) != (one < b * NUMBERS) for a, b in cuts) for one in FILES]
    drafts = drafts_of(FILES)
    assert [a != b for a, b in zip(placed(old, drafts), placed(new, drafts), strict=True)] == between


def test_70_20_10_becomes_80_20_and_only_the_images_of_the_split_that_goes_move():
    old = placed(Definition(splits=SPLITS), drafts_of(FILES))
    new = placed(Definition(splits=tuple(splits_of("0.8", "0", "0.2"))), drafts_of(FILES))
    moved = {(a, b) for a, b in zip(old, new, strict=True) if a != b}
    assert moved == {(1, 0), (1, 2)}


def test_one_ratio_that_grows_takes_in_and_gives_nothing_away():
    old = placed(Definition(splits=tuple(splits_of("0.7", "0.3"))), drafts_of(FILES))
    new = placed(Definition(splits=tuple(splits_of("0.8", "0.2"))), drafts_of(FILES))
    moved = [(a, b) for a, b in zip(old, new, strict=True) if a != b]
    assert set(moved) == {(1, 0)}
    assert len(moved) == new.count(0) - old.count(0)


@pytest.mark.parametrize("definition", [Definition(splits=SPLITS, labels=LABELS), STRATIFIED])
def test_more_images_move_none(definition):
    """A stratified project's bounds are frozen by the first snapshot."""
    first = assign_splits(definition, drafts_of(FILES[:200], 2))
    frozen = Definition(splits=SPLITS, labels=LABELS, stratify=definition.stratify, label_bounds=first.label_bounds)
    assert placed(frozen, drafts_of(FILES, 2))[:200] == list(first.splits)
    assert placed(frozen, drafts_of(FILES[:200], 2)) == list(first.splits)


def test_stratified_labels_meet_the_ratios():
    drafts = drafts_of(FILES[:200], 2)
    splits = placed(STRATIFIED, drafts)
    for stratum in (0, 1):
        own = [split for draft, split in zip(drafts, splits, strict=True) if draft.stratum == stratum]
        assert [own.count(split) for split in range(3)] == [70, 20, 10]
    plain = placed(Definition(splits=SPLITS), drafts)
    assert [plain[::2].count(split) for split in range(3)] != [70, 20, 10]


def test_what_filters_take_has_no_part_in_the_bounds():
    alone = assign_splits(STRATIFIED, drafts_of(FILES[:200], 2))
    taken = [Draft(number, filtered=2, stratum=0) for number in FILES[200:300]]
    assert assign_splits(STRATIFIED, [*taken, *drafts_of(FILES[:200], 2)]).label_bounds == alone.label_bounds


def test_frozen_bounds_count_and_labels_without_any_go_by_the_plain_ones():
    half = MAX_BOUND // 2
    frozen = ((half, half, MAX_BOUND),)
    definition = Definition(labels=LABELS, splits=SPLITS, stratify=True, label_bounds=frozen)
    numbers = [NUMBERS // 2 - 1, NUMBERS // 2, NUMBERS - 1]
    drafts = [Draft(number, stratum=stratum) for stratum in (0, 1, None) for number in numbers]
    assignment = assign_splits(definition, drafts)
    assert list(assignment.splits) == [0, 2, 2, 0, 0, 2, 0, 0, 2]
    assert assignment.label_bounds == frozen
    between = Definition(labels=LABELS, splits=SPLITS, stratify=True, label_bounds=((), *frozen))
    assert list(assign_splits(between, drafts).splits) == [0, 0, 2, 0, 2, 2, 0, 0, 2]


def test_twins_of_two_labels_are_not_torn_apart():
    twins = FILES[:40]
    drafts = [*drafts_of(FILES[40:], 2), *(Draft(number, stratum=stratum) for number in twins for stratum in (0, 1))]
    splits = placed(STRATIFIED, drafts)[-80:]
    assert splits[::2] == splits[1::2]


def test_places_of_given_groups_are_fixed():
    assert [group_number(value) for value in ("Reute", 200, 200.0, True)] == [
        14410164837198438907,
        13301659219757657291,
        18423609536605050165,
        11936770122270250841,
    ]
    assert group_number("Reute") != split_number(b"Reute")


@given(st.one_of(st.text(max_size=5).filter(str.isascii), st.integers(-9, 9), st.booleans()))
def test_groups_are_below_the_end_of_the_scale(value):
    assert 0 <= group_number(value) < NUMBERS


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        (Definition(labels=LABELS, stratify=True, group_by="location"), "does not combine with group_by = 'location'"),
        (Definition(stratify=True), "stratify needs labels"),
        (Definition(features=(Feature("image", "image"),), stratify=True), "stratify needs labels"),
        (Definition(labels=LABELS, label_bounds=((1, 2, MAX_BOUND),)), "bounds for more labels"),
        (Definition(labels=LABELS, stratify=True, label_bounds=((1, MAX_BOUND),)), "not 3 ascending"),
        (Definition(labels=LABELS, stratify=True, label_bounds=((2, 1, MAX_BOUND),)), "not 3 ascending"),
        (Definition(labels=LABELS, stratify=True, label_bounds=((1, 2, 3),)), "not 3 ascending"),
    ],
)
def test_what_contradicts_itself_is_refused(definition, message):
    with pytest.raises(InvalidInputError, match=message):
        check_splits(definition)


@pytest.mark.parametrize(
    "definition",
    [
        Definition(splits=(Split("train", "0.9"),)),
        Definition(labels=LABELS, splits=SPLITS, stratify=True, label_bounds=((0, 0, 0),)),
    ],
)
def test_a_damaged_definition_leaves_no_file_without_a_split(definition):
    with pytest.raises(InvalidInputError):
        assign_splits(definition, [Draft(NUMBERS - 1, stratum=0)])


def test_what_goes_together_passes():
    check_splits(STRATIFIED)
    check_splits(Definition(labels=LABELS, group_by="location"))
    check_splits(Definition(labels=LABELS, stratify=True, label_bounds=((), (1, 1, MAX_BOUND))))
    heads = (Feature("image", "image"), Feature("multihot", "m", LABELS), Feature("index", "i", LABELS))
    check_splits(Definition(features=heads, stratify=True, label_bounds=((1, 2, MAX_BOUND),) * 2))
