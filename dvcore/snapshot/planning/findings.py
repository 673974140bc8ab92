"""What stands against a plan: what a snapshot stops at, and what may not be meant and only warns."""

from collections.abc import Iterator, Sequence
from typing import Final

from dvcore.errors import ConflictError, FaultyFilesError, StateError
from dvcore.snapshot.features.groups import column_titles, counted_columns
from dvcore.snapshot.features.listing import STOP, heads_of
from dvcore.snapshot.planning.plan import Overlap, Plan
from dvcore.snapshot.planning.undecided import ungrouped_line
from dvcore.snapshot.splits.leaks import check_leaks, leak_lines

_NAMED: Final = 10
"""Files that a message names before it only counts."""


def check_plan(plan: Plan) -> None:
    """Raises what keeps a plan from becoming a snapshot: ConflictError for images of two labels (`overlap = "stop"`)
    and for bytes or a group in two splits (`leak = "stop"`), FaultyFilesError for images of more bits than there is a
    rule for, naming the files; StateError where a variable is not set that a feature wants, or no image is left."""
    stopping = {head.feature.name for head in heads_of(plan.definition) if head.overlap == STOP}
    overlaps = [overlap for overlap in plan.overlaps if overlap.feature in stopping]
    if overlaps:
        raise ConflictError(
            _overlap_message(overlaps), hint='make the labels exclude each other, or set overlap = "first"'
        )
    check_leaks(plan.definition, plan.leaks)
    if plan.too_deep:
        raise FaultyFilesError(
            _depth_message(plan),
            plan.too_deep,
            hint='set range to "full" or "LO:HI" or bit_depth to "16", or leave them out with a prefilter',
        )
    if plan.unset:
        raise StateError(_unset_message(plan), hint="annotate them, or give the feature the option unset")
    if not plan.examples:
        counts = ", ".join(f"{number} left out: {reason}" for reason, number in plan.left_out_counts().items())
        raise StateError(f"the project holds no image{f' ({counts})' if counts else ''}", hint="check its filters")


def plan_warnings(plan: Plan) -> list[str]:
    """What may not be meant, one line each: empty labels, splits and cells, overlaps, leaks, too many bits, variables
    that are not set, instances that are left out, images that filters leave undecided or that have no group."""
    empty = (split for split, total in zip(plan.definition.splits, plan.split_counts(), strict=True) if not total)
    result = [f"the split {split.name!r} is empty" for split in empty]
    result += _empty_cells(plan)
    if plan.overlaps:
        result.append(_overlap_message(plan.overlaps))
    result += leak_lines(plan.definition, plan.leaks)
    if plan.too_deep:
        result.append(f"{_depth_message(plan)}, a snapshot stops at them: {_listed(plan.too_deep)}")
    if plan.unset:
        result.append(f"{_unset_message(plan)}; a snapshot stops at them")
    result += _instance_lines(plan)
    result += map(str, plan.undecided)
    if plan.definition.group_by is not None and plan.ungrouped:
        result.append(ungrouped_line(plan.definition.group_by, plan.ungrouped))
    return result


def _empty_cells(plan: Plan) -> Iterator[str]:
    rows, totals, splits = plan.label_counts(), plan.split_counts(), plan.definition.splits
    cells = []
    columns = counted_columns(plan.definition)
    titles = column_titles(columns)
    for index, (column, title) in enumerate(zip(columns, titles, strict=True)):
        numbers = [row[index] for row in rows]
        if not any(numbers):
            place = [one.feature for one in columns[:index]].count(column.feature)
            yield f"the label {title!r} is empty; it keeps its index {place}"
            continue
        counts = zip(splits, numbers, totals, strict=True)
        cells += [f"{title!r} in {split.name!r}" for split, number, total in counts if total and not number]
    if cells:
        yield f"labels that are empty in a split: {_listed(cells)}"


def _instance_lines(plan: Plan) -> Iterator[str]:
    for name, counts in plan.instances_left_out.items():
        for reason, number in counts.items():
            are = "instance is" if number == 1 else "instances are"
            yield f"the feature {name!r}: {number:,} {are} left out, {reason}"


def _overlap_message(overlaps: Sequence[Overlap]) -> str:
    images = len({overlap.file for overlap in overlaps})
    return f"{images} {'image has' if images == 1 else 'images have'} more than one label: {_listed(overlaps)}"


def _depth_message(plan: Plan) -> str:
    number = len(plan.too_deep)
    return f"{number} {'image has' if number == 1 else 'images have'} more bits per sample than there is a rule for"


def _unset_message(plan: Plan) -> str:
    number = len(plan.unset)
    return f"{number} {'value is' if number == 1 else 'values are'} not set: {_listed(plan.unset)}"


def _listed(items: Sequence[object]) -> str:
    more = f", and {len(items) - _NAMED} more" if len(items) > _NAMED else ""
    return ", ".join(map(str, items[:_NAMED])) + more
