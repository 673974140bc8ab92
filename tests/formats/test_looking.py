"""A bounded look at a source."""

from pathlib import Path

import pytest
from support.sources import put_pictures

from dvcore.formats.disk import looking
from dvcore.formats.disk.looking import look_at
from dvcore.formats.reader.per_image import Layout
from dvcore.formats.reader.request import Request

LAYOUT = Layout(own=("labels",), images=("images",))


def put(folder: Path, *names: str) -> Path:
    for name in names:
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
    return folder


def test_files_come_level_by_level_in_the_order_of_their_names(tmp_path: Path) -> None:
    look = look_at(put(tmp_path, "b/z.txt", "b.txt", "a/c/y.TXT", "a.txt", "a/x.txt", "a/n.jpg"))
    found = ["/".join(path) for path in look.iter_files(".txt")]
    assert found == ["a.txt", "b.txt", "a/x.txt", "b/z.txt", "a/c/y.TXT"]


def test_a_few_files_of_each_folder(tmp_path: Path) -> None:
    look = look_at(put(tmp_path, *(f"{folder}/{name}.txt" for folder in "ab" for name in range(30))))
    found = ["/".join(path) for path in look.iter_few(".txt")]
    assert found == [f"{folder}/{name}.txt" for folder in "ab" for name in sorted(map(str, range(30)))[:16]]


def test_names_are_looked_for_in_either_case(tmp_path: Path) -> None:
    look = look_at(put(tmp_path, "Labels/Classes.TXT", "my_classes.txt"))
    assert list(look.iter_named("classes.txt")) == [("Labels", "Classes.TXT")]
    assert list(look.iter_folders("labels")) == [("Labels",)]
    assert look.place(("Labels", "Classes.TXT")).is_file()


def test_hidden_files_and_what_lies_deep_are_not_seen(tmp_path: Path) -> None:
    look = look_at(put(tmp_path, ".a.txt", ".b/c.txt", "1/2/3/d.txt", "1/2/3/4/e.txt"))
    assert list(look.iter_files("")) == [("1", "2", "3", "d.txt")]


def test_a_file_is_a_source_of_one_name(tmp_path: Path) -> None:
    look = look_at(put(tmp_path, "a.txt", "b.txt") / "a.txt")
    assert list(look.iter_files("")) == [("a.txt",)]
    assert look.place(("a.txt",)) == tmp_path / "a.txt"


def test_links_that_lead_nowhere_or_in_circles_are_files(tmp_path: Path) -> None:
    (tmp_path / "gone").symlink_to("nowhere")
    (tmp_path / "round").symlink_to("round")
    assert list(look_at(tmp_path).iter_files("")) == [("gone",), ("round",)]


def test_it_ends_whatever_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, *(f"{folder}/{name}.txt" for folder in "abcd" for name in range(10)))
    monkeypatch.setattr(looking, "_FOLDER_ENTRIES", 5)
    assert len(list(look_at(tmp_path).iter_files(".txt"))) == 20
    monkeypatch.setattr(looking, "_ENTRIES", 11)
    assert len(list(look_at(tmp_path).iter_files(".txt"))) == 7  # after the four folders
    monkeypatch.setattr(looking, "_FOLDERS", 2)
    assert {path[0] for path in look_at(tmp_path).iter_files(".txt")} == {"a"}


@pytest.mark.parametrize(
    ("image", "label", "is_paired"),
    [
        ("images/1.png", "labels/1.txt", True),
        ("Images/x/1.PNG", "LABELS/x/1.txt", True),
        ("1.png", "1.txt", True),
        ("images/1.png", "other/1.txt", False),
        ("images/1.txt", "labels/1.txt", False),
        ("images/2.png", "labels/1.txt", False),
    ],
)
def test_annotation_files_of_images_are_found(tmp_path: Path, image: str, label: str, is_paired: bool) -> None:
    found = list(look_at(put(tmp_path, image, label)).iter_paired(".txt", LAYOUT.folders))
    assert found == ([tuple(label.split("/"))] if is_paired else [])


def test_a_request_looks_once(tmp_path: Path) -> None:
    request = Request(put_pictures(tmp_path, "a.png"))
    first = request.look()
    put_pictures(tmp_path, "b.png")
    assert request.look() is first
    assert len(list(Request(tmp_path).look().iter_files(".png"))) == 2
