"""Annotation files and images that are paired by the stems of their names."""

from collections.abc import Iterator
from pathlib import Path as FolderPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvcore.errors import InvalidInputError
from dvcore.formats.disk.pairing import Pairing, image_folders
from dvcore.formats.disk.walking import walk
from dvcore.image.names import is_image_name
from dvcore.model.names import Path, format_path, parse_path


@pytest.fixture
def folder(tmp_path: FolderPath) -> FolderPath:
    return tmp_path


def paired(folder: FolderPath, *images: str) -> Pairing:
    for image in images:
        place = folder / image
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
    return Pairing(walk(folder, is_image_name).folders)


def found(pairing: Pairing, annotation: str, own: tuple[str, ...] = ("annotations",)) -> str:
    path = parse_path(annotation)
    return format_path(pairing.image_of(path, image_folders(path, own, ("images", "jpegimages"))))


@pytest.mark.parametrize(
    ("annotation", "image"),
    [
        ("a/7.xml", "a/7.jpg"),
        ("Annotations/7.xml", "JPEGImages/7.jpg"),
        ("annotations/7.xml", "images/7.png"),
        ("annotations/7.xml", "7.png"),
        ("annotations/train/7.xml", "images/train/7.png"),
        ("train/annotations/7.xml", "train/images/7.png"),
        ("train/annotations/deep/7.xml", "train/deep/7.png"),
        ("annotations/annotations/7.xml", "annotations/images/7.png"),
        ("annotations/7.b.xml", "images/7.b.png"),
        ("annotations/7.jpg.xml", "images/7.jpg"),
    ],
)
def test_where_the_image_of_an_annotation_file_is(folder: FolderPath, annotation: str, image: str) -> None:
    with paired(folder, image, "elsewhere/7.jpg", "elsewhere/7.png") as pairing:
        assert found(pairing, annotation) == image


def test_the_likeliest_folder_wins(folder: FolderPath) -> None:
    with paired(folder, "annotations/7.jpg", "images/7.jpg", "7.jpg", "images/8.jpg", "8.jpg", "9.jpg") as pairing:
        assert [found(pairing, f"annotations/{stem}.xml") for stem in "789"] == [
            "annotations/7.jpg",
            "images/8.jpg",
            "9.jpg",
        ]


def test_the_same_case_wins(folder: FolderPath) -> None:
    with paired(folder, "Images/7.jpg", "images/7.jpg", "IMAGES/7.jpg") as pairing:
        assert found(pairing, "annotations/7.xml") == "images/7.jpg"


def test_the_only_folder_of_images_is_looked_at_whatever_it_is_called(folder: FolderPath) -> None:
    with paired(folder, "photos/7.jpg") as pairing:
        assert found(pairing, "labels/7.xml") == "photos/7.jpg"


def test_an_image_somewhere_else_is_not_taken(folder: FolderPath) -> None:
    with paired(folder, "photos/7.jpg", "more/8.jpg") as pairing:
        with pytest.raises(InvalidInputError, match=r"has no image: none is called '7' where it should be"):
            found(pairing, "labels/7.xml")
        assert pairing.find_image(("labels", "7.xml"), [("labels",), ("photos",)]) == ("photos", "7.jpg")
        assert pairing.find_image(("labels", "7.xml"), [("labels",)]) is None


def test_two_images_of_one_stem_are_ambiguous(folder: FolderPath) -> None:
    with paired(folder, "images/7.jpg", "images/7.png") as pairing:
        with pytest.raises(InvalidInputError, match=r"could be about images/7.jpg and images/7.png"):
            found(pairing, "annotations/7.xml")
        assert pairing.image_of(("images", "7.xml"), [("images",)], "7.png") == ("images", "7.png")
        assert found(pairing, "annotations/7.png.xml") == "images/7.png"


def test_the_name_that_an_annotation_file_states_counts_where_its_own_does_not(folder: FolderPath) -> None:
    with paired(folder, "images/7.jpg", "images/8.jpg") as pairing:
        assert pairing.image_of(("images", "7.xml"), [("images",)], "8.jpg") == ("images", "7.jpg")
        assert pairing.image_of(("images", "a.xml"), [("images",)], "8.jpg") == ("images", "8.jpg")
        assert pairing.find_image(("images", "a.xml"), [("images",)], "9.jpg") is None


def test_two_annotation_files_of_one_image_refuse_it(folder: FolderPath) -> None:
    with paired(folder, "images/7.jpg", "images/8.jpg") as pairing:
        pairing.claim(("images", "7.jpg"), "a.xml")
        with pytest.raises(InvalidInputError, match=r"is about images/7.jpg, as a.xml is"):
            pairing.claim(("images", "7.jpg"), "b.xml")
        assert _paths(pairing) == [("images", "8.jpg")]
        assert list(pairing.iter_refused()) == [("images", "7.jpg")]


def test_a_refused_image_does_not_come_in(folder: FolderPath) -> None:
    with paired(folder, "a/7.jpg", "a/8.jpg", "b/7.jpg") as pairing:
        pairing.refuse(("a", "7.jpg"))
        assert _paths(pairing) == [("a", "8.jpg"), ("b", "7.jpg")]


@given(st.sets(st.text("ab.é", min_size=1, max_size=4), min_size=1, max_size=6))
def test_every_image_is_found_by_its_own_name(stems: set[str]) -> None:
    images = [f"{stem}x.jpg" for stem in stems]
    with Pairing([_Listed(("a",), images)]) as pairing:  # type: ignore[list-item]
        for image in images:
            assert pairing.image_of(("a", f"{image}.xml"), [("a",)]) == ("a", image)
            assert pairing.image_of(("a", f"{image[:-4]}.xml"), [("a",)]) == ("a", image)


class _Listed:
    """A folder of names that no disk need hold."""

    def __init__(self, path: Path, names: list[str]) -> None:
        self.path = path
        self.count = len(names)
        self._names = names

    def iter_names(self) -> Iterator[str]:
        return iter(self._names)


def _paths(pairing: Pairing) -> list[Path]:
    return [path for folder in pairing.kept() for path in folder.iter_paths()]
