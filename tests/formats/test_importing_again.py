"""Importing what was imported before: nothing is opened, or planned, that did not change, and nothing shows of it."""

import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.datasets import drawn
from support.sources import coco, imported, put_coco, put_pictures, reasons, records

from dvcore.errors import DsetError, FaultyFilesError, StorageError
from dvcore.formats.disk.stat_cache import iter_places, open_cache_map
from dvcore.formats.intake import importing, reading
from dvcore.formats.intake.receipts import NamedAnnotations
from dvcore.formats.intake.report import ImportReport
from dvcore.ids import BlobId, digest
from dvcore.model.names import parse_path
from dvcore.repo.annotating import Annotation, annotate
from dvcore.repo.repository import Repository
from dvcore.repo.undoing import undo_newest
from dvcore.store import Table

LATER = 10_000_000
"""Microseconds by which the clocks of these repositories are ahead, so that files count as settled at once."""


def later() -> int:
    return time.time_ns() // 1000 + LATER


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Repository]:
    with Repository.init(tmp_path / "repository", clock=later) as made:
        yield made


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return put_pictures(tmp_path / "source", "a.png", "b.png", "x/a.png", "x/ü.png", "y/c.png")


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that imports open, in this order."""
    names: list[str] = []

    open_ahead = reading.open_ahead

    def open_noted(place: str) -> int:
        names.append(Path(place).name)
        return open_ahead(place)

    monkeypatch.setattr(reading, "open_ahead", open_noted)
    return names


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One entry for each time that an import was planned."""
    made: list[str] = []
    add_files = importing.add_files

    def counted(*values: Any) -> Any:
        made.append(values[-1])
        return add_files(*values)

    monkeypatch.setattr(importing, "add_files", counted)
    return made


def test_the_second_time_nothing_is_opened_or_planned(
    repository: Repository, source: Path, opened: list[str], plans: list[str]
) -> None:
    first = imported(repository, source)
    work = repository.working_tree().id
    assert (len(opened), len(plans)) == (5, 1)
    second = imported(repository, source)
    assert (len(opened), len(plans)) == (5, 1)
    assert (first.files.added, second.files.added, second.files.unchanged) == (5, 0, 5)
    assert repository.working_tree().id == work


def test_only_what_changed_is_opened(repository: Repository, source: Path, opened: list[str]) -> None:
    imported(repository, source)
    opened.clear()
    (source / "x/a.png").write_bytes(drawn(77))
    put_pictures(source, "new.png")
    report = imported(repository, source, on_existing=importing.OnExisting.REPLACE)
    assert sorted(opened) == ["a.png", "new.png"]
    assert (report.files.replaced, report.files.added, report.files.unchanged) == (1, 1, 4)


def test_another_destination_reads_nothing_again(repository: Repository, source: Path, opened: list[str]) -> None:
    imported(repository, source)
    opened.clear()
    assert imported(repository, source, "other").files.added == 5
    assert opened == []


def test_files_that_came_in_as_they_are_are_probed_when_images_are_wanted(
    repository: Repository, source: Path, opened: list[str]
) -> None:
    imported(repository, source, format="files")
    opened.clear()
    imported(repository, source, "images")
    assert len(opened) == 5
    assert records(repository)["images/a.png"].facts is not None


def test_a_file_that_was_just_changed_is_read_again(tmp_path: Path, source: Path, opened: list[str]) -> None:
    with Repository.init(tmp_path / "repository") as repository:
        imported(repository, source)
        imported(repository, source)
    assert len(opened) == 10, "a change within the clock's last tick would not show"


def test_times_in_the_future_are_never_trusted(repository: Repository, source: Path, opened: list[str]) -> None:
    os.utime(source / "a.png", ns=(2**62, 2**62))
    imported(repository, source)
    opened.clear()
    imported(repository, source)
    assert opened == ["a.png"]


def test_a_blob_that_is_gone_is_read_again(tmp_path: Path, repository: Repository, source: Path) -> None:
    imported(repository, source)
    with Repository.init(tmp_path / "other", clock=later) as other:
        assert other.layout is not None
        assert repository.layout is not None
        shutil.copytree(repository.layout.cache, other.layout.cache, dirs_exist_ok=True)
        imported(other, source)
        found = records(other)
        assert len(found) == 5
        assert other.blobs.find_missing(record.blob for record in found.values()) == []


@pytest.mark.parametrize("damage", ["none", "garbage", "bit", "folder", "locked"])
def test_a_damaged_cache_is_no_cache(repository: Repository, source: Path, damage: str) -> None:
    imported(repository, source)
    work = repository.working_tree().id
    assert repository.layout is not None
    path = repository.layout.cache / "imports" / "imports.sqlite"
    assert path.is_file()
    holder = sqlite3.connect(path, isolation_level=None)
    if damage == "garbage":
        path.write_bytes(b"no database" * 1000)
    elif damage == "bit":
        (found,) = holder.execute("SELECT value FROM entries ORDER BY length(value) DESC").fetchone()
        turned = bytes([*found[:60], found[60] ^ 1, *found[61:]])
        holder.execute("UPDATE entries SET value = ? WHERE value = ?", (turned, found))
    elif damage == "folder":
        shutil.rmtree(path.parent)
        path.parent.write_text("in the way")
    elif damage == "locked":
        holder.execute("BEGIN EXCLUSIVE")
    assert imported(repository, source).files.unchanged == 5
    holder.close()
    assert imported(repository, source, "again").files.added == 5
    assert records(repository)["again/a.png"].blob == records(repository)["nuts/a.png"].blob
    undo_newest(repository)
    assert repository.working_tree().id == work


def test_an_annotation_file_that_changed_is_read(repository: Repository, tmp_path: Path, plans: list[str]) -> None:
    source = put_coco(tmp_path / "source", coco({"bbox": [1, 1, 3, 3]}))
    assert imported(repository, source).instances == {"nut": 1}
    assert imported(repository, source).files.instances_present == 1
    assert len(plans) == 1
    put_coco(source, coco({"bbox": [1, 1, 3, 3]}, {"bbox": [2, 2, 3, 3]}))
    assert imported(repository, source).files.instances_added == 1


def test_options_are_part_of_what_is_known(repository: Repository, source: Path, plans: list[str]) -> None:
    imported(repository, source)
    assert imported(repository, source, format="folders", skip_bad=True).files.completed == 3
    assert len(plans) == 2


def test_a_fault_that_came_up_meanwhile_is_named(repository: Repository, source: Path) -> None:
    imported(repository, source)
    (source / "zz.png").symlink_to("nowhere")
    with pytest.raises(FaultyFilesError, match="1 file cannot be imported"):
        imported(repository, source)


def test_a_large_image_is_streamed(
    repository: Repository, source: Path, monkeypatch: pytest.MonkeyPatch, opened: list[str]
) -> None:
    monkeypatch.setattr(reading, "_WHOLE_BYTES", 1)
    imported(repository, source)
    assert opened == []
    found = records(repository)["nuts/a.png"]
    assert found.facts is not None
    assert repository.blobs.read(found.blob) == (source / "a.png").read_bytes()


def test_a_file_that_grew_since_it_was_listed_comes_in_whole(
    repository: Repository, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    walk = importing.walk

    def listed(*values: Any) -> Any:
        found = walk(*values)
        (source / "log.bin").write_bytes(b"x" * 5000)
        return found

    (source / "log.bin").write_bytes(b"x" * 10)
    monkeypatch.setattr(importing, "walk", listed)
    imported(repository, source, format="files")
    assert records(repository)["nuts/log.bin"].size == 5000


@pytest.mark.parametrize("format_", ["images", "files"])
@pytest.mark.parametrize("way", ["cut whole", "reversed whole", "cut streamed", "reversed streamed", "grown streamed"])
def test_a_file_that_changes_while_it_is_read_is_a_fault(
    repository: Repository, source: Path, monkeypatch: pytest.MonkeyPatch, format_: str, way: str
) -> None:
    """Its bytes change behind the first look at the open file, and its mtime is set back."""
    place = source / "a.png"
    os.utime(place, ns=(0, 0))
    inode, data = place.stat().st_ino, place.read_bytes()
    real_fstat, seen = os.fstat, list[int]()

    def fstat(descriptor: int) -> os.stat_result:
        found = real_fstat(descriptor)
        if found.st_ino == inode and not seen:
            seen.append(descriptor)
            place.write_bytes(
                {"grown": data + b"more", "cut": data[:-5], "reversed": data[::-1]}[way.partition(" ")[0]]
            )
            os.utime(place, ns=(0, 0))
        return found

    monkeypatch.setattr(reading, "_WHOLE_BYTES", 1 if "streamed" in way else 1 << 20)
    monkeypatch.setattr("dvcore.formats.disk.steady.os.fstat", fstat)
    with pytest.raises(FaultyFilesError) as error:
        imported(repository, source, format=format_)
    assert len(seen) == 1
    if format_ == "files":
        assert reasons(error.value.faults) == f"{place}: was changed while it was read"
    else:
        assert reasons(error.value.faults).startswith(f"{place}: ")
    monkeypatch.undo()
    place.write_bytes(data)
    assert imported(repository, source, format=format_).files.added == 5


@pytest.mark.parametrize("is_streamed", [False, True])
@pytest.mark.parametrize("is_known_from_elsewhere", [False, True])
def test_a_link_that_leads_elsewhere_for_the_time_of_reading_is_not_believed(
    repository: Repository,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    is_streamed: bool,
    is_known_from_elsewhere: bool,
) -> None:
    """Walked as `v1`, read as `v2`, and `v1` again ever after: what was read must not pass for what is in `v1`."""
    source = put_pictures(tmp_path / "versions", "v1/a.png", "v2/a.png").parent / "source"
    source.mkdir()
    link = source / "current"
    link.symlink_to(tmp_path / "versions/v1")
    walk = importing.walk

    def flipped(*values: Any) -> Any:
        found = walk(*values)
        link.unlink()
        link.symlink_to(tmp_path / "versions/v2")
        return found

    monkeypatch.setattr(reading, "_WHOLE_BYTES", 1 if is_streamed else 1 << 20)
    monkeypatch.setattr(importing, "walk", flipped)
    imported(repository, source, on_existing=importing.OnExisting.REPLACE)
    assert _bytes_of(repository, "nuts/current/a.png") == (tmp_path / "versions/v2/a.png").read_bytes()
    monkeypatch.setattr(importing, "walk", walk)
    link.unlink()
    link.symlink_to(tmp_path / "versions/v1")
    if is_known_from_elsewhere:
        imported(repository, source, "elsewhere", on_existing=importing.OnExisting.REPLACE)
        undo_newest(repository)
    assert imported(repository, source, on_existing=importing.OnExisting.REPLACE).files.replaced == 1
    assert _bytes_of(repository, "nuts/current/a.png") == (tmp_path / "versions/v1/a.png").read_bytes()


@pytest.mark.parametrize("is_named", [False, True])
def test_an_annotation_file_that_is_another_when_it_is_read_leaves_no_receipt(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_named: bool
) -> None:
    source = put_coco(tmp_path / "source", coco({"bbox": [1, 1, 3, 3]}), "one.txt")
    put_coco(source, coco(), "other.txt")
    place = source / "labels.json"
    place.symlink_to("one.txt")
    looks = "named_annotations" if is_named else "walk"
    look = getattr(importing, looks)

    def flipped(*values: Any) -> Any:
        found = look(*values)
        place.unlink()
        place.symlink_to("other.txt")
        return found

    options = {"annotations": place} if is_named else {}
    monkeypatch.setattr(importing, looks, flipped)
    assert imported(repository, source, **options).instances == {}
    monkeypatch.setattr(importing, looks, look)
    place.unlink()
    place.symlink_to("one.txt")
    assert imported(repository, source, **options).files.instances_added == 1


@pytest.mark.parametrize("size", [100, 3 << 20])
def test_a_blob_that_was_lost_comes_back(tmp_path: Path, repository: Repository, size: int) -> None:
    source = tmp_path / "files"
    source.mkdir()
    (source / "a.bin").write_bytes(os.urandom(size))
    imported(repository, source, format="files")
    blob = records(repository)["nuts/a.bin"].blob
    repository.stores.blobs.update(
        lambda transaction: [transaction.delete(table, blob) for table in (Table.BLOBS, Table.CHUNK_LISTS)]
    )
    assert repository.blobs.find_missing([blob]) == [blob]
    assert imported(repository, source, format="files").files.unchanged == 1
    assert _bytes_of(repository, "nuts/a.bin") == (source / "a.bin").read_bytes()


def test_imports_of_less_forget_nothing(repository: Repository, source: Path, opened: list[str]) -> None:
    (source / "notes.txt").write_text("one")
    imported(repository, source, "files", format="files")
    imported(repository, source, "images")
    imported(repository, source / "b.png", "single")
    opened.clear()
    imported(repository, source, "files again", format="files")
    imported(repository, source, "images again")
    imported(repository, source / "b.png", "single again")
    assert opened == []
    assert {path.relative_to(source).as_posix() for path in _kept_places(repository)} == {
        "a.png", "b.png", "x/a.png", "x/ü.png", "y/c.png", "notes.txt"
    }  # fmt: skip


def _kept_places(repository: Repository) -> list[Path]:
    with open_cache_map(repository.scratch) as kept:
        return list(iter_places(kept, {record.blob for record in records(repository).values()}))


def _bytes_of(repository: Repository, path: str) -> bytes:
    return repository.blobs.read(records(repository)[path].blob)


@pytest.mark.parametrize("kind", ["vfat", "exfat", "nfs4", "cifs", "fuse.sshfs", "fuseblk"])
def test_nothing_is_remembered_of_file_systems_that_make_states_up(
    repository: Repository, source: Path, opened: list[str], monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    device = source.stat().st_dev
    mounts = source.parent / "mountinfo"
    mounts.write_text(f"36 35 {os.major(device)}:{os.minor(device)} / /mnt rw - {kind} /dev/sdb rw\n")
    monkeypatch.setattr(importing, "shows_changes", partial(importing.shows_changes, mounts=mounts))
    imported(repository, source)
    imported(repository, source)
    assert len(opened) == 10


def test_no_receipt_is_kept_of_annotations_that_lie_where_states_are_made_up(
    repository: Repository, tmp_path: Path, plans: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = put_pictures(tmp_path / "source", "a.png")
    elsewhere = put_coco(tmp_path / "elsewhere", coco({"bbox": [1, 1, 3, 3]})) / "labels.json"
    named_annotations = importing.named_annotations

    def on_another_device(place: Path) -> NamedAnnotations:
        named = named_annotations(place)
        assert named.devices == {elsewhere.stat().st_dev}
        return replace(named, devices=frozenset([1]))

    monkeypatch.setattr(importing, "named_annotations", on_another_device)
    monkeypatch.setattr(importing, "shows_changes", lambda device: device != 1)
    for _ in range(3):
        imported(repository, source, annotations=elsewhere)
    assert len(plans) == 3


def test_a_pipe_that_took_the_place_of_a_file_is_not_waited_for(
    repository: Repository, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    walk = importing.walk

    def piped(*values: Any) -> Any:
        found = walk(*values)
        (source / "a.png").unlink()
        os.mkfifo(source / "a.png")
        return found

    monkeypatch.setattr(importing, "walk", piped)
    with pytest.raises(FaultyFilesError) as error:
        imported(repository, source)
    assert reasons(error.value.faults) == f"{source / 'a.png'}: is no regular file"


@pytest.mark.parametrize("size", [10, 3 << 20])
def test_nothing_is_written_behind_a_fault(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(reading, "_WHOLE_BYTES", 1 << 20)
    source = tmp_path / "files"
    source.mkdir()
    (source / "a.bin").write_bytes(b"a")
    (source / "b.bin").symlink_to("nowhere")
    data = os.urandom(size)
    (source / "c.bin").write_bytes(data)
    with pytest.raises(FaultyFilesError):
        imported(repository, source, format="files")
    assert repository.blobs.find_missing([BlobId(digest(data))])
    assert list(_iter_chunk_keys(repository)) == []


def _iter_chunk_keys(repository: Repository) -> Iterator[bytes]:
    with repository.stores.blobs.read() as transaction:
        for key, _ in transaction.iter_sizes(Table.CHUNKS):
            yield key


def _eight_files(source: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A source that is read in groups of two files."""
    source.mkdir()
    for number in range(8):
        (source / f"{number}.bin").write_bytes(b"%d" % number)
    monkeypatch.setattr(reading, "_GROUP_FILES", 2)
    return source


def test_the_files_of_the_next_group_are_asked_for_before_one_is_read(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = _eight_files(tmp_path / "files", monkeypatch)
    done: list[str] = []

    def noted(what: str, function: Callable[..., Any], *values: Any) -> Any:
        done.append(what)
        return function(*values)

    monkeypatch.setattr(reading, "open_ahead", partial(noted, "open", reading.open_ahead))
    monkeypatch.setattr(reading, "read_steady", partial(noted, "read", reading.read_steady))
    imported(repository, source, format="files")
    two = ["open", "open"]
    assert done == [*two, *[*two, "read", "read"] * 3, "read", "read"]
    assert [_bytes_of(repository, f"nuts/{number}.bin") for number in range(8)] == [b"%d" % n for n in range(8)]


def test_an_import_that_fails_leaves_no_file_open(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = _eight_files(tmp_path / "files", monkeypatch)
    opened: list[int] = []
    open_ahead = reading.open_ahead

    def open_noted(place: str) -> int:
        opened.append(open_ahead(place))
        return opened[-1]

    def fail(*_: object) -> None:
        raise StorageError("no room")

    monkeypatch.setattr(reading, "open_ahead", open_noted)
    monkeypatch.setattr(reading.BlobWriter, "add_bytes", fail)
    with pytest.raises(StorageError):
        imported(repository, source, format="files")
    assert opened
    for descriptor in opened:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(descriptor)


def test_what_was_undone_comes_in_again(repository: Repository, source: Path) -> None:
    imported(repository, source)
    undo_newest(repository)
    assert imported(repository, source).files.added == 5


Change = Callable[[Path, Repository, int], None]


def _names(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _pick(folder: Path, number: int) -> Path:
    found = _names(folder)
    return found[number % len(found)] if found else folder / "none.png"


def _touch(folder: Path, _: Repository, number: int) -> None:
    os.utime(_pick(folder, number))


def _rewrite_and_restore(folder: Path, _: Repository, number: int) -> None:
    """Other bytes of the same length under the same mtime."""
    place = _pick(folder, number)
    status, data = place.stat(), place.read_bytes()
    place.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    os.utime(place, ns=(status.st_atime_ns, status.st_mtime_ns))


def _replace(folder: Path, _: Repository, number: int) -> None:
    _pick(folder, number).write_bytes(drawn(number))


def _add(folder: Path, _: Repository, number: int) -> None:
    place = folder / "abc"[number % 3] / f"{number}.png"
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(drawn(number))


def _delete(folder: Path, _: Repository, number: int) -> None:
    if len(_names(folder)) > 1:
        _pick(folder, number).unlink()


def _swap(folder: Path, _: Repository, number: int) -> None:
    one, two = _pick(folder, number), _pick(folder, number + 1)
    if one != two:
        one.rename(folder / "between")
        two.rename(one)
        (folder / "between").rename(two)


def _rename(folder: Path, _: Repository, number: int) -> None:
    place = _pick(folder, number)
    place.rename(place.with_name(f"renamed{number}.png"))


def _swap_folders(folder: Path, _: Repository, __: int) -> None:
    one, two = folder / "a", folder / "b"
    if one.is_dir() and two.is_dir():
        one.rename(folder / "between")
        two.rename(one)
        (folder / "between").rename(two)


def _chmod(folder: Path, _: Repository, number: int) -> None:
    _pick(folder, number).chmod(0o600 if number % 2 else 0o644)


def _link(folder: Path, _: Repository, number: int) -> None:
    (folder / f"link{number}.png").unlink(missing_ok=True)
    (folder / f"link{number}.png").hardlink_to(_pick(folder, number))


def _undo(_: Path, repository: Repository, __: int) -> None:
    undo_newest(repository)


def _annotate(_: Path, repository: Repository, number: int) -> None:
    path = sorted(records(repository))[number % len(records(repository))]
    annotate(repository, [parse_path(path)], Annotation(done=True))


CHANGES: list[Change] = [
    _touch,
    _rewrite_and_restore,
    _replace,
    _add,
    _delete,
    _swap,
    _rename,
    _swap_folders,
    _chmod,
    _link,
    _undo,
    _annotate,
]


def _tried(action: Callable[[], object]) -> object:
    try:
        return action()
    except (DsetError, ZeroDivisionError) as error:
        return str(error)


@contextmanager
def _workplace() -> Iterator[tuple[Path, Repository, Repository]]:
    with TemporaryDirectory() as name:
        folder = Path(name)
        put_pictures(folder / "source", "a/1.png", "a/2.png", "b/1.png", "top.png")
        with (
            Repository.init(folder / "one", clock=later) as one,
            Repository.init(folder / "two", clock=later) as two,
        ):
            yield folder / "source", one, two


@settings(max_examples=25)
@given(
    st.lists(st.tuples(st.sampled_from(CHANGES), st.integers(0, 9), st.booleans()), min_size=1, max_size=6),
    st.sampled_from(["images", "folders", "files"]),
    st.sampled_from(list(importing.OnExisting)),
)
def test_with_and_without_what_is_kept_imports_are_the_same(
    changes: list[tuple[Change, int, bool]], format_: str, on_existing: importing.OnExisting
) -> None:
    options = {"format": format_, "on_existing": on_existing, "skip_bad": True}
    with _workplace() as (source, keeping, forgetting):
        assert forgetting.layout is not None

        def both() -> None:
            assert forgetting.layout is not None
            shutil.rmtree(forgetting.layout.cache)
            first = _tried(lambda: imported(keeping, source, **options))
            assert first == _tried(lambda: imported(forgetting, source, **options))
            assert keeping.working_tree().id == forgetting.working_tree().id
            time.sleep(0.01)  # older kernels give all changes of one tick one time

        both()
        both()
        for change, number, twice in changes:
            for repository in (keeping, forgetting) if change in (_undo, _annotate) else (keeping,):
                _tried(partial(change, source, repository, number))
            both()
            if twice:
                both()


@settings(max_examples=40)
@given(st.lists(st.booleans(), max_size=10), st.booleans(), st.sampled_from(["images", "files"]))
def test_links_that_flip_while_an_import_runs_leave_nothing_wrong_behind(
    flips: list[bool], is_streamed: bool, format_: str
) -> None:
    """Before the walk, between it and the first file, and between files, a link may come to lead elsewhere and back."""
    with _workplace() as (_, repository, __), pytest.MonkeyPatch.context() as patch:
        assert repository.layout is not None
        folder = repository.layout.folder.parent.parent
        first, second = put_pictures(folder / "versions", "1/a.png", "1/b.png", "2/a.png", "2/b.png").iterdir()
        link = folder / "linked" / "current"
        link.parent.mkdir()
        link.symlink_to(first)
        names = {
            function: getattr(reading, function)
            for function in ("open_ahead", "read_steady", "opened_steady", "iter_runs")
        }
        left = list(flips)

        def flipping(function: Callable[..., Any], *values: Any, **options: Any) -> Any:
            if left and left.pop():
                target = second if link.readlink() == first else first
                link.unlink()
                link.symlink_to(target)
            return function(*values, **options)

        for name, function in names.items():
            patch.setattr(reading, name, partial(flipping, function))
        patch.setattr(reading, "_WHOLE_BYTES", 1 if is_streamed else 1 << 20)
        options = {"format": format_, "on_existing": importing.OnExisting.REPLACE}
        _tried(lambda: imported(repository, link.parent, **options))
        left.clear()
        for target in (first, second):
            link.unlink()
            link.symlink_to(target)
            imported(repository, link.parent, **options)
            for name in ("a.png", "b.png"):
                assert _bytes_of(repository, f"nuts/current/{name}") == (target / name).read_bytes()


def test_reports_survive_being_kept(repository: Repository, tmp_path: Path, plans: list[str]) -> None:
    document = coco({"bbox": [1, 1, 3, 3]}, {"bbox": [90, 90, 1, 1]}, {"bbox": [-2, 1, 5, 5]})
    source = put_coco(tmp_path / "source", document)
    imported(repository, source)
    kept = imported(repository, source)
    assert len(plans) == 1
    assert repository.layout is not None
    shutil.rmtree(repository.layout.cache)
    anew: ImportReport = imported(repository, source)
    assert len(plans) == 2
    assert kept == anew
    assert kept.left_out
    assert kept.adjusted
