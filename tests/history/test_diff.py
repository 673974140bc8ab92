from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

from hypothesis import given, settings
from hypothesis import strategies as st
from support.repositories import box, file_at, label, put

from dvcore.errors import DsetError
from dvcore.history.annotations import InstanceChange, diff_annotations
from dvcore.history.diff import Difference, FileChange, Kind, diff_trees
from dvcore.history.entry_changes import Side
from dvcore.ids import TreeId
from dvcore.model.declarations import VariableDeclaration
from dvcore.model.names import parse_path
from dvcore.model.values import ValueType
from dvcore.repo.adding import OnExisting
from dvcore.repo.annotating import Annotation, GivenInstance, annotate
from dvcore.repo.entries import move, remove
from dvcore.repo.mirroring import mirror
from dvcore.repo.objects import Objects
from dvcore.repo.repository import Repository
from dvcore.repo.treereader import TreeReader
from dvcore.store import ObjectReader

DPI = VariableDeclaration("dpi", ValueType.INT)


def changes(repository: Repository, before: TreeId) -> list[FileChange]:
    return diff_trees(repository.tree(before), repository.working_tree())


def shown(repository: Repository, before: TreeId) -> list[str]:
    """Each change as a line."""
    return [
        " ".join([one.kind.value, *("/".join(path) for path in (one.source, one.path) if path)])
        for one in changes(repository, before)
    ]


@dataclass
class Summary:
    shown: list[FileChange]
    counts: Counter[Kind]


def summarize_changes(before: TreeReader, after: TreeReader, limit: int) -> Summary:
    """The first changes and the counts of all, as `dset status` shows them."""
    with Difference(Side(before), Side(after)) as difference:
        return Summary(list(islice(difference, limit)), difference.counts)


def state(repository: Repository) -> TreeId:
    return repository.working_tree().id


def test_added_removed_modified_moved_each_in_its_place(repository: Repository) -> None:
    put(repository, "a/gone.jpg", "a/left.jpg", "a/same.jpg", "a/edited.jpg", "a/bytes.jpg")
    before = state(repository)
    assert shown(repository, before) == []
    put(repository, "b/new.jpg")
    remove(repository, [parse_path("a/gone.jpg")])
    move(repository, [parse_path("a/left.jpg")], parse_path("c/came.jpg"))
    label(repository, "a/edited.jpg", "dog")
    put(repository, "a/bytes.jpg", data="other", on_existing=OnExisting.REPLACE)
    expected = [
        "modified a/bytes.jpg",
        "modified a/edited.jpg",
        "removed a/gone.jpg",
        "added b/new.jpg",
        "moved a/left.jpg c/came.jpg",
    ]
    assert shown(repository, before) == expected
    backwards = diff_trees(repository.working_tree(), repository.tree(before))
    assert {one.kind for one in backwards if one.path == ("b", "new.jpg")} == {Kind.REMOVED}


def test_records_before_and_after_come_along(repository: Repository) -> None:
    put(repository, "a.jpg", "b.jpg")
    mirror(repository, [("a.jpg",)], ("m",))
    before = state(repository)
    remove(repository, [("m", "a.jpg"), ("b.jpg",)])
    one_entry, gone = changes(repository, before)[::-1]
    assert (one_entry.path, one_entry.old) == (("m", "a.jpg"), one_entry.new)
    assert gone.path == ("b.jpg",)
    assert gone.old is not None
    assert gone.new is None


def test_a_file_that_was_moved_and_edited_is_both(repository: Repository) -> None:
    put(repository, "a.jpg")
    before = state(repository)
    move(repository, [("a.jpg",)], ("b.jpg",))
    label(repository, "b.jpg", "dog")
    assert shown(repository, before) == ["modified b.jpg", "moved a.jpg b.jpg"]


def test_a_name_that_another_file_took(repository: Repository) -> None:
    put(repository, "a.jpg", "b.jpg")
    before = state(repository)
    for source, target in (("a.jpg", "t"), ("b.jpg", "a.jpg"), ("t", "b.jpg")):
        move(repository, [(source,)], (target,))
    assert shown(repository, before) == ["moved b.jpg a.jpg", "moved a.jpg b.jpg"]
    remove(repository, [("a.jpg",)])
    put(repository, "a.jpg", data="new")
    assert shown(repository, before)[:1] == ["added a.jpg"]


def test_a_file_in_the_place_of_a_directory(repository: Repository) -> None:
    put(repository, "a/x.jpg", "a/y.jpg")
    before = state(repository)
    remove(repository, [("a",)])
    put(repository, "a")
    assert shown(repository, before) == ["added a", "removed a/x.jpg", "removed a/y.jpg"]


def test_every_entry_of_a_file_that_moved_is_paired(repository: Repository) -> None:
    put(repository, "a/x.jpg")
    mirror(repository, [("a",)], ("b",))
    before = state(repository)
    move(repository, [("a",)], ("c",))
    move(repository, [("b",)], ("d",))
    assert shown(repository, before) == ["moved a/x.jpg c/x.jpg", "moved b/x.jpg d/x.jpg"]
    mirror(repository, [("c",)], ("e",))
    assert shown(repository, before) == ["moved a/x.jpg c/x.jpg", "moved b/x.jpg d/x.jpg", "added e/x.jpg"]


def test_an_edited_file_is_named_by_its_first_path(repository: Repository) -> None:
    put(repository, "b/x.jpg")
    mirror(repository, [("b",)], ("a-",))
    mirror(repository, [("b",)], ("a", "deep"))
    before = state(repository)
    label(repository, "b/x.jpg", "dog")
    assert shown(repository, before) == ["modified a-/x.jpg"]


class CountingReader(ObjectReader):
    reads = 0

    def read(self, object_id: bytes) -> bytes:
        type(self).reads += 1
        return super().read(object_id)


def test_a_mirrored_directory_is_not_opened_on_both_sides(repository: Repository) -> None:
    put(repository, *(f"nuts/{number}/{kind}.jpg" for number in range(40) for kind in "ab"))
    before = state(repository)
    put(repository, "nuts/7/new.jpg")
    objects = Objects(CountingReader(repository.store))
    trees = TreeReader(objects, before), TreeReader(objects, state(repository))
    CountingReader.reads = 0
    assert [one.path for one in diff_trees(*trees)] == [("nuts", "7", "new.jpg")]
    assert (
        CountingReader.reads < 16
    )  # two nodes each of the root, nuts, nuts/7 and the files, and then those of one file


def test_annotations_variable_by_variable_and_instance_by_instance(repository: Repository) -> None:
    put(repository, "a.jpg", entered=[box("dog"), box("cat")], variables={"dpi": 200}, declared=[DPI])
    reader = repository.working_tree()
    dog, cat = sorted(
        reader.annotations(reader.record(file_at(repository, "a.jpg"))).instances, key=lambda one: one.label != "dog"
    )
    before = state(repository)
    wanted = Annotation(
        set={"dpi": "300"}, instances=[GivenInstance(box("wolf", 9), dog.id), GivenInstance(box("bird", 40))]
    )
    annotate(repository, [("a.jpg",)], wanted)
    (change,) = changes(repository, before)
    found = diff_annotations(repository.tree(before), repository.working_tree(), change)
    assert found.variables == {"dpi": (200, 300)}
    assert found.counts() == (1, 1, 1)
    by_id = {(one.old or one.new).id: one for one in found.instances if one.old or one.new}  # type: ignore[union-attr]
    assert by_id[cat.id] == InstanceChange(cat, None)
    edited = by_id[dog.id]
    assert edited.old == dog
    assert edited.new is not None
    assert edited.new.label == "wolf"


def test_annotations_of_a_file_that_came_or_went(repository: Repository) -> None:
    empty = state(repository)
    put(repository, "a.jpg", entered=[box("dog")], variables={"dpi": 200}, declared=[DPI])
    (came,) = changes(repository, empty)
    found = diff_annotations(repository.tree(empty), repository.working_tree(), came)
    assert (found.variables, found.counts()) == ({"dpi": (None, 200)}, (1, 0, 0))
    (went,) = diff_trees(repository.working_tree(), repository.tree(empty))
    found = diff_annotations(repository.working_tree(), repository.tree(empty), went)
    assert (found.variables, found.counts()) == ({"dpi": (200, None)}, (0, 1, 0))


def test_a_summary_counts_all_and_shows_some(repository: Repository) -> None:
    put(repository, "a/1.jpg", "a/2.jpg", "a/3.jpg")
    before = state(repository)
    mirror(repository, [("a",)], ("m", "under"))
    label(repository, "a/2.jpg", "dog")
    summary = summarize_changes(repository.tree(before), repository.working_tree(), 2)
    assert summary.counts == Counter({Kind.ADDED: 3, Kind.MODIFIED: 1})
    assert ["/".join(one.path) for one in summary.shown] == ["a/2.jpg", "m/under/1.jpg"]
    backwards = summarize_changes(repository.working_tree(), repository.tree(before), 9)
    assert backwards.counts == Counter({Kind.REMOVED: 3, Kind.MODIFIED: 1})
    assert backwards.shown == diff_trees(repository.working_tree(), repository.tree(before))


def test_a_summary_knows_what_moved(repository: Repository) -> None:
    put(repository, "a/1.jpg", "a/2.jpg", "a/3.jpg")
    before = state(repository)
    move(repository, [parse_path("a/1.jpg")], parse_path("b/1.jpg"))
    put(repository, "c.jpg")
    summary = summarize_changes(repository.tree(before), repository.working_tree(), 1)
    assert summary.counts == Counter({Kind.MOVED: 1, Kind.ADDED: 1})
    assert summary.shown == changes(repository, before)[:1]


places = st.sampled_from(["a", "a/1", "b", "c/d", "c/d/1.jpg", "a/2.jpg"])
steps = st.lists(st.tuples(st.sampled_from(["put", "mirror", "move", "remove", "label"]), places, places), max_size=8)


def do(repository: Repository, kind: str, here: str, there: str) -> None:
    match kind:
        case "put":
            put(repository, f"{here}/{there.replace('/', '-')}")
        case "mirror":
            mirror(repository, [parse_path(here)], parse_path(there))
        case "move":
            move(repository, [parse_path(here)], parse_path(there))
        case "remove":
            remove(repository, [parse_path(here)])
        case "label":
            annotate(repository, [parse_path(here)], Annotation(instances=[GivenInstance(box("dog"))]))


@settings(max_examples=150, deadline=None)
@given(steps, st.integers(0, 6))
def test_a_summary_is_the_beginning_of_the_difference(steps: list[tuple[str, str, str]], limit: int) -> None:
    with Repository.in_memory() as repository:
        put(repository, "a/1/x.jpg", "a/2.jpg", "b/x.jpg", "b/y.jpg", "c/z.jpg")
        before = repository.working_tree()
        for step in steps:
            with suppress(DsetError):
                do(repository, *step)
        for old, new in ((before, repository.working_tree()), (repository.working_tree(), before)):
            expected = diff_trees(old, new)
            summary = summarize_changes(old, new, limit)
            assert summary.shown == expected[:limit]
            assert +summary.counts == Counter(one.kind for one in expected)


def test_a_file_that_went_does_not_open_the_directories_that_came(repository: Repository) -> None:
    put(repository, "a.jpg", "b.jpg")
    before = state(repository)
    remove(repository, [("a.jpg",)])
    put(repository, *(f"new/{number}/{kind}.jpg" for number in range(40) for kind in "ab"))
    objects = Objects(CountingReader(repository.store))
    trees = TreeReader(objects, before), TreeReader(objects, state(repository))
    CountingReader.reads = 0
    summary = summarize_changes(*trees, 3)
    assert summary.counts == Counter({Kind.REMOVED: 1, Kind.ADDED: 80})
    assert ["/".join(one.path) for one in summary.shown] == ["a.jpg", "new/0/a.jpg", "new/0/b.jpg"]
    assert CountingReader.reads < 20  # of over 40 directories
