"""Labels that are taken from paths: class folders with a list of the classes, and the names of files."""

from pathlib import Path
from typing import Any

import pytest
from support.sources import imported, put_pictures, reasons, records

from dvcore.errors import FaultyFilesError, InvalidInputError
from dvcore.formats.folders import class_lists
from dvcore.formats.folders.reader import label_of
from dvcore.formats.intake.report import ImportReport
from dvcore.formats.reader.request import LabelFrom
from dvcore.repo.repository import Repository


@pytest.fixture
def repository() -> Repository:
    return Repository.in_memory()


def taken(repository: Repository, folder: Path, **options: Any) -> ImportReport:
    return imported(repository, folder, format="folders", **options)


def labels(repository: Repository) -> dict[str, Any]:
    return {path.removeprefix("nuts/"): dict(one.variables) for path, one in records(repository).items()}


@pytest.mark.parametrize(
    ("name", "whole", "without"),
    [
        ("cat_003.jpg", "cat_003", "cat"),
        ("cat-003.v2.png", "cat-003.v2", "cat-003.v"),
        ("cat 003.jpg", "cat 003", "cat"),
        ("b2_1.jpg", "b2_1", "b"),
        ("cat.jpg", "cat", "cat"),
        ("003.jpg", "003", ""),
        ("__7.jpg", "__7", ""),
        ("Kätzchen_1.JPEG", "Kätzchen_1", "Kätzchen"),
    ],
)
def test_labels_of_names(name: str, whole: str, without: str) -> None:
    assert (label_of(name, has_index=False), label_of(name, has_index=True)) == (whole, without)


def test_labels_from_names_of_files(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "cat_003.png", "dog.png", "sub/cat_4.png")
    report = taken(repository, tmp_path, label_from=LabelFrom.FILENAME_WITHOUT_INDEX, variable="animal")
    assert labels(repository) == {
        "cat_003.png": {"animal": "cat"},
        "dog.png": {"animal": "dog"},
        "sub/cat_4.png": {"animal": "cat"},
    }
    assert repository.working_tree().variable("animal").choices == ("cat", "dog")
    assert not any(one.annotated for one in records(repository).values())
    assert report.instances == {}


def test_the_whole_name_is_the_label(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "train/cat_003.png", "test/cat_003.png")
    taken(repository, tmp_path, label_from=LabelFrom.FILENAME)
    assert labels(repository) == {
        "train/cat_003.png": {"label": "cat_003", "split": "train"},
        "test/cat_003.png": {"label": "cat_003", "split": "test"},
    }


def test_a_name_without_a_label_is_a_fault(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "cat_1.png", "003.png")
    with pytest.raises(FaultyFilesError) as error:
        taken(repository, tmp_path, label_from=LabelFrom.FILENAME_WITHOUT_INDEX)
    assert reasons(error.value.faults) == f"{tmp_path / '003.png'}: has no label in its name"
    taken(repository, tmp_path, label_from=LabelFrom.FILENAME_WITHOUT_INDEX, skip_bad=True)
    assert labels(repository) == {"cat_1.png": {"label": "cat"}}


def test_importing_again_by_another_part_keeps_what_is_there(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "cat/dog_1.png")
    taken(repository, tmp_path)
    report = taken(repository, tmp_path, label_from=LabelFrom.FILENAME)
    assert labels(repository) == {"cat/dog_1.png": {"label": "cat"}}
    assert report.files.values_kept == 1


# Lists of classes.


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("synsets.txt", "n02\nn01\n"),
        ("labels.txt", "n02\r\n\r\nn01\r\nn03\r\n"),
        ("Classes.txt", "\ufeffn02\nn01\nn01\n"),
    ],
)
def test_classes_are_in_the_order_of_a_list(repository: Repository, tmp_path: Path, name: str, text: str) -> None:
    put_pictures(tmp_path, "train/n01/a.png", "train/n02/b.png", "val/n01/c.png")
    (tmp_path / name).write_text(text, encoding="utf-8", newline="")
    report = taken(repository, tmp_path)
    assert repository.working_tree().variable("label").choices == ("n02", "n01")
    assert f"the classes are in the order of {name}" in reasons(report.notes)
    assert labels(repository)["val/n01/c.png"] == {"label": "n01", "split": "val"}
    assert report.passed_over == 0


@pytest.mark.parametrize(
    "text",
    [
        "n02 hen, biddy\nn01 tench, Tinca tinca\n",
        "n02\then, biddy\nn01\ttench, Tinca tinca\n",
        "n02, hen, biddy\nn01,tench, Tinca tinca\nn09,crane\n",
    ],
)
def test_what_classes_mean_is_a_variable(repository: Repository, tmp_path: Path, text: str) -> None:
    put_pictures(tmp_path, "n01/a.png", "n02/b.png")
    (tmp_path / "LOC_synset_mapping.txt").write_text(text)
    taken(repository, tmp_path, variable="class")
    assert labels(repository)["n01/a.png"] == {"class": "n01", "class_name": "tench, Tinca tinca"}
    assert repository.working_tree().variable("class_name").choices == ("hen, biddy", "tench, Tinca tinca")


def test_a_class_with_spaces_is_one_name(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "golden retriever/a.png", "cat/b.png")
    (tmp_path / "labels.txt").write_text("golden retriever\ncat\n")
    taken(repository, tmp_path)
    assert repository.working_tree().variable("label").choices == ("golden retriever", "cat")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"n02\n", "labels.txt does not say the order of the classes: it has no 'n01'"),
        (b"\xff\xfe\x00", "it is no text in UTF-16"),
        (b"n01\nn02\n" * 50, "it is too large for a list"),
    ],
)
def test_a_list_of_other_classes_is_not_used(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes, reason: str
) -> None:
    monkeypatch.setattr(class_lists, "_LARGEST_BYTES", 100)
    put_pictures(tmp_path, "n01/a.png", "n02/b.png")
    (tmp_path / "labels.txt").write_bytes(data)
    report = taken(repository, tmp_path)
    assert repository.working_tree().variable("label").choices == ("n01", "n02")
    assert reason in reasons(report.notes)
    assert report.passed_over == 1


def test_a_list_is_no_image_of_a_class(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "n01/a.png")
    (tmp_path / "n01/labels.txt").write_text("n01\n")
    assert "in the order of" not in reasons(taken(repository, tmp_path).notes)


def test_the_variable_of_the_splits_is_taken(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "train/cat_1.png", "test/cat_1.png")
    with pytest.raises(InvalidInputError, match="already fill the variable 'split'"):
        taken(repository, tmp_path, variable="split", label_from=LabelFrom.FILENAME)


def test_the_fixture_of_imagenet(repository: Repository, shared_data: Path) -> None:
    """One of its images lies in no class folder."""
    source = shared_data / "format-fixtures/imagenet_dataset"
    with pytest.raises(FaultyFilesError, match="1 file cannot be imported"):
        taken(repository, source)
    report = taken(repository, source, skip_bad=True)
    seen = sum(1 for place in source.rglob("*.jpg"))
    assert report.files.added + len(report.faulty_files) == seen == 4
    assert {one["label"] for one in labels(repository).values()} == {"label_0", "label_1", "label_1_1"}
