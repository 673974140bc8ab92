import pytest
from support.repositories import box, descriptions, file_at, label, labels_at, paths, put

from dvcore.errors import ConflictError, InvalidInputError, NotFoundError
from dvcore.model.names import ROOT, Path, parse_path
from dvcore.repo.copying import CopyOptions, copy
from dvcore.repo.entries import make_directory, move, remove
from dvcore.repo.mirroring import MirrorReport, mirror
from dvcore.repo.repository import Repository
from dvcore.repo.selection import Selection
from dvcore.store import Table


def mirrored(repository: Repository, *sources: str, to: str, **options: object) -> MirrorReport:
    return mirror(repository, [parse_path(one) for one in sources], parse_path(to), **options)  # type: ignore[arg-type]


def test_a_mirrored_file_is_the_same_file(repository: Repository) -> None:
    put(repository, "nuts/a.jpg", entered=[box("dog")])
    assert mirrored(repository, "nuts", to="dogs") == MirrorReport(added=1, present=0)
    assert paths(repository) == ["dogs/a.jpg", "nuts/a.jpg"]
    assert file_at(repository, "dogs/a.jpg") == file_at(repository, "nuts/a.jpg")
    label(repository, "dogs/a.jpg", "cat", "cat")
    assert labels_at(repository, "nuts/a.jpg") == ["cat", "cat"]


def test_contents_land_with_their_relative_paths(repository: Repository) -> None:
    put(repository, "nuts/a.jpg", "nuts/200dpi/b.jpg", "nuts/200dpi/deep/c.jpg")
    mirrored(repository, "nuts/200dpi", to="here/fine")
    assert paths(repository, "here") == ["here/fine/b.jpg", "here/fine/deep/c.jpg"]
    mirrored(repository, "nuts/a.jpg", to="here")
    assert "here/a.jpg" in paths(repository)
    mirrored(repository, "nuts/200dpi", to="")
    assert "b.jpg" in paths(repository)


def test_a_whole_directory_shares_its_root_whatever_its_size(repository: Repository) -> None:
    put(repository, *(f"nuts/{kind}/{number:04}.jpg" for kind in ("walnut", "almond") for number in range(300)))

    def objects() -> int:
        with repository.store.read() as transaction:
            return sum(1 for _ in transaction.iter_items(Table.OBJECTS))

    before = objects()
    assert mirrored(repository, "nuts", to="dogs").added == 600
    assert objects() - before == 2  # the root directory and the tree
    reader = repository.working_tree()
    assert reader.directory(("dogs",)) == reader.directory(("nuts",))
    assert reader.tree.root.files == 1200


def test_a_mirror_is_of_that_moment_until_it_is_repeated(repository: Repository) -> None:
    put(repository, "nuts/a.jpg", "nuts/sub/b.jpg")
    mirrored(repository, "nuts", to="dogs")
    put(repository, "nuts/sub/c.jpg")
    assert "dogs/sub/c.jpg" not in paths(repository)
    assert mirrored(repository, "nuts", to="dogs") == MirrorReport(added=1, present=2)
    assert mirrored(repository, "nuts", to="dogs") == MirrorReport(added=0, present=3)
    assert descriptions(repository).count("mirror: nuts to dogs") == 2


def test_several_sources_are_merged(repository: Repository) -> None:
    put(repository, "a/x.jpg", "a/sub/1.jpg", "b/y.jpg", "b/sub/2.jpg", "c/sub/3.jpg", "c/new/4.jpg", "b/new/5.jpg")
    assert mirrored(repository, "a", "b", "c", to="all").added == 7
    assert paths(repository, "all") == [
        f"all/{one}" for one in ("new/4.jpg", "new/5.jpg", "sub/1.jpg", "sub/2.jpg", "sub/3.jpg", "x.jpg", "y.jpg")
    ]
    assert mirrored(repository, "a", "b", to="all") == MirrorReport(added=0, present=5)


def test_into_a_directory_that_has_other_files(repository: Repository) -> None:
    put(repository, "nuts/sub/a.jpg", "dogs/sub/b.jpg", "dogs/c.jpg")
    mirrored(repository, "nuts", to="dogs")
    assert paths(repository, "dogs") == ["dogs/c.jpg", "dogs/sub/a.jpg", "dogs/sub/b.jpg"]
    assert paths(repository, "nuts") == ["nuts/sub/a.jpg"]


@pytest.mark.parametrize(
    ("there", "source"),
    [
        ("dogs/a.jpg", "nuts"),
        ("dogs/sub", "nuts"),
        ("dogs/a.jpg/inner", "nuts"),
        ("dogs", "nuts"),
        ("dogs/a.jpg", "nuts/a.jpg"),
    ],
)
def test_another_file_under_the_name_is_a_conflict_and_nothing_is_done(
    repository: Repository, there: str, source: str
) -> None:
    put(repository, "nuts/a.jpg", "nuts/sub/b.jpg", "nuts/first.jpg")
    put(repository, there, data="another")
    before = repository.working_tree().id
    with pytest.raises(ConflictError, match="dogs"):
        mirrored(repository, source, to="dogs")
    with pytest.raises(ConflictError, match="dogs"):
        mirrored(repository, source, to="dogs", selection=Selection(sample=99))
    assert repository.working_tree().id == before


def test_two_sources_with_different_files_of_one_name_name_both(repository: Repository) -> None:
    put(repository, "a/x.jpg", "b/x.jpg")
    with pytest.raises(ConflictError, match=r"'a/x.jpg' and 'b/x.jpg' would both become 'c/x.jpg'"):
        mirrored(repository, "a", "b", to="c", selection=Selection(sample=9))
    with pytest.raises(ConflictError, match=r"'c/x.jpg'"):
        mirrored(repository, "a", "b", to="c")


def test_a_directory_cannot_be_mirrored_into_itself(repository: Repository) -> None:
    put(repository, "nuts/sub/a.jpg")
    for source, to in (("nuts", "nuts"), ("nuts", "nuts/sub/deeper"), ("", "nuts")):
        with pytest.raises(ConflictError):
            mirrored(repository, source, to=to)
    mirrored(repository, "nuts/sub", to="nuts")
    assert paths(repository) == ["nuts/a.jpg", "nuts/sub/a.jpg"]


def test_what_is_not_there_cannot_be_mirrored(repository: Repository) -> None:
    put(repository, "nuts/a.jpg")
    with pytest.raises(NotFoundError, match="did you mean 'nuts'"):
        mirrored(repository, "nut", to="dogs")
    with pytest.raises(InvalidInputError):
        mirror(repository, [], ("dogs",))


def test_a_filter_picks_files(repository: Repository) -> None:
    put(repository, "nuts/a.jpg", "nuts/sub/b.jpg", "nuts/sub/c.jpg")
    only_b = Selection(where=lambda reader, under: [("nuts", "sub", "b.jpg"), ("elsewhere",)])
    assert mirrored(repository, "nuts", to="some", selection=only_b) == MirrorReport(added=1, present=0)
    assert paths(repository, "some") == ["some/sub/b.jpg"]
    assert mirrored(repository, "nuts", to="some", selection=only_b) == MirrorReport(added=0, present=1)


def test_a_sample_is_of_files_and_always_the_same(repository: Repository) -> None:
    put(repository, *(f"nuts/{number}.jpg" for number in range(20)))
    mirrored(repository, "nuts", to="twins")
    mirrored(repository, "nuts", "twins", to="five", selection=Selection(sample=5))
    five = paths(repository, "five")
    assert len(five) == 5
    mirrored(repository, "nuts", to="again", selection=Selection(sample=5))
    assert [path.split("/")[1] for path in paths(repository, "again")] == [path.split("/")[1] for path in five]
    mirrored(repository, "nuts", to="seven", selection=Selection(sample=7))
    assert {path.split("/")[1] for path in five} < {path.split("/")[1] for path in paths(repository, "seven")}
    with pytest.raises(InvalidInputError):
        mirrored(repository, "nuts", to="none", selection=Selection(sample=-1))


def test_pruning_takes_out_what_no_longer_matches(repository: Repository) -> None:
    put(repository, "nuts/a.jpg", "nuts/b.jpg", "nuts/sub/c.jpg")
    mirrored(repository, "nuts", to="dogs")
    only_a = Selection(where=lambda reader, under: [("nuts", "a.jpg")])
    assert mirrored(repository, "nuts", to="dogs", selection=only_a, prune=True) == MirrorReport(0, 1, pruned=2)
    assert paths(repository, "dogs") == ["dogs/a.jpg"]
    assert len(paths(repository, "nuts")) == 3


def test_pruning_follows_a_file_that_was_renamed_in_its_source(repository: Repository) -> None:
    put(repository, "nuts/a.jpg")
    mirrored(repository, "nuts", to="dogs")
    move(repository, [("nuts", "a.jpg")], ("nuts", "b.jpg"))
    assert mirrored(repository, "nuts", to="dogs", prune=True) == MirrorReport(1, 0, pruned=1)
    assert paths(repository, "dogs") == ["dogs/b.jpg"]


def test_pruning_never_drops_the_last_entry_of_a_file(repository: Repository) -> None:
    put(repository, "nuts/a.jpg", "dogs/own.jpg")
    with pytest.raises(ConflictError, match=r"'dogs/own.jpg', which no other directory holds"):
        mirrored(repository, "nuts", to="dogs", prune=True)
    assert paths(repository) == ["dogs/own.jpg", "nuts/a.jpg"]


def test_an_empty_directory_is_mirrored_too(repository: Repository) -> None:
    make_directory(repository, ("nuts", "none"))
    mirrored(repository, "nuts", to="dogs")
    assert repository.working_tree().directory(("dogs", "none")).files == 0


def test_removing_a_mirror_leaves_the_files(repository: Repository) -> None:
    put(repository, "nuts/a.jpg")
    mirrored(repository, "nuts", to="dogs")
    assert remove(repository, [("nuts",)]).last == ()
    assert [path for path, _ in repository.working_tree().iter_files(ROOT)] == [("dogs", "a.jpg")]


def deep(prefix: str, levels: int) -> Path:
    return tuple(f"{prefix}{level}" for level in range(levels))


def test_no_way_leads_to_paths_that_are_too_deep(repository: Repository) -> None:
    put(repository, "n/sub/a.jpg")
    mirror(repository, [("n",)], deep("d", 40))
    for nested in (
        lambda: mirror(repository, [("d0",)], deep("e", 30)),
        lambda: mirror(repository, [("d0",)], deep("e", 30), selection=Selection(sample=1)),
        lambda: copy(repository, [("d0",)], deep("e", 30), options=CopyOptions()),
        lambda: move_under(repository, ("d0",), deep("f", 30)),
    ):
        with pytest.raises(InvalidInputError, match="deeper than 64 directories"):
            nested()
    assert max(len(path) for path, _ in repository.working_tree().iter_files()) == 42


def move_under(repository: Repository, source: Path, destination: Path) -> None:
    make_directory(repository, destination)
    move(repository, [source], destination)
