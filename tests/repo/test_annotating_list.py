"""A list that says of each file what to change."""

from collections.abc import Callable, Iterator

import pytest
from support.repositories import box, descriptions, file_at, is_annotated, labels_at, put, values_at

from dvcore.errors import DsetError, InvalidInputError, NotFoundError
from dvcore.ids import FileId, InstanceId
from dvcore.model.declarations import VariableDeclaration
from dvcore.model.names import format_path, parse_path
from dvcore.model.values import ValueType
from dvcore.repo import annotation_list
from dvcore.repo.annotating import AnnotateReport, Annotation, GivenInstance, annotate
from dvcore.repo.annotating_list import annotate_listed
from dvcore.repo.annotation_list import AnnotationList, FileAnnotation
from dvcore.repo.mirroring import mirror
from dvcore.repo.repository import Repository
from dvcore.store.spilling import SpillingMap

DPI = VariableDeclaration("dpi", ValueType.INT)


def listed(*items: tuple[str | FileId, Annotation]) -> Iterator[FileAnnotation]:
    for number, (address, annotation) in enumerate(items, 1):
        where = parse_path(address) if isinstance(address, str) else address
        yield FileAnnotation(f"line {number}", where, annotation)


def run(repository: Repository, *items: tuple[str | FileId, Annotation], dry_run: bool = False) -> AnnotateReport:
    return annotate_listed(repository, listed(*items), source="a list", dry_run=dry_run)


def adding(*labels: str) -> Annotation:
    return Annotation(add=[GivenInstance(box(one, float(place))) for place, one in enumerate(labels)])


def test_each_file_in_its_own_way_in_one_operation(repository: Repository) -> None:
    put(repository, "a.jpg", "b.jpg", "c.jpg", entered=[box("dog")], declared=[DPI])
    (dog,) = (
        repository.working_tree().annotations(repository.working_tree().record(file_at(repository, "c.jpg"))).instances
    )
    report = run(
        repository,
        ("a.jpg", Annotation(set={"dpi": 300}, done=True)),
        (file_at(repository, "b.jpg"), Annotation(instances=[GivenInstance(box("cat"))])),
        ("c.jpg", Annotation(remove=[dog.id], unset=["dpi"])),
    )
    assert report == AnnotateReport(3, 3, ("cat",), added=1, removed=2)
    assert values_at(repository, "a.jpg") == {"dpi": 300}
    assert [labels_at(repository, path) for path in ("a.jpg", "b.jpg", "c.jpg")] == [["dog"], ["cat"], []]
    assert descriptions(repository) == ["annotate: as a list says", "import"]


def test_a_file_that_is_named_more_than_once_changes_in_the_order_of_the_list(repository: Repository) -> None:
    put(repository, "nuts/a.jpg", declared=[DPI])
    mirror(repository, [("nuts",)], ("dogs",))
    report = run(
        repository,
        ("nuts/a.jpg", Annotation(set={"dpi": 1}, add=[GivenInstance(box("dog"))])),
        ("dogs/a.jpg", Annotation(set={"dpi": 2}, add=[GivenInstance(box("cat"))])),
        (file_at(repository, "nuts/a.jpg"), Annotation(instances=[GivenInstance(box("cow"))])),
    )
    assert report == AnnotateReport(1, 1, ("cow",), added=1)
    assert (values_at(repository, "dogs/a.jpg"), labels_at(repository, "dogs/a.jpg")) == ({"dpi": 2}, ["cow"])


def test_labels_are_declared_in_the_order_of_the_list(repository: Repository) -> None:
    names = [f"{number}.jpg" for number in range(9)]
    put(repository, *names)
    run(repository, *((name, adding(f"label {name}")) for name in reversed(names)))
    assert [one.name for one in repository.working_tree().tree.labels] == [f"label {name}" for name in reversed(names)]


@pytest.mark.parametrize(
    ("address", "annotation", "error", "message"),
    [
        ("x.jpg", Annotation(done=True), NotFoundError, "line 2: no file or directory 'x.jpg'"),
        ("nuts", Annotation(done=True), InvalidInputError, "line 2: 'nuts' is a directory; name a file"),
        (FileId(bytes(32)), Annotation(done=True), NotFoundError, "line 2: no file has the id 0000"),
        ("a.jpg", Annotation(set={"dpj": 1}), NotFoundError, "line 2: no variable 'dpj'"),
        ("a.jpg", Annotation(set={"dpi": "x"}), InvalidInputError, "line 2: variable 'dpi': 'x' is no int"),
        (
            "a.jpg",
            Annotation(add=[GivenInstance(box("dog", 99.0))]),
            InvalidInputError,
            "line 2: an instance of 'dog' does not lie",
        ),
        (
            "a.jpg",
            Annotation(remove=[InstanceId(bytes(32))]),
            InvalidInputError,
            "line 2: the file has no instance 0000.* that could be removed",
        ),
        ("a.jpg", Annotation(instances=[], add=[GivenInstance(box("dog"))]), InvalidInputError, "line 2: .* both"),
    ],
)
def test_a_fault_is_told_with_its_place_and_nothing_is_done(
    repository: Repository, address: str | FileId, annotation: Annotation, error: type[DsetError], message: str
) -> None:
    put(repository, "a.jpg", "nuts/b.jpg", declared=[DPI])
    with pytest.raises(error, match=message):
        run(repository, ("a.jpg", Annotation(done=True)), (address, annotation))
    assert not is_annotated(repository, "a.jpg")


def test_a_dry_run_changes_nothing(repository: Repository) -> None:
    put(repository, "a.jpg")
    assert run(repository, ("a.jpg", adding("dog")), dry_run=True) == AnnotateReport(1, 1, ("dog",), added=1)
    assert labels_at(repository, "a.jpg") == []


def test_an_empty_list_is_nothing_to_do(repository: Repository) -> None:
    assert run(repository) == AnnotateReport(0, 0, ())


def test_a_list_beyond_memory(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """With next to no memory for the list and the places, all goes through files."""

    def cramped(folder: object) -> SpillingMap:
        return SpillingMap(folder, memory_bytes=2_000)  # type: ignore[arg-type]

    for module in ("annotation_list", "annotating_list"):
        monkeypatch.setattr(f"dvcore.repo.{module}.SpillingMap", cramped)
    names = [f"{number:03d}.jpg" for number in range(60)]
    put(repository, *names, declared=[DPI])
    items = [(name, Annotation(set={"dpi": place}, add=adding("dog", "cat").add)) for place, name in enumerate(names)]
    again = [(name, Annotation(set={"dpi": place + 1000})) for place, name in enumerate(names)]
    assert run(repository, *items, *again) == AnnotateReport(60, 60, ("dog", "cat"), added=120)
    assert [values_at(repository, name)["dpi"] for name in names] == [place + 1000 for place in range(60)]
    assert labels_at(repository, "059.jpg") == ["cat", "dog"]


def test_it_is_planned_again_where_others_were_quicker(repository: Repository) -> None:
    """What the list says is still there for a second plan, on what the others left."""
    put(repository, "a.jpg", "b.jpg", declared=[DPI])

    def meddling() -> Iterator[FileAnnotation]:
        yield from listed(("a.jpg", adding("dog")), ("b.jpg", Annotation(set={"dpi": 7})))

    original = AnnotationList.__getitem__
    others: list[Callable[[], object]] = [
        lambda: annotate(repository, [("a.jpg",)], Annotation(set={"dpi": "3"})),
    ]

    def overtaken(self: AnnotationList, number: int) -> FileAnnotation:
        if others:
            others.pop()()
        return original(self, number)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(annotation_list.AnnotationList, "__getitem__", overtaken)
        annotate_listed(repository, meddling(), source="a list")
    assert (values_at(repository, "a.jpg"), labels_at(repository, "a.jpg")) == ({"dpi": 3}, ["dog"])
    assert values_at(repository, "b.jpg") == {"dpi": 7}
    paths = [format_path(path) for path, _ in repository.working_tree().iter_files()]
    assert paths == ["a.jpg", "b.jpg"]
