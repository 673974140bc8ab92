"""The files that are measured with, made once and kept in one folder:

- images: `D1/`, JPEGs of 480x360 in class folders with COCO boxes; `D1mod/`, ten that replace some;
- tiny: `D2/`, files of about 1 KB, 1,000 to a folder; `D2mod/`, ten that replace some;
- large: `D3/base.bin`, one file, and `D3/ins.bin`, the same with 1 MB inserted in the middle.

Deterministic, and made by the generator that the peers were first measured with, where that is at hand.
"""

import random
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from images import CHANGED, draw_images

_GENERATOR: Final = Path(__file__).resolve().parents[2] / "shared" / "bench" / "gen.py"
"""Where the project's developers keep that generator."""

_MEGABYTE: Final = 1_000_000
_IN_FOLDER: Final = 1000
TINY: Final = 200_000
LARGE: Final = 2_000
"""What the generator makes of tiny files, and megabytes of the large one; of images it makes any number."""


@dataclass(frozen=True, slots=True)
class Files:
    """A folder or a single file, and what takes the place of some of it later."""

    source: Path
    changes: Path

    @property
    def changed(self) -> tuple[str, ...]:
        """The paths of the changes in the laid out folder."""
        if self.changes.is_file():
            return (self.source.name,)
        return tuple(sorted(str(path.relative_to(self.changes)) for path in self.changes.rglob("*") if path.is_file()))

    def copy_source(self, folder: Path) -> None:
        """A fresh copy as a new folder."""
        _copy(self.source, folder, self.source.name)

    def copy_changes(self, folder: Path) -> None:
        """Likewise; the large file has its first name, so that it takes the place of the first version."""
        _copy(self.changes, folder, self.source.name)


def image_files(folder: Path, count: int) -> Files:
    files = Files(folder / "D1", folder / "D1mod")
    if not _is_there(files.source, "*.jpg", count) and not _generate(folder, "D1", f"--n={count}"):
        draw_images(files.source, files.changes, count)
    return files


def tiny_files(folder: Path, count: int) -> Files:
    files = Files(folder / "D2", folder / "D2mod")
    if not _is_there(files.source, "*.bin", count) and (count != TINY or not _generate(folder, "D2")):
        _write_tiny(files, count)
    return files


def large_file(folder: Path, megabytes: int) -> Files:
    files = Files(folder / "D3" / "base.bin", folder / "D3" / "ins.bin")
    there = files.source.stat().st_size // _MEGABYTE if files.source.is_file() else 0
    _refuse_other(files.source, there, megabytes, "MB")
    if not there and (megabytes != LARGE or not _generate(folder, "D3")):
        _write_large(files, megabytes)
    return files


def _is_there(folder: Path, pattern: str, count: int) -> bool:
    there = sum(1 for _ in folder.rglob(pattern))
    _refuse_other(folder, there, count, "files")
    return bool(there)


def _refuse_other(path: Path, there: int, wanted: int, unit: str) -> None:
    if there not in (0, wanted):
        raise SystemExit(f"{path} has {there:,} {unit}, not {wanted:,}; give another folder with --data")


def _generate(folder: Path, *arguments: str) -> bool:
    if not _GENERATOR.is_file():
        return False
    subprocess.run([sys.executable, _GENERATOR, folder, *arguments], check=True, stdout=sys.stderr)
    return True


def _write_tiny(files: Files, count: int) -> None:
    source = random.Random("tiny")
    for number in range(count):
        _write(files.source / _tiny_name(number), source.randbytes(source.randrange(900, 1150)))
    for number in range(0, count, max(1, count // CHANGED))[:CHANGED]:
        _write(files.changes / _tiny_name(number), source.randbytes(1024))


def _tiny_name(number: int) -> str:
    return f"d{number // _IN_FOLDER:03d}/f{number:06d}.bin"


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _write_large(files: Files, megabytes: int) -> None:
    source = random.Random("large")
    files.source.parent.mkdir(parents=True, exist_ok=True)
    with files.source.open("wb") as base, files.changes.open("wb") as inserted:
        for number in range(megabytes):
            if number == megabytes // 2:
                inserted.write(source.randbytes(_MEGABYTE))
            content = source.randbytes(_MEGABYTE)
            base.write(content)
            inserted.write(content)


def _copy(source: Path, folder: Path, name: str) -> None:
    if source.is_file():
        folder.mkdir()
        folder = folder / name
    subprocess.run(["cp", "-r", source, folder], check=True)
