"""What a folder promises besides: nothing half, nothing lost when killed, clear words for what a disk does."""

import errno
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from support.bounded import in_child, in_processes

from dvcore.errors import AccessDeniedError, ConflictError, NotFoundError, StorageError
from dvcore.remote.storages import local
from dvcore.remote.storages.local import LocalStorage
from dvcore.remote.storages.probing import probe
from dvcore.remote.storages.storage import ABSENT, Capabilities, Matches

BODY = bytes(1 << 20)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "remote"


@pytest.fixture
def storage(folder: Path) -> LocalStorage:
    return LocalStorage(folder, create=True)


def unfinished(folder: Path) -> list[Path]:
    return list((folder / ".unfinished").glob("*"))


def test_a_folder_is_made_only_when_asked_for(folder: Path) -> None:
    with pytest.raises(StorageError, match="is not there"):
        LocalStorage(folder)
    assert not folder.exists()
    LocalStorage(folder, create=True)
    LocalStorage(folder)


def test_a_share_that_is_unmounted_is_not_written_under(storage: LocalStorage, folder: Path) -> None:
    (folder).rename(folder.with_name("elsewhere"))
    actions: list[Callable[[], object]] = [
        lambda: storage.put("root", b"x"),
        lambda: storage.put("root", b"x", condition=ABSENT),
        lambda: storage.get("root"),
        lambda: list(storage.iter_names()),
        lambda: storage.remove("root"),
    ]
    for action in actions:
        with pytest.raises(StorageError, match="mount it"):
            action()
    assert not folder.exists()


def test_names_are_the_files(storage: LocalStorage, folder: Path) -> None:
    storage.put("packs/ab/cd", b"x")
    assert (folder / "packs" / "ab" / "cd").read_bytes() == b"x"
    assert unfinished(folder) == []


def test_other_peoples_files_are_passed_over(storage: LocalStorage, folder: Path) -> None:
    storage.put("packs/a", b"x")
    (folder / ".DS_Store").write_bytes(b"")
    (folder / "packs" / "a copy").write_bytes(b"")
    (folder / "packs" / "link").symlink_to("/etc/hostname")
    (folder / "loop").symlink_to(folder)
    os.mkfifo(folder / "pipe")
    assert [one.name for one in storage.iter_names()] == ["packs/a"]
    with pytest.raises(NotFoundError):
        storage.get("pipe")
    with pytest.raises(StorageError):
        storage.get("packs/link")


def test_processes_count_without_losing_one(storage: LocalStorage, folder: Path) -> None:
    storage.put("count", b"0")
    in_processes(4, _count, folder, 25)
    assert storage.get("count").data == b"100"


def _count(folder: Path, times: int) -> None:
    storage = LocalStorage(folder)
    for _ in range(times):
        while True:
            stored = storage.get("count")
            with suppress(ConflictError):
                storage.put("count", str(int(stored.data) + 1).encode(), condition=Matches(stored.tag))
                break


@pytest.mark.parametrize("seconds", [0.02, 0.05, 0.09, 0.14, 0.2, 0.27])
def test_a_killed_writer_leaves_nothing_half(storage: LocalStorage, folder: Path, seconds: float) -> None:
    storage.put("root", b"0" * len(BODY))
    child = os.fork()
    if child == 0:
        _write_for_ever(folder)
        os._exit(0)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    for listed in storage.iter_names():
        data = storage.get(listed.name).data
        assert len(data) == len(BODY)
        assert len(set(data)) == 1
    # The lock has gone with the process.
    storage.put("root", b"x", condition=Matches(storage.get("root").tag))
    storage.put("after", b"x", condition=ABSENT)


def _write_for_ever(folder: Path) -> None:
    storage = LocalStorage(folder)
    for number in range(100_000):
        data = bytes([48 + number % 10]) * len(BODY)
        storage.put("root", data, condition=Matches(storage.get("root").tag))
        storage.put(f"packs/{number % 7}/{number}", data, condition=ABSENT)


def test_what_a_killed_writer_left_goes_a_day_later(storage: LocalStorage, folder: Path) -> None:
    storage.put("root", b"x")
    old, new = (folder / ".unfinished" / name for name in ("old", "new"))
    old.write_bytes(BODY)
    new.write_bytes(BODY)
    a_day_ago = time.time() - 25 * 3600
    os.utime(old, (a_day_ago, a_day_ago))
    LocalStorage(folder).put("second", b"x")
    assert unfinished(folder) == [new]


@pytest.mark.parametrize("condition", ["always", "absent", "matches"])
def test_a_put_is_durable_before_it_returns(
    storage: LocalStorage, folder: Path, monkeypatch: pytest.MonkeyPatch, condition: str
) -> None:
    """The file before it gets its name, the folder after; a new folder's name as well."""
    storage.put("packs/a", b"x")
    tag = storage.get("packs/a").tag
    events: list[str] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        has_name = (folder / "packs" / "new" / "b").exists() or storage.get("packs/a").data != b"x"
        events.append(f"{'file' if path.is_file() else path.name} {'after' if has_name else 'before'}")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    match condition:
        case "always":
            storage.put("packs/new/b", b"y")
            assert events == ["file before", "packs before", "new after"]
        case "absent":
            storage.put("packs/new/b", b"y", condition=ABSENT)
            assert events == ["file before", "packs before", "new after"]
        case _:
            storage.put("packs/a", b"y", condition=Matches(tag))
            assert events == ["file before", "packs after"]


@pytest.mark.parametrize(
    ("number", "kind", "hint"),
    [
        (errno.ENOSPC, StorageError, "make room"),
        (errno.EDQUOT, StorageError, "quota"),
        (errno.EROFS, AccessDeniedError, "mount it for writing"),
        (errno.EIO, StorageError, "still there"),
        (errno.ESTALE, StorageError, "still there"),
    ],
)
def test_a_disk_that_fails_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[StorageError], hint: str
) -> None:
    storage = LocalStorage(folder, create=True)
    storage.put("root", b"before")

    def fail(_descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(kind) as caught:
            storage.put("root", b"after")
    assert caught.value.hint is not None
    assert hint in caught.value.hint
    assert str(folder) in caught.value.message
    assert storage.get("root").data == b"before"
    assert unfinished(folder) == []


def test_a_file_that_may_not_grow_is_a_clear_error(storage: LocalStorage, folder: Path) -> None:
    """As on a full disk, by the kernel itself."""

    def write() -> None:
        import resource

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        with pytest.raises(StorageError, match="cannot write packs/a to"):
            storage.put("packs/a", BODY)

    assert in_child(write) == 0
    assert unfinished(folder) == []
    assert list(storage.iter_names()) == []


def test_a_folder_that_may_only_be_read_is_found_by_probing(
    storage: LocalStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(LocalStorage, "_write", fail)
    with pytest.raises(AccessDeniedError, match="Permission denied"):
        storage.put("root", b"x")
    assert probe(storage) == Capabilities(writable=False, conditional=False)


@pytest.fixture
def without_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on FAT and some network file systems."""

    def refuse(self: Path, target: Path) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)


@pytest.mark.usefixtures("without_links")
def test_where_there_are_no_hard_links_the_lock_decides(storage: LocalStorage) -> None:
    storage.put("root", b"first", condition=ABSENT)
    with pytest.raises(ConflictError):
        storage.put("root", b"second", condition=ABSENT)
    assert storage.get("root").data == b"first"


def test_tags_are_of_the_bytes(storage: LocalStorage) -> None:
    storage.put("root", b"first")
    tag = storage.get("root").tag
    storage.put("root", b"second", condition=Matches(tag))
    assert storage.get("root").tag != tag
    storage.put("other", b"first")
    assert storage.get("other").tag == tag


def test_a_probe_leaves_no_object_behind(storage: LocalStorage, folder: Path) -> None:
    assert probe(storage).conditional
    assert [path.name for path in folder.rglob("*") if path.is_file()] == [local._LOCK]
