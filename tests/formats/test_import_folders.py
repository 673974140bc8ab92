"""Folders of images, class folders and any files: what is taken, under which name, and what is passed over."""

import os
import socket
from itertools import pairwise
from pathlib import Path

import pytest
from support.pictures import drawn, encoded
from support.sources import imported, put_pictures, reasons, records, turned_jpeg

from dvcore.errors import FaultyFilesError, InvalidInputError, NotFoundError
from dvcore.formats.disk import walking
from dvcore.formats.disk.source_folder import pack_state
from dvcore.model.names import MAX_DEPTH
from dvcore.repo.repository import Repository


@pytest.fixture
def repository() -> Repository:
    return Repository.in_memory()


def test_sub_folders_become_sub_directories(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "a.png", "x/a.png", "x/y/B.PNG")
    report = imported(repository, tmp_path, "nuts/200dpi")
    assert sorted(records(repository)) == ["nuts/200dpi/a.png", "nuts/200dpi/x/a.png", "nuts/200dpi/x/y/B.PNG"]
    assert report.format == "images"


def test_one_image_file(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "a.png", "b.png")
    imported(repository, tmp_path / "b.png")
    assert list(records(repository)) == ["nuts/b.png"]


def test_into_the_root(repository: Repository, tmp_path: Path) -> None:
    imported(repository, put_pictures(tmp_path, "a.png"), "")
    assert list(records(repository)) == ["a.png"]


def test_facts_and_size_are_those_of_the_bytes(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(turned_jpeg(6))
    imported(repository, tmp_path)
    record = records(repository)["nuts/a.jpg"]
    assert record.size == len(turned_jpeg(6))
    assert record.facts is not None
    assert (record.facts.width, record.facts.height, record.facts.format, record.facts.mode) == (8, 12, "JPEG", "RGB")
    assert (record.facts.orientation, record.facts.bits) == (6, 8)
    assert repository.blobs.read(record.blob) == turned_jpeg(6)


def test_the_bits_of_a_sample_are_among_the_facts(repository: Repository, tmp_path: Path) -> None:
    for mode, name in (("I;16", "deep.png"), ("1", "ink.png"), ("F", "float.tif")):
        (tmp_path / name).write_bytes(encoded(drawn(mode), "TIFF" if name.endswith("tif") else "PNG"))
    imported(repository, tmp_path)
    bits = {path: record.facts.bits for path, record in records(repository).items() if record.facts}
    assert bits == {"nuts/deep.png": 16, "nuts/float.tif": 32, "nuts/ink.png": 1}


def test_what_is_not_named_like_an_image_is_passed_over_and_counted(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "a.png", ".hidden.png", ".thumbs/a.png")
    for name in ("README", "LICENSE", ".DS_Store", "notes.txt"):
        (tmp_path / name).write_text("x")
    report = imported(repository, tmp_path)
    assert list(records(repository)) == ["nuts/a.png"]
    assert report.passed_over == 6


def test_files_come_in_as_they_are(repository: Repository, tmp_path: Path) -> None:
    contents = {"README": b"", "broken.jpg": b"no image", "deep/data.bin": bytes(range(256)) * 20_000}
    for name, data in contents.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    imported(repository, tmp_path, "any", format="files")
    found = records(repository)
    assert {path.removeprefix("any/"): repository.blobs.read(one.blob) for path, one in found.items()} == contents
    assert all(record.facts is None and not record.annotated for record in found.values())


def test_a_large_file_is_streamed(repository: Repository, tmp_path: Path) -> None:
    data = os.urandom(1 << 20) * 33
    (tmp_path / "large.bin").write_bytes(data)
    imported(repository, tmp_path, format="files")
    record = records(repository)["nuts/large.bin"]
    assert record.size == len(data)
    assert repository.blobs.read(record.blob) == data


def test_class_folders(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "nut/a.png", "leaf/a.png", "tree/oak/a.png")
    report = imported(repository, tmp_path, "all", format="folders")
    found = {path: record.variables for path, record in records(repository).items()}
    assert found == {
        "all/nut/a.png": {"label": "nut"},
        "all/leaf/a.png": {"label": "leaf"},
        "all/tree/oak/a.png": {"label": "oak"},
    }
    assert report.files.added == 3
    put_pictures(tmp_path, "fig/a.png")
    imported(repository, tmp_path, "all", format="folders")
    variable = repository.working_tree().tree.find_variable("label")
    assert variable is not None
    assert variable.choices == ("leaf", "nut", "oak", "fig"), "later imports add their choices"


def test_an_image_in_no_class_folder_is_a_fault(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "nut/a.png", "b.png")
    with pytest.raises(FaultyFilesError) as error:
        imported(repository, tmp_path, format="folders")
    assert reasons(error.value.faults) == f"{tmp_path / 'b.png'}: is in no class folder"


@pytest.mark.parametrize("name", ["width", "a=b", "", "has", "a/b"])
def test_the_class_variable_needs_a_name_that_can_be_one(repository: Repository, tmp_path: Path, name: str) -> None:
    put_pictures(tmp_path, "nut/a.png")
    with pytest.raises(InvalidInputError):
        imported(repository, tmp_path, format="folders", variable=name)


def test_images_in_sub_folders_only_are_told_of_class_folders(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "nut/a.png", "leaf/a.png")
    report = imported(repository, tmp_path)
    assert "--format folders" in reasons(report.notes)
    assert repository.working_tree().tree.variables == ()


def test_published_splits(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "train/a.png", "train/x/b.png", "val/a.png", "other.png")
    (tmp_path / "docs").mkdir()
    imported(repository, tmp_path)
    found = {path: record.variables for path, record in records(repository).items()}
    assert found == {
        "nuts/train/a.png": {"split": "train"},
        "nuts/train/x/b.png": {"split": "train"},
        "nuts/val/a.png": {"split": "val"},
        "nuts/other.png": {},
    }
    (variable,) = repository.working_tree().tree.variables
    assert (variable.name, variable.choices) == ("split", ("train", "val"))


@pytest.mark.parametrize("names", [("train/a.png",), ("train/a.png", "bus/a.png"), ("x/train/a.png", "x/val/a.png")])
def test_folders_that_are_no_splits(repository: Repository, tmp_path: Path, names: tuple[str, ...]) -> None:
    put_pictures(tmp_path, *names)
    imported(repository, tmp_path)
    assert repository.working_tree().tree.variables == ()


def test_class_folders_in_splits(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "train/nut/a.png", "test/leaf/a.png")
    imported(repository, tmp_path, format="folders")
    assert {path: record.variables for path, record in records(repository).items()} == {
        "nuts/train/nut/a.png": {"split": "train", "label": "nut"},
        "nuts/test/leaf/a.png": {"split": "test", "label": "leaf"},
    }
    with pytest.raises(InvalidInputError, match="already fill the variable 'split'"):
        imported(repository, tmp_path, format="folders", variable="split")
    put_pictures(tmp_path, "train/b.png")
    with pytest.raises(FaultyFilesError) as error:
        imported(repository, tmp_path, format="folders")
    assert "train/b.png: is in no class folder" in reasons(error.value.faults), "a split is no class"


def test_links_to_files_and_folders_are_followed(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path / "real", "a.png", "sub/b.png")
    source = tmp_path / "source"
    source.mkdir()
    (source / "link.png").symlink_to(tmp_path / "real/a.png")
    (source / "folder").symlink_to(tmp_path / "real")
    imported(repository, source)
    assert sorted(records(repository)) == ["nuts/folder/a.png", "nuts/folder/sub/b.png", "nuts/link.png"]


def test_links_in_a_loop(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "x/a.png", "y/b.png")
    (tmp_path / "x/up").symlink_to(tmp_path)
    (tmp_path / "x/self").symlink_to(tmp_path / "x")
    report = imported(repository, tmp_path)
    assert sorted(records(repository)) == ["nuts/x/a.png", "nuts/y/b.png"]
    assert "2 links to folders that they lie in were not followed" in reasons(report.notes)


def test_one_link_in_a_loop(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "a.png")
    (tmp_path / "here").symlink_to(tmp_path)
    report = imported(repository, tmp_path)
    assert "1 link to a folder that it lies in was not followed" in reasons(report.notes)


def test_folders_that_link_to_each_other(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "x/a.png", "y/b.png")
    (tmp_path / "x/to-y").symlink_to(tmp_path / "y")
    (tmp_path / "y/to-x").symlink_to(tmp_path / "x")
    imported(repository, tmp_path)
    assert sorted(records(repository)) == [
        "nuts/x/a.png",
        "nuts/x/to-y/b.png",
        "nuts/y/b.png",
        "nuts/y/to-x/a.png",
    ]


def test_links_that_multiply_are_refused(repository: Repository, tmp_path: Path) -> None:
    levels = [tmp_path / f"level{number}" for number in range(20)]
    for level in levels:
        level.mkdir()
    for above, below in pairwise(levels):
        (above / "p").symlink_to(below)
        (above / "q").symlink_to(below)
    with pytest.raises(InvalidInputError, match="more than 10,000 links"):
        imported(repository, levels[0])


def test_files_and_faults_come_in_the_order_of_the_names(repository: Repository, tmp_path: Path) -> None:
    names = [f"{number:02d}/{number:02d}.png" for number in range(40)]
    for name in reversed(names):
        put_pictures(tmp_path, name)
        (tmp_path / name).write_bytes(b"bad")
    with pytest.raises(FaultyFilesError) as error:
        imported(repository, tmp_path)
    assert [fault.where for fault in error.value.faults] == [str(tmp_path / name) for name in names]


def put_unusable(folder: Path) -> list[str]:
    """Make entries that are named like images and cannot be read as such; give what is said of each."""
    (folder / "empty.png").write_bytes(b"")
    (folder / "text.jpg").write_text("no picture")
    (folder / "cut.jpg").write_bytes(turned_jpeg(1)[:-20])
    (folder / "dangling.png").symlink_to(folder / "nowhere.png")
    (folder / "loop.png").symlink_to(folder / "loop.png")
    os.mkfifo(folder / "pipe.png")
    (folder / "line\nbreak.png").write_bytes(b"x")
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(folder / "socket.png"))
    return [
        "cut.jpg: is truncated",
        "dangling.png: cannot be opened: No such file or directory",
        "empty.png: is empty",
        "break.png: 'line\\nbreak.png' cannot be a name: it contains a control character",
        "loop.png: cannot be opened: Too many levels of symbolic links",
        "pipe.png: is no regular file",
        "socket.png: is no regular file",
        "text.jpg: is no image",
    ]


def test_every_unusable_file_is_named_and_nothing_is_done(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_pictures(tmp_path, "a.png")
    monkeypatch.chdir(tmp_path)  # the address of a socket is short
    expected = put_unusable(Path())
    before = repository.working_tree().id
    with pytest.raises(FaultyFilesError) as error:
        imported(repository, tmp_path)
    said = reasons(error.value.faults)
    assert len(error.value.faults) == len(expected)
    assert [line for line in expected if line not in said] == []
    assert repository.working_tree().id == before
    report = imported(repository, tmp_path, skip_bad=True)
    assert list(records(repository)) == ["nuts/a.png"]
    assert len(report.faulty_files) == len(expected)


def test_a_name_that_is_no_utf8(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "a.png")
    place = os.fsencode(tmp_path) + b"/\xff.png"
    Path(os.fsdecode(place)).write_bytes((tmp_path / "a.png").read_bytes())
    with pytest.raises(FaultyFilesError) as error:
        imported(repository, tmp_path)
    reasons(error.value.faults).encode()
    assert "\\xff.png" in error.value.faults[0].where


def test_names_in_any_script(repository: Repository, tmp_path: Path) -> None:
    names = ["Nüsse.png", "堅果.png", "जायफल.png", "🌰 (1).png", "% # ?.png"]
    put_pictures(tmp_path, *names)
    imported(repository, tmp_path)
    assert set(records(repository)) == {f"nuts/{name}" for name in names}


def test_names_are_stored_in_normal_form_and_those_that_meet_there_are_named(
    repository: Repository, tmp_path: Path
) -> None:
    put_pictures(tmp_path, "e\u0301t\u0301.png")
    imported(repository, tmp_path)
    assert list(records(repository)) == ["nuts/\u00e9t\u0301.png"]
    put_pictures(tmp_path, "\u00e9t\u0301.png")
    with pytest.raises(FaultyFilesError) as error:
        imported(repository, tmp_path)
    (fault,) = error.value.faults
    assert "e\u0301t\u0301.png" in str(fault)
    assert "\u00e9t\u0301.png" in str(fault)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything: permissions cannot be tested")
def test_what_may_not_be_read(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "a.png", "b.png", "closed/c.png")
    (tmp_path / "b.png").chmod(0)
    (tmp_path / "closed").chmod(0)
    with pytest.raises(FaultyFilesError) as error:
        imported(repository, tmp_path)
    (tmp_path / "closed").chmod(0o700)
    assert [fault.reason for fault in error.value.faults] == [
        "cannot be listed: Permission denied",
        "cannot be read: Permission denied",
    ]


def test_too_deep(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "/".join(["d"] * (MAX_DEPTH - 1)) + "/a.png")
    imported(repository, tmp_path, "")
    with pytest.raises(FaultyFilesError, match=r"^1 file cannot be imported, nothing was done") as error:
        imported(repository, tmp_path, "nuts")
    assert f"would be deeper than {MAX_DEPTH} directories" in reasons(error.value.faults)
    put_pictures(tmp_path, "/".join(["d"] * MAX_DEPTH) + "/a.png")
    with pytest.raises(FaultyFilesError) as error:
        imported(repository, tmp_path, "")
    assert f"is deeper than {MAX_DEPTH} directories" in reasons(error.value.faults)


def test_sources_that_are_none(repository: Repository, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="nothing to import"):
        imported(repository, tmp_path / "nowhere")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(NotFoundError, match="symbolic links"):
        imported(repository, tmp_path / "loop")
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(InvalidInputError, match="is of no known format"):
        imported(repository, tmp_path / "notes.txt")
    (tmp_path / "loop").unlink()
    with pytest.raises(InvalidInputError, match=r"holds nothing to import \(passed over: 1\)"):
        imported(repository, tmp_path)


def test_formats_by_name(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "a.png")
    with pytest.raises(NotFoundError, match="did you mean 'folders'"):
        imported(repository, tmp_path, format="folder")
    with pytest.raises(NotFoundError, match=r"there are coco, .*, images, folders, files"):
        imported(repository, tmp_path, format="zzz")
    with pytest.raises(InvalidInputError, match="images has no annotation file"):
        imported(repository, tmp_path, format="images", annotations=tmp_path / "labels.json")


def test_the_repository_does_not_import_itself(tmp_path: Path) -> None:
    put_pictures(tmp_path, "a.png")
    with Repository.init(tmp_path) as repository:
        with pytest.raises(InvalidInputError, match="part of the repository itself"):
            imported(repository, tmp_path / ".dset", format="files")
        (tmp_path / "sly").symlink_to(tmp_path / ".dset/cache")
        with pytest.raises(InvalidInputError, match="part of the repository itself"):
            imported(repository, tmp_path / "sly", format="files")
        (tmp_path / "sly").unlink()
        imported(repository, tmp_path, format="files")
        assert list(records(repository)) == ["nuts/a.png"]


def test_a_folder_of_many_blocks_is_one_folder_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walking, "_BLOCK_FILES", 3)
    names = [f"{number * 7919 % 50:02}{'ü' * (number % 3)}.png" for number in range(50)]
    put_pictures(tmp_path / "s", *names)
    (folder,) = walking.walk(tmp_path / "s", lambda _: True).folders
    assert folder.count == 50
    assert list(folder.iter_names()) == sorted(names, key=str.encode)
    assert all(state == pack_state((tmp_path / "s" / os.fsdecode(raw)).stat()) for raw, state in folder.iter_states())
