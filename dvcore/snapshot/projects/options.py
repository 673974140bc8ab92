"""What is to be different in a definition: the options of `dset project create`, `edit` and `duplicate`.

Labels are the classes of the definition's default head: in the simple mode its only one, otherwise the first class
feature. So a project changes from one mode to the other by the features that it is given, and keeps its labels.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

from dvcore.errors import ExistsError, InvalidInputError, NotFoundError, nearest_hint
from dvcore.model.definition import Bounds, Definition, Feature, ImageOptions, Label, Split
from dvcore.snapshot.features.listing import features_of
from dvcore.snapshot.features.options import change_features, label_place
from dvcore.snapshot.projects.definition import checked
from dvcore.snapshot.splits.assigning import stratified_head


@dataclass(frozen=True, slots=True)
class Options:
    """What is to be different from a definition; None and empty leave it as it is, and an empty text takes a filter or
    `group_by` away.

    - `splits` (name -> ratio) replace all there are, keeping filters and shards of those of the same name; `shards` is
      for every split.
    - `duplicate_labels` is new name -> existing one. `merge_labels` are (new name, existing one): each becomes part of
      the new label, which stands where one of its name does, or else behind all. Then `remove_labels` go, and
      `labels` replace those of their names or are added behind.
    - `remove_features` are names or `kind:name`; then `features` replace those of their kind and name, keeping their
      classes, or are added behind. `classes` are (feature, class): for all features of that name that have classes.
    """

    directories: Sequence[str] | None = None
    where: str | None = None
    labels: Mapping[str, str] | None = None
    remove_labels: Sequence[str] = ()
    duplicate_labels: Mapping[str, str] | None = None
    merge_labels: Sequence[tuple[str, str]] = ()
    features: Sequence[Feature] = ()
    remove_features: Sequence[str] = ()
    classes: Sequence[tuple[str, Label]] = ()
    splits: Mapping[str, str] | None = None
    split_filters: Mapping[str, str] | None = None
    group_by: str | None = None
    stratify: bool | None = None
    shards: int | None = None
    color: str | None = None
    downsample: str | None = None
    interpolation: str | None = None
    encoding: str | None = None
    background: str | None = None
    range: str | None = None
    bit_depth: str | None = None
    reducing_gap: str | None = None
    overlap: str | None = None
    leak: str | None = None


def apply_options(definition: Definition, options: Options) -> Definition:
    """The definition with the options; `Definition()` is what a new project begins with.

    Raises InvalidInputError, NotFoundError, ExistsError.
    """
    changed = replace(
        _change_labels(definition, options),
        directories=definition.directories if options.directories is None else tuple(options.directories),
        where=definition.where if options.where is None else options.where or None,
        splits=_change_splits(definition.splits, options),
        group_by=definition.group_by if options.group_by is None else options.group_by or None,
        stratify=definition.stratify if options.stratify is None else options.stratify,
        image=_change_image(definition.image, options),
        overlap=options.overlap or definition.overlap,
        leak=options.leak or definition.leak,
    )
    made = checked(replace(changed, label_bounds=()))
    return checked(replace(made, label_bounds=_kept_bounds(definition, made, options)))


def _change_labels(definition: Definition, options: Options) -> Definition:
    """The features, and the labels of the default head."""
    place = label_place(definition.features)
    before = definition.labels if place is None else definition.features[place].classes
    features = change_features(_start(definition, options), options.features, options.remove_features, options.classes)
    if not features:
        return replace(definition, features=(), labels=_changed_labels(before, options))
    place = label_place(features)
    if place is None:
        _check_no_labels(options)
        return replace(definition, features=features, labels=())
    labels = _changed_labels(features[place].classes or before, options)
    changed = replace(features[place], classes=labels)
    return replace(definition, features=(*features[:place], changed, *features[place + 1 :]), labels=())


def _start(definition: Definition, options: Options) -> tuple[Feature, ...]:
    """The features that the given ones are added to: a project of labels alone has those that it stands for."""
    is_touched = options.features or options.remove_features or options.classes
    return features_of(definition) if definition.labels and is_touched else definition.features


def _check_no_labels(options: Options) -> None:
    if options.labels or options.remove_labels or options.duplicate_labels or options.merge_labels:
        raise InvalidInputError(
            "none of the features has labels of images", hint="add --feature onehot, or give classes with --class"
        )


def _changed_labels(labels: Sequence[Label], options: Options) -> tuple[Label, ...]:
    present = {label.name: label.where for label in labels}
    for new, existing in (options.duplicate_labels or {}).items():
        _check_present(existing, present)
        if new in present:
            raise ExistsError(f"there is a label {new!r} already", hint="choose another name for the duplicate")
        present[new] = present[existing]
    _merge(present, options.merge_labels)
    for name in options.remove_labels:
        _check_present(name, present)
        del present[name]
    present.update(options.labels or {})
    return tuple(Label(name, where) for name, where in present.items())


def _merge(present: dict[str, str], merges: Sequence[tuple[str, str]]) -> None:
    parts: dict[str, list[str]] = {new: [present[new]] for new, _ in merges if new in present}
    for new, existing in merges:
        if existing != new:
            _check_present(existing, present)
            parts.setdefault(new, []).append(present.pop(existing))
    for new, wheres in parts.items():
        present[new] = " OR ".join(f"({where})" for where in wheres) if len(wheres) > 1 else wheres[0]


def _kept_bounds(before: Definition, after: Definition, options: Options) -> tuple[Bounds, ...]:
    """Frozen bounds stay with their labels, and a duplicate's are those of its original: nobody's split moves. With
    other ratios all are chosen anew."""
    if [split.ratio for split in before.splits] != [split.ratio for split in after.splits]:
        return ()
    frozen = dict(zip(_strata(before), before.label_bounds, strict=False))
    originals = options.duplicate_labels or {}
    return tuple(frozen.get(originals.get(name, name), ()) for name in _strata(after))


def _strata(definition: Definition) -> list[str]:
    head = stratified_head(definition)
    return [] if head is None else [label.name for label in head.feature.classes]


def _change_splits(splits: tuple[Split, ...], options: Options) -> tuple[Split, ...]:
    present = {split.name: split for split in splits}
    if options.splits is not None:
        present = {name: replace(present.get(name, Split(name)), ratio=ratio) for name, ratio in options.splits.items()}
    for name, where in (options.split_filters or {}).items():
        present[name] = replace(present.get(name, Split(name)), where=where or None)
    if options.shards is not None:
        present = {name: replace(split, shards=options.shards) for name, split in present.items()}
    return tuple(present.values())


def _change_image(image: ImageOptions, options: Options) -> ImageOptions:
    given = {field.name: getattr(options, field.name) for field in fields(image)}
    return replace(image, **{name: value for name, value in given.items() if value is not None})


def _check_present(name: str, present: Mapping[str, str]) -> None:
    if name not in present:
        raise NotFoundError(f"the project has no label {name!r}", hint=nearest_hint(name, present))
