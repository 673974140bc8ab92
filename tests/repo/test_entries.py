import pytest
from support.repositories import box, descriptions, file_at, labels_at, paths, put

from dvcore.errors import ConflictError, InvalidInputError, NotFoundError
from dvcore.model.names import parse_path
from dvcore.repo.entries import RemoveReport, make_directory, move, remove
from dvcore.repo.mirroring import mirror
from dvcore.repo.repository import Repository


def moved(repository: Repository, *sources: str, to: str) -> int:
    return move(repository, [parse_path(one) for one in sources], parse_path(to))


def removed(repository: Repository, *targets: str) -> RemoveReport:
    return remove(repository, [parse_path(one) for one in targets])


def test_a_directory_is_made_once(repository: Repository) -> None:
    assert make_directory(repository, ("a", "b"))
    assert not make_directory(repository, ("a", "b"))
    assert not make_directory(repository, ("a",))
    assert not make_directory(repository, ())
    assert repository.working_tree().directory(("a", "b")).files == 0
    assert descriptions(repository) == ["mkdir: a/b"]


def test_no_directory_is_made_in_the_place_of_a_file(repository: Repository) -> None:
    put(repository, "a/b")
    for path in (("a", "b"), ("a", "b", "c")):
        with pytest.raises(ConflictError, match=r"'a/b' is a file"):
            make_directory(repository, path)


def test_a_moved_file_keeps_its_id_and_annotations(repository: Repository) -> None:
    put(repository, "nuts/a.jpg", entered=[box("dog")])
    before = file_at(repository, "nuts/a.jpg")
    moved(repository, "nuts/a.jpg", to="elsewhere/b.jpg")
    assert paths(repository) == ["elsewhere/b.jpg"]
    assert (file_at(repository, "elsewhere/b.jpg"), labels_at(repository, "elsewhere/b.jpg")) == (before, ["dog"])


def test_into_a_directory_that_is_there_or_to_a_new_name(repository: Repository) -> None:
    put(repository, "a/1.jpg", "b/2.jpg", "c.jpg")
    assert moved(repository, "a", to="new/name") == 1
    assert moved(repository, "new/name", "c.jpg", to="b") == 2
    assert paths(repository) == ["b/2.jpg", "b/c.jpg", "b/name/1.jpg"]
    moved(repository, "b/name", to="")
    assert "name/1.jpg" in paths(repository)


def test_a_source_inside_another_moves_with_it(repository: Repository) -> None:
    put(repository, "a/sub/1.jpg", "a/2.jpg", "dest/3.jpg")
    assert moved(repository, "a", "a/sub", "a/2.jpg", "a", to="dest") == 1
    assert paths(repository) == ["dest/3.jpg", "dest/a/2.jpg", "dest/a/sub/1.jpg"]


def test_moves_that_cannot_be(repository: Repository) -> None:
    put(repository, "a/1.jpg", "b/1.jpg", "c/a/x.jpg", "d.jpg")
    before = repository.working_tree().id
    for sources, to in (
        (["a"], "a/inner"),
        (["a"], "c"),
        (["a"], "d.jpg"),
        (["a"], "d.jpg/inner"),
        (["a/1.jpg", "b/1.jpg"], "c"),
        (["a", "b"], "new"),
        (["a", "b"], "d.jpg"),
    ):
        with pytest.raises(ConflictError):
            moved(repository, *sources, to=to)
    with pytest.raises(NotFoundError, match=r"no file or directory '2.jpg' in 'a'; did you mean '1.jpg'"):
        moved(repository, "a/2.jpg", to="c")
    for sources in ([], [""], ["a", ""]):
        with pytest.raises(InvalidInputError):
            moved(repository, *sources, to="c")
    assert repository.working_tree().id == before


def test_a_move_to_where_it_is_changes_nothing(repository: Repository) -> None:
    put(repository, "a/1.jpg")
    moved(repository, "a/1.jpg", to="a")
    assert descriptions(repository) == ["import"]


def test_removing_says_which_entries_were_the_last(repository: Repository) -> None:
    put(repository, "nuts/a.jpg", "nuts/b.jpg", "c.jpg")
    mirror(repository, [("nuts", "a.jpg")], ("dogs",))
    assert removed(repository, "nuts") == RemoveReport(entries=2, files=1, last=(("nuts", "b.jpg"),))
    assert paths(repository) == ["c.jpg", "dogs/a.jpg"]
    assert removed(repository, "dogs", "c.jpg").last == (("dogs", "a.jpg"), ("c.jpg",))
    assert list(repository.working_tree().iter_records()) == []
    assert repository.working_tree().tree.root.files == 0


def test_both_entries_of_a_file_removed_at_once(repository: Repository) -> None:
    put(repository, "nuts/a.jpg")
    mirror(repository, [("nuts",)], ("dogs",))
    put(repository, "nuts/b.jpg")
    report = removed(repository, "nuts/a.jpg", "dogs", "dogs/a.jpg", "nuts/b.jpg")
    assert report == RemoveReport(3, 2, (("nuts", "a.jpg"), ("dogs", "a.jpg"), ("nuts", "b.jpg")))
    assert list(repository.working_tree().iter_records()) == []


def test_a_file_stays_as_long_as_one_entry_holds_it(repository: Repository) -> None:
    put(repository, "nuts/a.jpg")
    mirror(repository, [("nuts",)], ("dogs",))
    assert removed(repository, "nuts") == RemoveReport(1, 0, ())
    assert len(list(repository.working_tree().iter_records())) == 1


def test_removals_that_cannot_be(repository: Repository) -> None:
    put(repository, "nuts/a.jpg")
    with pytest.raises(NotFoundError):
        removed(repository, "nuts/a.jpg", "dogs")
    for targets in ([], [""]):
        with pytest.raises(InvalidInputError):
            removed(repository, *targets)
    assert paths(repository) == ["nuts/a.jpg"]


def test_a_file_removed_and_imported_again_is_the_same(repository: Repository) -> None:
    put(repository, "nuts/a.jpg")
    before = file_at(repository, "nuts/a.jpg")
    removed(repository, "nuts")
    put(repository, "nuts/a.jpg")
    assert file_at(repository, "nuts/a.jpg") == before
