"""What an import did, for whoever shows it."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from dvcore.errors import Fault
from dvcore.repo.adding import AddReport


@dataclass(frozen=True, slots=True)
class ImportReport:
    """`format` read the source, because of `reason`.

    `files` counts what became of the files that came in, and of their instances. `passed_over` counts files that were
    not meant to come in, `faulty_files` names those that could not (with `skip_bad`). `instances` counts, by label,
    what the source gave and could be placed; `left_out` names what could not, `adjusted` what was cut off or lost a
    part. `refused_instances` are those of files that could not come in, `repeated_instances` those that the source has
    twice; with them, `stated_instances` counts all that it has. `converted` counts the files whose coordinates were
    turned from raw to displayed. `notes` and `warnings` are sentences for people.
    """

    format: str
    reason: str
    files: AddReport
    passed_over: int
    faulty_files: tuple[Fault, ...]
    instances: Mapping[str, int]
    left_out: tuple[Fault, ...]
    refused_instances: int
    repeated_instances: int
    adjusted: tuple[Fault, ...]
    converted: int
    notes: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def taken_instances(self) -> int:
        """Those of all labels."""
        return sum(self.instances.values())

    @property
    def stated_instances(self) -> int:
        """All that the source has: taken, left out, refused with their file, repeated."""
        return self.taken_instances + len(self.left_out) + self.refused_instances + self.repeated_instances


def pack_report(report: ImportReport) -> dict[str, Any]:
    """The report as values that msgpack holds."""
    return {**asdict(report), "files": {**asdict(report.files), "tree": None}}


def unpack_report(packed: dict[str, Any]) -> ImportReport:
    """The report that was packed."""
    faults = {name: _faults(packed[name]) for name in ("faulty_files", "left_out", "adjusted")}
    sentences = {name: tuple(packed[name]) for name in ("notes", "warnings")}
    return ImportReport(**{**packed, **faults, **sentences, "files": AddReport(**packed["files"])})


def _faults(packed: Iterable[Mapping[str, str]]) -> tuple[Fault, ...]:
    return tuple(Fault(**one) for one in packed)
