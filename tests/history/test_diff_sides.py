"""Differences of directories, of many changes, and of what is no file."""

from collections import Counter
from dataclasses import replace

import pytest
from support.repositories import label, put, snapshot

from dvcore.errors import NotFoundError
from dvcore.history import diff as diff_module
from dvcore.history.comparing import resolve_compared
from dvcore.history.declaration_changes import diff_declarations
from dvcore.history.definition_changes import DefinitionChange, diff_definitions
from dvcore.history.diff import Difference, Kind, diff_directories, diff_trees
from dvcore.history.entry_changes import Side
from dvcore.model.declarations import LabelDeclaration, VariableDeclaration
from dvcore.model.definition import Definition, Feature, ImageOptions, Label, Split
from dvcore.model.names import format_path, parse_path
from dvcore.model.values import ValueType
from dvcore.repo.commits import commit_working
from dvcore.repo.copying import CopyOptions, copy
from dvcore.repo.entries import make_directory, move, remove
from dvcore.repo.mirroring import mirror
from dvcore.repo.projects import create_project
from dvcore.repo.repository import Repository
from dvcore.repo.treereader import TreeReader
from dvcore.store.spilling import SpillingMap


def shown(before: Side, after: Side) -> list[str]:
    """Each change as a line; the counts must be those of the lines."""
    with Difference(before, after) as difference:
        changes = list(difference)
        assert difference.counts == Counter(one.kind for one in changes)
    return [
        " ".join([one.kind.value, *(format_path(path) for path in (one.source, one.path) if path is not None)])
        for one in changes
    ]


def sides(repository: Repository, before: str, after: str | None = None) -> tuple[Side, Side]:
    old, new = resolve_compared(repository, before, after)
    return old.side, new.side


def test_one_directory_of_two_revisions(repository: Repository) -> None:
    put(repository, "a/x.jpg", "a/sub/y.jpg", "b/z.jpg", "b/w.jpg")
    commit_working(repository, "one")
    label(repository, "a/x.jpg", "dog")
    label(repository, "b/z.jpg", "dog")
    move(repository, [("b", "w.jpg")], ("a", "w.jpg"))
    remove(repository, [("a", "sub", "y.jpg")])
    assert shown(*sides(repository, "HEAD:a")) == ["removed a/sub/y.jpg", "added a/w.jpg", "modified a/x.jpg"]
    assert shown(*sides(repository, "HEAD:b", "WORK:b")) == ["removed b/w.jpg", "modified b/z.jpg"]
    assert shown(*sides(repository, "HEAD:a/x.jpg", "WORK:a/x.jpg")) == ["modified a/x.jpg"]
    assert shown(*sides(repository, "HEAD", "WORK")) == [
        "removed a/sub/y.jpg",
        "moved b/w.jpg a/w.jpg",
        "modified a/x.jpg",
        "modified b/z.jpg",
    ]


def test_two_directories_are_held_against_each_other(repository: Repository) -> None:
    put(repository, "a/x.jpg", "a/y.jpg", "a/z.jpg")
    mirror(repository, [("a",)], ("b",))
    assert shown(*sides(repository, "WORK:a", "WORK:b")) == []
    commit_working(repository, "mirrored")
    label(repository, "b/x.jpg", "dog")
    move(repository, [("b", "y.jpg")], ("b", "moved.jpg"))
    remove(repository, [("b", "z.jpg")])
    found = shown(*sides(repository, "HEAD:a", "WORK:b"))
    assert found == ["moved a/y.jpg b/moved.jpg", "modified b/x.jpg", "removed a/z.jpg"]


def test_a_file_that_only_one_of_the_directories_holds_was_not_modified_there(repository: Repository) -> None:
    put(repository, "a/x.jpg", "b/y.jpg")
    commit_working(repository, "one")
    label(repository, "a/x.jpg", "dog")
    mirror(repository, [("a", "x.jpg")], ("b",))
    assert shown(*sides(repository, "HEAD:b")) == ["added b/x.jpg"]


def test_instances_of_a_directory_come_and_go_with_its_files(repository: Repository) -> None:
    """Though the tree as a whole has the files on both sides."""
    put(repository, "a/x.jpg", "a/y.jpg", "b/z.jpg")
    for path in ("a/x.jpg", "a/y.jpg", "b/z.jpg"):
        label(repository, path, "dog")
    commit_working(repository, "one")
    mirror(repository, [("a", "x.jpg")], ("b",))
    mirror(repository, [("b", "z.jpg")], ("b", "again"))
    remove(repository, [("a", "y.jpg")])

    def records(before: str, after: str | None = None) -> list[tuple[str, bool, bool]]:
        with Difference(*sides(repository, before, after)) as difference:
            return [(format_path(one.path), one.old is not None, one.new is not None) for one in difference]

    assert records("HEAD:b") == [("b/again/z.jpg", True, True), ("b/x.jpg", False, True)]
    assert records("WORK:b", "HEAD:b") == [("b/again/z.jpg", True, True), ("b/x.jpg", True, False)]
    assert records("WORK:a", "WORK:b") == [("b/again/z.jpg", False, True), ("b/z.jpg", False, True)]
    assert records("HEAD:a", "WORK:b") == [
        ("b/again/z.jpg", False, True),
        ("a/y.jpg", True, False),
        ("b/z.jpg", False, True),
    ]
    assert records("HEAD", "WORK") == [
        ("a/y.jpg", True, False),
        ("b/again/z.jpg", True, True),
        ("b/x.jpg", True, True),
    ]


def test_a_directory_that_one_side_does_not_have(repository: Repository) -> None:
    put(repository, "a/x.jpg")
    commit_working(repository, "one")
    copy(repository, [("a",)], ("new",), options=CopyOptions())
    assert shown(*sides(repository, "HEAD:new", "WORK:new")) == ["added new/x.jpg"]
    for before, after in (("HEAD:nowhere", None), ("HEAD:new", "WORK:a"), ("HEAD:a", "WORK:nowhere")):
        with pytest.raises(NotFoundError):
            resolve_compared(repository, before, after)


def test_a_project_stands_for_its_newest_definition(repository: Repository) -> None:
    put(repository, "a/x.jpg")
    dataset = commit_working(repository, "one")
    assert dataset is not None
    create_project(repository, "old", Definition(directories=("a",)))
    put(repository, "a/y.jpg")
    commit_working(repository, "two")
    create_project(repository, "new", Definition(directories=("a",), where="annotated"))
    number = snapshot(repository, "old", dataset)
    old, new = resolve_compared(repository, "old", "new")
    assert old.definition is not None
    assert new.definition is not None
    assert diff_definitions(old.definition, new.definition) == [DefinitionChange("where", None, "annotated")]
    assert shown(old.side, new.side) == []  # a definition is of no tree
    assert shown(*sides(repository, "old", "WORK")) == ["added a/y.jpg"]
    taken, work = resolve_compared(repository, f"old@{number}", "WORK")
    assert taken.snapshot == ("old", number)
    assert (taken.definition, work.definition) == (old.definition, None)
    with pytest.raises(NotFoundError, match="no revision 'older'"):
        resolve_compared(repository, "older", None)


def test_empty_directories_of_a_directory(repository: Repository) -> None:
    for name in ("a/gone", "b"):
        make_directory(repository, parse_path(name))
    before = repository.working_tree()
    remove(repository, [parse_path("a/gone")])
    for name in ("a/come", "c"):
        make_directory(repository, parse_path(name))
    after = repository.working_tree()
    assert diff_directories(Side(before), Side(after)) == ([("a", "come"), ("c",)], [("a", "gone")])
    assert diff_directories(Side(before, ("a",)), Side(after, ("a",))) == ([("a", "come")], [("a", "gone")])


def changed_in_every_way(repository: Repository) -> tuple[TreeReader, TreeReader]:
    put(repository, *(f"{name}/{number}.jpg" for name in ("a", "a-", "b") for number in range(9)))
    mirror(repository, [("a",)], ("m", "a"))
    before = repository.working_tree()
    for number in range(0, 9, 2):
        label(repository, f"a/{number}.jpg", "dog")
        move(repository, [parse_path(f"a-/{number}.jpg")], parse_path(f"m/{9 - number}.jpg"))
        remove(repository, [parse_path(f"b/{number}.jpg")])
    mirror(repository, [("b",)], ("n",))
    return before, repository.working_tree()


def test_many_changes_are_the_same_changes(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    trees = changed_in_every_way(repository)
    expected = [diff_trees(*trees), diff_trees(*reversed(trees))]
    assert {one.kind for one in expected[0]} == set(Kind)
    monkeypatch.setattr(SpillingMap.__init__, "__kwdefaults__", {"memory_bytes": 300})
    monkeypatch.setattr(diff_module, "_MODIFIED_AT_ONCE", 2)
    monkeypatch.setattr(diff_module, "_MOST_AT_ONCE", 2)
    assert [diff_trees(*trees), diff_trees(*reversed(trees))] == expected


def test_paths_longer_than_a_key_are_in_order(repository: Repository) -> None:
    deep = "/".join(["d" * 200] * 4)
    names = [f"{deep}/{name}" for name in ("a/1.jpg", "a-.jpg", "b.jpg")]
    put(repository, *names)
    before = repository.working_tree()
    for name in reversed(names):
        label(repository, name, "dog")
    changes = diff_trees(before, repository.working_tree())
    assert [format_path(one.path) for one in changes] == names


def test_declarations(repository: Repository) -> None:
    dpi, kind = VariableDeclaration("dpi", ValueType.INT), VariableDeclaration("kind", ValueType.ENUM, ("a",))
    dog, cat = LabelDeclaration("dog", 0), LabelDeclaration("cat", 1)
    empty = repository.working_tree().tree
    before = replace(empty, variables=(dpi, kind), labels=(dog,))
    after = replace(empty, variables=(replace(kind, choices=("a", "b")), dpi), labels=(cat,))
    found = [(one.what, one.name, one.kind, one.fields) for one in diff_declarations(before, after)]
    assert found == [
        ("variable", "kind", Kind.MODIFIED, {"choices": (("a",), ("a", "b"))}),
        ("label", "cat", Kind.ADDED, {}),
        ("label", "dog", Kind.REMOVED, {}),
    ]


def test_definitions() -> None:
    old = Definition(
        directories=("nuts",),
        labels=(Label("walnut", "a"), Label("almond", "b")),
        splits=(Split("train", "0.8"), Split("test", "0.2")),
    )
    new = replace(
        old,
        directories=("nuts", "trees"),
        labels=(Label("almond", "c"), Label("walnut", "a"), Label("hazel", "d")),
        splits=(Split("train", "0.7", shards=4), Split("test", "0.2"), Split("eval", "0.1")),
        image=ImageOptions(color="gray"),
        features=(Feature("boxes", "objects", (Label("nut", "true"),), {"empty": "drop"}),),
    )
    assert [(one.part, one.old, one.new) for one in diff_definitions(old, new)] == [
        ("directories", "nuts", "nuts, trees"),
        ("color", "rgb", "gray"),
        ("label almond", "b", "c"),
        ("label hazel", None, "d"),
        ("feature objects", None, "boxes"),
        ("feature objects empty", None, "drop"),
        ("feature objects class nut", None, "true"),
        ("split train ratio", "0.8", "0.7"),
        ("split train shards", None, "4"),
        ("split eval ratio", None, "0.1"),
        ("order of labels", "walnut, almond", "almond, walnut"),
    ]
    assert diff_definitions(new, new) == []
    assert {one.part: one.new for one in diff_definitions(new, old)}["label hazel"] is None


def test_a_file_is_named_by_its_path_in_the_directory(repository: Repository) -> None:
    put(repository, "b/x.jpg", "c.jpg")
    mirror(repository, [("b",)], ("a",))
    commit_working(repository, "mirrored")
    label(repository, "a/x.jpg", "dog")
    label(repository, "c.jpg", "dog")
    assert shown(*sides(repository, "HEAD:b")) == ["modified b/x.jpg"]


def test_hundreds_of_entries_of_one_file_are_paired_in_their_order(repository: Repository) -> None:
    put(repository, "0.jpg", "a/x.jpg")
    for turn in range(9):
        mirror(repository, [("a",)], ("twin",))
        move(repository, [("twin",)], ("a", str(turn)))
    before = repository.working_tree()
    move(repository, [("a",)], ("b",))
    move(repository, [("0.jpg",)], ("1.jpg",))
    first, *changes = diff_trees(before, repository.working_tree())
    assert (first.source, len(changes)) == (("0.jpg",), 2**9)
    assert all(one.kind is Kind.MOVED and one.source == ("a", *one.path[1:]) for one in changes)
