import pytest
from support.repositories import box, descriptions, file_at, is_annotated, label, labels_at, paths, put, values_at

from dvcore.errors import InvalidInputError, NotFoundError
from dvcore.ids import InstanceId
from dvcore.model.annotations import Instance
from dvcore.model.declarations import LabelDeclaration, VariableDeclaration
from dvcore.model.names import ROOT, parse_path
from dvcore.model.values import ValueType
from dvcore.repo.annotating import AnnotateReport, Annotation, GivenInstance, annotate
from dvcore.repo.mirroring import mirror
from dvcore.repo.repository import Repository
from dvcore.repo.selection import Selection
from dvcore.repo.variables import add_variable

ALMOND = VariableDeclaration("Almond", ValueType.BOOL)
DPI = VariableDeclaration("dpi", ValueType.INT)


def annotated(repository: Repository, *targets: str, **annotation: object) -> AnnotateReport:
    return annotate(repository, [parse_path(one) for one in targets], Annotation(**annotation))  # type: ignore[arg-type]


def instances_at(repository: Repository, path: str) -> tuple[Instance, ...]:
    reader = repository.working_tree()
    return reader.annotations(reader.record(file_at(repository, path))).instances


def test_setting_and_unsetting_a_variable(repository: Repository) -> None:
    put(repository, "nuts/a.jpg", "nuts/sub/b.jpg", "c.jpg", variables={"dpi": 200}, declared=[ALMOND, DPI])
    assert annotated(repository, "nuts", set={"Almond": "true", "dpi": "300"}) == AnnotateReport(2, 2, ())
    assert values_at(repository, "nuts/sub/b.jpg") == {"Almond": True, "dpi": 300}
    assert values_at(repository, "c.jpg") == {"dpi": 200}
    assert annotated(repository, "nuts/a.jpg", unset=["dpi"]).changed == 1
    assert values_at(repository, "nuts/a.jpg") == {"Almond": True}
    assert not is_annotated(repository, "nuts/a.jpg")


def test_what_changes_nothing_leaves_no_trace(repository: Repository) -> None:
    put(repository, "a.jpg", declared=[DPI])
    annotated(repository, "a.jpg", set={"dpi": "1"})
    assert annotated(repository, "a.jpg", set={"dpi": "1"}) == AnnotateReport(1, 0, ())
    assert annotated(repository, "a.jpg", unset=["dpi"]).changed == 1
    assert annotated(repository, "a.jpg", unset=["dpi"]).changed == 0
    assert descriptions(repository) == ["annotate: a.jpg", "annotate: a.jpg", "import"]


def test_unknown_names_and_wrong_values_are_refused(repository: Repository) -> None:
    put(repository, "a.jpg", declared=[ALMOND, DPI])
    with pytest.raises(NotFoundError, match="did you mean 'Almond'"):
        annotated(repository, "a.jpg", set={"Almonds": "true"})
    with pytest.raises(NotFoundError):
        annotated(repository, "a.jpg", unset=["width"])
    with pytest.raises(InvalidInputError, match="variable 'dpi': 'x' is no int"):
        annotated(repository, "a.jpg", set={"dpi": "x", "Almond": "true"})
    with pytest.raises(NotFoundError):
        annotated(repository, "a.jpg", "b.jpg", set={"dpi": "1"})
    assert values_at(repository, "a.jpg") == {}


def test_done_marks_a_file_that_somebody_looked_at(repository: Repository) -> None:
    put(repository, "a.jpg", "b.jpg")
    assert annotated(repository, "a.jpg", done=True).changed == 1
    assert (is_annotated(repository, "a.jpg"), is_annotated(repository, "b.jpg")) == (True, False)
    assert annotated(repository, "a.jpg", done=True).changed == 0


def test_instances_replace_all_and_mark_the_file(repository: Repository) -> None:
    put(repository, "a.jpg")
    report = annotated(repository, "a.jpg", instances=[GivenInstance(box("dog")), GivenInstance(box("cat"))])
    assert report == AnnotateReport(1, 1, ("dog", "cat"), added=2)
    assert is_annotated(repository, "a.jpg")
    label(repository, "a.jpg", "bird")
    assert labels_at(repository, "a.jpg") == ["bird"]
    annotated(repository, "a.jpg", instances=())
    assert labels_at(repository, "a.jpg") == []
    assert is_annotated(repository, "a.jpg")
    assert [(one.name, one.number) for one in repository.working_tree().tree.labels] == [
        ("dog", 0),
        ("cat", 1),
        ("bird", 2),
    ]


def test_an_instance_keeps_its_id_while_it_is_edited(repository: Repository) -> None:
    put(repository, "a.jpg", entered=[box("dog"), box("cat")])
    dog = next(one for one in instances_at(repository, "a.jpg") if one.label == "dog")
    annotated(repository, "a.jpg", instances=[GivenInstance(box("wolf", 7), dog.id), GivenInstance(box("dog"))])
    found = {one.label: one.id for one in instances_at(repository, "a.jpg")}
    assert found["wolf"] == dog.id
    assert found["dog"] != dog.id
    # The same again: the new dog is found under the id that it got.
    again = [GivenInstance(box("wolf", 7), dog.id), GivenInstance(box("dog"))]
    assert annotated(repository, "a.jpg", instances=again).changed == 0


def test_ids_that_cannot_be_are_refused(repository: Repository) -> None:
    put(repository, "a.jpg", entered=[box("dog")])
    (dog,) = instances_at(repository, "a.jpg")
    with pytest.raises(InvalidInputError, match="given twice"):
        annotated(repository, "a.jpg", instances=[GivenInstance(box("x"), dog.id), GivenInstance(box("y"), dog.id)])
    with pytest.raises(InvalidInputError, match="has no instance 0707"):
        annotated(repository, "a.jpg", instances=[GivenInstance(box("x"), InstanceId(bytes([7] * 32)))])
    assert labels_at(repository, "a.jpg") == ["dog"]


def test_a_mirrored_file_is_annotated_once(repository: Repository) -> None:
    put(repository, "nuts/a.jpg", declared=[DPI])
    mirror(repository, [("nuts",)], ("dogs",))
    assert annotated(repository, "nuts", "dogs", set={"dpi": "3"}) == AnnotateReport(1, 1, ())
    assert values_at(repository, "dogs/a.jpg") == {"dpi": 3}


def test_a_filter_picks_files(repository: Repository) -> None:
    put(repository, "a.jpg", "b.jpg")
    add_variable(repository, DPI)
    only_b = Selection(where=lambda reader, under: [("b.jpg",)])
    report = annotate(repository, [ROOT], Annotation(set={"dpi": "3"}), selection=only_b)
    assert (report.files, values_at(repository, "a.jpg"), values_at(repository, "b.jpg")) == (1, {}, {"dpi": 3})


def test_no_file_no_label(repository: Repository) -> None:
    put(repository, "a.jpg")
    nothing = Selection(where=lambda reader, under: [])
    annotate(repository, [ROOT], Annotation(instances=[GivenInstance(box("dog"))]), selection=nothing)
    assert repository.working_tree().tree.labels == ()


def test_declared_labels_stay_as_they_are(repository: Repository) -> None:
    put(repository, "a.jpg", entered=[box("dog")])
    label(repository, "a.jpg", "cat", "dog")
    assert repository.working_tree().tree.labels == (LabelDeclaration("dog", 0), LabelDeclaration("cat", 1))
    assert paths(repository) == ["a.jpg"]


@pytest.mark.parametrize("name", ["", " ", " dog", "two\nlines", "x" * 256])
def test_labels_that_no_other_command_would_take(repository: Repository, name: str) -> None:
    put(repository, "a.jpg")
    with pytest.raises(InvalidInputError, match="cannot be a label"):
        label(repository, "a.jpg", name)
    assert labels_at(repository, "a.jpg") == []
