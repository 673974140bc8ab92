"""What changed between two snapshots of a project, printed, or as a page."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dset.output import count, counts, say, say_json, say_table
from dset.textfiles import write_text
from dvcore.ids import format_id
from dvcore.repo.repository import Repository
from dvcore.repo.treereader import TreeReader
from dvcore.snapshot.catalog.snapshots import Snapshot, load_snapshot
from dvcore.snapshot.comparing.counts import ALL, count_changes_by_split
from dvcore.snapshot.comparing.diff import (
    BoxKind,
    ChangeKind,
    ExampleChange,
    Side,
    count_boxes,
    count_changes,
    diff_snapshots,
    file_change,
)
from dvcore.snapshot.comparing.text import describe_change

_SIGNS = {ChangeKind.ADDED: "+", ChangeKind.REMOVED: "-", ChangeKind.MODIFIED: "~"}


def say_snapshot_changes(
    repository: Repository, old: str, new: str, *, stat: bool, as_json: bool, page: Path | None
) -> None:
    """What changed for a model from one snapshot of a project to another. With a page, only counts are printed beside
    it unless JSON is asked for."""
    before, after = load_snapshot(repository, old), load_snapshot(repository, new)
    changes = sorted(diff_snapshots(repository, before, after), key=lambda change: change.path.encode())
    if page is not None:
        from dvcore.snapshot.comparing.page import snapshot_changes_page  # noqa: PLC0415 - Pillow, which only pages need

        write_text(page, snapshot_changes_page(repository, before, after, changes))
    if as_json:
        _say_json(repository, before, after, changes, stat=stat)
        return
    if not stat and page is None:
        for change in changes:
            say(f"{_SIGNS[change.kind]} {change.path}  ({'; '.join(describe_change(change))})")
    _say_totals(changes)
    if stat:
        _say_counts(before, after)


def _say_json(
    repository: Repository, before: Snapshot, after: Snapshot, changes: Sequence[ExampleChange], *, stat: bool
) -> None:
    if stat:
        splits = [_counts_json(before, after, name) for name in ("old", "new")]
        say_json({"images": count_changes(changes), "boxes": count_boxes(changes), "splits": splits})
        return
    trees = repository.tree(before.tree), repository.tree(after.tree)
    for change in changes:
        say_json(_change_json(*trees, change))


def _say_totals(changes: Sequence[ExampleChange]) -> None:
    totals = count_changes(changes)
    kinds = [kind.value for kind in ChangeKind]
    aspects = ", ".join(f"{what} of {times:,}" for what, times in totals.items() if what not in kinds)
    line = f"{count(len(changes), 'image')}: {counts((totals[kind], kind) for kind in kinds)}"
    say(f"{line} ({aspects})" if aspects else line)
    boxes = count_boxes(changes)
    if any(boxes.values()):
        say(f"boxes: {counts((boxes[kind.value], kind.value) for kind in BoxKind)}")


def _say_counts(before: Snapshot, after: Snapshot) -> None:
    rows = [
        (one.split, one.label, one.old, one.new, f"{one.new - one.old:+,}" if one.new != one.old else "")
        for one in count_changes_by_split(before, after)
    ]
    say_table(rows, ("split", "label", "before", "after", ""))


def _counts_json(before: Snapshot, after: Snapshot, side: str) -> dict[str, Any]:
    found: dict[str, dict[str, int]] = {split.name: {} for split in after.definition.splits}
    for one in count_changes_by_split(before, after):
        if one.label is not ALL:
            found[one.split][one.label] = getattr(one, side)
    return found


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
        "heads": [_heads_json(side) for side in sides],
        "boxes": _boxes_json(change),
    }


def _heads_json(side: Side | None) -> Mapping[str, list[str]] | None:
    return None if side is None else {head: list(labels) for head, labels in side.heads.items()}


def _boxes_json(change: ExampleChange) -> dict[str, dict[str, int]]:
    """By the name of the group, how many instances of its classes were added, removed, moved, changed."""
    found: dict[str, Counter[str]] = {}
    for box in change.boxes:
        found.setdefault(box.held.group, Counter())[box.kind.value] += 1
    return {group: {kind.value: numbers[kind.value] for kind in BoxKind} for group, numbers in found.items()}
