"""What changed in the instances, heads and values of examples."""

import pytest
from support.reading import INSTANCES, SQUARE, give, nut_repository, take_all_kinds

from dvcore.model.annotations import Entered
from dvcore.model.definition import Feature
from dvcore.model.geometry import Box
from dvcore.model.names import parse_path
from dvcore.repo.annotating import Annotation, annotate
from dvcore.repo.annotation import GivenInstance
from dvcore.repo.commits import commit_working
from dvcore.snapshot.catalog.snapshots import load_snapshot
from dvcore.snapshot.comparing.counts import ALL, CountChange, count_changes_by_split
from dvcore.snapshot.comparing.diff import BoxKind, count_boxes, count_changes, diff_snapshots
from dvcore.snapshot.comparing.text import describe_change
from dvcore.snapshot.taking.take import take_snapshot


@pytest.fixture
def repository(tmp_path):
    with nut_repository(tmp_path) as made:
        take_all_kinds(made)
        yield made


def instances_at(repository, path):
    reader = repository.working_tree()
    return {one.label: one for one in reader.annotations(reader.record(reader.entry(parse_path(path)).file)).instances}


def replace_instance(repository, path, old, entered):
    change = Annotation(add=[GivenInstance(entered, old.id)])
    annotate(repository, [parse_path(path)], change)


def taken(repository):
    commit_working(repository, "changed")
    take_snapshot(repository, "all")
    old, new = (load_snapshot(repository, name) for name in ("all@1", "all@2"))
    return old, new, {change.path: change for change in diff_snapshots(repository, old, new)}


def entered(instance, **changes):
    values = {"label": instance.label, "geometry": instance.geometry, "source": instance.source} | changes
    return Entered(**values)


def test_a_box_that_moved_is_the_same_box(repository):
    old = instances_at(repository, "nuts/000.png")["walnut"]
    replace_instance(repository, "nuts/000.png", old, entered(old, geometry=Box(1.0, 0.0, 6.0, 4.0)))
    _, _, found = taken(repository)
    (change,) = found.values()
    assert (change.path, change.aspects) == ("nuts/000.png", ("boxes",))
    assert {(box.held.group, box.kind) for box in change.boxes} == {
        ("image/object", BoxKind.MOVED),
        ("image/segmentation/class", BoxKind.MOVED),
    }
    assert count_boxes(found.values()) == {"added": 0, "removed": 0, "moved": 1, "changed": 0}
    assert describe_change(change) == ("boxes: 1 moved",)


def test_added_removed_and_relabelled_boxes(repository):
    give(repository, "nuts/003.png", (("walnut", SQUARE),))
    give(repository, "nuts/001.png", ())
    annotate(repository, [parse_path("nuts/000.png")], Annotation(relabel={"walnut": "almond"}))
    _, _, found = taken(repository)
    kinds = {path: {box.kind for box in change.boxes} for path, change in found.items()}
    assert kinds == {
        "nuts/000.png": {BoxKind.CHANGED},
        "nuts/001.png": {BoxKind.REMOVED},
        "nuts/003.png": {BoxKind.ADDED},
    }
    assert count_boxes(found.values()) == {"added": 1, "removed": 1, "moved": 0, "changed": 1}


def test_an_instance_of_no_class_is_no_box(repository):
    """The example is the same, so there is nothing to tell."""
    give(repository, "nuts/003.png", (("stone", SQUARE),))
    commit_working(repository, "a stone")
    before = load_snapshot(repository, "all@1")
    take_snapshot(repository, "all")
    assert list(diff_snapshots(repository, before, load_snapshot(repository, "all@2"))) == []


def test_each_head_and_variable_is_told_apart(repository):
    annotate(repository, [parse_path("nuts/000.png")], Annotation(set={"kind": "almond"}))
    old, new, found = taken(repository)
    (change,) = found.values()
    assert change.aspects == ("labels", "variables")
    assert change.old.heads == {"image/class": ("walnut",), "image/tags": ("first", "any"), "image/kind": ("walnut",)}
    assert change.new.labels == ("almond", "first", "any", "almond")
    assert change.variables == {"variable/kind": ("walnut", "almond")}
    assert describe_change(change) == (
        "image/class walnut -> almond",
        "image/kind walnut -> almond",
        "variable/kind walnut -> almond",
    )
    counts = list(count_changes_by_split(old, new))
    assert counts[0] == CountChange("whole", ALL, 4, 4)
    assert CountChange("whole", "image/class: walnut", 2, 1) in counts


def test_added_and_removed_images_count_no_boxes(repository):
    give(repository, "nuts/004.png", INSTANCES["nuts/000.png"])
    _, _, found = taken(repository)
    (change,) = found.values()
    assert (change.kind.value, change.boxes, change.aspects) == ("added", (), ())
    assert count_changes(found.values()) == {"added": 1, "removed": 0, "modified": 0}
    assert len(change.new.held.instances) == 4  # two instances, each in two groups


def test_without_groups_no_tree_is_read(tmp_path, monkeypatch):
    with nut_repository(tmp_path) as made:
        take_all_kinds(made, (Feature("image", "image"), Feature("file", "image")))
        give(made, "nuts/003.png", (("walnut", SQUARE),))
        monkeypatch.setattr("dvcore.snapshot.comparing.diff.HeldReader", None)
        commit_working(made, "a box that no feature wants")
        take_snapshot(made, "all")
        old, new = (load_snapshot(made, name) for name in ("all@1", "all@2"))
        assert list(diff_snapshots(made, old, new)) == []
