"""Definitions of export projects: which images, which labels, which pixels, which splits.

Pure data. Expressions and image options are kept as the texts that people wrote; who uses them parses them.
"""

from dataclasses import dataclass
from typing import Any, Final

from dvcore.encoding import Fields, is_count
from dvcore.errors import CorruptError, NeedsNewerError

VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Label:
    """A class of the class feature: its name and the expression that an image of it fulfils."""

    name: str
    where: str


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


DEFAULT_SPLITS: Final = (Split("train", "0.7"), Split("eval", "0.2"), Split("test", "0.1"))


@dataclass(frozen=True, slots=True)
class Definition:
    """`directories` are paths, none meaning the whole tree. `overlap` says what happens to an image of two labels
    (`stop` or `first`), `leak` what happens where the same bytes land in two splits (`stop` or `warn`)."""

    directories: tuple[str, ...] = ()
    where: str | None = None
    labels: tuple[Label, ...] = ()
    splits: tuple[Split, ...] = DEFAULT_SPLITS
    image: ImageOptions = ImageOptions()
    overlap: str = "stop"
    leak: str = "stop"


def pack_definition(definition: Definition) -> dict[str, Any]:
    """The map that is encoded."""
    image = definition.image
    fields = {
        "version": VERSION,
        "directories": list(definition.directories),
        "where": definition.where,
        "labels": [[label.name, label.where] for label in definition.labels],
        "splits": [[split.name, split.ratio, split.where, split.shards] for split in definition.splits],
        "image": {
            "color": image.color,
            "downsample": image.downsample,
            "interpolation": image.interpolation,
            "encoding": image.encoding,
            "background": image.background,
        },
        "overlap": definition.overlap,
        "leak": definition.leak,
    }
    return {name: value for name, value in fields.items() if value is not None}


def unpack_definition(raw: object) -> Definition:
    """The definition of a decoded map.

    Raises CorruptError, NeedsNewerError.
    """
    fields = Fields("definition", raw)
    version = fields.integer("version", least=1)
    if version > VERSION:
        raise NeedsNewerError(f"a project's definition has version {version}", hint="it needs a newer dset")
    definition = Definition(
        directories=tuple(_unpack_text(item) for item in fields.array("directories")),
        where=fields.text_or_none("where"),
        labels=tuple(_unpack_label(item) for item in fields.array("labels")),
        splits=tuple(_unpack_split(item) for item in fields.array("splits")),
        image=_unpack_image(fields.map("image")),
        overlap=fields.text("overlap"),
        leak=fields.text("leak"),
    )
    fields.end()
    return definition


def _unpack_text(raw: object) -> str:
    if not isinstance(raw, str):
        raise CorruptError("a definition names a directory that is no text")
    return raw


def _unpack_label(raw: object) -> Label:
    match raw:
        case [str(name), str(where)]:
            return Label(name, where)
        case _:
            raise CorruptError("a definition holds a label that is none")


def _unpack_split(raw: object) -> Split:
    match raw:
        case [str(name), str(ratio), str() | None as where, shards] if shards is None or (is_count(shards) and shards):
            return Split(name, ratio, where, shards)
        case _:
            raise CorruptError("a definition holds a split that is none")


def _unpack_image(raw: object) -> ImageOptions:
    fields = Fields("definition's image options", raw)
    options = ImageOptions(
        color=fields.text("color"),
        downsample=fields.text("downsample"),
        interpolation=fields.text("interpolation"),
        encoding=fields.text("encoding"),
        background=fields.text("background"),
    )
    fields.end()
    return options
