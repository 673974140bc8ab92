"""A changed example in words, the same on a terminal and on a page."""

from collections.abc import Iterator

from dvcore.model.values import format_value
from dvcore.snapshot.comparing.diff import BoxKind, ExampleChange, Side


def describe_change(change: ExampleChange) -> tuple[str, ...]:
    """What differs, one text for each aspect; of an added or removed example where it is or was."""
    side = change.new or change.old
    if side is None:
        return ()
    if change.old is None or change.new is None:
        return (f"{_labels(side)} in {side.split}" if side.labels else side.split,)
    return tuple(_iter_details(change, change.old, change.new))


def _iter_details(change: ExampleChange, old: Side, new: Side) -> Iterator[str]:
    for aspect in change.aspects:
        match aspect:
            case "labels":
                yield from _relabelled(old, new)
            case "split":
                yield f"split {old.split} -> {new.split}"
            case "boxes":
                yield f"boxes: {_count_boxes(change)}"
            case "variables":
                for name, (before, after) in change.variables.items():
                    yield f"{name} {format_value(before) or 'unset'} -> {format_value(after) or 'unset'}"
            case "path":
                yield f"was {old.exported.path}"
            case _:
                yield aspect


def _relabelled(old: Side, new: Side) -> Iterator[str]:
    for head in old.heads:
        if old.heads[head] != new.heads[head]:
            name = "label" if len(old.heads) == 1 else head
            yield f"{name} {', '.join(old.heads[head]) or 'none'} -> {', '.join(new.heads[head]) or 'none'}"


def _labels(side: Side) -> str:
    return ", ".join(side.labels)


def _count_boxes(change: ExampleChange) -> str:
    counts = change.box_counts()
    return ", ".join(f"{counts[kind]:,} {kind.value}" for kind in BoxKind if kind in counts)
