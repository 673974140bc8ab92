"""Faults: what is damaged, each once, by number."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

LISTED_FAULTS: Final = 10_000
"""Of each sort. Beyond so many, a disk is lost as a whole; the others are counted, so that memory stays bounded."""
KNOWN_FAULTS: Final = 100_000
"""So many are known again, listed or not, so that each is counted once and a damaged blob is known to be one."""


class Damaged(Enum):
    """What a fault is in, in the words of `dset fsck --json`."""

    STORE = "store"
    CELL = "cell"
    OBJECT = "object"
    BLOB = "blob"
    CHUNK = "chunk"
    FILE = "file"
    """The record of a file, which no hash of its own covers: the program that wrote it was wrong."""


@dataclass(frozen=True, slots=True)
class Fault:
    """`name` is the id in hex, the name of a cell, or the place of a store."""

    damaged: Damaged
    name: str
    reason: str


class Faults:
    """The faults of a repository, in the order in which they were found, and how many of each sort are not listed."""

    def __init__(self) -> None:
        self.listed: list[Fault] = []
        self.unlisted: Counter[Damaged] = Counter()
        self._counts: Counter[Damaged] = Counter()
        self._last: dict[Damaged, int] = {}
        self._numbers: dict[tuple[Damaged, str], int] = {}

    def add(self, damaged: Damaged, name: bytes | str, reason: str) -> int:
        """The fault's number; that of the first one where there are several in one thing. The last one listed of a sort
        stands for those of its sort that are not."""
        text = name if isinstance(name, str) else name.hex()
        number = self._numbers.get((damaged, text))
        return self._add(Fault(damaged, text, reason)) if number is None else number

    def _add(self, fault: Fault) -> int:
        if self._counts[fault.damaged] < LISTED_FAULTS:
            self._counts[fault.damaged] += 1
            self._last[fault.damaged] = len(self.listed)
            self.listed.append(fault)
        else:
            self.unlisted[fault.damaged] += 1
        number = self._last[fault.damaged]
        if len(self._numbers) < KNOWN_FAULTS:
            self._numbers[fault.damaged, fault.name] = number
        return number

    def remark(self, number: int, remark: str) -> None:
        """Say more of a fault, once."""
        fault = self.listed[number]
        if not fault.reason.endswith(remark):
            self.listed[number] = replace(fault, reason=f"{fault.reason}; {remark}")

    def find(self, damaged: Damaged, id_: bytes) -> int | None:
        """The number of the fault in something with an id, or None where it is not known to be damaged."""
        return self._numbers.get((damaged, id_.hex())) if self._numbers else None
