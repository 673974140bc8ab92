"""Snapshots with lists of features, one after the other: what is frozen, shared, made anew and verified."""

import pytest
from support.examples import WHOLE, examples_of, snapshot_of
from support.exports import put_annotated
from support.repositories import file_at

from dvcore.model.annotations import Entered
from dvcore.model.declarations import LabelDeclaration, VariableDeclaration
from dvcore.model.definition import Feature, Label, Split
from dvcore.model.geometry import Box, Keypoints
from dvcore.model.names import parse_path
from dvcore.model.values import ValueType
from dvcore.repo.annotating import Annotation, GivenInstance, annotate
from dvcore.repo.commits import commit_working
from dvcore.repo.projects import load_project
from dvcore.repo.repository import Repository
from dvcore.snapshot.catalog.snapshots import load_snapshot
from dvcore.snapshot.planning.planner import make_plan
from dvcore.snapshot.taking.take import take_snapshot
from dvcore.snapshot.verifying.verify import verify_rebuild

FEATURES = (
    Feature("image", "image"),
    Feature("file", "image"),
    *(Feature(kind, "image/object") for kind in ("boxes", "masks", "keypoints")),
    Feature("variable", "dpi", (), {"variable": "dpi", "unset": "0"}),
)
FOUR = (Split("whole", "1", None, 4),)


@pytest.fixture
def repository(tmp_path):
    with Repository.init(tmp_path / "work") as made:
        files = {
            f"nuts/{n:02d}.png": [Entered("nut", Box(n, 2, 9, 9)), Entered("leaf", Box(1, n, 5, 5))] for n in range(12)
        }
        labels = [LabelDeclaration("nut", 0, keypoints=("a", "b")), LabelDeclaration("leaf", 1)]
        put_annotated(made, files, labels=labels, declared=[VariableDeclaration("dpi", ValueType.INT)])
        yield made


def again(repository, **options):
    commit_working(repository, "again")
    return take_snapshot(repository, "nuts", **options)


def move(repository, path, box):
    """Another place for the nut of a file, which stays the same instance."""
    reader = repository.working_tree()
    record = reader.record(file_at(repository, path))
    nut = next(one for one in reader.annotations(record).instances if one.label == "nut")
    annotate(repository, [parse_path(path)], Annotation(add=[GivenInstance(Entered("nut", box), nut.id)]))


def test_the_first_snapshot_writes_down_what_was_left_open(repository, tmp_path):
    snapshot_of(repository, tmp_path / "a", *FEATURES)
    definition = load_project(repository, "nuts").definition
    boxes, masks, keypoints, dpi = definition.features[2:]
    assert boxes.classes == masks.classes == keypoints.classes
    assert boxes.classes == (Label("nut", "label = 'nut'"), Label("leaf", "label = 'leaf'"))
    assert keypoints.options == {"points": "a|b"}
    assert dpi.options == {"variable": "dpi", "unset": "0", "type": "int"}
    put_annotated(
        repository, {"more/a.png": [Entered("zebra", Box(0, 0, 4, 4))]}, labels=[LabelDeclaration("zebra", 0)]
    )
    report = again(repository, out=tmp_path / "b")
    assert load_project(repository, "nuts").definition == definition
    assert examples_of(report)["more/a.png"]["image/object/class/label"] == ()
    assert any("1 instance is left out, of no class" in line for line in report.warnings)


def test_only_the_shard_of_what_changed_is_made_anew(repository, tmp_path):
    first = snapshot_of(repository, tmp_path / "a", *FEATURES, splits=FOUR)
    move(repository, "nuts/03.png", Box(20, 10, 10, 10))
    second = again(repository, out=tmp_path / "b")
    assert (second.made, second.shared) == (1, 3)
    assert 0.5 in examples_of(second)["nuts/03.png"]["image/object/bbox/xmin"]
    annotate(repository, [parse_path("nuts/05.png")], Annotation(set={"dpi": 300}))
    third = again(repository, out=tmp_path / "c")
    assert (third.made, third.shared) == (1, 3)
    assert examples_of(third)["nuts/05.png"]["dpi"] == (300,)
    changed = {path for path, one in examples_of(first).items() if one != examples_of(third)[path]}
    assert changed == {"nuts/03.png", "nuts/05.png"}


def test_a_value_that_changes_is_in_the_next_snapshot_where_there_are_no_instances(repository, tmp_path):
    features = (*FEATURES[:2], FEATURES[-1])
    snapshot_of(repository, tmp_path / "a", *features)
    annotate(repository, [parse_path("nuts/05.png")], Annotation(set={"dpi": 300}))
    assert examples_of(again(repository, out=tmp_path / "b"))["nuts/05.png"]["dpi"] == (300,)


def test_counts_are_those_of_labels_and_then_of_instances(repository, tmp_path):
    heads = Feature("onehot", "image/class", (Label("low", "name < '06.png'"), Label("high", "name >= '06.png'")))
    report = snapshot_of(repository, tmp_path / "a", *FEATURES, heads)
    assert report.splits["whole"].labels == {
        "image/class: low": 6, "image/class: high": 6, "image/object: nut": 12, "image/object: leaf": 12,
    }  # fmt: skip
    snapshot = load_snapshot(repository, "nuts@1")
    assert snapshot.manifest.label_counts == ((6, 6, 12, 12),)
    plan = make_plan(repository, repository.tree(snapshot.tree), snapshot.definition)
    assert plan.label_counts() == snapshot.manifest.label_counts


def test_a_rebuild_gives_the_same(repository, tmp_path):
    snapshot_of(repository, tmp_path / "a", *FEATURES, splits=FOUR)
    found = verify_rebuild(repository, "nuts@1")
    assert (found.problems, found.notes) == ((), ())


def test_the_same_snapshot_whatever_the_order_of_entry(tmp_path):
    digests = set()
    for turn in (1, -1):
        repository = Repository.in_memory()
        files = {f"nuts/{n:02d}.png": [Entered("nut", Box(n, 2, 9, 9))] for n in range(9)}
        names = list(files)
        put_annotated(repository, files, labels=[LabelDeclaration("nut", 0)])
        reader = repository.working_tree()
        for name in names[::turn]:
            record = reader.record(next(file for path, file in reader.iter_files() if "/".join(path) == name))
            given = [GivenInstance(Entered("nut", one.geometry)) for one in reader.annotations(record).instances]
            face = GivenInstance(Entered("nut", Keypoints(((1.0, 2.0, 2),)), box=Box(1, 1, 3, 3)))
            annotate(repository, [parse_path(name)], Annotation(instances=[*given, face][::turn]))
        report = snapshot_of(repository, tmp_path / str(turn), *FEATURES[:3], splits=WHOLE)
        digests.add(report.digest)
    assert len(digests) == 1
