"""Shows what an import did: in lines for people, or as one JSON object."""

from collections.abc import Iterable
from typing import Any, Final

from dset.output import count, counts, note, one_line, say, warn
from dvcore.errors import Fault
from dvcore.formats.intake.report import ImportReport

_SHOWN: Final = 20


def say_report(report: ImportReport, to: str) -> None:
    """What came in on stdout; what did not, and what was assumed, on stderr."""
    _say_files(report, to)
    _say_instances(report)
    for line in report.notes:
        note(line)
    for line in report.warnings:
        warn(line)
    _note_faults("left out, cannot be imported", report.faulty_files, "file")
    _note_faults("left out, cannot be stored", report.left_out, "instance")
    _note_faults("stored with a change", report.adjusted, "instance")


def json_report(report: ImportReport, to: str) -> dict[str, Any]:
    """The object that `dset import --json` prints; `docs/importing.md` has its keys."""
    files = report.files
    return {
        "to": to,
        "format": report.format,
        "reason": report.reason,
        "files": {
            "added": files.added,
            "unchanged": files.unchanged,
            "completed": files.completed,
            "replaced": files.replaced,
            "skipped": files.skipped,
            "renamed": dict(files.new_names),
            "passed_over": report.passed_over,
            "faulty": _json_faults(report.faulty_files),
        },
        "instances": {
            "stated": report.stated_instances,
            "taken": report.taken_instances,
            "labels": dict(report.instances),
            "left_out": _json_faults(report.left_out),
            "refused": report.refused_instances,
            "repeated": report.repeated_instances,
            "changed": _json_faults(report.adjusted),
            "added": files.instances_added,
            "present": files.instances_present,
            "edited": files.instances_edited,
            "removed": files.instances_removed,
        },
        "converted": report.converted,
        "values_kept": files.values_kept,
        "notes": list(report.notes),
        "warnings": list(report.warnings),
    }


def _say_files(report: ImportReport, to: str) -> None:
    files = report.files
    kinds = [
        (files.added, "file added" if files.added == 1 else "files added"),
        (files.unchanged, "unchanged"),
        (files.completed, "there already and completed"),
        (files.replaced, "replaced"),
        (files.skipped, "skipped"),
        (files.renamed, "renamed"),
    ]
    say(f"{to}: {counts(kinds)}")
    for old, new in list(files.new_names.items())[:_SHOWN]:
        say(f"  {old} came in as {new}")
    if report.passed_over:
        say(f"passed over {count(report.passed_over, 'file')} not meant to come in")
    if report.converted:
        say(f"turned the coordinates of {count(report.converted, 'file')} from stored to displayed")
    if files.values_kept:
        note(f"{count(files.values_kept, 'file')} kept another value than came in; 'dset annotate --set' changes it")


def _say_instances(report: ImportReport) -> None:
    if not report.stated_instances:
        return
    taken = f"{report.taken_instances:,} of {count(report.stated_instances, 'instance')}"
    labels = [f"{one_line(label)} {number:,}" for label, number in report.instances.items()]
    more = [f"{len(labels) - _SHOWN:,} more labels"] if len(labels) > _SHOWN else []
    say(f"{taken}: {', '.join(labels[:_SHOWN] + more)}" if labels else taken)
    files = report.files
    numbers = [
        (files.instances_added, "added"),
        (files.instances_present, "there already"),
        (files.instances_edited, "edited"),
        (files.instances_removed, "removed"),
        (len(report.left_out), "left out"),
        (report.refused_instances, "of files that were left out"),
        (report.repeated_instances, "stated twice"),
    ]
    say(f"  {counts(numbers)}")


def _note_faults(what: str, faults: tuple[Fault, ...], noun: str) -> None:
    if faults:
        note(f"{count(len(faults), noun)} {what}:")
        for fault in faults[:_SHOWN]:
            note(f"  {fault}")
        if len(faults) > _SHOWN:
            note(f"  … and {len(faults) - _SHOWN:,} more")


def _json_faults(faults: Iterable[Fault]) -> list[dict[str, str]]:
    return [{"where": one.where, "reason": one.reason} for one in faults]
