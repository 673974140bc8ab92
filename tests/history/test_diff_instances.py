"""Instances before and after: by their ids, and where these say nothing, by label and place."""

from dataclasses import replace

import pytest
from support.repositories import box, file_at, put

from dvcore.history.annotations import AnnotationChange, InstanceChange, diff_annotations
from dvcore.history.diff import diff_trees
from dvcore.ids import FileId
from dvcore.model.annotations import Entered, Instance, derive_instances
from dvcore.model.geometry import Box, Point
from dvcore.repo.annotating import Annotation, GivenInstance, annotate
from dvcore.repo.repository import Repository
from dvcore.repo.treereader import TreeReader


def instances(reader: TreeReader, repository: Repository, path: str) -> dict[str, Instance]:
    found = reader.annotations(reader.record(file_at(repository, path))).instances
    return {one.label: one for one in found}


def changed(before: TreeReader, repository: Repository) -> AnnotationChange:
    after = repository.working_tree()
    (change,) = diff_trees(before, after)
    return diff_annotations(before, after, change)


def given(*entered: Entered) -> Annotation:
    return Annotation(instances=[GivenInstance(one) for one in entered])


def test_annotations_that_came_in_anew_are_edits(repository: Repository) -> None:
    put(repository, "a.jpg", entered=[box("dog", 1), box("cat", 20), box("bird", 40), box("cow", 60)])
    before = repository.working_tree()
    annotate(repository, [("a.jpg",)], given(box("dog", 1.5), box("lynx", 20), box("bird", 48), box("cow", 60)))
    found = changed(before, repository)
    assert found.counts() == (1, 1, 2)
    by_label = {(one.old.label if one.old else None, one.new.label if one.new else None) for one in found.instances}
    assert by_label == {("dog", "dog"), ("cat", "lynx"), ("bird", None), (None, "bird")}
    (dog,) = (one for one in found.instances if one.old and one.new and one.new.label == "dog")
    assert dog.old == instances(before, repository, "a.jpg")["dog"]
    assert dog.new == instances(repository.working_tree(), repository, "a.jpg")["dog"]
    assert dog.fields == ("id", "geometry")
    assert dog.shift() == (0.5, 0.0)
    assert dog.overlap() == pytest.approx(2.5 / 3.5)


def test_a_common_id_counts_more_than_the_place(repository: Repository) -> None:
    put(repository, "a.jpg", entered=[box("dog", 1), box("dog", 20)])
    before = repository.working_tree()
    left, right = sorted(
        before.annotations(before.record(file_at(repository, "a.jpg"))).instances,
        key=lambda one: one.geometry.x,  # type: ignore[union-attr]
    )
    swapped = [GivenInstance(box("dog", 20), left.id), GivenInstance(box("dog", 1), right.id)]
    annotate(repository, [("a.jpg",)], Annotation(instances=swapped))
    found = changed(before, repository)
    assert found.counts() == (0, 0, 2)
    assert all(one.old and one.new and one.old.id == one.new.id for one in found.instances)


def test_what_became_different_of_an_instance() -> None:
    (old,) = derive_instances(FileId(bytes(32)), [Entered("dog", Box(0, 0, 10, 10), None, "7", {"a": 1, "b": True})])
    new = replace(old, label="cat", geometry=Box(5, 0, 10, 10), box=Box(0, 0, 1, 1), attributes={"a": 2, "c": "x"})
    change = InstanceChange(old, new)
    assert change.fields == ("label", "geometry", "box", "attributes")
    assert change.attributes == {"a": (1, 2), "b": (True, None), "c": (None, "x")}
    assert change.overlap() == pytest.approx(1 / 3)
    assert change.shift() == (5, 0)
    point = InstanceChange(replace(old, geometry=Point(1, 1)), replace(old, geometry=Point(1, 3)))
    assert (point.overlap(), point.shift()) == (0, (0, 2))
    assert (InstanceChange(None, new).fields, InstanceChange(old, None).shift()) == ((), (0, 0))
