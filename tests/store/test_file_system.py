from pathlib import Path

import pytest

from dvcore.errors import StateError, StorageError
from dvcore.repo.repository import Repository
from dvcore.store import file_system
from dvcore.store.file_system import check_local, find_kind, is_read_only

LINE = "36 35 {device} /mnt1 /mnt\\0402 rw,noatime {optional}- {kind} server:/share rw\n"


def mounts(tmp_path: Path, kind: str, optional: str = "") -> Path:
    """A mountinfo in which the folder's device is of this type, among others."""
    number = tmp_path.stat().st_dev
    device = f"{number >> 8 & 0xFFF}:{number & 0xFF}"
    others = LINE.format(device="0:9999", optional="shared:1 ", kind="proc") + "\nshort line\n"
    path = tmp_path / "mountinfo"
    path.write_text(others + LINE.format(device=device, optional=optional, kind=kind))
    return path


@pytest.mark.parametrize("optional", ["", "shared:1 ", "shared:1 master:2 "])
@pytest.mark.parametrize("kind", ["ext4", "nfs4", "fuse.sshfs"])
def test_the_kind_is_the_one_that_is_mounted(tmp_path: Path, kind: str, optional: str) -> None:
    assert find_kind(tmp_path, mounts(tmp_path, kind, optional)) == kind


def test_read_only_is_the_file_system_and_not_the_mount(tmp_path: Path) -> None:
    path = mounts(tmp_path, "ext4")
    assert not is_read_only(tmp_path, path)
    text = path.read_text()
    path.write_text(text.replace(" rw,noatime ", " ro,noatime "))
    assert not is_read_only(tmp_path, path)
    path.write_text(text.replace("share rw\n", "share ro,errors=remount\n"))
    assert is_read_only(tmp_path, path)
    assert not is_read_only(tmp_path, tmp_path / "absent")


def test_a_system_that_does_not_say_refuses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_kind(tmp_path, tmp_path / "absent") is None
    empty = tmp_path / "empty"
    empty.write_text("")
    assert find_kind(tmp_path, empty) is None
    monkeypatch.setattr(file_system, "find_kind", lambda _: None)
    check_local(tmp_path)


def test_this_machine_says_what_the_folder_is_on(tmp_path: Path) -> None:
    if not Path("/proc/self/mountinfo").exists():
        pytest.skip("this system has no /proc/self/mountinfo")
    if tmp_path.stat().st_dev >> 8 == 0:
        pytest.skip("the temporary folder is on a device without a number of its own")
    assert find_kind(tmp_path) is not None


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "fuse.s3fs", "lustre", "ceph"])
def test_network_file_systems_are_refused_unless_allowed(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Repository.init(tmp_path / "r").close()
    monkeypatch.setattr(file_system, "find_kind", lambda _: kind)
    with pytest.raises(StateError, match=f"network file system .{kind}.*--allow-network-fs"):
        Repository.open(tmp_path / "r")
    with pytest.raises(StateError, match="network"):
        Repository.init(tmp_path / "s")
    assert list((tmp_path / "s").iterdir()) == []
    Repository.open(tmp_path / "r", allow_network_fs=True).close()
    Repository.init(tmp_path / "s", allow_network_fs=True).close()


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "zfs", "tmpfs", "overlay", "fuseblk", "apfs"])
def test_local_ones_are_not(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_system, "find_kind", lambda _: kind)
    check_local(tmp_path)


def test_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot look at"):
        find_kind(tmp_path / "none")
