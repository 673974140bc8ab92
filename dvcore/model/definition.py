"""Definitions of export projects: which images, which labels, which pixels, which features, which splits.

Pure data. Expressions and options are kept as the texts that people wrote; who uses them parses them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final

from dvcore.encoding import Fields, is_count
from dvcore.errors import CorruptError, NeedsNewerError

NEWEST_VERSION: Final = 2

Bounds = tuple[int, ...]
"""For each split where it ends on the scale of the split numbers, in units of 2**-62: the last end is 2**62."""

MAX_BOUND: Final = 2**62


@dataclass(frozen=True, slots=True)
class Label:
    """A class of a feature: its name and the expression that an image, or an instance, of it fulfils."""

    name: str
    where: str


@dataclass(frozen=True, slots=True)
class Feature:
    """A part of every example: `docs/features.md` says which kinds there are, which keys each gives, and its options.
    `name` is what its keys begin with. `classes` are those of a kind that has classes, in the order of their numbers;
    for kinds of instances none stands for all declared labels, until the first snapshot writes them down."""

    kind: str
    name: str
    classes: tuple[Label, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Split:
    """A part of the snapshot: `ratio` is an exact decimal (`0.7`; `0` for one that only its filter fills), `where` a
    filter or None, `shards` the number of its shards, None until the first snapshot chooses it."""

    name: str
    ratio: str = "0"
    where: str | None = None
    shards: int | None = None


@dataclass(frozen=True, slots=True)
class ImageOptions:
    """Pixels, as `docs/images.md` says: what each option may be and what it does."""

    color: str = "rgb"
    downsample: str = "none"
    interpolation: str = "bilinear"
    encoding: str = "auto"
    background: str = "black"
    range: str = "none"
    bit_depth: str = "8"
    reducing_gap: str = "none"


_FIRST_IMAGE_OPTIONS: Final = ("color", "downsample", "interpolation", "encoding", "background")
"""Those that version 1 holds."""

DEFAULT_SPLITS: Final = (Split("train", "0.7"), Split("eval", "0.2"), Split("test", "0.1"))


@dataclass(frozen=True, slots=True)
class Definition:
    """`directories` are paths, none meaning the whole tree. `overlap` says what happens to an image of two labels
    (`stop` or `first`), `leak` what happens where the same bytes or group land in two splits (`stop` or `warn`).

    Either `labels`, those of the one class feature of the simple mode, or `features`, all that the examples hold. With
    `group_by`, a variable, files of one value go to one split. With `stratify` every label has bounds of its own; they
    are in `label_bounds`, in the order of the labels, once the first snapshot has chosen them."""

    directories: tuple[str, ...] = ()
    where: str | None = None
    labels: tuple[Label, ...] = ()
    features: tuple[Feature, ...] = ()
    splits: tuple[Split, ...] = DEFAULT_SPLITS
    group_by: str | None = None
    stratify: bool = False
    label_bounds: tuple[Bounds, ...] = ()
    image: ImageOptions = ImageOptions()
    overlap: str = "stop"
    leak: str = "stop"


def pack_definition(definition: Definition) -> dict[str, Any]:
    """The map that is encoded."""
    values = {
        "version": _least_version(definition),
        "directories": list(definition.directories),
        "where": definition.where,
        "labels": [_pack_label(label) for label in definition.labels],
        "features": [_pack_feature(feature) for feature in definition.features] or None,
        "splits": [[split.name, split.ratio, split.where, split.shards] for split in definition.splits],
        "group_by": definition.group_by,
        "stratify": definition.stratify or None,
        "label_bounds": [list(bounds) for bounds in definition.label_bounds] or None,
        "image": _pack_image(definition.image),
        "overlap": definition.overlap,
        "leak": definition.leak,
    }
    return {name: value for name, value in values.items() if value is not None}


def unpack_definition(raw: object) -> Definition:
    """The definition of a decoded map.

    Raises CorruptError, NeedsNewerError.
    """
    found = Fields("definition", raw)
    version = found.integer("version", least=1)
    if version > NEWEST_VERSION:
        raise NeedsNewerError(f"a project's definition has version {version}", hint="it needs a newer dset")
    definition = Definition(
        directories=tuple(_unpack_text(item) for item in found.array("directories")),
        where=found.text_or_none("where"),
        labels=_unpack_labels(found.array("labels")),
        features=tuple(_unpack_feature(item) for item in found.array_or_empty("features")),
        splits=tuple(_unpack_split(item) for item in found.array("splits")),
        group_by=found.text_or_none("group_by"),
        stratify=found.flag("stratify"),
        label_bounds=tuple(_unpack_bounds(item) for item in found.array_or_empty("label_bounds")),
        image=_unpack_image(found.map("image")),
        overlap=found.text("overlap"),
        leak=found.text("leak"),
    )
    found.end()
    if pack_definition(definition) != raw:
        raise CorruptError(f"a definition of version {version} is not written as that version has it")
    return definition


def _least_version(definition: Definition) -> int:
    """The lowest version that holds it: what that writes is the same bytes as ever."""
    image = definition.image
    is_first = (
        not definition.features
        and definition.group_by is None
        and not definition.stratify
        and not definition.label_bounds
        and _more_image_options(image) == _more_image_options(ImageOptions())
    )
    return 1 if is_first else 2


def _pack_label(label: Label) -> list[str]:
    return [label.name, label.where]


def _pack_feature(feature: Feature) -> list[Any]:
    return [feature.kind, feature.name, [_pack_label(label) for label in feature.classes], dict(feature.options)]


def _pack_image(image: ImageOptions) -> dict[str, str]:
    default = _more_image_options(ImageOptions())
    more = {name: value for name, value in _more_image_options(image).items() if value != default[name]}
    return {name: getattr(image, name) for name in _FIRST_IMAGE_OPTIONS} | more


def _more_image_options(image: ImageOptions) -> dict[str, str]:
    names = (one.name for one in fields(ImageOptions))
    return {name: getattr(image, name) for name in names if name not in _FIRST_IMAGE_OPTIONS}


def _unpack_text(raw: object) -> str:
    if not isinstance(raw, str):
        raise CorruptError("a definition names a directory that is no text")
    return raw


def _unpack_labels(raw: Iterable[object]) -> tuple[Label, ...]:
    return tuple(_unpack_label(item) for item in raw)


def _unpack_label(raw: object) -> Label:
    match raw:
        case [str(name), str(where)]:
            return Label(name, where)
        case _:
            raise CorruptError("a definition holds a label that is none")


def _unpack_feature(raw: object) -> Feature:
    match raw:
        case [str(kind), str(name), [*classes], dict(options)] if all(isinstance(one, str) for one in options.values()):
            return Feature(kind, name, _unpack_labels(classes), options)
        case _:
            raise CorruptError("a definition holds a feature that is none")


def _unpack_split(raw: object) -> Split:
    match raw:
        case [str(name), str(ratio), str() | None as where, shards] if shards is None or (is_count(shards) and shards):
            return Split(name, ratio, where, shards)
        case _:
            raise CorruptError("a definition holds a split that is none")


def _unpack_bounds(raw: object) -> Bounds:
    match raw:
        case [*ends]:
            bounds = tuple(end for end in ends if is_count(end) and end <= MAX_BOUND)
            if len(bounds) == len(ends):
                return bounds
    raise CorruptError("a definition holds bounds that are none")


def _unpack_image(raw: object) -> ImageOptions:
    found = Fields("definition's image options", raw)
    first = {name: found.text(name) for name in _FIRST_IMAGE_OPTIONS}
    default = _more_image_options(ImageOptions())
    given = {name: found.text_or_none(name) for name in default}
    more = default | {name: text for name, text in given.items() if text is not None}
    found.end()
    return ImageOptions(**first, **more)
