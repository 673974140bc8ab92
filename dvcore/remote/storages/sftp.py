"""A remote on a machine that is reached over SSH, through fsspec's SFTP, which the extra `dset[ssh]` installs.

Weaker promises than those of `storage`, since SFTP has no condition and no sync:

- a condition is looked at and then written: two pushes at the same time may lose one (`capabilities.conditional`);
- a crash of that machine may lose what was reported written within its last seconds.

Objects are still there whole or not at all: they are written under another name, which is then changed.
"""

import io
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import RLock
from typing import Any, BinaryIO, Final

from dvcore.errors import AccessDeniedError, ConflictError, DsetError, NotFoundError, StateError, StorageError
from dvcore.remote.storages.storage import (
    ALWAYS,
    GET_LIMIT,
    Absent,
    Always,
    Capabilities,
    Condition,
    Data,
    Listed,
    Matches,
    Stored,
    check_length,
    check_name,
    check_prefix,
    check_range,
    check_size,
    content_tag,
    is_name,
)
from dvcore.store.folders import storage_errors

_UNFINISHED: Final = ".unfinished"
_COPIED: Final = 1 << 20
"""Bytes of a file that are in memory while it is sent."""


class SftpStorage:
    """See `storage.Storage`, and the module for what is weaker.

    `files` is a file system of fsspec; one thread at a time uses it, as an SFTP connection serves one.
    """

    capabilities = Capabilities(conditional=False)

    def __init__(self, files: Any, folder: str, where: str, *, create: bool = False) -> None:
        self._files = files
        self._folder = folder.rstrip("/")
        self._where = where
        self._turn = RLock()
        with self._failures("use"):
            if create:
                files.makedirs(self._folder, exist_ok=True)
        self._check_folder()

    def describe(self) -> str:
        """See `storage.Storage`."""
        return self._where

    def get(self, name: str, *, limit: int = GET_LIMIT) -> Stored:
        """See `storage.Storage`."""
        with self._reading(name) as path:
            check_size(self._size(path), limit, name, self._where)
            data = self._files.cat_file(path)
        return Stored(data, content_tag(data))

    def get_range(self, name: str, start: int, length: int) -> bytes:
        """See `storage.Storage`."""
        check_name(name)
        check_range(start, length)
        if not length:
            return b""
        with self._reading(name) as path:
            there = max(0, min(length, self._size(path) - start))
            with self._files.open(path, "rb") as file:
                file.seek(start)
                return check_length(file.read(there), start, length, name, self._where)

    def put(self, name: str, data: Data, *, condition: Condition = ALWAYS) -> None:
        """See `storage.Storage`."""
        path = self._path(name)
        with self._failures("write", name):
            self._check_folder()
            if not self._holds(path, condition):
                raise ConflictError(f"{name} at {self._where} is not what it was")
            self._write(path, io.BytesIO(data))

    def put_file(self, name: str, path: Path) -> None:
        """See `storage.Storage`."""
        target = self._path(name)
        with storage_errors(path), path.open("rb") as source, self._failures("write", name):
            self._check_folder()
            self._write(target, source)

    def iter_names(self, prefix: str = "") -> Iterator[Listed]:
        """See `storage.Storage`."""
        folder = check_prefix(prefix)
        self._check_folder()
        yield from self._iter_under(folder)

    def is_empty(self) -> bool:
        """See `storage.Storage`."""
        with self._failures("list"):
            self._check_folder()
            found = (str(name).rpartition("/")[2] for name in self._files.ls(self._folder, detail=False))
            return all(name == _UNFINISHED for name in found)

    def remove(self, name: str) -> None:
        """See `storage.Storage`."""
        path = self._path(name)
        with self._failures("remove", name), suppress(FileNotFoundError):
            self._check_folder()
            self._files.rm_file(path)

    def _iter_under(self, folder: str) -> Iterator[Listed]:
        with self._failures("list"):
            try:
                found = self._files.ls(f"{self._folder}/{folder}".rstrip("/"), detail=True)
                # A file's own name lists that file.
                found = [entry for entry in found if str(entry["name"]) != f"{self._folder}/{folder}"]
            except (FileNotFoundError, NotADirectoryError):
                return
        for entry in sorted(found, key=lambda entry: str(entry["name"])):
            last = str(entry["name"]).rpartition("/")[2]
            name = f"{folder}/{last}" if folder else last
            if is_name(name) and entry["type"] == "directory":
                yield from self._iter_under(name)
            elif is_name(name) and entry["type"] == "file":
                yield Listed(name, entry["size"], _time(entry["mtime"]))

    def _write(self, path: str, source: BinaryIO) -> None:
        unfinished = f"{self._folder}/{_UNFINISHED}/{os.urandom(12).hex()}"
        self._files.makedirs(f"{self._folder}/{_UNFINISHED}", exist_ok=True)
        self._files.makedirs(path.rpartition("/")[0], exist_ok=True)
        with self._files.open(unfinished, "wb") as file:
            shutil.copyfileobj(source, file, _COPIED)
        self._files.mv(unfinished, path)

    def _holds(self, path: str, condition: Condition) -> bool:
        match condition:
            case Always():
                return True
            case Absent():
                return not self._files.exists(path)
            case Matches(tag):
                try:
                    return content_tag(self._files.cat_file(path)) == tag
                except FileNotFoundError:
                    return False

    def _size(self, path: str) -> int:
        entry = self._files.info(path)
        if entry["type"] != "file":
            raise FileNotFoundError
        return int(entry["size"])

    def _path(self, name: str) -> str:
        return f"{self._folder}/{check_name(name)}"

    def _check_folder(self) -> None:
        with self._failures("use"):
            if not self._files.isdir(self._folder):
                raise StorageError(f"the remote's folder {self._where} is not there", hint="'dset remote add' makes it")

    @contextmanager
    def _reading(self, name: str) -> Iterator[str]:
        path = self._path(name)
        with self._failures("read", name):
            try:
                yield path
            except (FileNotFoundError, NotADirectoryError):
                self._check_folder()
                raise NotFoundError(f"{self._where} has no {name}") from None

    @contextmanager
    def _failures(self, doing: str, name: str = "") -> Iterator[None]:
        """One at a time, and each failure as one of the tree. Paramiko's errors have no root that is not Exception."""
        what = f"cannot {doing} {name} at {self._where}" if name else f"cannot {doing} {self._where}"
        try:
            with self._turn:
                yield
        except DsetError:
            raise
        except PermissionError:
            raise AccessDeniedError(what, hint="check the permissions there") from None
        except Exception as error:  # noqa: BLE001
            hint = "check the address and the network, and try again"
            raise StorageError(f"{what}: {type(error).__name__}", hint=hint) from None


def open_sftp(host: str, folder: str, *, user: str | None, port: int | None, create: bool = False) -> SftpStorage:
    """Connect to a machine; keys come from the SSH agent and the usual files.

    Raises StateError where the extra is not installed, StorageError.
    """
    try:
        from fsspec.implementations.sftp import SFTPFileSystem  # noqa: PLC0415 - an extra, and slow to import
    except ImportError:
        raise StateError("remotes over SSH need more packages", hint="pip install 'dset[ssh]'") from None
    where = f"ssh://{user + '@' if user else ''}{host}{f':{port}' if port else ''}{folder}"
    options = {name: value for name, value in (("username", user), ("port", port)) if value is not None}
    try:
        files = SFTPFileSystem(host, skip_instance_cache=True, **options)
    except Exception as error:  # noqa: BLE001 - as above
        hint = "check that 'ssh' gets there without asking for a password"
        raise StorageError(f"cannot connect to {where}: {type(error).__name__}", hint=hint) from None
    return SftpStorage(files, folder, where, create=create)


def _time(value: object) -> datetime:
    """Of an entry: a time, or seconds since 1970, as the file system has it."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    return datetime.fromtimestamp(float(str(value)), UTC)
