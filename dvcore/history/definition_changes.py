"""What changed between two definitions of projects, in the words of the TOML file."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Final

from dvcore.model.definition import Definition, ImageOptions, Label

_TEXTS: Final = ("where", "group_by", "overlap", "leak")


@dataclass(frozen=True, slots=True)
class DefinitionChange:
    """A part of a definition, such as `downsample`, `label walnut` or `split test ratio`, before and after; None where
    it was not, or is no longer, there."""

    part: str
    old: str | None
    new: str | None


def diff_definitions(old: Definition, new: Definition) -> list[DefinitionChange]:
    """Every part that differs, in the order of the definition; then lists whose common members changed places, which
    gives classes other numbers."""
    before, after = dict(_iter_parts(old)), dict(_iter_parts(new))
    parts = (*after, *(part for part in before if part not in after))
    changes = (DefinitionChange(part, before.get(part), after.get(part)) for part in parts)
    return [*(one for one in changes if one.old != one.new), *_iter_order_changes(old, new)]


def _iter_parts(definition: Definition) -> Iterator[tuple[str, str | None]]:
    """All that a definition says, flat: names of parts, and what each is."""
    yield "directories", ", ".join(definition.directories) or None
    yield from ((name, getattr(definition, name)) for name in _TEXTS)
    yield "stratify", "true" if definition.stratify else "false"
    yield from ((one.name, getattr(definition.image, one.name)) for one in fields(ImageOptions))
    yield from _iter_labels("label", definition.labels)
    for feature in definition.features:
        name = f"feature {feature.name}"
        yield name, feature.kind
        yield from ((f"{name} {option}", feature.options[option]) for option in sorted(feature.options))
        yield from _iter_labels(f"{name} class", feature.classes)
    for split in definition.splits:
        yield f"split {split.name} ratio", split.ratio
        yield f"split {split.name} where", split.where
        yield f"split {split.name} shards", None if split.shards is None else str(split.shards)
    yield "bounds", "; ".join(", ".join(map(str, bounds)) for bounds in definition.label_bounds) or None


def _iter_labels(what: str, labels: Sequence[Label]) -> Iterator[tuple[str, str]]:
    return ((f"{what} {label.name}", label.where) for label in labels)


def _iter_order_changes(old: Definition, new: Definition) -> Iterator[DefinitionChange]:
    before, after = _lists(old), _lists(new)
    for what in (name for name in before if name in after):
        common = set(before[what]) & set(after[what])
        left, right = ([name for name in side[what] if name in common] for side in (before, after))
        if left != right:
            yield DefinitionChange(f"order of {what}", ", ".join(left), ", ".join(right))


def _lists(definition: Definition) -> dict[str, list[str]]:
    """Names whose order matters."""
    return {
        "labels": [label.name for label in definition.labels],
        "features": [feature.name for feature in definition.features],
        "splits": [split.name for split in definition.splits],
        **{f"classes of {one.name}": [label.name for label in one.classes] for one in definition.features},
    }
