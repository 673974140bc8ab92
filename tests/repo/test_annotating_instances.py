"""Adding, removing and relabelling instances, for all files of a selection at once."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.repositories import box, descriptions, file_at, is_annotated, label, labels_at, put, values_at

from dvcore.errors import InvalidInputError, NotFoundError
from dvcore.ids import FileId, InstanceId
from dvcore.model.annotations import AnnotationSet, Entered, Instance, derive_instances
from dvcore.model.declarations import LabelDeclaration, VariableDeclaration
from dvcore.model.files import ImageFacts
from dvcore.model.geometry import Box, Keypoints, RotatedBox
from dvcore.model.names import ROOT, parse_path
from dvcore.model.values import ValueType
from dvcore.repo.adding import AddOptions, Declared, add_files
from dvcore.repo.annotating import AnnotateReport, Annotation, GivenInstance, annotate
from dvcore.repo.annotation import annotated
from dvcore.repo.repository import Repository
from dvcore.repo.selection import Selection
from dvcore.repo.undoing import undo_newest


def changed(repository: Repository, *targets: str, dry_run: bool = False, **annotation: object) -> AnnotateReport:
    wanted = Annotation(**annotation)  # type: ignore[arg-type]
    return annotate(repository, [parse_path(one) for one in targets], wanted, dry_run=dry_run)


def instances_at(repository: Repository, path: str) -> tuple[Instance, ...]:
    reader = repository.working_tree()
    return reader.annotations(reader.record(file_at(repository, path))).instances


def new(name: str, x: float = 1.0) -> GivenInstance:
    return GivenInstance(box(name, x))


def test_adding_keeps_what_is_there(repository: Repository) -> None:
    put(repository, "a.jpg", "b.jpg", entered=[box("dog")])
    report = changed(repository, "a.jpg", "b.jpg", add=[new("cat"), new("cat", 5.0)])
    assert report == AnnotateReport(2, 2, ("cat",), added=4)
    assert labels_at(repository, "b.jpg") == ["cat", "cat", "dog"]
    assert is_annotated(repository, "a.jpg")


def test_adding_twice_is_adding_once(repository: Repository) -> None:
    """As importing twice is; of two that are equal, both come in."""
    put(repository, "a.jpg")
    assert changed(repository, "a.jpg", add=[new("cat"), new("cat")]).added == 2
    assert changed(repository, "a.jpg", add=[new("cat"), new("cat")]) == AnnotateReport(1, 0, ())
    assert changed(repository, "a.jpg", add=[new("cat")]).added == 0
    assert changed(repository, "a.jpg", add=[new("cat"), new("cat"), new("cat")]).added == 1
    with_score = replace(box("cat"), attributes={"score": 0.5})
    assert changed(repository, "a.jpg", add=[GivenInstance(with_score)]).added == 1


def test_adding_where_an_edited_one_was(repository: Repository) -> None:
    """The id that would be derived is taken by one that has moved away since: the new one gets another."""
    put(repository, "a.jpg", entered=[box("dog")])
    (dog,) = instances_at(repository, "a.jpg")
    changed(repository, "a.jpg", instances=[GivenInstance(box("dog", 50.0), dog.id)])
    assert changed(repository, "a.jpg", add=[new("dog")]).added == 1
    assert {one.geometry for one in instances_at(repository, "a.jpg")} == {Box(1, 2, 3, 4), Box(50, 2, 3, 4)}


def test_an_added_one_with_an_id_takes_its_place(repository: Repository) -> None:
    put(repository, "a.jpg", entered=[box("dog"), box("cat")])
    dog = next(one for one in instances_at(repository, "a.jpg") if one.label == "dog")
    report = changed(repository, "a.jpg", add=[GivenInstance(box("wolf"), dog.id)])
    assert (report.added, report.removed, report.modified) == (0, 0, 1)
    assert {one.id: one.label for one in instances_at(repository, "a.jpg")}[dog.id] == "wolf"
    with pytest.raises(InvalidInputError, match=r"a\.jpg: the file has no instance 0707"):
        changed(repository, "a.jpg", add=[GivenInstance(box("x"), InstanceId(bytes([7] * 32)))])


def test_one_that_is_replaced_does_not_stand_for_an_added_one(repository: Repository) -> None:
    """What the file has once the replaced one is gone counts: else the added one would be lost with it."""
    put(repository, "a.jpg", entered=[box("dog")])
    (dog,) = instances_at(repository, "a.jpg")
    add = [GivenInstance(box("wolf"), dog.id), new("dog"), new("wolf")]
    report = changed(repository, "a.jpg", add=add)
    assert (report.added, report.modified) == (2, 1)
    assert labels_at(repository, "a.jpg") == ["dog", "wolf", "wolf"]
    assert changed(repository, "a.jpg", add=add).changed == 0


def test_relabelling_keeps_ids_and_declares(repository: Repository) -> None:
    put(repository, "nuts/a.jpg", "nuts/b.jpg", "c.jpg", entered=[box("dog"), box("dog", 9.0), box("cat")])
    before = {one.id for one in instances_at(repository, "nuts/a.jpg")}
    assert changed(repository, "nuts", relabel={"dog": "wolf"}) == AnnotateReport(2, 2, ("wolf",), modified=4)
    assert labels_at(repository, "nuts/a.jpg") == ["cat", "wolf", "wolf"]
    assert {one.id for one in instances_at(repository, "nuts/a.jpg")} == before
    assert labels_at(repository, "c.jpg") == ["cat", "dog", "dog"]
    assert [one.name for one in repository.working_tree().tree.labels] == ["dog", "cat", "wolf"]
    undo_newest(repository)
    assert labels_at(repository, "nuts/b.jpg") == ["cat", "dog", "dog"]


def test_relabelling_merges_and_swaps(repository: Repository) -> None:
    put(repository, "a.jpg", entered=[box("dog"), box("cat", 5.0), box("cow", 9.0)])
    assert changed(repository, "a.jpg", relabel={"dog": "cat", "cat": "dog", "cow": "cat"}).modified == 3
    assert {one.geometry.x: one.label for one in instances_at(repository, "a.jpg")} == {1: "cat", 5: "dog", 9: "cat"}  # type: ignore[union-attr]


def test_a_new_name_takes_over_what_the_label_declared(repository: Repository) -> None:
    told = LabelDeclaration("dog", 0, 18, "animal", "#aa0000")
    with repository.writing():
        add_files(repository, [], Declared(labels=(told,)), AddOptions(), "import")
    put(repository, "a.jpg", entered=[box("dog")])
    changed(repository, "a.jpg", relabel={"dog": "wolf"})
    assert repository.working_tree().tree.labels[1] == LabelDeclaration("wolf", 1, None, "animal", "#aa0000")
    changed(repository, "a.jpg", relabel={"wolf": "fox"}, add=[new("fox", 9.0)])
    assert repository.working_tree().tree.labels[2] == LabelDeclaration("fox", 2, None, "animal", "#aa0000")


def test_a_label_that_no_instance_gets_is_not_declared(repository: Repository) -> None:
    put(repository, "a.jpg", "b.jpg", entered=[box("dog")])
    label(repository, "b.jpg", "cat")
    assert changed(repository, "b.jpg", relabel={"dog": "wolf"}) == AnnotateReport(1, 0, ())
    assert [one.name for one in repository.working_tree().tree.labels] == ["dog", "cat"]


def test_removing_by_label_and_by_id(repository: Repository) -> None:
    put(repository, "a.jpg", "b.jpg", entered=[box("dog"), box("cat", 5.0), box("cow", 9.0)])
    cow = next(one for one in instances_at(repository, "b.jpg") if one.label == "cow")
    report = changed(repository, "a.jpg", "b.jpg", remove_labels=["dog"], remove=[cow.id])
    assert report == AnnotateReport(2, 2, (), removed=3)
    assert (labels_at(repository, "a.jpg"), labels_at(repository, "b.jpg")) == (["cat", "cow"], ["cat"])
    assert is_annotated(repository, "b.jpg")
    with pytest.raises(NotFoundError, match=f"none of the files has the instance {cow.id.hex()}"):
        changed(repository, "a.jpg", remove=[cow.id])


def test_names_that_nothing_has_are_told_with_the_nearest(repository: Repository) -> None:
    put(repository, "a.jpg", entered=[box("walnut")])
    for annotation in ({"relabel": {"wallnut": "nut"}}, {"remove_labels": ["wallnut"]}):
        with pytest.raises(NotFoundError, match="no label 'wallnut' is declared; did you mean 'walnut'"):
            changed(repository, "a.jpg", **annotation)
    with pytest.raises(InvalidInputError, match="cannot be a label"):
        changed(repository, "a.jpg", relabel={"walnut": "two\nlines"})
    assert descriptions(repository) == ["import"]


@pytest.mark.parametrize(
    "annotation",
    [
        {"instances": [], "add": [GivenInstance(box("dog"))]},
        {"instances": [], "relabel": {"dog": "cat"}},
        {"instances": [], "remove_labels": ["dog"]},
        {"relabel": {"dog": "cat"}, "remove_labels": ["dog"]},
        {"set": {"dpi": "1"}, "unset": ["dpi"]},
    ],
)
def test_annotations_that_contradict_themselves(repository: Repository, annotation: dict[str, object]) -> None:
    dpi = VariableDeclaration("dpi", ValueType.INT)
    put(repository, "a.jpg", entered=[box("dog")], declared=[dpi])
    with pytest.raises(InvalidInputError, match=r"both"):
        changed(repository, "a.jpg", **annotation)
    assert labels_at(repository, "a.jpg") == ["dog"]


def test_one_file_at_fault_stops_all_and_is_named(repository: Repository) -> None:
    put(repository, "large.jpg")
    put(repository, "small.jpg", facts=ImageFacts(2, 2, "JPEG", "RGB"))
    put(repository, "notes.txt", facts=None)
    with pytest.raises(InvalidInputError, match=r"small\.jpg: an instance of 'dog' does not lie in the image of 2x2"):
        changed(repository, "large.jpg", "small.jpg", add=[new("dog")])
    with pytest.raises(InvalidInputError, match=r"notes\.txt: only images have instances"):
        changed(repository, "large.jpg", "notes.txt", add=[new("dog")])
    assert labels_at(repository, "large.jpg") == []


def test_a_rotated_box_may_reach_over_the_edge_with_its_centre_inside(repository: Repository) -> None:
    put(repository, "a.jpg")
    changed(repository, "a.jpg", add=[GivenInstance(Entered("car", RotatedBox(99, 79, 30, 10, 45)))])
    with pytest.raises(InvalidInputError, match="does not lie"):
        changed(repository, "a.jpg", add=[GivenInstance(Entered("car", RotatedBox(101, 79, 30, 10, 45)))])


def test_keypoints_are_as_many_as_the_label_declares(repository: Repository) -> None:
    hand = LabelDeclaration("hand", 0, keypoints=("wrist", "thumb"))
    with repository.writing():
        add_files(repository, [], Declared(labels=(hand,)), AddOptions(), "import")
    put(repository, "a.jpg")
    two = Entered("hand", Keypoints(((1.0, 1.0, 2), (2.0, 2.0, 1))))
    one = Entered("finger", Keypoints(((1.0, 1.0, 2),)))
    changed(repository, "a.jpg", add=[GivenInstance(two), GivenInstance(one)])
    with pytest.raises(InvalidInputError, match="'hand' has 1 keypoints, the label declares 2"):
        changed(repository, "a.jpg", relabel={"finger": "hand"})
    assert changed(repository, "a.jpg", relabel={"hand": "paw"}).new_labels == ("paw",)
    assert repository.working_tree().tree.labels[-1].keypoints == ("wrist", "thumb")


def test_a_dry_run_reports_and_changes_nothing(repository: Repository) -> None:
    put(repository, "a.jpg", "b.jpg", entered=[box("dog")])
    before = repository.work("main")
    report = changed(repository, "a.jpg", "b.jpg", dry_run=True, relabel={"dog": "wolf"}, add=[new("cat")])
    assert report == AnnotateReport(2, 2, ("wolf", "cat"), added=2, modified=2)
    assert repository.work("main") == before
    assert descriptions(repository) == ["import"]
    with pytest.raises(NotFoundError):
        changed(repository, "a.jpg", dry_run=True, relabel={"wolf": "dog"})


def test_values_of_json_are_read_by_their_declarations(repository: Repository) -> None:
    declared = [
        VariableDeclaration("ratio", ValueType.FLOAT),
        VariableDeclaration("ripe", ValueType.BOOL),
        VariableDeclaration("dpi", ValueType.INT),
    ]
    put(repository, "a.jpg", declared=declared)
    changed(repository, "a.jpg", set={"ratio": 2, "ripe": True, "dpi": "300"})
    assert values_at(repository, "a.jpg") == {"ratio": 2.0, "ripe": True, "dpi": 300}
    assert type(values_at(repository, "a.jpg")["ratio"]) is float
    for wrong in ({"dpi": 2.0}, {"dpi": True}, {"ripe": 1}, {"ratio": True}, {"ratio": float("nan")}, {"dpi": 2**70}):
        with pytest.raises(InvalidInputError):
            changed(repository, "a.jpg", set=wrong)


def test_where_and_relabel_together(repository: Repository) -> None:
    put(repository, "a.jpg", "b.jpg", entered=[box("dog")])
    only_b = Selection(where=lambda reader, under: [("b.jpg",)])
    annotate(repository, [ROOT], Annotation(relabel={"dog": "wolf"}), selection=only_b)
    assert (labels_at(repository, "a.jpg"), labels_at(repository, "b.jpg")) == (["dog"], ["wolf"])


_FILE = FileId(bytes(32))
_NAMES = st.sampled_from("abc")
_PLACES = st.integers(0, 3).map(float)
_ENTERED = st.lists(st.builds(box, _NAMES, _PLACES), max_size=6)


@given(_ENTERED, _ENTERED, st.dictionaries(_NAMES, _NAMES), st.sets(_NAMES))
def test_any_change_of_instances(
    present: list[Entered], added: list[Entered], relabel: dict[str, str], removed: set[str]
) -> None:
    """Nothing is lost but what is removed, ids stay and are unique, and doing an addition again adds nothing."""
    relabel = {old: other for old, other in relabel.items() if old not in removed}
    before = AnnotationSet().with_instances(derive_instances(_FILE, present))
    change = Annotation(add=[GivenInstance(one) for one in added], relabel=relabel, remove_labels=removed)
    after = annotated(_FILE, before, change, {})
    ids = [one.id for one in after.instances]
    assert len(set(ids)) == len(ids)
    kept = {one.id: one for one in before.instances if one.label not in removed}
    found = {one.id: one for one in after.instances}
    assert {id_: one.label for id_, one in found.items() if id_ in kept} == {
        id_: relabel.get(one.label, one.label) for id_, one in kept.items()
    }
    again = annotated(_FILE, after, Annotation(add=change.add), {})
    assert again == after
    for one in added:
        wanted = sum(other == one for other in added)
        assert sum((other.label, other.geometry) == (one.label, one.geometry) for other in after.instances) >= wanted
