"""Many at once: what somebody else does between a plan and its application."""

import subprocess
import sys
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path as FolderPath

import pytest
from support.repositories import assert_sound, box, descriptions, file_at, label, labels_at, paths, put, values_at

from dvcore.errors import ConflictError, InvalidInputError, NotFoundError
from dvcore.model.declarations import VariableDeclaration
from dvcore.model.names import Path
from dvcore.model.tree import FileEntry
from dvcore.model.values import ValueType
from dvcore.model.variable_names import check_variable_name
from dvcore.repo.adding import AddOptions, Declared, add_files
from dvcore.repo.additions import Addition
from dvcore.repo.annotating import Annotation, GivenInstance, annotate
from dvcore.repo.branches import create_branch, delete_branch, switch_branch
from dvcore.repo.commits import commit_working
from dvcore.repo.copying import CopyOptions, copy
from dvcore.repo.edits import Change, Edits
from dvcore.repo.entries import make_directory, move, remove
from dvcore.repo.mirroring import mirror
from dvcore.repo.operations import undo
from dvcore.repo.repository import Repository
from dvcore.repo.selection import Selection
from dvcore.repo.treereader import TreeReader
from dvcore.repo.variables import add_variable, remove_variable
from dvcore.repo.working import change_working
from dvcore.store import ObjectDraft

ROOT_OF_PROJECT = FolderPath(__file__).resolve().parents[2]
DPI = VariableDeclaration("dpi", ValueType.INT)
PLACE = VariableDeclaration("place", ValueType.TEXT)


class Meanwhile:
    """Does something else while a plan is made, the first `times` that one is."""

    def __init__(self, action: Callable[[], object], times: int = 1) -> None:
        self.action = action
        self.times = times
        self.plans = 0

    def __call__(self) -> None:
        self.plans += 1
        if self.plans <= self.times:
            self.action()

    def selection(self) -> Selection:
        """All files; whoever selects with it plans."""

        def where(reader: TreeReader, under: Collection[Path]) -> list[Path]:
            self()
            return [path for one in under for path, _ in reader.iter_files(one)]

        return Selection(where=where)


class Additions(list[Addition]):
    """What comes in; whoever looks through it plans."""

    def __init__(self, meanwhile: Meanwhile, *additions: Addition) -> None:
        super().__init__(additions)
        self.meanwhile = meanwhile

    def __iter__(self) -> Iterator[Addition]:
        self.meanwhile()
        return super().__iter__()


def addition(repository: Repository, path: str, data: bytes = b"data", **more: object) -> Addition:
    with repository.blobs.writer() as writer:
        return Addition(tuple(path.split("/")), writer.add_bytes(data), len(data), **more)  # type: ignore[arg-type]


def test_what_happens_elsewhere_is_kept_and_the_plan_holds(repository: Repository) -> None:
    put(repository, "nuts/a.jpg", declared=[DPI])
    meanwhile = Meanwhile(lambda: put(repository, "nuts/b.jpg", "dogs/c.jpg"))
    annotate(repository, [("nuts", "a.jpg")], Annotation(set={"dpi": "1"}), selection=meanwhile.selection())
    assert meanwhile.plans == 1
    assert values_at(repository, "nuts/a.jpg") == {"dpi": 1}
    assert paths(repository) == ["dogs/c.jpg", "nuts/a.jpg", "nuts/b.jpg"]
    assert descriptions(repository) == ["annotate: nuts/a.jpg", "import", "import"]


def test_two_imports_into_one_new_directory_both_land(repository: Repository) -> None:
    meanwhile = Meanwhile(lambda: put(repository, "new/deep/b.jpg"))
    add_files(repository, Additions(meanwhile, addition(repository, "new/a.jpg")), Declared(), AddOptions(), "import")
    assert meanwhile.plans == 1
    assert paths(repository) == ["new/a.jpg", "new/deep/b.jpg"]


def test_what_happens_to_the_same_file_is_planned_again(repository: Repository) -> None:
    put(repository, "a.jpg", declared=[DPI, PLACE])
    meanwhile = Meanwhile(lambda: annotate(repository, [("a.jpg",)], Annotation(set={"place": "Reute"})))
    annotate(repository, [("a.jpg",)], Annotation(set={"dpi": "1"}), selection=meanwhile.selection())
    assert meanwhile.plans == 2
    assert values_at(repository, "a.jpg") == {"dpi": 1, "place": "Reute"}


def test_a_plan_that_has_become_impossible_does_nothing(repository: Repository) -> None:
    meanwhile = Meanwhile(lambda: put(repository, "b.jpg", data="faster"))
    wanted = Additions(meanwhile, addition(repository, "a.jpg"), addition(repository, "b.jpg"))
    with pytest.raises(ConflictError, match=r"1 name is taken already: b.jpg"):
        add_files(repository, wanted, Declared(), AddOptions(), "import")
    assert meanwhile.plans == 2
    assert paths(repository) == ["b.jpg"]


def test_the_same_import_twice_at_once_is_one(repository: Repository) -> None:
    meanwhile = Meanwhile(lambda: put(repository, "a.jpg", data="data", facts=None))
    wanted = Additions(meanwhile, addition(repository, "a.jpg"))
    report = add_files(repository, wanted, Declared(), AddOptions(), "again")
    assert (report.added, report.unchanged) == (0, 1)
    assert descriptions(repository) == ["import"]


def test_a_target_that_was_removed_is_not_found(repository: Repository) -> None:
    put(repository, "nuts/a.jpg", declared=[DPI])
    meanwhile = Meanwhile(lambda: remove(repository, [("nuts",)]))
    with pytest.raises(NotFoundError, match="'nuts'"):
        annotate(repository, [("nuts",)], Annotation(set={"dpi": "1"}), selection=meanwhile.selection())
    assert paths(repository) == []


@pytest.mark.parametrize("verb", ["annotate", "copy", "import"])
def test_a_declaration_that_was_removed_takes_no_values(repository: Repository, verb: str) -> None:
    put(repository, "a.jpg", "b.jpg", variables={"dpi": 1}, declared=[DPI, PLACE])
    meanwhile = Meanwhile(lambda: remove_variable(repository, "dpi" if verb == "copy" else "place", force=True))
    match verb:
        case "annotate":
            with pytest.raises(NotFoundError, match="no variable 'place'"):
                annotate(repository, [("a.jpg",)], Annotation(set={"place": "x"}), selection=meanwhile.selection())
        case "copy":
            copy(repository, [("a.jpg",)], ("c",), options=CopyOptions(), selection=meanwhile.selection())
            assert values_at(repository, "c/a.jpg") == {}
        case "import":
            wanted = Additions(meanwhile, addition(repository, "new.jpg", variables={"place": "x"}))
            add_files(repository, wanted, Declared(variables=(PLACE,)), AddOptions(), "import")
            assert values_at(repository, "new.jpg") == {"place": "x"}


def test_two_new_labels_never_share_a_number(repository: Repository) -> None:
    put(repository, "a.jpg", "b.jpg")
    meanwhile = Meanwhile(lambda: label(repository, "b.jpg", "cat"))
    wanted = Annotation(instances=[])
    annotate(repository, [("a.jpg",)], wanted, selection=meanwhile.selection())
    again = Meanwhile(lambda: label(repository, "b.jpg", "bird"))
    given = Annotation(instances=[GivenInstance(box("dog"))])
    annotate(repository, [("a.jpg",)], given, selection=again.selection())
    assert again.plans == 2
    assert [(one.name, one.number) for one in repository.working_tree().tree.labels] == [
        ("cat", 0),
        ("bird", 1),
        ("dog", 2),
    ]


def test_names_that_differ_only_in_case_cannot_race_in(repository: Repository) -> None:
    put(repository, "a.jpg")
    raced = Meanwhile(lambda: add_variable(repository, VariableDeclaration("place", ValueType.TEXT)))

    def plan(reader: TreeReader, _: ObjectDraft) -> Edits:
        raced()
        check_variable_name("Place", [one.name for one in reader.tree.variables])
        return Edits(variables={"Place": Change(None, VariableDeclaration("Place", ValueType.TEXT))})

    with pytest.raises(InvalidInputError, match="only in case"):
        change_working(repository, "declare", plan)
    assert [one.name for one in repository.working_tree().tree.variables] == ["place"]


def test_a_label_whose_declaration_is_taken_back_is_declared_again(repository: Repository) -> None:
    put(repository, "a.jpg", "b.jpg")
    label(repository, "a.jpg", "walnut")
    raced = Meanwhile(lambda: repository.store.update(lambda transaction: undo(transaction, repository.who())))
    given = Annotation(instances=[GivenInstance(box("walnut"))])
    annotate(repository, [("b.jpg",)], given, selection=raced.selection())
    assert [one.name for one in repository.working_tree().tree.labels] == ["walnut"]


def test_a_directory_that_grew_is_mirrored_as_it_is_then(repository: Repository) -> None:
    put(repository, "nuts/a.jpg")
    grown = Meanwhile(lambda: put(repository, "nuts/b.jpg"))

    def plan(reader: TreeReader, _: ObjectDraft) -> Edits:
        entry = reader.entry(("nuts",))
        grown()
        return Edits(entries={("dogs",): Change(None, entry)}, takes={("nuts",): entry})

    change_working(repository, "mirror", plan)
    assert grown.plans == 2
    assert paths(repository, "dogs") == ["dogs/a.jpg", "dogs/b.jpg"]


def test_a_removal_sees_entries_that_came_meanwhile(repository: Repository) -> None:
    """Else the file's record would go while an entry still holds it."""
    put(repository, "nuts/a.jpg")
    twice = Meanwhile(lambda: mirror(repository, [("nuts",)], ("dogs",)))
    entry = repository.working_tree().entry(("nuts", "a.jpg"))
    assert isinstance(entry, FileEntry)

    def plan(reader: TreeReader, _: ObjectDraft) -> Edits:
        is_last = len(reader.paths_of([entry.file])[entry.file]) == 1
        files = {entry.file: Change(reader.record(entry.file), None)} if is_last else {}
        twice()
        return Edits(entries={("nuts", "a.jpg"): Change(entry, None)}, files=files, exact=True)

    change_working(repository, "remove", plan)
    assert twice.plans == 2
    assert paths(repository) == ["dogs/a.jpg"]


def test_whoever_is_always_overtaken_plans_where_nobody_can(repository: Repository) -> None:
    put(repository, "a.jpg", declared=[DPI, PLACE])
    numbers = iter(range(100))
    busy = Meanwhile(lambda: annotate(repository, [("a.jpg",)], Annotation(set={"place": str(next(numbers))})), times=8)
    annotate(repository, [("a.jpg",)], Annotation(set={"dpi": "1"}), selection=busy.selection())
    assert busy.plans == 9
    assert values_at(repository, "a.jpg") == {"dpi": 1, "place": "7"}


def test_a_plan_that_fails_or_changes_nothing_leaves_no_trace(repository: Repository) -> None:
    before = repository.working_tree().id

    def fails(reader: TreeReader, draft: ObjectDraft) -> Edits:
        raise ConflictError("no")

    with pytest.raises(ConflictError):
        change_working(repository, "fails", fails)
    assert change_working(repository, "nothing", lambda reader, draft: Edits()).tree == before
    assert descriptions(repository) == []


def test_the_branch_is_the_one_of_the_start(repository: Repository) -> None:
    put(repository, "a.jpg", declared=[DPI])
    create_branch(repository, "try", commit_working(repository, "first"))
    switched = Meanwhile(lambda: switch_branch(repository, "try"))
    annotate(repository, [()], Annotation(set={"dpi": "1"}), selection=switched.selection())
    assert values_at(repository, "a.jpg") == {}
    switch_branch(repository, "main")
    assert values_at(repository, "a.jpg") == {"dpi": 1}


def test_a_branch_that_was_deleted_meanwhile(repository: Repository) -> None:
    put(repository, "a.jpg", declared=[DPI])
    create_branch(repository, "try", commit_working(repository, "first"))
    switch_branch(repository, "try")

    def leave() -> None:
        switch_branch(repository, "main")
        delete_branch(repository, "try")

    gone = Meanwhile(leave)
    with pytest.raises(NotFoundError, match="the branch 'try' was deleted or renamed meanwhile"):
        annotate(repository, [()], Annotation(set={"dpi": "1"}), selection=gone.selection())


def test_moves_and_directories_at_once(repository: Repository) -> None:
    put(repository, "a.jpg", "b.jpg")
    file = file_at(repository, "a.jpg")
    made = Meanwhile(lambda: (make_directory(repository, ("dest",)), move(repository, [("b.jpg",)], ("dest",))))

    def plan(reader: TreeReader, _: ObjectDraft) -> Edits:
        made()
        entry = FileEntry(file)
        return Edits(entries={("a.jpg",): Change(entry, None), ("dest", "a.jpg"): Change(None, entry)})

    change_working(repository, "move", plan)
    assert made.plans == 1
    assert paths(repository) == ["dest/a.jpg", "dest/b.jpg"]


def test_threads_lose_nothing(repository: Repository) -> None:
    """A hundred annotations of one file, each of which the others make plan again."""
    threads, rounds = 4, 25
    put(repository, "a.jpg")
    for thread in range(threads):
        add_variable(repository, VariableDeclaration(f"thread{thread}", ValueType.INT))
    before = len(descriptions(repository))

    def work(thread: int) -> None:
        for number in range(rounds):
            annotate(repository, [("a.jpg",)], Annotation(set={f"thread{thread}": str(number)}))

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(threads)))
    assert len(descriptions(repository)) - before == threads * rounds
    assert values_at(repository, "a.jpg") == {f"thread{thread}": rounds - 1 for thread in range(threads)}


WORKER = """
import sys
from pathlib import Path
from support.repositories import label, put
from dvcore.repo.annotating import Annotation, GivenInstance, annotate
from dvcore.repo.repository import Repository

name = sys.argv[2]
with Repository.open(Path(sys.argv[1])) as repository:
    for number in range(6):
        put(repository, f"{name}/{number}.jpg")
        label(repository, f"{name}/{number}.jpg", f"label-{name}", "shared")
        annotate(repository, [("shared.jpg",)], Annotation(set={name: str(number)}))
"""


def test_processes_lose_nothing(tmp_path: FolderPath) -> None:
    names = ("one", "two", "three")
    folder = tmp_path / "repository"
    with Repository.init(folder) as repository:
        put(repository, "shared.jpg", declared=[VariableDeclaration(name, ValueType.INT) for name in names])
        environment = {"PYTHONPATH": f"{ROOT_OF_PROJECT}:{ROOT_OF_PROJECT / 'tests'}"}
        workers = [
            subprocess.Popen([sys.executable, "-c", WORKER, str(folder), name], env=environment) for name in names
        ]
        assert [worker.wait(timeout=120) for worker in workers] == [0, 0, 0]
        assert len(paths(repository)) == 1 + 3 * 6
        assert len(descriptions(repository)) == 1 + 3 * 6 * 3
        assert values_at(repository, "shared.jpg") == dict.fromkeys(names, 5)
        assert all(labels_at(repository, f"{name}/5.jpg") == [f"label-{name}", "shared"] for name in names)
        assert_sound(repository)
