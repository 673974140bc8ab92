"""Private files that end with the process: made under a random name, to be opened and unlinked at once."""

import errno
import os
from pathlib import Path
from typing import Final

from dvcore.errors import StorageError

_FLAGS: Final = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_USELESS: Final = (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOSPC, errno.EDQUOT)
"""Why a folder cannot take a file though another may."""
_HINTS: Final = {
    errno.ENOSPC: "make room on its disk",
    errno.EDQUOT: "make room on its disk",
    errno.EMFILE: "raise the limit on open files ('ulimit -n')",
}


def make_private_file(folder: Path | None) -> tuple[int, Path]:
    """An open descriptor of a new empty file, and where it is until the caller unlinks it. `folder` is made where it is
    missing; where it is None, or takes no file, the file is where the system keeps such.

    Raises StorageError.
    """
    if folder is not None:
        try:
            return _make(folder)
        except OSError as error:
            if error.errno not in _USELESS:
                raise _failure(folder, error) from None
    return _make_in_system_folder()


def _make_in_system_folder() -> tuple[int, Path]:
    from tempfile import gettempdir  # noqa: PLC0415 - 8 ms, and few come here

    try:
        return _make(Path(gettempdir()))
    except OSError as error:
        raise _failure("the folder for temporary files", error) from None


def _make(folder: Path) -> tuple[int, Path]:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"scratch-{os.urandom(8).hex()}"
    return os.open(path, _FLAGS, 0o600), path


def _failure(where: object, error: OSError) -> StorageError:
    hint = _HINTS.get(error.errno or 0, "check its permissions, or let TMPDIR name another folder")
    return StorageError(f"cannot make a scratch file in {where}: {error.strerror}", hint=hint)
