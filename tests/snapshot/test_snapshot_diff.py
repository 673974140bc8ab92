import pytest
from support.datasets import drawn, drawn_repository, make_project, put_drawn, put_files, relabel

from dvcore.errors import InvalidInputError
from dvcore.model.definition import Split
from dvcore.model.names import parse_path
from dvcore.repo.annotating import Annotation, annotate
from dvcore.repo.commits import commit_working
from dvcore.repo.entries import remove
from dvcore.snapshot.catalog.snapshots import load_snapshot
from dvcore.snapshot.comparing.diff import count_changes, diff_snapshots, file_change
from dvcore.snapshot.taking.take import take_snapshot

BY_KIND = (Split("train", "1"), Split("almonds", where="kind = 'almond'"))


@pytest.fixture
def repository(tmp_path):
    with drawn_repository(tmp_path / "work", 20) as made:
        make_project(made, splits=BY_KIND)
        take_snapshot(made, "nuts")
        yield made


def changes(repository, old="nuts@1", new="nuts@2"):
    return list(diff_snapshots(repository, load_snapshot(repository, old), load_snapshot(repository, new)))


def test_relabelled_images_are_named_with_old_and_new(repository):
    relabel(repository, ["nuts/000.png", "nuts/004.png"], "almond")
    take_snapshot(repository, "nuts")
    found = {change.path: change for change in changes(repository)}
    assert sorted(found) == ["nuts/000.png", "nuts/004.png"]
    change = found["nuts/000.png"]
    assert (change.old.labels, change.new.labels) == (("walnut",), ("almond",))
    assert (change.old.split, change.new.split) == ("train", "almonds")
    assert change.aspects == ("labels", "split")


def test_added_and_removed_images(repository):
    remove(repository, [parse_path("nuts/003.png")])
    put_drawn(repository, 1, first=50)
    commit_working(repository, "one out, one in")
    take_snapshot(repository, "nuts")
    found = {change.path: change.kind.value for change in changes(repository)}
    assert found == {"nuts/003.png": "removed", "nuts/050.png": "added"}
    assert count_changes(changes(repository)) == {"added": 1, "removed": 1, "modified": 0}
    assert count_changes(changes(repository, "nuts@2", "nuts@1"))["added"] == 1


def test_a_snapshot_does_not_differ_from_itself(repository):
    assert changes(repository, "nuts@1", "nuts@1") == []


def test_snapshots_of_two_projects_are_not_compared(repository):
    make_project(repository, "other")
    take_snapshot(repository, "other")
    with pytest.raises(InvalidInputError, match="two projects"):
        changes(repository, "nuts@1", "other@1")


def test_what_people_said_of_a_changed_image_comes_from_the_two_trees(repository):
    annotate(repository, [parse_path("nuts/000.png")], Annotation(set={"kind": "almond"}, done=True))
    put_drawn(repository, 1, first=50)
    commit_working(repository, "one almond, one more")
    take_snapshot(repository, "nuts")
    trees = [repository.tree(load_snapshot(repository, name).tree) for name in ("nuts@1", "nuts@2")]
    found = {change.path: file_change(*trees, change) for change in changes(repository)}
    relabelled, added = found["nuts/000.png"], found["nuts/050.png"]
    assert relabelled[1].variables == {"kind": ("walnut", "almond")}
    assert (relabelled[0].old.annotated, relabelled[0].new.annotated) == (False, True)
    assert (added[0].old, added[1].variables) == (None, {"kind": (None, "walnut")})


def test_a_file_that_gets_its_label_later_is_an_added_example_of_a_file_that_was_there(repository):
    put_files(repository, {"nuts/x.png": drawn(77)})
    commit_working(repository, "without a label")
    take_snapshot(repository, "nuts")
    relabel(repository, ["nuts/x.png"], "almond")
    take_snapshot(repository, "nuts")
    (change,) = changes(repository, "nuts@2", "nuts@3")
    trees = [repository.tree(load_snapshot(repository, name).tree) for name in ("nuts@2", "nuts@3")]
    file, annotations = file_change(*trees, change)
    assert (change.kind.value, file.old is None) == ("added", False)
    assert annotations.variables == {"kind": (None, "almond")}
