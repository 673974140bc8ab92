"""Every kind of geometry lives in a repository: it comes in, stays, changes, is compared and copied."""

import pytest
from support.repositories import file_at, put

from dvcore.encoding import decode
from dvcore.errors import InvalidInputError
from dvcore.history.annotations import diff_annotations
from dvcore.history.diff import diff_trees
from dvcore.model.annotations import Entered, Instance
from dvcore.model.declarations import LabelDeclaration
from dvcore.model.geometry import Box, Geometry, Keypoints, Point, Polyline, RotatedBox
from dvcore.model.names import parse_path
from dvcore.repo.adding import AddOptions, Declared, add_files
from dvcore.repo.annotating import Annotation, GivenInstance, annotate
from dvcore.repo.copying import CopyOptions, copy
from dvcore.repo.repository import Repository
from dvcore.repo.undoing import undo_newest

NEW = [
    RotatedBox(50, 40, 20, 10, 33),
    Polyline(((0.0, 0.0, 1.5, 2.5), (3.0, 3.0, 4.0, 4.0))),
    Point(1, 2.5),
    Keypoints(((0.0, 0.0, 0), (1.0, 2.0, 1), (3.0, 4.5, 2))),
]
each = pytest.mark.parametrize("geometry", NEW, ids=lambda one: type(one).__name__)
BODY = ("nose", "left eye", "right eye")
FACE = LabelDeclaration("person", 0, 1, "animal", None, BODY, ((0, 1), (0, 2)))


def instances_at(repository: Repository, path: str) -> tuple[Instance, ...]:
    reader = repository.working_tree()
    return reader.annotations(reader.record(file_at(repository, path))).instances


def declare(repository: Repository, label: LabelDeclaration) -> None:
    """What an import without files declares."""
    add_files(repository, [], Declared((), (label,)), AddOptions(), "import")


def declared(repository: Repository, name: str) -> LabelDeclaration:
    found = repository.working_tree().tree.find_label(name)
    assert found is not None
    return found


@each
def test_it_comes_in_and_is_known_again(repository: Repository, geometry: Geometry) -> None:
    entered = [Entered("nut", geometry, Box(0, 0, 5, 5), "17", {"occluded": True})]
    put(repository, "a.jpg", entered=entered)
    (one,) = instances_at(repository, "a.jpg")
    assert (one.geometry, one.box) == (geometry, Box(0, 0, 5, 5))
    report = put(repository, "a.jpg", entered=entered)
    assert (report.unchanged, report.instances_present, report.instances_added) == (1, 1, 0)


@each
def test_a_change_of_it_shows_and_can_be_undone(repository: Repository, geometry: Geometry) -> None:
    put(repository, "a.jpg", entered=[Entered("nut", Box(0, 0, 5, 5))])
    before = repository.working_tree()
    (old,) = instances_at(repository, "a.jpg")
    given = [GivenInstance(Entered("nut", geometry), old.id)]
    annotate(repository, [parse_path("a.jpg")], Annotation(instances=given))
    after = repository.working_tree()
    (change,) = diff_trees(before, after)
    (difference,) = diff_annotations(before, after, change).instances
    assert (difference.old, difference.new) == (old, Instance(old.id, "nut", geometry))
    undo_newest(repository)
    assert instances_at(repository, "a.jpg") == (old,)


@each
def test_a_copy_has_it_too(repository: Repository, geometry: Geometry) -> None:
    put(repository, "a/a.jpg", entered=[Entered("nut", geometry)])
    copy(repository, [parse_path("a")], parse_path("b"), options=CopyOptions())
    assert [one.geometry for one in instances_at(repository, "b/a.jpg")] == [geometry]


def test_only_sets_that_need_it_have_the_next_version(repository: Repository) -> None:
    put(repository, "a.jpg", entered=[Entered("nut", Box(0, 0, 5, 5))])
    put(repository, "b.jpg", entered=[Entered("nut", Point(1, 1))])
    reader = repository.working_tree()
    versions = {}
    for path in ("a.jpg", "b.jpg"):
        record = reader.record(file_at(repository, path))
        assert record.annotations is not None
        versions[path] = decode(repository.objects.read(record.annotations))[1]
    assert versions == {"a.jpg": 1, "b.jpg": 2}
    assert decode(repository.objects.read(reader.id))[1] == 1


def test_a_label_gets_the_keypoints_that_a_later_source_knows(repository: Repository) -> None:
    put(repository, "a.jpg", entered=[Entered("nut", Box(0, 0, 5, 5)), Entered("person", Box(0, 0, 5, 5))])
    declare(repository, FACE)
    assert declared(repository, "person") == LabelDeclaration("person", 1, None, None, None, BODY, ((0, 1), (0, 2)))
    declare(repository, LabelDeclaration("person", 0))
    assert declared(repository, "person").keypoints == BODY, "a source that names none takes none away"
    assert decode(repository.objects.read(repository.working_tree().id))[1] == 2


def test_other_keypoints_than_a_label_declares_are_refused(repository: Repository) -> None:
    declare(repository, FACE)
    declare(repository, FACE)
    before = repository.working_tree().id
    with pytest.raises(InvalidInputError, match="the label 'person' has the keypoints nose, left eye, right eye"):
        declare(repository, LabelDeclaration("person", 0, keypoints=("right eye", "left eye", "nose")))
    assert repository.working_tree().id == before


def test_as_many_keypoints_as_the_label_declares(repository: Repository) -> None:
    put(repository, "a.jpg")
    declare(repository, FACE)
    fine = GivenInstance(Entered("person", Keypoints(((5.0, 5.0, 2), (6.0, 5.0, 1), (0.0, 0.0, 0)))))
    annotate(repository, [parse_path("a.jpg")], Annotation(instances=[fine]))
    few = GivenInstance(Entered("person", Keypoints(((5.0, 5.0, 2),))))
    with pytest.raises(InvalidInputError, match="has 1 keypoints, the label declares 3"):
        annotate(repository, [parse_path("a.jpg")], Annotation(instances=[few]))


@pytest.mark.parametrize(
    "geometry",
    [
        RotatedBox(101, 40, 20, 10, 33),
        Polyline(((0.0, 0.0, 101.0, 2.5),)),
        Point(1, 81),
        Keypoints(((1.0, 2.0, 1), (3.0, -1.0, 2))),
    ],
    ids=lambda one: type(one).__name__,
)
def test_annotating_does_not_reach_outside(repository: Repository, geometry: Geometry) -> None:
    put(repository, "a.jpg")
    with pytest.raises(InvalidInputError, match="does not lie in the image of 100x80 pixels"):
        annotate(repository, [parse_path("a.jpg")], Annotation(instances=[GivenInstance(Entered("nut", geometry))]))


def test_a_rotated_box_may_reach_over_the_edge(repository: Repository) -> None:
    put(repository, "a.jpg")
    given = [GivenInstance(Entered("nut", RotatedBox(1, 1, 50, 50, 45)))]
    annotate(repository, [parse_path("a.jpg")], Annotation(instances=given))
    assert [one.geometry for one in instances_at(repository, "a.jpg")] == [given[0].entered.geometry]
