"""The order of writes and syncs, which decides what a power cut leaves: a killed process cannot show it, since what it
wrote stays in the system's cache.

strace tells the system calls of real commands. Of everything under `.dset` but what can be deleted at any time:

- LMDB's meta page, written through a descriptor that syncs each write, is written when nothing of that file waits for
  a sync; that of the objects, which refer to blobs, when nothing of the blobs does either;
- a file gets its name when it has been synced;
- when the command ends, nothing waits for a sync, names neither.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from torture.processes import start_script
from torture.scene import Kind
from torture.stage import BrokenError, Stage, orderly
from torture.system_calls import can_trace

_CALLS = (
    "openat write pwrite64 pwritev writev fdatasync fsync ftruncate rename renameat renameat2 link linkat unlink "
    "unlinkat mkdir close"
)
_WRITES = frozenset(["write", "pwrite64", "pwritev", "writev", "ftruncate"])
_UNFINISHED = re.compile(r"^(\d+) +(.*) <unfinished \.\.\.>$")
_RESUMED = re.compile(r"^(\d+) +<\.\.\. \w+ resumed>(.*)$")
_LINE = re.compile(r"^\d+ (\w+)\((.*)\) += (-?\d+)(<[^>]*>)?")
_DESCRIPTOR = re.compile(r"^(\d+)<([^>]*)>")


@dataclass(slots=True)
class _Disk:
    """What waits for a sync."""

    root: Path
    unsynced: set[str] = field(default_factory=set)
    unnamed: set[str] = field(default_factory=set)
    through: set[str] = field(default_factory=set)
    wrongs: list[str] = field(default_factory=list)
    syncs: int = 0

    def take(self, call: str, arguments: str, result: str) -> None:
        if call == "openat":
            self._open(arguments, result)
        elif call in _WRITES:
            self._write(*_descriptor(arguments))
        elif call in ("fsync", "fdatasync"):
            self._sync(_descriptor(arguments)[1])
        elif call == "close":
            self.through.discard(_descriptor(arguments)[0])
        elif call.startswith(("rename", "link")):
            self._name(*_paths(arguments))
        elif call == "mkdir":
            self._add_name(_paths(arguments)[0])

    def _open(self, arguments: str, descriptor: str) -> None:
        if "O_DSYNC" in arguments or "O_SYNC" in arguments:
            self.through.add(descriptor)
        if "O_CREAT" in arguments and "O_EXCL" in arguments:
            self._add_name(_paths(arguments)[-1])

    def _write(self, descriptor: str, path: str) -> None:
        if not self._matters(path):
            return
        if descriptor not in self.through:
            self.unsynced.add(path)
            return
        self.syncs += 1
        waiting = {one for one in self.unsynced if one == path or "/blobs." in one}
        if waiting:
            self.wrongs.append(f"the meta page of {path} is written before {sorted(waiting)} are synced")

    def _sync(self, path: str) -> None:
        self.syncs += 1
        self.unsynced.discard(path)
        self.unnamed = {one for one in self.unnamed if str(Path(one).parent) != path}

    def _name(self, old: str, new: str) -> None:
        waiting = [one for one in self.unsynced if one == old or one.startswith(f"{old}/")]
        if waiting and self._matters(new):
            self.wrongs.append(f"{new} gets its name before {waiting} are synced")
        self.unsynced = {one.replace(old, new, 1) if one in waiting else one for one in self.unsynced}
        self.unnamed = {one.replace(old, new, 1) if one.startswith(f"{old}/") else one for one in self.unnamed}
        self._add_name(new)

    def _add_name(self, path: str) -> None:
        if self._matters(path):
            self.unnamed.add(path)

    def _matters(self, path: str) -> bool:
        parts = Path(path).parts
        if ".dset" not in parts or not path.startswith(str(self.root)):
            return False
        inside = parts[parts.index(".dset") + 1 :]
        return bool(inside) and inside[0] not in ("cache", "gate", "gc") and not inside[0].endswith("-lock")

    def end(self) -> list[str]:
        """What is wrong when the command has ended."""
        there = [path for path in sorted(self.unsynced | self.unnamed) if Path(path).exists()]
        return self.wrongs + [f"{path} still waits for a sync" for path in there]


def check_order(stage: Stage) -> str:
    """The order of each kind of command. Gives the figures."""
    if not can_trace():
        stage.skipped.append("the order of syncs: strace is absent or may not trace")
        return ""
    chosen = stage.kinds()
    syncs = 0
    for kind in chosen:
        work = stage.copy(stage.prepared(*kind.setup))
        before = stage.state(work)
        with stage.trial(work, f"{kind.name}, order of syncs"):
            done = _check_once(stage, work, kind)
            if done == 0 and stage.state(work) != before:
                raise BrokenError("it changed the state, and synced nothing")
            syncs += done
    return f"{syncs} syncs of {len(chosen)} kinds of commands in the right order"


def _check_once(stage: Stage, work: Path, kind: Kind) -> int:
    disk = _traced(stage, work, kind)
    if wrongs := disk.end():
        raise BrokenError("; ".join(wrongs[:3]))
    return disk.syncs


def _traced(stage: Stage, work: Path, kind: Kind) -> _Disk:
    record = stage.output / "order"
    options = ["-f", "-y", "-qq", "-s", "4096", "-o", str(record), "-e", f"trace={_CALLS.replace(' ', ',')}"]
    ended = orderly(start_script(work, *kind.arguments, output=stage.output, wrapper=["strace", *options]).wait())
    if ended.code != 0:
        raise BrokenError(str(ended))
    disk = _Disk(work)
    for line in _whole_lines(record.read_text("utf-8", errors="replace")):
        found = _LINE.match(line)
        if found and not found[3].startswith("-"):
            disk.take(found[1], found[2], found[3])
    return disk


def _whole_lines(text: str) -> Iterator[str]:
    """Lines, those of calls that another thread's interrupted put together again, where they ended."""
    begun: dict[str, str] = {}
    for line in text.splitlines():
        if found := _UNFINISHED.match(line):
            begun[found[1]] = found[2]
        elif found := _RESUMED.match(line):
            yield f"{found[1]} {begun.pop(found[1], '')}{found[2]}"
        else:
            yield re.sub(r"^(\d+) +", r"\1 ", line)


def _descriptor(arguments: str) -> tuple[str, str]:
    found = _DESCRIPTOR.match(arguments)
    return (found[1], found[2]) if found else ("", "")


def _paths(arguments: str) -> list[str]:
    """The paths in a call's arguments, absolute: behind a descriptor they are relative to its folder."""
    found = re.findall(r'(?:(?:AT_FDCWD|\d+)<([^>]*)>, )?"((?:[^"\\]|\\.)*)"', arguments)
    return [str(Path(folder) / name) if folder else name for folder, name in found]
