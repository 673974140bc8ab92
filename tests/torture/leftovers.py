"""What must not be in a repository's folder when gc has been: traces of processes that died."""

import os
import re
import time
from pathlib import Path

_KNOWN = (
    r"format|config\.toml|gate|gc|current",
    r"(objects|blobs)\.\d+\.lmdb(-lock)?",
    r"snapshots/[^./][^/]*(/[^./][^/]*)?",
    r"cache/index\.lock",  # held while an index is made
    r"cache/[a-z]+/[a-z]+\.sqlite(-wal|-shm|-journal)?",
)
_FITS = re.compile("|".join(_KNOWN))
_GENERATION = re.compile(r"(objects|blobs)\.\d+\.lmdb")
_IN_USE = 2


def find_leftovers(folder: Path) -> list[str]:
    """Names under `.dset` that nothing needs: temporary files and folders, half and old generations."""
    names = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if not path.is_dir()]
    folders = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob(".*")) if path.is_dir()]
    generations = [name for name in names if _GENERATION.fullmatch(name)]
    unknown = [name for name in names if not _FITS.fullmatch(name)]
    return folders + unknown + (generations if len(generations) > _IN_USE else [])


def make_old(folder: Path) -> None:
    """Give temporary files the age at which they count as abandoned, a day: younger ones may be in use."""
    then = time.time() - 86_400
    for path in folder.rglob(".*"):
        os.utime(path, (then, then), follow_symlinks=False)
