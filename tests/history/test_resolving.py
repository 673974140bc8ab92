"""Settling conflicts: what each side makes of the working state, and what stays for later."""

from threading import Thread

import pytest
from support.merges import Merged, commit, merge_once
from support.repositories import AUTHOR, assert_sound, file_at, put, ticking, values_at
from support.steps import (
    DPI,
    Step,
    boxes,
    bring,
    declare,
    draw,
    edit,
    enum,
    mirror,
    remove,
    replace_bytes,
    set_value,
    steps,
    unset,
)

from dvcore.errors import InvalidInputError, NotFoundError, StateError
from dvcore.history import resolving
from dvcore.history.conflict_paths import Chosen, list_conflicts
from dvcore.history.resolution import Side
from dvcore.history.resolving import resolve, resolve_instances
from dvcore.ids import FileId
from dvcore.model.annotations import Entered
from dvcore.model.conflicts import Conflict
from dvcore.model.declarations import VariableDeclaration
from dvcore.model.geometry import Box
from dvcore.model.names import ROOT, parse_path
from dvcore.model.values import ValueType
from dvcore.repo.annotating import GivenInstance
from dvcore.repo.commits import commit_working
from dvcore.repo.repository import Repository
from dvcore.repo.treereader import TreeReader
from dvcore.repo.variable_edits import VariableEdit, edit_variable
from dvcore.repo.variables import remove_variable

BASE = steps(
    declare(DPI, enum("raw", "cooked")),
    bring("a.jpg", "b.jpg", "d/c.jpg"),
    draw("a.jpg", "nut", 1),
    set_value("b.jpg", dpi=100),
)
OURS = steps(edit("a.jpg", 1, "nut", 2), set_value("b.jpg", dpi=200), remove("d/c.jpg"), bring("e.jpg", data="ours"))
THEIRS = steps(
    edit("a.jpg", 1, "nut", 3),
    set_value("b.jpg", dpi=300),
    draw("d/c.jpg", "almond", 4),
    bring("e.jpg", data="theirs"),
)


def settle(merged: Merged, side: Side, *paths: str) -> Repository:
    """Settle what is at some paths, or all of it; the repository, which is sound."""
    resolve(merged.repository, Chosen(paths=[parse_path(path) for path in paths] or [ROOT]), side)
    assert_sound(merged.repository)
    return merged.repository


def left(repository: Repository) -> list[str]:
    """The paths of what is still to be settled."""
    return ["/".join(path or ()) for path, _ in list_conflicts(repository.working_tree())]


def size_at(repository: Repository, path: str) -> int:
    return repository.working_tree().record(file_at(repository, path)).size


def test_conflicts_are_listed_by_path_also_where_we_removed_the_file() -> None:
    assert left(merge_once(BASE, OURS, THEIRS).repository) == ["a.jpg", "b.jpg", "d/c.jpg", "e.jpg"]


@pytest.mark.parametrize(
    ("side", "drawn", "dpi", "contested", "added"),
    [
        (Side.OURS, ["nut@2"], 200, None, len("ours")),
        (Side.THEIRS, ["nut@3"], 300, ["almond@4"], len("theirs")),
        (Side.BASE, ["nut@1"], 100, [], None),
        (Side.AS_IS, ["nut@2"], 200, None, len("ours")),
    ],
)
def test_all_conflicts_as_one_side_has_them(
    side: Side, drawn: list[str], dpi: int, contested: list[str] | None, added: int | None
) -> None:
    repository = settle(merge_once(BASE, OURS, THEIRS), side)
    assert left(repository) == []
    assert boxes(repository, "a.jpg") == drawn
    assert values_at(repository, "b.jpg") == {"dpi": dpi}
    there = repository.working_tree().find_entry(("d", "c.jpg"))
    assert (None if there is None else boxes(repository, "d/c.jpg")) == contested
    assert (None if repository.working_tree().find_entry(("e.jpg",)) is None else size_at(repository, "e.jpg")) == added
    commit_working(repository)


def test_one_at_a_time() -> None:
    merged = merge_once(BASE, OURS, THEIRS)
    repository = settle(merged, Side.THEIRS, "a.jpg")
    assert left(repository) == ["b.jpg", "d/c.jpg", "e.jpg"]
    settle(merged, Side.THEIRS, "d")
    assert (left(repository), boxes(repository, "d/c.jpg")) == (["b.jpg", "e.jpg"], ["almond@4"])
    settle(merged, Side.OURS, "b.jpg", "e.jpg")
    assert left(repository) == []
    assert boxes(repository, "a.jpg") == ["nut@3"]


def test_what_was_edited_meanwhile_stays_as_it_is_or_goes() -> None:
    for side, expected in [(Side.AS_IS, ["nut@9"]), (Side.OURS, ["nut@2"]), (Side.THEIRS, ["nut@3"])]:
        merged = merge_once(BASE, OURS, THEIRS)
        edit("a.jpg", 2, "nut", 9)(merged.repository)
        assert left(merged.repository) == ["a.jpg", "b.jpg", "d/c.jpg", "e.jpg"]
        assert boxes(settle(merged, side, "a.jpg"), "a.jpg") == expected


def test_conflicts_of_a_file_that_was_removed_meanwhile() -> None:
    merged = merge_once(BASE, OURS, THEIRS)
    remove("a.jpg", "b.jpg")(merged.repository)
    repository = settle(merged, Side.THEIRS)
    assert repository.working_tree().find_entry(("a.jpg",)) is None


def test_a_file_whose_directory_was_taken_by_another_one_is_put_beside_it() -> None:
    merged = merge_once(BASE, OURS, THEIRS)
    remove("d")(merged.repository)
    put(merged.repository, "d")
    repository = settle(merged, Side.THEIRS)
    assert boxes(repository, "d~1/c.jpg") == ["almond@4"]


def test_a_file_by_its_id() -> None:
    merged = merge_once(BASE, OURS, THEIRS)
    file = next(place.file for place in merged.report.conflicts if place.subject.value == "file")
    assert file is not None
    resolve(merged.repository, Chosen(files=[file]), Side.THEIRS)
    assert boxes(merged.repository, "d/c.jpg") == ["almond@4"]
    with pytest.raises(NotFoundError):
        resolve(merged.repository, Chosen(files=[FileId(bytes(32))]), Side.THEIRS)


def test_a_torn_file_is_settled_whole_by_any_of_its_paths() -> None:
    base = steps(bring("d/a.jpg"), mirror("d", "e"))
    for side, expected in [(Side.OURS, "e/a.jpg"), (Side.THEIRS, "d/a.jpg")]:
        merged = merge_once(base, steps(remove("d"), draw("e/a.jpg", "nut", 1)), remove("e"))
        repository = settle(merged, side, "e/a.jpg")
        assert (left(repository), merged.paths) == ([], [expected])
        assert boxes(repository, expected) == ["nut@1"]
    both = settle(merge_once(base, remove("d"), remove("e")), Side.BASE)
    assert len(list(both.working_tree().iter_files())) == 2


def test_other_bytes() -> None:
    merged = merge_once(BASE, replace_bytes("a.jpg", "one"), replace_bytes("a.jpg", "three"))
    assert size_at(settle(merged, Side.THEIRS), "a.jpg") == len("three")
    merged = merge_once(BASE, replace_bytes("a.jpg", "one"), replace_bytes("a.jpg", "three"))
    assert size_at(settle(merged, Side.BASE), "a.jpg") == len("a.jpg")


def test_a_directory_against_a_file() -> None:
    merged = merge_once(BASE, bring("n/x.jpg", "n/y.jpg"), bring("n"))
    repository = settle(merged, Side.THEIRS, "n")
    assert "n" in merged.paths
    assert len(repository.working_tree().files) == 4
    merged = merge_once(BASE, bring("n"), bring("n/x.jpg", "n/y.jpg"))
    settle(merged, Side.THEIRS, "n")
    assert merged.paths == ["a.jpg", "b.jpg", "d/c.jpg", "n/x.jpg", "n/y.jpg"]


def test_a_value_is_unset_where_the_side_has_none() -> None:
    base = steps(declare(DPI), bring("a.jpg", variables={"dpi": 1}))
    merged = merge_once(base, set_value("a.jpg", dpi=2), unset("a.jpg", "dpi"))
    assert values_at(settle(merged, Side.THEIRS), "a.jpg") == {}


def given(x: float, label: str = "nut") -> GivenInstance:
    return GivenInstance(Entered(label, Box(x, 2.0, 3.0, 4.0)))


def test_instances_of_ones_own() -> None:
    merged = merge_once(BASE, OURS, THEIRS)
    report = resolve_instances(merged.repository, ("a.jpg",), [given(6), given(7, "pecan")])
    assert (report.settled, report.left) == (1, 3)
    assert boxes(merged.repository, "a.jpg") == ["nut@6", "pecan@7"]
    with pytest.raises(NotFoundError, match="instances"):
        resolve_instances(merged.repository, ("b.jpg",), [given(6)])
    with pytest.raises(InvalidInputError, match="directory"):
        resolve_instances(merged.repository, ROOT, [given(6)])
    assert_sound(merged.repository)


def test_without_a_merge_there_is_nothing_to_settle() -> None:
    repository = Repository.in_memory(author=AUTHOR, clock=ticking())
    put(repository, "a.jpg")
    commit(repository)
    with pytest.raises(StateError, match="no merge"):
        resolve(repository, Chosen(paths=[ROOT]), Side.OURS)


def kind(**changes: object) -> Step:
    return lambda repository: edit_variable(repository, "kind", VariableEdit(**changes))  # type: ignore[arg-type]


def test_declarations_by_name() -> None:
    merged = merge_once(BASE, kind(default="raw"), kind(default="cooked"))
    with pytest.raises(NotFoundError):
        resolve(merged.repository, Chosen(labels=["kind"]), Side.THEIRS)
    resolve(merged.repository, Chosen(variables=["kind"]), Side.THEIRS)
    assert merged.repository.working_tree().variable("kind").default == "cooked"
    assert_sound(merged.repository)


def test_a_declaration_that_values_do_not_fit_is_refused() -> None:
    text, number = (VariableDeclaration("size", one) for one in (ValueType.TEXT, ValueType.INT))
    merged = merge_once(BASE, declare(text), declare(number))
    set_value("a.jpg", size="big")(merged.repository)
    with pytest.raises(InvalidInputError, match="'size'"):
        resolve(merged.repository, Chosen(variables=["size"]), Side.THEIRS)
    resolve(merged.repository, Chosen(variables=["size"]), Side.OURS)
    assert_sound(merged.repository)


def test_a_file_brings_the_declarations_that_it_needs() -> None:
    ours = steps(remove("d/c.jpg"), lambda repository: remove_variable(repository, "kind", force=True))
    merged = merge_once(BASE, ours, steps(set_value("d/c.jpg", kind="raw"), draw("d/c.jpg", "pecan", 1)))
    assert merged.conflicts == ["file"]
    repository = settle(merged, Side.THEIRS)
    assert values_at(repository, "d/c.jpg") == {"kind": "raw"}


def overtaken(monkeypatch: pytest.MonkeyPatch, merged: Merged, step: Step) -> list[Chosen]:
    """Whoever settles next is overtaken once, after the plan was begun. Gives what is asked of each plan."""
    plain = resolving.choose_conflicts
    asked: list[Chosen] = []

    def choose(reader: TreeReader, chosen: Chosen) -> list[Conflict]:
        asked.append(chosen)
        if len(asked) == 1:
            step(merged.repository)
        return plain(reader, chosen)

    monkeypatch.setattr(resolving, "choose_conflicts", choose)
    return asked


def test_a_file_that_gets_another_directory_meanwhile_is_settled_there_too(monkeypatch: pytest.MonkeyPatch) -> None:
    merged = merge_once(bring("a.jpg", "z.jpg"), draw("a.jpg", "nut", 1), remove("a.jpg"))
    asked = overtaken(monkeypatch, merged, mirror("a.jpg", "m"))
    settle(merged, Side.THEIRS)
    assert (len(asked), merged.paths) == (2, ["z.jpg"])


def test_a_conflict_that_somebody_else_settled_meanwhile_is_none_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    merged = merge_once(BASE, OURS, THEIRS)
    here = Chosen(paths=[("b.jpg",)])
    overtaken(monkeypatch, merged, lambda repository: resolve(repository, here, Side.AS_IS))
    with pytest.raises(NotFoundError, match=r"'b\.jpg'"):
        resolve(merged.repository, here, Side.AS_IS)
    assert left(merged.repository) == ["a.jpg", "d/c.jpg", "e.jpg"]
    assert_sound(merged.repository)


def test_two_who_settle_different_files_at_once_both_do() -> None:
    base = steps(*(steps(bring(f"{at}.jpg"), draw(f"{at}.jpg", "nut", 1)) for at in range(8)))
    merged = merge_once(
        base,
        steps(*(edit(f"{at}.jpg", 1, "nut", 2) for at in range(8))),
        steps(*(edit(f"{at}.jpg", 1, "nut", 3) for at in range(8))),
    )
    threads = [
        Thread(target=resolve, args=(merged.repository, Chosen(paths=[(f"{at}.jpg",)]), Side.THEIRS)) for at in range(8)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert left(merged.repository) == []
    assert all(boxes(merged.repository, f"{at}.jpg") == ["nut@3"] for at in range(8))
    assert_sound(merged.repository)
