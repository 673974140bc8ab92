"""Two people took snapshots of one project apart: theirs stay what they are, ours come after them.

A snapshot of ours that theirs do not have is

- theirs, where they have one of the same tree and definition, whatever its number;
- made anew on top of theirs otherwise: the same but for its parent, and for its number where the remote has given that
  one already. It then takes the next that nobody has given.

The same lines give the same commits, so that planning twice changes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from dvcore.errors import CorruptError, StateError
from dvcore.ids import CommitId
from dvcore.model.commit import Commit
from dvcore.model.manifest import decode_manifest
from dvcore.prolly import NodeWriter
from dvcore.remote.exchange.lines import Line
from dvcore.repo.cells import check_snapshot_number
from dvcore.repo.objects import Objects, save_commit
from dvcore.repo.revisions import dataset_parent


@dataclass(frozen=True, slots=True)
class Moved:
    """Our snapshot `old`, with the commit that it had, has the number `new` from now on. `is_theirs` where it is the
    remote's now; `has_same_files` where the files of both are byte for byte the same."""

    old: int
    new: int
    commit: CommitId
    is_theirs: bool = False
    has_same_files: bool = True

    @property
    def is_renamed(self) -> bool:
        """Whether its number changes."""
        return self.old != self.new

    @property
    def keeps_files(self) -> bool:
        """Whether what was written under its name is still what the name stands for."""
        return self.has_same_files and not self.is_renamed


def assign_numbers(objects: Objects, ours: Line, theirs: Line, apart: Mapping[int, CommitId]) -> list[Moved]:
    """What becomes of our snapshots that theirs do not have (`apart`), in the order of their numbers.

    Raises StateError where no number is left.
    """
    known = [(number, objects.load_commit(id_)) for number, id_ in theirs.snapshots.items()]
    highest = max(ours.counter, theirs.counter)
    moved = []
    for old, id_ in sorted(apart.items()):
        commit = objects.load_commit(id_)
        twins = {number: twin for number, twin in known if _is_same(twin, commit)}
        if twins:
            new = old if old in twins else max(twins)
            moved.append(Moved(old, new, id_, is_theirs=True, has_same_files=_has_files(objects, twins[new], commit)))
        elif old > theirs.counter:
            moved.append(Moved(old, old, id_))
        else:
            highest = check_snapshot_number(ours.project, highest + 1)
            moved.append(Moved(old, highest, id_))
    return moved


def check_unpublished(ours: Line, moved: list[Moved], pushed: Mapping[CommitId, str], urls: Mapping[int, str]) -> None:
    """Raises StateError where others may know one of our snapshots by its name: it was pushed to a remote, which
    `pushed` names, or its files were written to one of the `urls`."""
    for one in moved:
        name = ours.name(one.old)
        if one.commit in pushed and (one.is_renamed or not one.is_theirs):
            raise StateError(f"{name} is another snapshot there, and ours was pushed to {pushed[one.commit]} already")
        if one.old in urls and not one.keeps_files:
            raise StateError(f"{name} is another snapshot there, and ours was written to {urls[one.old]}")


def rebuild(writer: NodeWriter, objects: Objects, theirs: Line, moved: list[Moved]) -> dict[int, CommitId]:
    """Make our snapshots anew on top of theirs; their commits by number, the newest last."""
    made: dict[int, CommitId] = {}
    parent, time = theirs.newest, objects.load_commit(theirs.newest).time
    for one in sorted((one for one in moved if not one.is_theirs), key=lambda one: one.new):
        commit = objects.load_commit(one.commit)
        time = max(time, commit.time)  # histories are walked by time: no commit is dated before its parent
        message = commit.message
        if message == f"snapshot {theirs.name(one.old)}":
            message = f"snapshot {theirs.name(one.new)}"
        parents = (parent, dataset_parent(commit))
        parent = made[one.new] = save_commit(writer, replace(commit, parents=parents, time=time, message=message))
    return made


def _is_same(one: Commit, other: Commit) -> bool:
    return one.tree == other.tree and one.definition == other.definition


def _has_files(objects: Objects, one: Commit, other: Commit) -> bool:
    """Whether the manifests of two snapshots name the same bytes: another toolchain may make others."""
    return one.manifest == other.manifest or _digest(objects, one) == _digest(objects, other)


def _digest(objects: Objects, commit: Commit) -> bytes:
    if commit.manifest is None:
        raise CorruptError("the commit of a snapshot has no manifest")
    return decode_manifest(objects.read(commit.manifest)).digest
