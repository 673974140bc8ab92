"""Two people took snapshots of one project apart, in all the ways there are."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.apart import carry, cloned, fetch, root_of
from support.damage import take_snapshots
from support.remotes import cells_of, refs_of
from support.repositories import assert_sound, descriptions, put, snapshot

from dvcore.errors import StateError
from dvcore.ids import CommitId
from dvcore.model.commit import Commit
from dvcore.model.definition import Definition
from dvcore.model.manifest import Manifest, Shard, encode_manifest
from dvcore.prolly import build
from dvcore.remote.exchange.adopted import Adopted, Renumbered
from dvcore.remote.exchange.refs import record_fetched, record_pushed
from dvcore.repo.branches import create_branch, switch_branch
from dvcore.repo.cells import MAX_SNAPSHOT, find_cell, find_commit, project_cell, snapshot_cell, snapshot_counter
from dvcore.repo.commits import commit_working, head_commit
from dvcore.repo.operations import NOTE, iter_operations
from dvcore.repo.project_edits import edit_project, remove_project
from dvcore.repo.projects import Url, create_project, find_place, load_project, record_place, record_snapshot
from dvcore.repo.repository import Repository
from dvcore.repo.revisions import dataset_parent, resolve_commit
from dvcore.repo.undoing import redo_newest, undo_newest


@pytest.fixture
def ada() -> Iterator[Repository]:
    """A project with two snapshots."""
    with Repository.in_memory(author="Ada <ada@example.org>") as made:
        put(made, "a.jpg")
        commit_working(made, "first")
        take_snapshots(made, 2)
        yield made
        assert_sound(made)


@pytest.fixture
def bob(ada: Repository, tmp_path: Path) -> Iterator[Repository]:
    """A clone of it, on disk."""
    with cloned(ada, tmp_path / "bob") as made:
        yield made
        assert_sound(made)


def take(repository: Repository, name: str = "kinds") -> int:
    head = head_commit(repository)
    assert head is not None
    return snapshot(repository, name, head)


def take_of(repository: Repository, file: str) -> int:
    """A snapshot of a tree that has this file, too."""
    put(repository, file)
    commit_working(repository, file)
    return take(repository)


def commit_of(repository: Repository, name: str) -> CommitId:
    with repository.store.read() as transaction:
        found = find_commit(transaction, name)
    assert found is not None
    return found


def loaded(repository: Repository, number: int, name: str = "kinds") -> Commit:
    return repository.objects.load_commit(commit_of(repository, snapshot_cell(name, number)))


def counter(repository: Repository) -> int:
    with repository.store.read() as transaction:
        number: int = find_cell(transaction, snapshot_counter("kinds"))
    return number


def chain(repository: Repository, name: str = "kinds") -> list[str]:
    """What the commits of a project say, newest first."""
    said, id_ = [], commit_of(repository, project_cell(name))
    while True:
        commit = repository.objects.load_commit(id_)
        said.append(commit.message)
        if not commit.parents:
            return said
        id_ = commit.parents[0]


def test_of_the_same_tree_theirs_stands_for_ours(ada: Repository, bob: Repository) -> None:
    assert (take_of(ada, "b.jpg"), take_of(bob, "b.jpg")) == (3, 3)
    assert refs_of(ada)["snapshots/kinds/3"] != refs_of(bob)["snapshots/kinds/3"]
    adopted = fetch(bob, ada)
    assert adopted == Adopted(moved=("kinds",), snapshots=("kinds@3",))
    theirs = {ref: id_ for ref, id_ in refs_of(ada).items() if not ref.startswith("heads/")}
    assert refs_of(bob) | theirs == refs_of(bob)
    assert counter(bob) == 3


def test_of_another_tree_ours_takes_the_next_number(ada: Repository, bob: Repository) -> None:
    assert (take_of(ada, "theirs.jpg"), take_of(bob, "ours.jpg")) == (3, 3)
    ours, dataset = loaded(bob, 3), head_commit(bob)
    adopted = fetch(bob, ada)
    assert adopted == Adopted(moved=("kinds",), snapshots=("kinds@3",), renumbered=(Renumbered("kinds", 3, 4),))
    assert refs_of(bob)["snapshots/kinds/3"] == refs_of(ada)["snapshots/kinds/3"]
    made = loaded(bob, 4)
    assert made.parents == (refs_of(ada)["projects/kinds"], dataset)
    assert dataset_parent(made) == dataset
    assert (made.tree, made.definition, made.manifest, made.author) == (
        ours.tree,
        ours.definition,
        ours.manifest,
        ours.author,
    )
    assert chain(bob)[:3] == ["snapshot kinds@4", "snapshot kinds@3", "snapshot kinds@2"]
    assert load_project(bob, "kinds").snapshots == (1, 2, 3, 4)
    assert descriptions(bob)[0] == "fetch: origin; kinds@3 is now kinds@4"
    assert resolve_commit(bob, "kinds@4") == commit_of(bob, project_cell("kinds"))
    assert (counter(bob), take_of(bob, "more.jpg")) == (4, 5)
    assert fetch(bob, ada) == Adopted(), "and then there is nothing left to do"


def test_no_commit_is_dated_before_its_parent(ada: Repository, bob: Repository) -> None:
    """Histories are walked by time."""
    take_of(bob, "ours.jpg")  # its clock began years ago
    take_of(ada, "theirs.jpg")
    assert loaded(bob, 3).time < loaded(ada, 3).time
    fetch(bob, ada)
    assert loaded(bob, 4).time == loaded(bob, 3).time


def test_after_it_is_pushed_the_other_side_only_goes_on(ada: Repository, bob: Repository) -> None:
    take_of(ada, "theirs.jpg")
    take_of(bob, "ours.jpg")
    fetch(bob, ada)
    root = root_of(bob)
    record_pushed(bob, "origin", root, root.refs)
    adopted = fetch(ada, bob)
    assert adopted == Adopted(moved=("kinds",), snapshots=("kinds@4",))
    assert refs_of(ada)["projects/kinds"] == refs_of(bob)["projects/kinds"]


def test_several_numbers_at_once(ada: Repository, bob: Repository) -> None:
    """Of ours 3, 4, 5 and 6: 3 is theirs 4, 4 is taken there, 5 is theirs 5, and 6 nobody gave."""
    for file in ("x.jpg", "shared.jpg", "both.jpg"):  # trees: x, x shared, x shared both
        take_of(ada, file)
    first = resolve_commit(bob, "HEAD")
    trees = {}
    for number in (3, 4, 5):
        trees[number] = dataset_parent(loaded(ada, number))
    carry(ada, bob)
    assert snapshot(bob, "kinds", trees[4]) == 3
    assert take_of(bob, "ours.jpg") == 4
    assert snapshot(bob, "kinds", trees[5]) == 5
    assert take_of(bob, "more.jpg") == 6
    adopted = fetch(bob, ada)
    assert adopted.renumbered == (Renumbered("kinds", 3, 4, is_theirs=True), Renumbered("kinds", 4, 7))
    assert adopted.snapshots == ("kinds@3", "kinds@4", "kinds@5")
    assert load_project(bob, "kinds").snapshots == (1, 2, 3, 4, 5, 6, 7)
    assert chain(bob)[:4] == ["snapshot kinds@7", "snapshot kinds@6", "snapshot kinds@5", "snapshot kinds@4"]
    for number in (3, 4, 5):
        assert refs_of(bob)[f"snapshots/kinds/{number}"] == refs_of(ada)[f"snapshots/kinds/{number}"]
    assert first != resolve_commit(bob, "HEAD")


def test_a_number_that_was_given_there_and_undone_is_not_taken(ada: Repository, bob: Repository) -> None:
    take_of(ada, "theirs.jpg")
    take(ada)
    take(ada)
    for _ in range(2):
        undo_newest(ada)
    assert (take_of(bob, "ours.jpg"), take_of(bob, "more.jpg")) == (3, 4)
    adopted = fetch(bob, ada)
    assert adopted.renumbered == (Renumbered("kinds", 3, 6), Renumbered("kinds", 4, 7))


def test_theirs_of_another_number(ada: Repository, bob: Repository) -> None:
    """Ours is theirs under the number that they gave; the one that we gave is free, and not given again."""
    take_of(bob, "b.jpg")
    take_of(ada, "other.jpg")
    undo_newest(ada)  # the snapshot
    undo_newest(ada)  # the commit
    undo_newest(ada)  # the file
    assert take_of(ada, "b.jpg") == 4
    assert fetch(bob, ada).renumbered == (Renumbered("kinds", 3, 4, is_theirs=True),)
    assert load_project(bob, "kinds").snapshots == (1, 2, 4)
    assert take_of(bob, "c.jpg") == 5


def test_of_the_same_tree_and_another_definition(ada: Repository, bob: Repository) -> None:
    """No command makes such a line, but somebody's may; what their tree was filtered by is not ours."""
    put(ada, "b.jpg")
    snapshot(ada, "kinds", commit_working(ada, "b.jpg"), Definition(("other",)))
    put(ada, "c.jpg")
    snapshot(ada, "kinds", commit_working(ada, "c.jpg"), Definition())
    assert take_of(bob, "b.jpg") == 3
    assert fetch(bob, ada).renumbered == (Renumbered("kinds", 3, 5),)


def test_theirs_of_several_numbers(ada: Repository, bob: Repository) -> None:
    """The number that both gave is the one that stays."""
    assert (take_of(ada, "b.jpg"), take(ada), take_of(bob, "b.jpg")) == (3, 4, 3)
    assert fetch(bob, ada) == Adopted(moved=("kinds",), snapshots=("kinds@3", "kinds@4"))


def test_two_who_began_a_project_of_one_name(ada: Repository, bob: Repository) -> None:
    for one in (ada, bob):
        create_project(one, "new", Definition(("a",)))
    head = head_commit(ada)
    assert head is not None
    snapshot(ada, "new", head)
    adopted = fetch(bob, ada)
    assert (adopted.moved, adopted.snapshots, adopted.refused) == (("new",), ("new@1",), ())
    assert refs_of(bob)["projects/new"] == refs_of(ada)["projects/new"]


def edited(repository: Repository, directory: str) -> None:
    edit_project(repository, "fresh", lambda one: replace(one, directories=(directory,)))


@pytest.fixture
def fresh(ada: Repository, bob: Repository) -> None:
    """A project without a snapshot on both sides."""
    create_project(ada, "fresh", Definition())
    fetch(bob, ada)


@pytest.mark.usefixtures("fresh")
def test_edited_before_the_first_snapshot(ada: Repository, bob: Repository) -> None:
    edited(ada, "x")
    assert fetch(bob, ada).moved == ("fresh",)
    edited(bob, "y")
    assert fetch(bob, ada) == Adopted()
    edited(ada, "y")
    assert fetch(bob, ada).moved == ("fresh",), "the same definition in the end"
    assert refs_of(bob)["projects/fresh"] == refs_of(ada)["projects/fresh"]
    edited(ada, "theirs")
    edited(bob, "ours")
    before = refs_of(bob)
    (refused,) = fetch(bob, ada).refused
    assert refused.name == "fresh"
    assert refused.reason == "the project 'fresh' has another definition there"
    assert refused.hint == (
        "'dset project duplicate fresh fresh-2' keeps ours under another name; "
        "'dset project remove fresh' then makes room for theirs"
    )
    assert refs_of(bob) == before


@pytest.mark.usefixtures("fresh")
def test_other_definitions_stop_nothing_else_and_have_a_way_out(ada: Repository, bob: Repository) -> None:
    edited(ada, "theirs")
    take(ada, "fresh")
    edited(bob, "ours")
    take(bob, "fresh")
    take_of(ada, "c.jpg")
    adopted = fetch(bob, ada)
    assert [one.name for one in adopted.refused] == ["fresh"]
    assert "'dset project remove fresh --force'" in adopted.refused[0].hint
    assert adopted.snapshots == ("kinds@3",), "the rest of the fetch is done"
    assert resolve_commit(bob, "origin/fresh@1") == refs_of(ada)["snapshots/fresh/1"]
    create_project(bob, "fresh-2", load_project(bob, "fresh").definition, of="fresh")
    remove_project(bob, "fresh", force=True)
    adopted = fetch(bob, ada)
    assert (adopted.projects, adopted.snapshots, adopted.refused) == (("fresh",), ("fresh@1",), ())
    assert load_project(bob, "fresh").definition.directories == ("theirs",)
    assert take(bob, "fresh") == 2


def test_ours_that_was_pushed_elsewhere(ada: Repository, bob: Repository) -> None:
    take_of(ada, "theirs.jpg")
    take_of(bob, "ours.jpg")
    backup = root_of(bob, identity=b"b" * 32)
    record_pushed(bob, "backup", backup, backup.refs)
    before = refs_of(bob)
    (refused,) = fetch(bob, ada).refused
    assert refused.reason == "kinds@3 is another snapshot there, and ours was pushed to backup already"
    assert refs_of(bob) == before
    assert resolve_commit(bob, "origin/kinds@3") == refs_of(ada)["snapshots/kinds/3"]


def test_ours_that_was_pushed_with_its_project_alone(ada: Repository, bob: Repository) -> None:
    """The chain leads to it, whatever it is called there."""
    take_of(ada, "theirs.jpg")
    take_of(bob, "ours.jpg")
    take_of(bob, "more.jpg")
    backup = root_of(bob, {"projects/kinds": refs_of(bob)["projects/kinds"]}, identity=b"b" * 32)
    record_pushed(bob, "backup", backup, backup.refs)
    (refused,) = fetch(bob, ada).refused
    assert "kinds@3 is another snapshot there, and ours was pushed to backup" in refused.reason


def test_ours_that_was_pushed_under_its_own_name(ada: Repository, bob: Repository) -> None:
    """Its number is free there; but its commit would be another one."""
    take_of(ada, "theirs.jpg")
    take_of(bob, "ours.jpg")
    take_of(bob, "more.jpg")
    backup = root_of(bob, {"snapshots/kinds/4": refs_of(bob)["snapshots/kinds/4"]}, identity=b"b" * 32)
    record_pushed(bob, "backup", backup, backup.refs)
    (refused,) = fetch(bob, ada).refused
    assert "kinds@4 is another snapshot there, and ours was pushed to backup" in refused.reason


def test_ours_that_was_pushed_and_is_the_same(ada: Repository, bob: Repository) -> None:
    for one in (ada, bob):
        take_of(one, "b.jpg")
    backup = root_of(bob, identity=b"b" * 32)
    record_pushed(bob, "backup", backup, backup.refs)
    assert fetch(bob, ada) == Adopted(moved=("kinds",), snapshots=("kinds@3",))


def test_ours_that_was_written_to_a_url(ada: Repository, bob: Repository) -> None:
    take_of(ada, "theirs.jpg")
    take_of(bob, "ours.jpg")
    record_place(bob, "kinds", 3, Url("s3://bucket/kinds"))
    before = refs_of(bob)
    (refused,) = fetch(bob, ada).refused
    assert refused.reason == "kinds@3 is another snapshot there, and ours was written to s3://bucket/kinds"
    assert refs_of(bob) == before


def test_a_url_of_the_same_files_stays(ada: Repository, bob: Repository) -> None:
    for one in (ada, bob):
        take_of(one, "b.jpg")
    record_place(bob, "kinds", 3, Url("s3://bucket/kinds"))
    assert fetch(bob, ada).refused == ()
    assert find_place(bob, "kinds", 3) == Url("s3://bucket/kinds")


def take_made_by(repository: Repository, toolchain: str, shards: tuple[Shard, ...], place: Url | Path) -> int:
    """A snapshot with files that somebody's own toolchain made."""
    dataset = head_commit(repository)
    assert dataset is not None
    draft = repository.draft()
    nothing = build(draft, ())
    manifest = encode_manifest(Manifest(shards, nothing, nothing, (), {}, {"tool": toolchain}))
    project = load_project(repository, "kinds")
    frozen = project.definition
    return record_snapshot(
        repository, project, dataset=dataset, definition=frozen, manifest=manifest, draft=draft, place=place
    )


PLACES = [Url("s3://bucket/kinds"), Path("/somewhere/kinds")]


@pytest.mark.parametrize("place", PLACES)
def test_files_that_another_toolchain_made(ada: Repository, bob: Repository, place: Url | Path) -> None:
    """Of the same tree and definition, but of other bytes than theirs: the name no longer stands for them."""
    for one in (ada, bob):
        put(one, "b.jpg")
        commit_working(one, "b.jpg")
    take(ada)
    take_made_by(bob, "other", (Shard("train", 0, 0, 0, b"b" * 32, b"s" * 32, b"i" * 32),), place)
    adopted = fetch(bob, ada)
    if isinstance(place, Url):
        assert "kinds@3 is another snapshot there, and ours was written to" in adopted.refused[0].reason
        assert find_place(bob, "kinds", 3) == place
    else:
        assert adopted == Adopted(moved=("kinds",), snapshots=("kinds@3",))
        assert find_place(bob, "kinds", 3) is None


@pytest.mark.parametrize("place", PLACES)
def test_the_same_files_of_another_toolchain(ada: Repository, bob: Repository, place: Url | Path) -> None:
    for one in (ada, bob):
        put(one, "b.jpg")
        commit_working(one, "b.jpg")
    take(ada)
    take_made_by(bob, "other", (), place)
    assert fetch(bob, ada) == Adopted(moved=("kinds",), snapshots=("kinds@3",))
    assert find_place(bob, "kinds", 3) == place


def test_folders_stay_with_what_was_written_to_them(ada: Repository, bob: Repository, tmp_path: Path) -> None:
    take_of(ada, "theirs.jpg")
    take_of(bob, "ours.jpg")
    record_place(bob, "kinds", 3, tmp_path / "out")
    assert fetch(bob, ada).renumbered == (Renumbered("kinds", 3, 4),)
    assert find_place(bob, "kinds", 3) is None
    assert find_place(bob, "kinds", 4) == tmp_path / "out"


def test_undo_and_redo_around_it(ada: Repository, bob: Repository) -> None:
    """What was renumbered stays: its number is in other people's hands."""
    take_of(ada, "theirs.jpg")
    take_of(bob, "ours.jpg")
    fetch(bob, ada)
    with bob.store.read() as transaction:
        note = next(iter_operations(transaction))
    assert (note.kind, note.target) == (NOTE, None)
    refs = refs_of(bob)
    assert undo_newest(bob).description == "commit: ours.jpg", "its snapshot is passed over"
    assert {**refs_of(bob), "heads/main": None} == {**refs, "heads/main": None}
    assert_sound(bob)
    assert redo_newest(bob).description == "commit: ours.jpg"
    assert refs_of(bob) == refs
    take(bob)
    assert undo_newest(bob).description == "snapshot: kinds@5"
    assert refs_of(bob) == refs
    assert fetch(bob, ada) == Adopted()
    assert redo_newest(bob).description == "snapshot: kinds@5"
    assert load_project(bob, "kinds").snapshots == (1, 2, 3, 4, 5)


def test_a_snapshot_that_was_undone_before_is_not_done_again(ada: Repository, bob: Repository) -> None:
    take_of(bob, "ours.jpg")
    undo_newest(bob)
    take_of(ada, "theirs.jpg")
    assert fetch(bob, ada).renumbered == ()
    with pytest.raises(StateError, match="has moved on since"):
        redo_newest(bob)
    assert take(bob) == 4


def test_a_number_that_means_something_else_there(ada: Repository, bob: Repository) -> None:
    """What both have stays; nobody could say which one a name meant."""
    root = root_of(ada)
    refs = dict(root.refs) | {"snapshots/kinds/1": root.refs["snapshots/kinds/2"]}
    before = cells_of(bob)
    (refused,) = record_fetched(bob, "origin", replace(root, refs=refs)).refused
    assert refused.reason == "kinds@1 is another snapshot there"
    after = cells_of(bob)
    assert {cell for cell in before if before[cell] != after.get(cell)} == {
        "ref/remotes/origin/snapshots/kinds/1",
        "remote/origin",
    }


def test_a_number_that_they_gave_out_of_line(ada: Repository, bob: Repository) -> None:
    take_of(bob, "ours.jpg")
    root = root_of(ada)
    refs = dict(root.refs) | {"snapshots/kinds/3": root.refs["snapshots/kinds/2"]}
    (refused,) = record_fetched(bob, "origin", replace(root, refs=refs)).refused
    assert refused.reason == "kinds@3 is another snapshot there"


def test_planning_again_makes_no_second_version(ada: Repository) -> None:
    """What is made depends on the two lines alone, not on when and by whom."""
    with cloned(ada, None) as first, cloned(ada, None, author="Cleo <c@example.org>") as second:
        take_of(ada, "theirs.jpg")
        take_of(first, "ours.jpg")
        carry(first, second)
        second.author = first.author
        take_of(second, "ours.jpg")  # their clocks began at one time
        assert refs_of(first) == refs_of(second)
        second.author, second.clock = "Cleo <c@example.org>", lambda: 1_900_000_000_000_000
        for one in (first, second):
            fetch(one, ada)
        assert refs_of(first) == refs_of(second)


def test_branches_have_nothing_to_do_with_it(ada: Repository, bob: Repository) -> None:
    create_branch(bob, "side", resolve_commit(bob, "HEAD"))
    switch_branch(bob, "side")
    take_of(ada, "theirs.jpg")
    take_of(bob, "ours.jpg")
    assert fetch(bob, ada).renumbered == (Renumbered("kinds", 3, 4),)
    assert bob.branch() == "side"


def test_a_folder_of_other_bytes_does_not_become_theirs(ada: Repository, bob: Repository, tmp_path: Path) -> None:
    """Ours 3 is theirs 4, but for the bytes that another toolchain gave it."""
    take_of(ada, "x.jpg")
    take_of(ada, "y.jpg")
    carry(ada, bob)
    switch_to(bob, dataset_parent(loaded(ada, 4)))
    take_made_by(bob, "other", (Shard("train", 0, 0, 0, b"b" * 32, b"s" * 32, b"i" * 32),), tmp_path / "out")
    assert fetch(bob, ada).renumbered == (Renumbered("kinds", 3, 4, is_theirs=True),)
    assert find_place(bob, "kinds", 3) is None
    assert find_place(bob, "kinds", 4) is None


def switch_to(repository: Repository, commit: CommitId) -> None:
    create_branch(repository, "there", commit)
    switch_branch(repository, "there")


@pytest.mark.parametrize("others", [None, Path("/somewhere/else")])
def test_of_two_that_become_one_the_place_stays(ada: Repository, bob: Repository, others: Path | None) -> None:
    """Ours 3 and 4 are both theirs 3: what was written for 3 is still what the name stands for."""
    for one in (ada, bob):
        take_of(one, "b.jpg")
    take(bob)
    record_place(bob, "kinds", 3, Url("s3://bucket/kinds"))
    record_place(bob, "kinds", 4, others)
    assert fetch(bob, ada).renumbered == (Renumbered("kinds", 4, 3, is_theirs=True),)
    assert find_place(bob, "kinds", 3) == Url("s3://bucket/kinds")


def test_where_a_remote_has_used_up_the_numbers(ada: Repository, bob: Repository) -> None:
    """Its own are taken over where that gives nobody another one; what has no name is never made."""
    take_of(ada, "theirs.jpg")
    take_of(bob, "ours.jpg")
    carry(ada, bob)
    create_project(bob, "other", Definition())
    counters = {"kinds": MAX_SNAPSHOT, "other": MAX_SNAPSHOT}
    before = refs_of(bob)
    (refused,) = record_fetched(bob, "origin", replace(root_of(ada), counters=counters)).refused
    assert refused.reason == "no number is left for a snapshot of 'kinds'"
    assert refs_of(bob) == before
    with pytest.raises(StateError, match="no number is left for a snapshot of 'other'"):
        take(bob, "other")
