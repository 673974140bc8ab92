"""What a fetch and a clone make of branches, tags, projects and snapshots, and what is remembered of a remote."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from support.apart import carry, cloned, fetch, root_of, without
from support.damage import take_snapshots
from support.remotes import cells_of, refs_of
from support.repositories import assert_sound, descriptions, paths, put, snapshot

from dvcore.errors import CorruptError, StateError
from dvcore.ids import CommitId
from dvcore.model.definition import Definition
from dvcore.remote.exchange import refs
from dvcore.remote.exchange.adopted import Adopted
from dvcore.remote.exchange.adopting import Adoption
from dvcore.remote.exchange.refs import find_seen, list_tracked, record_cloned, record_fetched, record_pushed
from dvcore.remote.roots.seen import seen_of
from dvcore.repo.branches import create_branch, create_tag, delete_tag, list_branches, list_tags
from dvcore.repo.cells import find_cell, place_cell, snapshot_counter
from dvcore.repo.commits import commit_working, head_commit
from dvcore.repo.edits import empty_tree
from dvcore.repo.gc.collecting import collect_garbage
from dvcore.repo.objects import save_commit
from dvcore.repo.project_edits import remove_project
from dvcore.repo.projects import create_project, load_project, record_place
from dvcore.repo.repository import Repository
from dvcore.repo.revisions import resolve_commit
from dvcore.repo.undoing import redo_newest, undo_newest


@pytest.fixture
def ada() -> Iterator[Repository]:
    """Two branches, a tag, a project with two snapshots."""
    with Repository.in_memory(author="Ada <ada@example.org>") as made:
        put(made, "a.jpg", "b.jpg")
        commit = commit_working(made, "first")
        create_branch(made, "side", commit)
        create_tag(made, "v1", commit)
        take_snapshots(made, 2)
        yield made
        assert_sound(made)


@pytest.fixture
def bob(ada: Repository) -> Iterator[Repository]:
    """A clone of it."""
    with cloned(ada, None) as made:
        yield made
        assert_sound(made)


def commit_file(repository: Repository, name: str) -> CommitId:
    put(repository, name)
    return commit_working(repository, name)


def test_a_clone_has_the_same_names(ada: Repository, bob: Repository) -> None:
    assert refs_of(bob) == refs_of(ada)
    assert [(one.name, one.is_current, one.has_uncommitted) for one in list_branches(bob)] == [
        ("main", True, False),
        ("side", False, False),
    ]
    assert paths(bob) == ["a.jpg", "b.jpg"]
    assert list_tracked(bob, "origin") == refs_of(ada)
    assert load_project(bob, "kinds").snapshots == (1, 2)
    with bob.store.read() as transaction:
        assert find_cell(transaction, snapshot_counter("kinds")) == 2


def test_a_clone_is_not_undone(bob: Repository) -> None:
    assert descriptions(bob) == ["clone: here"]
    with pytest.raises(StateError, match="nothing to undo"):
        undo_newest(bob)
    commit_file(bob, "c.jpg")
    assert (undo_newest(bob).description, undo_newest(bob).description) == ("commit: c.jpg", "import")
    with pytest.raises(StateError, match="nothing to undo"):
        undo_newest(bob)


@pytest.mark.parametrize(
    ("head", "branches", "expected"),
    [
        ("side", ("main", "side"), "side"),
        (None, ("main", "side"), "main"),
        ("gone", ("main", "side"), "main"),
        ("gone", ("zebra", "yak"), "yak"),
        ("gone", (), "main"),
    ],
)
def test_the_branch_that_a_clone_begins_with(
    ada: Repository, head: str | None, branches: tuple[str, ...], expected: str
) -> None:
    commit = head_commit(ada)
    assert commit is not None
    root = replace(root_of(ada), head=head, refs={f"heads/{branch}": commit for branch in branches})
    with Repository.in_memory() as made:
        carry(ada, made)
        record_cloned(made, "origin", root, done="clone")
        assert made.branch() == expected
        assert [one.name for one in list_branches(made)] == sorted(branches or ["main"])
        assert_sound(made)


@pytest.mark.parametrize("commits", [False, True])
def test_a_repository_with_work_of_its_own_is_not_cloned_into(ada: Repository, commits: bool) -> None:
    with Repository.in_memory() as made:
        put(made, "mine.jpg")
        if commits:
            commit_working(made, "mine")
        before = cells_of(made)
        carry(ada, made)
        with pytest.raises(StateError, match="work of its own"):
            record_cloned(made, "origin", root_of(ada), done="clone")
        assert cells_of(made) == before


def test_a_fetch_moves_no_branch_and_is_no_operation(ada: Repository, bob: Repository) -> None:
    before = refs_of(bob), descriptions(bob)
    new = commit_file(ada, "c.jpg")
    assert fetch(bob, ada) == Adopted()
    assert (refs_of(bob), descriptions(bob)) == before
    assert resolve_commit(bob, "origin/main") == new
    assert resolve_commit(bob, "origin/main~1") == resolve_commit(bob, "main")


def test_what_went_on_the_remote_goes_here(ada: Repository, bob: Repository) -> None:
    root = root_of(ada)
    record_fetched(bob, "origin", root)
    record_fetched(bob, "origin", without(root, "heads/side", "tags/v1"))
    assert "heads/side" not in list_tracked(bob, "origin")
    assert [name for name, _ in list_tags(bob)] == ["v1"], "ours stays"
    assert "side" in [one.name for one in list_branches(bob)]


def test_only_what_was_asked_for(ada: Repository, bob: Repository) -> None:
    """Of the rest nothing has come, so nothing of it may be followed."""
    side, main = commit_file(ada, "c.jpg"), head_commit(bob)
    create_tag(ada, "v2", side)
    root = root_of(ada)
    adopted = record_fetched(bob, "origin", without(root, "tags/v1"), refs=["heads/side", "heads/none"])
    assert adopted == Adopted()
    tracked = list_tracked(bob, "origin")
    assert tracked["heads/main"] == main
    assert "tags/v1" not in tracked, "it is gone there"
    assert "tags/v2" not in tracked


def test_a_project_comes_with_its_snapshots_whatever_was_asked_for(ada: Repository, bob: Repository) -> None:
    """Without them it could be edited here."""
    remove_project(bob, "kinds", force=True)
    carry(ada, bob)
    adopted = record_fetched(bob, "origin", root_of(ada), refs=["projects/kinds"])
    assert (adopted.projects, adopted.snapshots) == (("kinds",), ("kinds@1", "kinds@2"))
    assert load_project(bob, "kinds").is_frozen


def test_a_snapshot_out_of_line_does_not_come_with_its_project(ada: Repository, bob: Repository) -> None:
    """It is not here, as far as anybody knows."""
    root = root_of(ada)
    away = replace(root, refs={**root.refs, "snapshots/kinds/9": CommitId(b"9" * 32)})
    assert record_fetched(bob, "origin", away, refs=["projects/kinds"]) == Adopted()
    assert "snapshots/kinds/9" not in list_tracked(bob, "origin")


@pytest.mark.parametrize(("number", "is_refused"), [(999_999_999, False), (10**9, True), (2**62, True)])
def test_a_remote_cannot_use_up_the_numbers(ada: Repository, bob: Repository, number: int, is_refused: bool) -> None:
    root = replace(root_of(ada), counters={"kinds": number})
    before = cells_of(bob)
    if is_refused:
        with pytest.raises(CorruptError, match=f"origin says that kinds has had {number} snapshots"):
            record_fetched(bob, "origin", root)
        assert cells_of(bob) == before
    else:
        record_fetched(bob, "origin", root)


def test_a_push_follows_what_it_sent(ada: Repository, bob: Repository) -> None:
    """What another pushed meanwhile is not here: a cell that led there would be damage."""
    theirs = commit_file(ada, "theirs.jpg")
    ours = commit_file(bob, "ours.jpg")
    root = root_of(ada)
    pushed = replace(root, refs={**root.refs, "heads/bobs": ours, "heads/new": theirs})
    record_pushed(bob, "origin", pushed, ["heads/bobs"])
    tracked = list_tracked(bob, "origin")
    assert tracked["heads/bobs"] == ours
    assert tracked["heads/main"] != theirs
    assert "heads/new" not in tracked
    assert find_seen(bob, "origin") == seen_of(pushed)
    record_pushed(bob, "origin", without(pushed, "heads/bobs"), ["heads/bobs"])
    assert "heads/bobs" not in list_tracked(bob, "origin")


def test_an_older_root_changes_nothing(ada: Repository, bob: Repository) -> None:
    older = root_of(ada)
    commit_file(ada, "c.jpg")
    fetch(bob, ada)
    before = cells_of(bob)
    record_pushed(bob, "origin", older, older.refs)
    record_fetched(bob, "origin", older)
    assert cells_of(bob) == before


def test_remotes_do_not_get_mixed_up(ada: Repository, bob: Repository) -> None:
    fetch(bob, ada, "origin-2")
    assert find_seen(bob, "or") is None
    assert list_tracked(bob, "or") == {}
    assert list_tracked(bob, "origin") == list_tracked(bob, "origin-2")


def test_tags(ada: Repository, bob: Repository) -> None:
    new = commit_file(ada, "c.jpg")
    for name in ("v2", "v3", "taken"):
        create_tag(ada, name, new)
    mine = commit_file(bob, "mine.jpg")
    create_tag(bob, "v3", mine)
    create_branch(bob, "taken", mine)
    adopted = fetch(bob, ada)
    assert (adopted.tags, adopted.kept_tags) == (("v2",), ("taken", "v3"))
    assert dict(list_tags(bob)) == {"v1": resolve_commit(bob, "side"), "v2": new, "v3": mine}
    assert resolve_commit(bob, "origin/v3") == new
    assert fetch(bob, ada).tags == ()


def test_a_tag_that_would_pass_for_a_remotes_branch_is_not_taken_over(ada: Repository, bob: Repository) -> None:
    """Names of ours are looked up first: `origin/main` would be what some other remote says."""
    fetch(bob, ada, "nas")
    new = commit_file(ada, "c.jpg")
    for name in ("origin/main", "nas/new", "other/main"):
        create_tag(ada, name, new)
    adopted = fetch(bob, ada, "nas")
    assert adopted.tags == ("other/main",)
    assert [(one.name, one.hint) for one in adopted.refused] == [
        ("nas/new", "here it is nas/nas/new"),
        ("origin/main", "here it is nas/origin/main"),
    ]
    assert resolve_commit(bob, "origin/main") == resolve_commit(bob, "main")
    assert resolve_commit(bob, "nas/origin/main") == new


def test_a_new_project_comes_with_its_snapshots(ada: Repository, bob: Repository) -> None:
    create_project(ada, "other", Definition(("a",)))
    adopted = fetch(bob, ada)
    assert (adopted.projects, adopted.snapshots) == (("other",), ())
    head = head_commit(ada)
    assert head is not None
    snapshot(ada, "other", head)
    snapshot(ada, "kinds", head)
    adopted = fetch(bob, ada)
    assert (adopted.projects, adopted.moved, adopted.snapshots) == ((), ("kinds", "other"), ("kinds@3", "other@1"))
    assert refs_of(bob) == refs_of(ada)
    assert descriptions(bob)[0] == "fetch: origin"


def test_a_project_that_is_ahead_stays(ada: Repository, bob: Repository) -> None:
    head = head_commit(bob)
    assert head is not None
    snapshot(bob, "kinds", head)
    before = refs_of(bob)
    assert fetch(bob, ada) == Adopted()
    assert refs_of(bob) == before


def test_a_project_that_was_removed_comes_back_with_the_files_of_nobody(
    ada: Repository, bob: Repository, tmp_path: Path
) -> None:
    record_place(bob, "kinds", 2, tmp_path)
    remove_project(bob, "kinds", force=True)
    adopted = fetch(bob, ada)
    assert (adopted.projects, adopted.snapshots) == (("kinds",), ("kinds@1", "kinds@2"))
    with bob.store.read() as transaction:
        assert find_cell(transaction, place_cell("kinds", 2)) is None


def test_a_number_that_was_ever_given_is_not_given_again(ada: Repository, bob: Repository) -> None:
    head = head_commit(ada)
    assert head is not None
    snapshot(ada, "kinds", head)
    undo_newest(ada)
    fetch(bob, ada)
    assert load_project(bob, "kinds").snapshots == (1, 2)
    assert snapshot(bob, "kinds", head) == 4


def test_undo_goes_on_around_what_was_fetched(ada: Repository, bob: Repository) -> None:
    """What a fetch moved is not ours to put back; the rest is."""
    commit_file(bob, "mine.jpg")
    delete_tag(bob, "v1")
    create_tag(bob, "mine", resolve_commit(bob, "HEAD"))
    assert fetch(bob, ada).tags == ("v1",)
    assert undo_newest(bob).description == "tag: mine"
    assert undo_newest(bob).description == "commit: mine.jpg", "the deletion of v1 is passed over"
    assert fetch(bob, ada) == Adopted()
    assert "v1" in dict(list_tags(bob))
    assert_sound(bob)
    assert redo_newest(bob).description == "commit: mine.jpg", "the fetch has not ended redo"
    assert redo_newest(bob).description == "tag: mine"
    with pytest.raises(StateError, match="nothing to redo"):
        redo_newest(bob)


def test_what_a_fetch_moved_cannot_be_done_again(ada: Repository, bob: Repository) -> None:
    delete_tag(bob, "v1")
    create_tag(bob, "v1", commit_file(bob, "mine.jpg"))
    undo_newest(bob)
    assert fetch(bob, ada).tags == ("v1",)
    with pytest.raises(StateError, match="'ref/tags/v1' has moved on since"):
        redo_newest(bob)


def test_tracked_refs_hold_what_they_lead_to(ada: Repository, bob: Repository) -> None:
    new = commit_file(ada, "c.jpg")
    fetch(bob, ada)
    collect_garbage(bob, keep_operations=timedelta(0))
    assert bob.objects.load_commit(resolve_commit(bob, "origin/main")).message == "c.jpg"
    assert resolve_commit(bob, "origin/main") == new


def plain(repository: Repository) -> CommitId:
    return resolve_commit(repository, "HEAD")


def of_the_project_alone(repository: Repository) -> CommitId:
    return repository.objects.load_commit(resolve_commit(repository, "kinds@1")).parents[0]


def of_no_dataset(repository: Repository) -> CommitId:
    taken = repository.objects.load_commit(resolve_commit(repository, "kinds@1"))
    draft = repository.draft()
    made = save_commit(draft, replace(taken, parents=taken.parents[:1]))
    repository.store.update(draft.flush_into)
    return made


def of_another_tree(repository: Repository) -> CommitId:
    taken = repository.objects.load_commit(resolve_commit(repository, "kinds@1"))
    draft = repository.draft()
    made = save_commit(draft, replace(taken, tree=empty_tree(draft)))
    repository.store.update(draft.flush_into)
    return made


@pytest.mark.parametrize(
    ("ref", "commit_of", "expected"),
    [
        ("snapshots/kinds/3", of_another_tree, "origin: .* of kinds@3 is none of a snapshot"),
        ("projects/kinds", plain, "origin: .* chain has no definition"),
        ("snapshots/kinds/2", plain, "origin: .* of kinds@2 is none of a snapshot"),
        ("snapshots/kinds/3", of_the_project_alone, "origin: .* of kinds@3 is none of a snapshot"),
        ("snapshots/kinds/3", of_no_dataset, "origin: .* of kinds@3 is none of a snapshot"),
    ],
)
def test_a_remote_that_calls_something_a_snapshot_is_refused(
    ada: Repository, bob: Repository, ref: str, commit_of: Callable[[Repository], CommitId], expected: str
) -> None:
    root = root_of(ada)
    lying = replace(root, refs={**root.refs, ref: commit_of(bob), "tags/new": plain(bob)})
    before = cells_of(bob)
    with pytest.raises(CorruptError, match=expected):
        record_fetched(bob, "origin", lying)
    assert cells_of(bob) == before


def test_a_lie_about_a_chain_is_told_whatever_was_asked_for(ada: Repository, bob: Repository) -> None:
    root = root_of(ada)
    lying = replace(root, refs={**root.refs, "projects/kinds": plain(bob)})
    before = cells_of(bob)
    with pytest.raises(CorruptError, match=r"origin: .* chain has no definition"):
        record_fetched(bob, "origin", lying, refs=["projects/kinds"])
    assert cells_of(bob) == before


def test_two_at_once(ada: Repository, tmp_path: Path) -> None:
    """Each in its own opening: what one renumbers the other finds done, or does again on what there is then."""
    with cloned(ada, tmp_path / "bob") as bob:
        for one in (ada, bob):
            commit_file(one, f"{one.author[:3]}.jpg")
            for _ in range(2):
                snapshot(one, "kinds", resolve_commit(one, "HEAD"))
        carry(ada, bob)
        root = root_of(ada)
        start = Barrier(4)

        def record(name: str) -> Adopted:
            with Repository.open(tmp_path / "bob") as opened:
                start.wait()
                return record_fetched(opened, name, replace(root, identity=name.encode().ljust(32)))

        with ThreadPoolExecutor(4) as pool:
            adopted = list(pool.map(record, ["one", "two", "three", "four"]))
        assert sorted(len(one.renumbered) for one in adopted) == [0, 0, 0, 2]
        assert load_project(bob, "kinds").snapshots == (1, 2, 3, 4, 5, 6)
        assert sum("kinds@3 is now kinds@5" in one for one in descriptions(bob)) == 1
        assert_sound(bob)


def test_a_snapshot_without_its_project_is_only_followed(ada: Repository, bob: Repository) -> None:
    remove_project(bob, "kinds", force=True)
    assert record_fetched(bob, "origin", without(root_of(ada), "projects/kinds")) == Adopted()
    assert resolve_commit(bob, "origin/kinds@2") == refs_of(ada)["snapshots/kinds/2"]


def test_a_plan_is_made_again_where_something_moved_meanwhile(
    ada: Repository, bob: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also a last time inside the transaction, where others never rest."""
    head = head_commit(ada)
    assert head is not None
    snapshot(ada, "kinds", head)
    planned: list[Adoption] = []
    plan = refs.plan_adoption

    def disturbed(repository: Repository, *rest: Any) -> Adoption:
        made = plan(repository, *rest)
        planned.append(made)
        if len(planned) <= 8:
            create_tag(repository, f"beside-{len(planned)}", head)
        return made

    monkeypatch.setattr(refs, "plan_adoption", disturbed)
    carry(ada, bob)
    assert record_fetched(bob, "origin", root_of(ada)).snapshots == ("kinds@3",)
    assert len(planned) == 9
