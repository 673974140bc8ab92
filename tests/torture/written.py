"""Whether a process has written to a repository: its files before and after."""

import re
from pathlib import Path

_LOCKS = re.compile(r"gate|gc|cache/.*|.*-lock")
Contents = dict[str, tuple[int, int]]
"""Size and time of the last change, in nanoseconds, by path."""


def contents(root: Path) -> Contents:
    """The files of the repository, without those that readers make and change too."""
    folder = root / ".dset"
    files = {path.relative_to(folder).as_posix(): path.stat() for path in folder.rglob("*") if path.is_file()}
    return {name: (one.st_size, one.st_mtime_ns) for name, one in files.items() if not _LOCKS.fullmatch(name)}
