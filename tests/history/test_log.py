"""Which commits a log lists."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.repositories import box, file_at, label, put

from dvcore.errors import DsetError, NotFoundError
from dvcore.history.concerns import Wanted
from dvcore.history.log import find_logged_file, iter_graph_log, iter_log
from dvcore.history.merging import merge_commit
from dvcore.ids import CommitId
from dvcore.model.declarations import VariableDeclaration
from dvcore.model.names import Path, parse_path
from dvcore.model.values import ValueType
from dvcore.repo.annotating import Annotation, GivenInstance, annotate
from dvcore.repo.branches import create_branch, switch_branch
from dvcore.repo.commits import commit_working, has_uncommitted, head_commit
from dvcore.repo.copying import CopyOptions, copy
from dvcore.repo.entries import make_directory, move, remove
from dvcore.repo.mirroring import mirror
from dvcore.repo.repository import Repository
from dvcore.repo.revisions import resolve_commit
from dvcore.repo.treereader import TreeReader
from dvcore.repo.variables import add_variable


def at_head(repository: Repository) -> CommitId:
    head = head_commit(repository)
    assert head is not None
    return head


def logged(repository: Repository, wanted: Wanted | None = None, since: int | None = None) -> list[str]:
    """Messages, the oldest first."""
    found = iter_log(repository, at_head(repository), wanted=wanted, since=since)
    return [one.commit.message for one in found][::-1]


def in_directory(repository: Repository, path: str, label: str | None = None) -> list[str]:
    return logged(repository, Wanted(directory=parse_path(path), label=label))


@pytest.fixture
def story(repository: Repository) -> Repository:
    steps: list[tuple[str, Callable[[], object]]] = [
        ("import", lambda: put(repository, "nuts/a.jpg", "nuts/b.jpg", "dogs/c.jpg")),
        ("walnut", lambda: label(repository, "nuts/a.jpg", "walnut")),
        ("dog", lambda: label(repository, "dogs/c.jpg", "dog")),
        ("mirror", lambda: mirror(repository, [("nuts", "a.jpg")], ("all", "nuts"))),
        ("variable", lambda: add_variable(repository, VariableDeclaration("dpi", ValueType.INT))),
        ("dpi", lambda: annotate(repository, [("all",)], Annotation(set={"dpi": "3"}))),
        ("move", lambda: move(repository, [("nuts", "b.jpg")], ("dogs", "b.jpg"))),
        ("pecan", lambda: annotate(repository, [("nuts",)], Annotation(relabel={"walnut": "pecan"}))),
        ("empty", lambda: make_directory(repository, ("dogs", "empty"))),
        ("remove", lambda: remove(repository, [("dogs", "c.jpg")])),
    ]
    for message, step in steps:
        step()
        commit_working(repository, message)
    return repository


def test_all_of_them(story: Repository) -> None:
    expected = ["import", "walnut", "dog", "mirror", "variable", "dpi", "move", "pecan", "empty", "remove"]
    assert logged(story) == expected
    assert [one.commit.message for one in iter_graph_log(story, at_head(story))][::-1] == expected


def test_of_a_directory(story: Repository) -> None:
    assert in_directory(story, "nuts") == ["import", "walnut", "dpi", "move", "pecan"]
    assert in_directory(story, "dogs") == ["import", "dog", "move", "empty", "remove"]
    assert in_directory(story, "all") == in_directory(story, "all/nuts") == ["mirror", "dpi", "pecan"]
    assert in_directory(story, "never") == []
    assert in_directory(story, "") == ["import", "walnut", "dog", "mirror", "dpi", "move", "pecan", "empty", "remove"]


def test_of_a_file_wherever_it_is(story: Repository) -> None:
    start = at_head(story)
    of_a, of_b, of_c = (
        find_logged_file(story, start, parse_path(path)) for path in ("all/nuts/a.jpg", "dogs/b.jpg", "dogs/c.jpg")
    )
    assert of_a == file_at(story, "nuts/a.jpg")
    assert logged(story, Wanted(file=of_a)) == ["import", "walnut", "mirror", "dpi", "pecan"]
    assert logged(story, Wanted(file=of_b)) == ["import", "move"]
    assert logged(story, Wanted(file=of_c)) == ["import", "dog", "remove"]
    with pytest.raises(NotFoundError, match=r"no commit has a file 'nuts/c.jpg'"):
        find_logged_file(story, start, ("nuts", "c.jpg"))


def test_of_a_label(story: Repository) -> None:
    assert logged(story, Wanted(label="walnut")) == ["walnut", "pecan"]
    assert logged(story, Wanted(label="pecan")) == ["pecan"]
    assert logged(story, Wanted(label="dog")) == ["dog", "remove"]
    assert logged(story, Wanted(label="cat")) == []
    assert in_directory(story, "all", "walnut") == ["pecan"]
    assert in_directory(story, "dogs", "walnut") == []
    assert in_directory(story, "dogs", "dog") == ["dog", "remove"]
    file = file_at(story, "nuts/a.jpg")
    assert logged(story, Wanted(file=file, label="walnut")) == ["walnut", "pecan"]


def test_since(story: Repository) -> None:
    times = {one.commit.message: one.commit.time for one in iter_log(story, at_head(story))}
    assert logged(story, since=times["move"]) == ["move", "pecan", "empty", "remove"]
    assert logged(story, since=times["move"] + 1) == ["pecan", "empty", "remove"]
    assert logged(story, Wanted(label="walnut"), since=times["move"]) == ["pecan"]


def test_a_directory_that_holds_a_file_twice(repository: Repository) -> None:
    put(repository, "d/a.jpg")
    mirror(repository, [("d", "a.jpg")], ("d", "twin"))
    commit_working(repository, "both")
    label(repository, "d/a.jpg", "dog")
    commit_working(repository, "dog")
    remove(repository, [("d", "twin")])
    commit_working(repository, "one")
    label(repository, "d/a.jpg", "cat")
    commit_working(repository, "cat")
    assert in_directory(repository, "d") == ["both", "dog", "one", "cat"]
    assert in_directory(repository, "d/twin") == ["both", "dog", "one"]


def test_a_file_is_of_a_directory_as_long_as_it_is_in_it(repository: Repository) -> None:
    """The last commit makes the log know the files of the directory, before it looks at older ones."""
    put(repository, "d/x.jpg", "d/goes.jpg", "e/comes.jpg")
    commit_working(repository, "first")
    for path in ("d/goes.jpg", "e/comes.jpg"):
        label(repository, path, "dog")
        commit_working(repository, f"dog in {path}")
    move(repository, [("d", "goes.jpg")], ("e", "goes.jpg"))
    move(repository, [("e", "comes.jpg")], ("d", "comes.jpg"))
    commit_working(repository, "moved")
    for path in ("e/goes.jpg", "d/comes.jpg", "d/x.jpg"):
        label(repository, path, "cat")
        commit_working(repository, f"cat in {path}")
    assert in_directory(repository, "d") == [
        "first",
        "dog in d/goes.jpg",
        "moved",
        "cat in d/comes.jpg",
        "cat in d/x.jpg",
    ]


def test_a_merge_is_listed_for_what_it_did_itself(repository: Repository) -> None:
    put(repository, "nuts/a.jpg", "dogs/b.jpg")
    create_branch(repository, "side", commit_working(repository, "first"))
    label(repository, "nuts/a.jpg", "walnut")
    commit_working(repository, "on main")
    switch_branch(repository, "side")
    label(repository, "dogs/b.jpg", "dog")
    commit_working(repository, "on side")
    switch_branch(repository, "main")
    merge_commit(repository, resolve_commit(repository, "side"), "merged")
    assert in_directory(repository, "nuts") == ["first", "on main"]
    assert in_directory(repository, "dogs") == ["first", "on side"]
    assert logged(repository, Wanted(directory=())) == ["first", "on main", "on side", "merged"]
    marked = iter_graph_log(repository, at_head(repository), wanted=Wanted(directory=("nuts",)))
    assert [(one.commit.message, one.is_wanted) for one in marked] == [
        ("merged", False),
        ("on side", False),
        ("on main", True),
        ("first", True),
    ]


names = st.sampled_from(["a", "b"])
some_paths = st.lists(names, max_size=2).map(tuple)
file_paths = st.lists(names, min_size=1, max_size=3).map(tuple)
steps = st.one_of(
    st.tuples(st.just("put"), file_paths, st.sampled_from(["x", "y"])),
    st.tuples(st.just("remove"), file_paths, st.none()),
    st.tuples(st.just("move"), file_paths, some_paths),
    st.tuples(st.just("mirror"), some_paths, some_paths),
    st.tuples(st.just("copy"), some_paths, some_paths),
    st.tuples(st.just("label"), some_paths, st.sampled_from(["dog", "cat"])),
)


def take(repository: Repository, verb: str, path: Path, more: object) -> None:
    match verb:
        case "put":
            put(repository, "/".join(path), data=str(more))
        case "remove":
            remove(repository, [path])
        case "label":
            annotate(repository, [path], Annotation(instances=[GivenInstance(box(str(more)))]))
        case "copy":
            copy(repository, [path], more, options=CopyOptions())  # type: ignore[arg-type]
        case _:
            (move if verb == "move" else mirror)(repository, [path], more)  # type: ignore[arg-type]


Known = dict[object, object]


def known(reader: TreeReader, path: Path) -> tuple[Known, Known]:
    """All that can be seen at and under a path: entries, and records by file; and the instances of dogs."""
    entry = reader.find_entry(path)
    if entry is None:
        return {}, {}
    files = dict(reader.iter_files(path))
    records = {file: reader.record(file) for file in files.values()}
    dogs = {
        file: [one for one in reader.annotations(record).instances if one.label == "dog"]
        for file, record in records.items()
    }
    return {"entry": entry, **files, **records}, {file: found for file, found in dogs.items() if found}


@settings(max_examples=100)
@given(st.lists(steps, max_size=12), some_paths)
def test_a_directory_is_listed_where_it_looks_another_way(taken: list[tuple[str, Path, object]], path: Path) -> None:
    with Repository.in_memory() as repository:
        states = [known(repository.working_tree(), path)]
        for step in taken:
            with suppress(DsetError):
                take(repository, *step)
            if has_uncommitted(repository):
                commit_working(repository, str(len(states)))
                states.append(known(repository.working_tree(), path))
        if len(states) == 1:
            return
        numbers = range(1, len(states))
        differing = [str(number) for number in numbers if states[number][0] != states[number - 1][0]]
        assert logged(repository, Wanted(directory=path)) == differing
        drawn = logged(repository, Wanted(directory=path, label="dog"))
        assert set(drawn) <= set(differing)
        if not path:
            assert drawn == [str(number) for number in numbers if states[number][1] != states[number - 1][1]]
