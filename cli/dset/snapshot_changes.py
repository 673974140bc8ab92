"""What changed between two snapshots of a project, printed."""

from collections.abc import Mapping
from typing import Any

from dset.output import count, counts, say, say_json
from dvcore.ids import format_id
from dvcore.repo.repository import Repository
from dvcore.repo.treereader import TreeReader
from dvcore.snapshot.catalog import Snapshot, load_snapshot
from dvcore.snapshot.diff import ChangeKind, ExampleChange, Side, count_changes, diff_snapshots, file_change


def say_snapshot_changes(repository: Repository, old: str, new: str, *, stat: bool, as_json: bool) -> None:
    """What changed for a model from one snapshot of a project to another."""
    before, after = load_snapshot(repository, old), load_snapshot(repository, new)
    changes = sorted(diff_snapshots(repository, before, after), key=lambda change: change.path.encode())
    totals = count_changes(changes)
    if as_json and stat:
        say_json({"images": totals, "splits": [_counts_json(one) for one in (before, after)]})
    elif as_json:
        trees = repository.tree(before.tree), repository.tree(after.tree)
        for change in changes:
            say_json(_change_json(*trees, change))
    else:
        if not stat:
            for change in changes:
                say(_change_line(change))
        say(_totals_line(len(changes), totals))


def _totals_line(number: int, totals: Mapping[str, int]) -> str:
    kinds = [kind.value for kind in ChangeKind]
    aspects = ", ".join(f"{what} of {times:,}" for what, times in totals.items() if what not in kinds)
    line = f"{count(number, 'image')}: {counts((totals[kind], kind) for kind in kinds)}"
    return f"{line} ({aspects})" if aspects else line


def _counts_json(snapshot: Snapshot) -> dict[str, Any]:
    definition = snapshot.definition
    names = [label.name for label in definition.labels]
    return {
        split.name: dict(zip(names, row, strict=True))
        for split, row in zip(definition.splits, snapshot.manifest.label_counts, strict=True)
    }


def _change_json(before: TreeReader, after: TreeReader, change: ExampleChange) -> dict[str, Any]:
    """All that a line of two trees' difference has, then what only snapshots have. Blobs are those of the examples."""
    sides = (change.old, change.new)
    file, annotations = file_change(before, after, change)
    added, removed, modified = annotations.counts()
    return {
        "change": change.kind.value,
        "path": change.path,
        "file": format_id(change.file),
        "blob": [format_id(side.exported.blob) if side else None for side in sides],
        "variables": {name: list(values) for name, values in annotations.variables.items()},
        "instances": {"added": added, "removed": removed, "modified": modified},
        "annotated": [record.annotated if record else None for record in (file.old, file.new)],
        "labels": [list(side.labels) if side else None for side in sides],
        "split": [side.split if side else None for side in sides],
        "differs": list(change.aspects),
    }


def _change_line(change: ExampleChange) -> str:
    if change.old is None or change.new is None:
        side = change.new or change.old
        assert side is not None, "a change has at least one side"
        return f"{'+' if change.old is None else '-'} {change.path}  ({_where(side)})"
    details = []
    if change.old.labels != change.new.labels:
        details.append(f"label {_labels(change.old)} -> {_labels(change.new)}")
    if change.old.split != change.new.split:
        details.append(f"split {change.old.split} -> {change.new.split}")
    others = [aspect for aspect in change.aspects if aspect not in {"labels", "split"}]
    return f"~ {change.path}  ({'; '.join(details + others)})"


def _where(side: Side) -> str:
    return f"{_labels(side)} in {side.split}" if side.labels else side.split


def _labels(side: Side) -> str:
    return ", ".join(side.labels) or "none"
