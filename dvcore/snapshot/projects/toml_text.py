"""Definitions written as TOML files: see `dvcore.snapshot.projects.toml`, which reads them."""

from collections.abc import Mapping, Sequence

from dvcore.model.definition import Bounds, Definition, Feature, Label, Split
from dvcore.snapshot.projects.toml import IMAGE_KEYS, LABELS, stratified_place


def format_definition(definition: Definition) -> str:
    """The TOML text of a definition, every key written out that has a value."""
    blocks = [_main_lines(definition), *_label_blocks("labels", definition.labels, _bounds_at(definition, LABELS))]
    for index, feature in enumerate(definition.features):
        blocks += _feature_blocks(feature, _bounds_at(definition, index))
    blocks += [_split_lines(split) for split in definition.splits]
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _main_lines(definition: Definition) -> list[str]:
    return [
        f"directories = [{', '.join(map(_quoted, definition.directories))}]",
        *_assignments({"where": definition.where, "group_by": definition.group_by}),
        f"stratify = {'true' if definition.stratify else 'false'}",
        *_assignments({"overlap": definition.overlap, "leak": definition.leak}),
        *_assignments({name: getattr(definition.image, name) for name in IMAGE_KEYS}),
    ]


def _feature_blocks(feature: Feature, bounds: Sequence[Bounds]) -> list[list[str]]:
    lines = ["[[features]]", *_assignments({"kind": feature.kind, "name": feature.name, **feature.options})]
    return [lines, *_label_blocks("features.classes", feature.classes, bounds)]


def _label_blocks(table: str, labels: Sequence[Label], bounds: Sequence[Bounds]) -> list[list[str]]:
    known = dict(zip((label.name for label in labels), bounds, strict=False))  # those that came last may have none
    return [
        [
            f"[[{table}]]",
            *_assignments({"name": label.name, "where": label.where}),
            *([f"bounds = {list(known[label.name])}"] if known.get(label.name) else []),
        ]
        for label in labels
    ]


def _bounds_at(definition: Definition, place: int) -> tuple[Bounds, ...]:
    return definition.label_bounds if stratified_place(definition) == place else ()


def _split_lines(split: Split) -> list[str]:
    shards = [] if split.shards is None else [f"shards = {split.shards}"]
    named = ["[[splits]]", f"name = {_quoted(split.name)}", f"ratio = {split.ratio}"]
    return [*named, *_assignments({"where": split.where}), *shards]


def _assignments(texts: Mapping[str, str | None]) -> list[str]:
    return [f"{name} = {_quoted(text)}" for name, text in texts.items() if text is not None]


def _quoted(text: str) -> str:
    """A basic string: TOML wants backslashes, quotes and control characters escaped."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(sign if sign >= " " and sign != "\x7f" else f"\\u{ord(sign):04x}" for sign in escaped) + '"'
