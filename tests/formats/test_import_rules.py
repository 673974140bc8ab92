"""What holds for every format: names that are taken, variables, repetition, all or nothing."""

from dataclasses import replace
from pathlib import Path
from threading import Lock

import pytest
from support.datasets import drawn
from support.sources import coco, imported, instances, put_coco, put_pictures, records

from dvcore.errors import ConflictError, FaultyFilesError, InvalidInputError, NotFoundError
from dvcore.formats.intake import reading
from dvcore.ids import BlobId, digest
from dvcore.model.declarations import VariableDeclaration
from dvcore.model.values import ValueType
from dvcore.repo.adding import OnExisting
from dvcore.repo.annotating import Annotation, annotate
from dvcore.repo.operations import iter_operations
from dvcore.repo.repository import Repository
from dvcore.repo.variables import add_variable


@pytest.fixture
def repository() -> Repository:
    return Repository.in_memory()


def test_the_same_folder_again_changes_nothing(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "a.png", "train/b.png", "val/c.png")
    imported(repository, tmp_path)
    before = repository.working_tree().id
    report = imported(repository, tmp_path)
    assert repository.working_tree().id == before
    assert (report.files.added, report.files.unchanged) == (0, 3)


def test_other_bytes_under_a_name(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "a.png")
    imported(repository, tmp_path)
    first = records(repository)["nuts/a.png"]
    (tmp_path / "a.png").write_bytes(drawn(99))
    with pytest.raises(ConflictError, match=r"nuts/a\.png"):
        imported(repository, tmp_path)
    assert imported(repository, tmp_path, on_existing=OnExisting.SKIP).files.skipped == 1
    assert records(repository) == {"nuts/a.png": first}
    report = imported(repository, tmp_path, on_existing=OnExisting.RENAME)
    assert report.files.new_names == {"nuts/a.png": "nuts/a-2.png"}
    report = imported(repository, tmp_path, on_existing=OnExisting.REPLACE)
    assert report.files.replaced == 1
    replaced = records(repository)["nuts/a.png"]
    assert replaced.blob != first.blob
    assert replaced.split_key == first.split_key


def test_annotations_again(repository: Repository, tmp_path: Path) -> None:
    put_coco(tmp_path, coco({"bbox": [1, 1, 2, 2]}, {"bbox": [2, 2, 2, 2]}))
    imported(repository, tmp_path)
    put_coco(tmp_path, coco({"bbox": [1, 1, 2, 2]}, {"id": 9, "bbox": [3, 3, 2, 2]}))
    report = imported(repository, tmp_path)
    assert [one.source for one in instances(repository, "nuts/a.png")] == ["1", "2", "9"]
    assert (report.files.instances_added, report.files.instances_present) == (1, 1)
    report = imported(repository, tmp_path, replace_annotations=True)
    assert [one.source for one in instances(repository, "nuts/a.png")] == ["1", "9"]
    assert report.files.instances_removed == 1


def test_folders_after_images_complete_the_files(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "nut/a.png", "leaf/b.png", "leaf/c.png")
    imported(repository, tmp_path)
    before = records(repository)
    report = imported(repository, tmp_path, format="folders")
    assert (report.files.added, report.files.completed, report.files.unchanged) == (0, 3, 0)
    assert {path: one.variables for path, one in records(repository).items()} == {
        "nuts/leaf/b.png": {"label": "leaf"},
        "nuts/leaf/c.png": {"label": "leaf"},
        "nuts/nut/a.png": {"label": "nut"},
    }
    assert {path: replace(one, variables={}) for path, one in records(repository).items()} == before
    again = imported(repository, tmp_path, format="folders")
    assert (again.files.completed, again.files.unchanged) == (0, 3)


def test_images_after_folders_take_nothing_away(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "nut/a.png")
    imported(repository, tmp_path, format="folders")
    before = repository.working_tree().id
    assert imported(repository, tmp_path).files.unchanged == 1
    assert repository.working_tree().id == before


def test_values_that_are_given_later_fill_what_is_unset_and_nothing_else(
    repository: Repository, tmp_path: Path
) -> None:
    put_pictures(tmp_path, "a.png", "b.png", "c.png")
    for name in ("dpi", "batch"):
        add_variable(repository, VariableDeclaration(name, ValueType.INT))
    imported(repository, tmp_path / "a.png", set={"dpi": "200"})
    imported(repository, tmp_path / "b.png")
    annotate(repository, [("nuts", "b.png")], Annotation(set={"dpi": "150"}))
    report = imported(repository, tmp_path, set={"dpi": "300", "batch": "7"})
    reader = repository.working_tree()
    found = {path: reader.variables(record) for path, record in records(repository).items()}
    assert found == {
        "nuts/a.png": {"dpi": 200, "batch": 7},
        "nuts/b.png": {"dpi": 150, "batch": 7},
        "nuts/c.png": {"dpi": 300, "batch": 7},
    }
    assert records(repository)["nuts/b.png"].variables == {"batch": 7}, "what was annotated is not given beside it"
    assert (report.files.added, report.files.completed, report.files.values_kept) == (1, 2, 2)


def test_a_value_that_was_unset_comes_back_with_the_next_import_that_gives_it(
    repository: Repository, tmp_path: Path
) -> None:
    put_pictures(tmp_path, "nut/a.png")
    imported(repository, tmp_path, format="folders")
    annotate(repository, [("nuts",)], Annotation(unset=["label"]))
    imported(repository, tmp_path)
    assert records(repository)["nuts/nut/a.png"].variables == {}
    imported(repository, tmp_path, format="folders")
    assert records(repository)["nuts/nut/a.png"].variables == {"label": "nut"}


def test_annotations_after_images(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "a.png", "b.png")
    imported(repository, tmp_path)
    put_coco(tmp_path, coco({"bbox": [1, 1, 2, 2]}))
    report = imported(repository, tmp_path)
    assert (report.files.completed, report.files.unchanged, report.files.instances_added) == (1, 1, 1)
    assert [one.annotated for one in records(repository).values()] == [True, False]


def test_variables_for_all_files(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "a.png", "b.png")
    add_variable(repository, VariableDeclaration("dpi", ValueType.INT, required=True))
    add_variable(repository, VariableDeclaration("place", ValueType.ENUM, choices=("Reute", "Waldkirch")))
    with pytest.raises(InvalidInputError, match=r"'dpi' is required; give it with --set dpi=VALUE"):
        imported(repository, tmp_path)
    imported(repository, tmp_path, set={"dpi": "200", "place": "Reute"})
    assert [one.variables for one in records(repository).values()] == [{"dpi": 200, "place": "Reute"}] * 2


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"dpj": "2"}, NotFoundError, "did you mean 'dpi'"),
        ({"dpi": "many"}, InvalidInputError, "variable 'dpi': 'many' is no int"),
        ({"place": "Reutte"}, InvalidInputError, "did you mean 'Reute'"),
    ],
)
def test_variables_given_wrongly(
    repository: Repository, tmp_path: Path, given: dict[str, str], error: type[Exception], message: str
) -> None:
    put_pictures(tmp_path, "a.png")
    add_variable(repository, VariableDeclaration("dpi", ValueType.INT))
    add_variable(repository, VariableDeclaration("place", ValueType.ENUM, choices=("Reute", "Waldkirch")))
    with pytest.raises(error, match=message):
        imported(repository, tmp_path, set=given)
    assert records(repository) == {}


def test_a_variable_given_by_folders_and_by_hand(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "nut/a.png")
    imported(repository, tmp_path, format="folders")
    with pytest.raises(InvalidInputError, match="gives the variable 'label' already"):
        imported(repository, tmp_path, format="folders", set={"label": "nut"})


def test_a_variable_of_another_type(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "nut/a.png")
    add_variable(repository, VariableDeclaration("label", ValueType.INT))
    with pytest.raises(InvalidInputError, match="--variable"):
        imported(repository, tmp_path, format="folders")


def test_a_file_in_the_way_of_a_directory(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path / "one", "x.png")
    imported(repository, tmp_path / "one")
    put_pictures(tmp_path / "two", "x.png/a.png")
    before = repository.working_tree().id
    with pytest.raises(ConflictError):
        imported(repository, tmp_path / "two")
    assert repository.working_tree().id == before


def test_all_bad_with_skip_bad_is_still_an_error(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"")
    with pytest.raises(FaultyFilesError) as error:
        imported(repository, tmp_path, skip_bad=True)
    assert "--skip-bad" not in str(error.value)


def test_threads_and_groups_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"{'train' if number % 3 else 'val'}/{number:03d}.png" for number in range(200)]
    put_pictures(tmp_path, *names)
    for number in range(0, 200, 7):
        (tmp_path / names[number]).write_bytes(b"bad")
    results = set()
    for threads, ahead, group, small in ((1, 0, 1, 0), (4, 2, 3, 0), (3, 16, 64, 1 << 20)):
        monkeypatch.setattr(reading, "_THREADS", threads)
        monkeypatch.setattr(reading, "_GROUPS_AHEAD", ahead)
        monkeypatch.setattr(reading, "_SMALL_BYTES", small)
        monkeypatch.setattr(reading, "_GROUP_FILES", group)
        with Repository.in_memory() as repository:
            with pytest.raises(FaultyFilesError) as error:
                imported(repository, tmp_path)
            report = imported(repository, tmp_path, skip_bad=True)
            assert report.faulty_files == error.value.faults
            results.add((repository.working_tree().id, report.faulty_files))
    assert len(results) == 1


class Recorded:
    """Progress that counts what it is told."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.total: int | None = None
        self.done = 0
        self.finished = False

    def start(self, what: str, total: int | None, *, unit: str = "") -> None:
        self.total = total

    def advance(self, amount: int = 1) -> None:
        assert self.lock.acquire(blocking=False), "told from one thread at a time"
        self.done += amount
        self.lock.release()

    def finish(self) -> None:
        self.finished = True


def test_progress_reaches_its_total(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, *(f"{number}.png" for number in range(150)))
    (tmp_path / "7.png").write_bytes(b"bad")
    progress = Recorded()
    imported(repository, tmp_path, skip_bad=True, progress=progress)
    assert (progress.total, progress.done, progress.finished) == (150, 150, True)


def test_a_faulty_file_keeps_more_from_being_written(repository: Repository, tmp_path: Path) -> None:
    """Faults of the source are known before a byte is read: nothing is left behind that nothing refers to."""
    put_pictures(tmp_path, "a.png", "b.png")
    listed = [{"id": 1, "file_name": "a.png"}, {"id": 2, "file_name": "gone.png"}]
    put_coco(tmp_path, coco(images=listed))
    with pytest.raises(FaultyFilesError):
        imported(repository, tmp_path)
    blobs = [BlobId(digest((tmp_path / name).read_bytes())) for name in ("a.png", "b.png")]
    assert repository.blobs.find_missing(blobs) == blobs


def test_an_import_is_one_operation_with_a_readable_name(repository: Repository, tmp_path: Path) -> None:
    imported(repository, put_pictures(tmp_path, "a.png", "b.png"))
    with repository.store.read() as transaction:
        (operation,) = iter_operations(transaction)
    assert operation.description == f"import: {tmp_path} to nuts"
