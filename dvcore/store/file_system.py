"""Which file systems are not safe: for LMDB those of a network, as its memory map and its locks are of one host; for
knowing files again by their states also those that make states up.

Linux says in `/proc/self/mountinfo` (proc(5)) which device is mounted as what. Where there is no such file, or it does
not know the device, nothing is refused.
"""

import os
from pathlib import Path
from typing import Final

from dvcore.errors import StateError, StorageError

_MOUNTS: Final = Path("/proc/self/mountinfo")
# fmt: off
_NETWORK: Final = frozenset([
    "9p", "afs", "beegfs", "ceph", "cifs", "coda", "gfs2", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4",
    "ocfs2", "orangefs", "pvfs2", "smb3", "smbfs", "virtiofs",
    "fuse.ceph", "fuse.ceph-fuse", "fuse.cephfs", "fuse.curlftpfs", "fuse.davfs2", "fuse.gcsfuse", "fuse.glusterfs",
    "fuse.goofys", "fuse.juicefs", "fuse.moosefs", "fuse.rclone", "fuse.s3fs", "fuse.seaweedfs", "fuse.sshfs",
])
_MADE_UP: Final = frozenset(["exfat", "msdos", "vfat", "prl_fs", "vboxsf", "vmhgfs"])
# fmt: on


def check_local(folder: Path) -> None:
    """Raises StateError where the folder is on a network file system, StorageError where it cannot be looked at."""
    kind = find_kind(folder)
    if kind in _NETWORK:
        raise StateError(
            f"{folder} is on a network file system ({kind}), where locks and memory maps are not safe",
            hint="use a local disk, or insist with --allow-network-fs",
        )


def find_kind(folder: Path, mounts: Path = _MOUNTS) -> str | None:
    """The type of the file system that a folder is on, as the kernel names it, or None where it does not say.

    Raises StorageError.
    """
    fields = _file_system(folder, mounts)
    return fields[0] if fields else None


def is_read_only(folder: Path, mounts: Path = _MOUNTS) -> bool:
    """Whether nobody can write to the file system that a folder is on: it is read-only itself, and not only mounted so
    at this place, while it can be written through another. False where the kernel does not say.

    Raises StorageError.
    """
    fields = _file_system(folder, mounts)
    return len(fields) > 2 and "ro" in fields[2].split(",")


def _file_system(folder: Path, mounts: Path) -> list[str]:
    """Type, source and options of the file system itself, which all its mounts share; empty where nothing is known."""
    try:
        device = os.stat(folder).st_dev  # noqa: PTH116 - half the time of pathlib's, at the start of every command
    except OSError as error:
        raise StorageError(f"cannot look at {folder}: {error.strerror}") from None
    return _fields(device, mounts)


def shows_changes(device: int, mounts: Path = _MOUNTS) -> bool:
    """Whether inodes and times of change tell that files of this device (`st_dev`) are what they were.

    FAT has neither inodes nor a time of change, and what is made up for them may be the same for other bytes. Over a
    network and from user space (FUSE), both depend on a server, its clock and what is cached of it.
    """
    kind = next(iter(_fields(device, mounts)), "")
    return kind not in _NETWORK and kind not in _MADE_UP and not kind.startswith("fuse")


def _fields(device: int, mounts: Path) -> list[str]:
    wanted = f"{os.major(device)}:{os.minor(device)}".encode()
    try:
        lines = mounts.read_bytes().splitlines()
    except OSError:
        return []
    for line in lines:
        fields = line.split(b" ")
        if len(fields) > 6 and fields[2] == wanted and b"-" in fields[6:]:
            return [field.decode(errors="replace") for field in fields[fields.index(b"-", 6) + 1 :]]
    return []
