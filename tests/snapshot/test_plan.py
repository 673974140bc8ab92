import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from support import pictures
from support.datasets import KINDS, TWO_KINDS, drawn, drawn_repository, put_drawn, put_files
from support.pictures import encoded

from dvcore.errors import ConflictError, ExpressionError, FaultyFilesError, NotFoundError, StateError
from dvcore.model.definition import Definition, Feature, Label, Split
from dvcore.model.names import parse_path
from dvcore.repo.adding import OnExisting
from dvcore.repo.annotating import Annotation, annotate
from dvcore.repo.copying import CopyOptions, copy
from dvcore.repo.mirroring import mirror
from dvcore.repo.repository import Repository
from dvcore.snapshot.planning.findings import check_plan, plan_warnings
from dvcore.snapshot.planning.plan import NO_IMAGE, NO_LABEL
from dvcore.snapshot.planning.planner import make_plan

ALL = Definition()
ONE_SPLIT = (Split("whole", "1"),)


def plan_of(repository, definition=ALL):
    return make_plan(repository, repository.working_tree(), definition)


def splits_of(plan):
    return {example.file: example.split for example in plan.examples}


def test_every_image_has_one_example_with_its_label_and_split():
    repository = drawn_repository(None, 30)
    plan = plan_of(repository, Definition(labels=TWO_KINDS))
    assert [example.path for example in plan.examples] == [f"nuts/{number:03d}.png" for number in range(30)]
    assert [example.labels for example in plan.examples] == [(number % 2,) for number in range(30)]
    assert sum(plan.split_counts()) == 30
    assert [sum(row) for row in plan.label_counts()] == list(plan.split_counts())
    assert not plan.left_out


def test_images_without_a_label_and_files_that_are_none_are_left_out_and_counted():
    repository = drawn_repository(None, 6)
    put_files(repository, {"nuts/notes.txt": b"about nuts", "nuts/x.png": drawn(99)})
    plan = plan_of(repository, Definition(labels=TWO_KINDS[:1]))
    assert plan.left_out_counts() == {NO_IMAGE: 1, NO_LABEL: 4}
    assert len(plan.examples) == 3
    assert plan_of(repository, ALL).left_out_counts() == {NO_IMAGE: 1}


def test_directories_and_prefilter_choose_the_files():
    repository = drawn_repository(None, 6)
    put_drawn(repository, 4, first=6, directory="nuts2")
    assert len(plan_of(repository).examples) == 10
    assert len(plan_of(repository, Definition(directories=("nuts",))).examples) == 6
    filtered = plan_of(repository, Definition(directories=("nuts", "nuts2"), where="name >= '004.png'"))
    assert [example.path for example in filtered.examples] == [
        "nuts/004.png", "nuts/005.png", "nuts2/006.png", "nuts2/007.png", "nuts2/008.png", "nuts2/009.png",
    ]  # fmt: skip
    with pytest.raises(NotFoundError, match="did you mean 'nuts'"):
        plan_of(repository, Definition(directories=("nutz",)))


def test_a_mirrored_file_is_one_example_under_the_least_path_that_passes():
    repository = drawn_repository(None, 3)
    mirror(repository, [parse_path("nuts")], parse_path("a/b"))
    mirror(repository, [parse_path("nuts")], parse_path("a-b"))  # '-' comes before '/'
    assert [example.path for example in plan_of(repository).examples] == [f"a-b/00{n}.png" for n in range(3)]
    only_nuts = plan_of(repository, Definition(where="path LIKE 'nuts/%' OR path LIKE 'a/%'"))
    assert [example.path for example in only_nuts.examples] == [f"a/b/00{n}.png" for n in range(3)]


def test_images_of_two_labels_stop_the_snapshot_and_are_named():
    repository = drawn_repository(None, 4)
    labels = (Label("any", "true"), Label("almond", "kind = 'almond'"))
    plan = plan_of(repository, Definition(labels=labels))
    assert [(overlap.path, overlap.labels) for overlap in plan.overlaps] == [
        ("nuts/001.png", ("any", "almond")), ("nuts/003.png", ("any", "almond")),
    ]  # fmt: skip
    with pytest.raises(ConflictError, match=r"2 images have more than one label: nuts/001.png \(any, almond\)"):
        check_plan(plan)
    first = plan_of(repository, Definition(labels=labels, overlap="first"))
    check_plan(first)
    assert {example.labels for example in first.examples} == {(0,)}


def test_split_filters_come_first_and_the_first_wins():
    repository = drawn_repository(None, 20)
    splits = (
        Split("rest", "1"),
        Split("a", where="kind = 'almond' AND name > '010'"),
        Split("b", where="kind = 'almond'"),
    )
    plan = plan_of(repository, Definition(splits=splits))
    for example in plan.examples:
        number = int(example.path[5:8])
        assert example.split == (0 if number % 2 == 0 else 1 if number > 9 else 2)


def test_an_unset_variable_is_in_no_filtered_split():
    repository = drawn_repository(None, 2)
    put_files(repository, {"nuts/x.png": drawn(77)})
    splits = (Split("rest", "1"), Split("others", where="kind != 'walnut'"))
    assert [example.split for example in plan_of(repository, Definition(splits=splits)).examples] == [0, 1, 0]


def test_the_same_bytes_in_two_splits_stop_the_snapshot():
    repository = drawn_repository(None, 4)
    put_files(repository, {"nuts/twin.png": drawn(0)}, {"nuts/twin.png": "almond"})
    splits = (Split("rest", "1"), Split("almonds", where="kind = 'almond'"))
    plan = plan_of(repository, Definition(splits=splits))
    with pytest.raises(ConflictError, match=r"nuts/000.png \(rest\) = nuts/twin.png \(almonds\)"):
        check_plan(plan)
    warned = plan_of(repository, Definition(splits=splits, leak="warn"))
    check_plan(warned)
    assert any("nuts/twin.png" in warning for warning in plan_warnings(warned))


def test_the_same_bytes_in_one_split_are_no_leak():
    repository = drawn_repository(None, 4)
    put_files(repository, {f"more/{number}.png": drawn(number) for number in range(4)})
    plan = plan_of(repository)
    assert len(plan.examples) == 8
    check_plan(plan)


def test_images_of_more_than_8_bits_are_all_named_before_any_work_begins():
    repository = drawn_repository(None, 2)
    put_files(repository, {f"deep/{number:02d}.png": sixteen_bits(number) for number in range(12)})
    put_files(repository, {"deep/float.tif": encoded(pictures.drawn("F"), "TIFF")})
    plan = plan_of(repository)
    with pytest.raises(
        FaultyFilesError, match="13 images have more bits per sample than there is a rule for"
    ) as caught:
        check_plan(plan)
    assert [fault.where for fault in caught.value.faults] == [
        *(f"deep/{number:02d}.png" for number in range(12)),
        "deep/float.tif",
    ]
    (warning,) = [line for line in plan_warnings(plan) if "bits" in line]
    assert warning.startswith(
        "13 images have more bits per sample than there is a rule for, a snapshot stops at them: deep/00.png: has 16"
    )
    assert warning.endswith("and 3 more")
    check_plan(plan_of(repository, Definition(directories=("nuts",))))


def test_an_image_of_more_than_8_bits_that_no_label_wants_stops_nothing():
    repository = drawn_repository(None, 2)
    put_files(repository, {"deep/a.png": sixteen_bits(0)})
    plan = plan_of(repository, Definition(labels=TWO_KINDS))
    check_plan(plan)
    assert not any("bits" in line for line in plan_warnings(plan))


def sixteen_bits(number):
    return encoded(Image.new("I;16", (3, 2), 300 + number), "PNG")


def test_nothing_to_export_is_an_error_that_says_why():
    repository = drawn_repository(None, 2)
    plan = plan_of(repository, Definition(labels=(Label("pecan", "name = 'pecan'"),)))
    with pytest.raises(StateError, match="2 left out: no label"):
        check_plan(plan)


def test_empty_labels_splits_and_cells_warn():
    repository = drawn_repository(None, 4)
    splits = (Split("train", "1"), Split("odd", where="name = '001.png'"), Split("none", where="width > 1000"))
    labels = (*TWO_KINDS, Label("pecan", "name = 'pecan'"))
    warnings = plan_warnings(plan_of(repository, Definition(labels=labels, splits=splits)))
    assert warnings == [
        "the split 'none' is empty",
        "the label 'pecan' is empty; it keeps its index 2",
        "labels that are empty in a split: 'walnut' in 'odd'",
    ]


def test_empty_cells_are_one_line_however_many_there_are():
    repository = drawn_repository(None, 4)
    splits = (Split("train", "1"), *(Split(f"odd{n}", where=f"name = '00{n}.png'") for n in range(1, 4)))
    labels = tuple(Label(f"label{n:02d}", f"name = '00{n % 4}.png'") for n in range(8))
    definition = Definition(
        features=(Feature("image", "image"), Feature("multihot", "image/class", labels)), splits=splits
    )
    (line,) = plan_warnings(plan_of(repository, definition))
    assert line.startswith("labels that are empty in a split: 'label00' in 'odd1', 'label00' in 'odd2', ")
    assert line.endswith(", and 14 more")


def test_a_wrong_expression_points_at_its_column():
    repository = drawn_repository(None, 2)
    with pytest.raises(ExpressionError, match="column"):
        plan_of(repository, Definition(labels=(Label("a", "kind = 'pecan'"),)))


def test_holding_gives_what_a_label_and_a_split_hold():
    repository = drawn_repository(None, 10)
    plan = plan_of(repository, Definition(labels=TWO_KINDS, splits=ONE_SPLIT))
    assert [example.path for example in plan.holding("almond")] == [f"nuts/{n:03d}.png" for n in range(1, 10, 2)]
    assert len(plan.holding("almond", "whole")) == 5
    assert len(plan.holding()) == 10
    with pytest.raises(NotFoundError, match="did you mean 'almond'"):
        plan.holding("almonds")


STEPS = st.lists(
    st.sampled_from(["add", "copy", "mirror", "annotate", "import again", "replace"]), min_size=1, max_size=4
)


@settings(max_examples=20, deadline=None)
@given(STEPS)
def test_no_image_changes_its_split_whatever_else_happens(steps):
    repository = Repository.in_memory()
    put_drawn(repository, 12)
    before = splits_of(plan_of(repository))
    for number, step in enumerate(steps):
        change(repository, step, number)
    after = splits_of(plan_of(repository))
    assert {file: after[file] for file in before} == before
    check_plan(plan_of(repository))


def change(repository, step, number):
    nuts = parse_path("nuts")
    match step:
        case "add":
            put_drawn(repository, 5, first=100 + 5 * number, directory=f"new{number}")
        case "copy":
            copy(repository, [nuts], parse_path(f"copy{number}"), options=CopyOptions(instances=True))
        case "mirror":
            mirror(repository, [nuts], parse_path(f"mirror{number}"))
        case "annotate":
            annotate(repository, [nuts], Annotation(set={"kind": KINDS[number % 2]}))
        case "import again":
            put_files(repository, {f"again{number}/{n}.png": drawn(n) for n in range(12)})
        case "replace":
            better = {f"nuts/{n:03d}.png": drawn(1000 * (number + 1) + n) for n in range(12)}
            put_files(repository, better, on_existing=OnExisting.REPLACE)
