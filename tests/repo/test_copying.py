import pytest
from support.repositories import box, file_at, is_annotated, label, labels_at, paths, put, values_at

from dvcore.errors import ConflictError, NotFoundError
from dvcore.model.declarations import VariableDeclaration
from dvcore.model.names import parse_path
from dvcore.model.values import ValueType
from dvcore.repo.adding import OnExisting
from dvcore.repo.annotating import Annotation, annotate
from dvcore.repo.copying import CopyOptions, CopyReport, copy
from dvcore.repo.entries import move, remove
from dvcore.repo.mirroring import mirror
from dvcore.repo.repository import Repository
from dvcore.repo.selection import EVERYTHING, Selection

DPI = VariableDeclaration("dpi", ValueType.INT)
PLACE = VariableDeclaration("place", ValueType.TEXT)


def copied(
    repository: Repository, *sources: str, to: str, selection: Selection = EVERYTHING, **options: object
) -> CopyReport:
    made = CopyOptions(**options)  # type: ignore[arg-type]
    return copy(repository, [parse_path(one) for one in sources], parse_path(to), options=made, selection=selection)


@pytest.fixture
def nuts(repository: Repository) -> Repository:
    """One photograph with a dog, a dpi given on entry, a place annotated later."""
    put(repository, "nuts/a.jpg", entered=[box("dog")], variables={"dpi": 200}, declared=[DPI, PLACE])
    annotate(repository, [("nuts",)], Annotation(set={"place": "Reute"}))
    return repository


def test_a_copy_is_a_new_file_over_the_same_blob(nuts: Repository) -> None:
    assert copied(nuts, "nuts", to="trees") == CopyReport(copied=1, present=0)
    assert file_at(nuts, "trees/a.jpg") != file_at(nuts, "nuts/a.jpg")
    reader = nuts.working_tree()
    source, target = (reader.record(file_at(nuts, path)) for path in ("nuts/a.jpg", "trees/a.jpg"))
    assert (target.blob, target.size, target.facts) == (source.blob, source.size, source.facts)
    assert target.split_key == source.split_key
    assert target.annotations != source.annotations  # instances have ids of their own
    assert values_at(nuts, "trees/a.jpg") == {"dpi": 200, "place": "Reute"}
    assert (labels_at(nuts, "trees/a.jpg"), is_annotated(nuts, "trees/a.jpg")) == (["dog"], True)


def test_the_two_are_independent_afterwards(nuts: Repository) -> None:
    copied(nuts, "nuts", to="trees")
    label(nuts, "trees", "walnut", "almond")
    annotate(nuts, [("nuts",)], Annotation(set={"place": "Waldkirch"}, instances=()))
    assert (labels_at(nuts, "nuts/a.jpg"), labels_at(nuts, "trees/a.jpg")) == ([], ["almond", "walnut"])
    assert values_at(nuts, "trees/a.jpg")["place"] == "Reute"
    remove(nuts, [("nuts",)])
    assert labels_at(nuts, "trees/a.jpg") == ["almond", "walnut"]


def test_without_instances_variables_stay_and_nobody_has_looked(nuts: Repository) -> None:
    copied(nuts, "nuts", to="trees", instances=False)
    assert (labels_at(nuts, "trees/a.jpg"), is_annotated(nuts, "trees/a.jpg")) == ([], False)
    assert values_at(nuts, "trees/a.jpg") == {"dpi": 200, "place": "Reute"}
    assert (labels_at(nuts, "nuts/a.jpg"), is_annotated(nuts, "nuts/a.jpg")) == (["dog"], True)


@pytest.mark.parametrize(
    ("without", "left"),
    [
        (frozenset({"dpi"}), {"place": "Reute"}),
        (frozenset({"place"}), {"dpi": 200}),
        (None, {}),
        (frozenset(), {"dpi": 200, "place": "Reute"}),
    ],
)
def test_without_variables(nuts: Repository, without: frozenset[str] | None, left: dict[str, object]) -> None:
    copied(nuts, "nuts", to="trees", without_variables=without)
    assert values_at(nuts, "trees/a.jpg") == left
    assert labels_at(nuts, "trees/a.jpg") == ["dog"]


def test_an_unknown_variable_is_refused(nuts: Repository) -> None:
    with pytest.raises(NotFoundError, match="did you mean 'place'"):
        copied(nuts, "nuts", to="trees", without_variables=frozenset({"plce"}))


def test_repeating_adds_what_is_new_and_leaves_copies_alone(nuts: Repository) -> None:
    copied(nuts, "nuts", to="trees")
    label(nuts, "trees", "tree")
    put(nuts, "nuts/sub/b.jpg")
    assert copied(nuts, "nuts", to="trees") == CopyReport(copied=1, present=1)
    assert labels_at(nuts, "trees/a.jpg") == ["tree"]
    assert paths(nuts, "trees") == ["trees/a.jpg", "trees/sub/b.jpg"]


def test_a_copy_that_was_moved_away_is_not_made_twice_under_one_id(nuts: Repository) -> None:
    copied(nuts, "nuts", to="trees")
    move(nuts, [("trees", "a.jpg")], ("other.jpg",))
    assert copied(nuts, "nuts", to="trees") == CopyReport(copied=1, present=0)
    assert file_at(nuts, "trees/a.jpg") != file_at(nuts, "other.jpg")
    remove(nuts, [("other.jpg",)])
    assert copied(nuts, "nuts", to="trees") == CopyReport(copied=0, present=1)


def test_a_copy_made_again_after_its_removal_has_its_old_id(nuts: Repository) -> None:
    copied(nuts, "nuts", to="trees")
    first = file_at(nuts, "trees/a.jpg")
    remove(nuts, [("trees",)])
    copied(nuts, "nuts", to="trees")
    assert file_at(nuts, "trees/a.jpg") == first


def test_mirrors_in_the_source_become_one_file_for_each_place(nuts: Repository) -> None:
    mirror(nuts, [("nuts",)], ("both", "left"))
    mirror(nuts, [("nuts",)], ("both", "right"))
    assert copied(nuts, "both", to="copies") == CopyReport(copied=2, present=0)
    assert file_at(nuts, "copies/left/a.jpg") != file_at(nuts, "copies/right/a.jpg")


def test_two_names_of_one_file_landing_in_one_place_are_one_copy(nuts: Repository) -> None:
    mirror(nuts, [("nuts",)], ("twins",))
    assert copied(nuts, "nuts", "twins", to="copies") == CopyReport(copied=1, present=0)


@pytest.mark.parametrize("there", ["trees/a.jpg", "trees/a.jpg/inner", "trees"])
def test_something_else_in_the_place_is_a_conflict(nuts: Repository, there: str) -> None:
    put(nuts, there, data="another")
    before = nuts.working_tree().id
    with pytest.raises(ConflictError, match="trees"):
        copied(nuts, "nuts", to="trees")
    assert nuts.working_tree().id == before


def test_a_mirror_in_the_place_is_no_copy(nuts: Repository) -> None:
    mirror(nuts, [("nuts",)], ("trees",))
    with pytest.raises(ConflictError, match=r"'trees/a.jpg'"):
        copied(nuts, "nuts", to="trees")


def test_a_directory_cannot_be_copied_into_itself(nuts: Repository) -> None:
    for to in ("nuts", "nuts/sub"):
        with pytest.raises(ConflictError):
            copied(nuts, "nuts", to=to)


def test_a_sample_is_copied(nuts: Repository) -> None:
    put(nuts, *(f"nuts/{number}.jpg" for number in range(9)))
    assert copied(nuts, "nuts", to="few", selection=Selection(sample=3)) == CopyReport(copied=3, present=0)


def test_a_copy_of_a_copy_keeps_the_first_split_key(nuts: Repository) -> None:
    copied(nuts, "nuts", to="one")
    put(nuts, "one/a.jpg", data="other bytes", on_existing=OnExisting.REPLACE)
    copied(nuts, "one", to="two")
    reader = nuts.working_tree()
    keys = {reader.record(file_at(nuts, f"{name}/a.jpg")).split_key for name in ("nuts", "one", "two")}
    assert len(keys) == 1
