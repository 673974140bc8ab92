"""Checking a repository: the structure of its stores, every stored value, every cell, every link.

Finds what is damaged and names it with what it concerns; changes nothing. It may run beside writers: what it follows is
one state of both stores. Memory is bounded however much there is; what is known of objects is kept in a scratch file
beyond some size.
"""

from __future__ import annotations

from collections.abc import Container
from contextlib import closing, nullcontext, suppress
from dataclasses import dataclass

from dvcore.errors import CorruptError, DsetError
from dvcore.ids import format_short
from dvcore.model.commit import decode_commit
from dvcore.progress import Progress, Silent
from dvcore.repo.cells import HEAD, find_cell
from dvcore.repo.fsck.cells import Start, find_commit_fault, iter_starts
from dvcore.repo.fsck.faults import Damaged, Faults
from dvcore.repo.fsck.following import Following
from dvcore.repo.fsck.holding import Holding
from dvcore.repo.fsck.naming import Naming
from dvcore.repo.fsck.problems import Problem
from dvcore.repo.fsck.summaries import Summaries
from dvcore.repo.fsck.values import check_blobs, check_objects
from dvcore.repo.objects import Objects
from dvcore.repo.repository import Repository
from dvcore.store import ReadTransaction, Store, Table
from dvcore.store.spilling import SpillingMap

__all__ = ["Checked", "Problem", "check", "check_repository"]


@dataclass(frozen=True, slots=True)
class Checked:
    """What is wrong. `blobs` are those that files need and that are damaged or missing, with their sizes in bytes;
    `unlisted` counts what is damaged and not among the problems. There is a limit to both lists. `absent` counts blobs
    that files need and that are on a remote and not here, which is no fault; whether they are there was not asked."""

    problems: list[Problem]
    blobs: dict[bytes, int]
    unlisted: int = 0
    absent: int = 0


def check_repository(repository: Repository, *, read_blobs: bool = True) -> list[Problem]:
    """What is wrong; an empty list where all is well. Without `read_blobs` the bytes of blobs are not read, only
    whether they are there and how long they are.

    Raises StorageError where the disk cannot be read.
    """
    return check(repository, read_blobs=read_blobs).problems


def check(
    repository: Repository,
    *,
    read_blobs: bool = True,
    lost: Container[bytes] = frozenset(),
    progress: Progress | None = None,
) -> Checked:
    """See `check_repository`. Blobs that are absent and `lost`, since no remote has them, are problems too."""
    return _Check(repository, lost, progress or Silent()).run(read_blobs=read_blobs)


class _Check:
    def __init__(self, repository: Repository, lost: Container[bytes], progress: Progress) -> None:
        self._repository = repository
        self._lost = lost
        self._stores = repository.stores  # the same for the whole check, whatever is collected meanwhile
        self._progress = progress
        self._faults = Faults()
        self._absent = 0

    def run(self, *, read_blobs: bool) -> Checked:
        """Damage in the pages of one store says nothing of the other: there, all is looked at that can be."""
        stores, scratch = self._stores, self._repository.scratch
        are_blobs_sound = self._has_structure(stores.blobs, "blobs")
        are_objects_sound = self._has_structure(stores.objects, "objects")
        if are_objects_sound:
            check_objects(stores.objects, self._faults, self._progress)
        if are_blobs_sound:
            check_blobs(stores.blobs, self._faults, self._progress, read=read_blobs, scratch=scratch)
        return self._follow(with_blobs=are_blobs_sound) if are_objects_sound else self._told([], {})

    def _has_structure(self, store: Store, what: str) -> bool:
        """Whether the store can be read; LMDB would follow damaged pages out of its map, and the process would end."""
        self._progress.start(f"checking the structure of {what}", None)
        try:
            store.check_structure(self._progress)
        except CorruptError as error:
            self._faults.add(Damaged.STORE, what, f"{error.message}; nothing in it was looked at")
            return False
        finally:
            self._progress.finish()
        return True

    def _follow(self, *, with_blobs: bool) -> Checked:
        scratch = self._repository.scratch
        summaries = Summaries(scratch)
        # Blobs second: what the objects of this state refer to was durable before them. Between the two nothing of it
        # goes: gc sweeps in place only what nobody else has open, and these stores are open since before.
        reading_blobs = self._stores.blobs.read() if with_blobs else nullcontext()
        absent = SpillingMap(scratch)
        with closing(summaries), closing(absent), self._stores.objects.read() as objects, reading_blobs as blobs:
            reader = _Reader(objects)
            with closing(Holding(reader, scratch)) as holding:
                following = Following(
                    objects,
                    blobs,
                    self._faults,
                    summaries=summaries,
                    holding=holding,
                    absent=absent,
                    lost=self._lost,
                    progress=self._progress,
                )
                self._progress.start("following links", None)
                for start in iter_starts(objects, self._faults):
                    following.follow(start.link)
                    self._check_sort(start, objects)
                self._progress.finish()
            self._absent = sum(1 for _ in absent.iter_items())
            if not self._faults.listed:
                return self._told([], {})
            naming = Naming(Objects(reader), self._faults, summaries, _branch(objects))
            return self._told(naming.problems(iter_starts(objects, Faults())), following.sizes)

    def _told(self, problems: list[Problem], blobs: dict[bytes, int]) -> Checked:
        told = problems or [Problem(fault.damaged, fault.name, fault.reason) for fault in self._faults.listed]
        return Checked(told, blobs, self._faults.unlisted.total(), self._absent)

    def _check_sort(self, start: Start, objects: ReadTransaction) -> None:
        """Whether a ref leads to a commit of the sort that it has to; one that cannot be read is told of already."""
        data = objects.get(Table.OBJECTS, start.link.id) if start.is_ref else None
        with suppress(DsetError):
            reason = None if data is None else find_commit_fault(start.cell, decode_commit(data))
            if reason is not None:
                self._faults.add(Damaged.CELL, start.cell, reason)


class _Reader:
    """The objects in one state of a store."""

    def __init__(self, transaction: ReadTransaction) -> None:
        self._transaction = transaction

    def read(self, object_id: bytes) -> bytes:
        data = self._transaction.get(Table.OBJECTS, object_id)
        if data is None:
            raise CorruptError(f"object {format_short(object_id)} is missing")
        return data


def _branch(objects: ReadTransaction) -> object:
    """The current branch, as far as that is known."""
    try:
        return find_cell(objects, HEAD)
    except DsetError:
        return None
