"""The kinds of features: what each is called by convention, which keys it gives, which options and classes it takes.

A table and nothing else. `docs/features.md` describes each kind for users; the names are those of the TensorFlow
object-detection API wherever that has one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import Enum
from typing import Final

from dvcore.errors import InvalidInputError, nearest_hint
from dvcore.model.definition import ImageOptions

IMAGE: Final = "image"
FILE: Final = "file"
ONEHOT: Final = "onehot"
MULTIHOT: Final = "multihot"
INDEX: Final = "index"
BOXES: Final = "boxes"
MASKS: Final = "masks"
POLYGONS: Final = "polygons"
KEYPOINTS: Final = "keypoints"
SEMANTIC: Final = "semantic"
VARIABLE: Final = "variable"


class Classes(Enum):
    """What the expressions of a kind's classes are about."""

    NONE = "none"
    IMAGES = "images"
    INSTANCES = "instances"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind. `keys` follow the feature's name; a key without a name of its own is the feature's name itself."""

    name: str
    keys: tuple[str, ...]
    options: tuple[str, ...] = ()
    classes: Classes = Classes.NONE


IMAGE_OPTIONS: Final = tuple(field.name for field in fields(ImageOptions))
CHANNELS_KEY: Final = "/channels"
"""Of images of mixed colour only: the others all have the same number."""

_CLASS_KEYS: Final = ("/text", "/label")
_INSTANCE_KEYS: Final = ("/class/text", "/class/label")
_INSTANCE_OPTIONS: Final = ("image", "empty")

KINDS: Final[Mapping[str, Kind]] = {
    IMAGE: Kind("image", ("/encoded", "/format", "/height", "/width", "/key/sha256"), IMAGE_OPTIONS),
    FILE: Kind("image", ("/filename", "/source_id")),
    ONEHOT: Kind("image/class", (*_CLASS_KEYS, "/onehot"), ("overlap",), Classes.IMAGES),
    MULTIHOT: Kind("image/class", (*_CLASS_KEYS, "/multihot"), (), Classes.IMAGES),
    INDEX: Kind("image/class", _CLASS_KEYS, ("overlap",), Classes.IMAGES),
    BOXES: Kind(
        "image/object",
        (
            *_INSTANCE_KEYS,
            *("/bbox/xmin", "/bbox/xmax", "/bbox/ymin", "/bbox/ymax"),
            *("/area", "/is_crowd", "/difficult", "/truncated"),
        ),
        _INSTANCE_OPTIONS,
        Classes.INSTANCES,
    ),
    MASKS: Kind("image/object", (*_INSTANCE_KEYS, "/mask"), _INSTANCE_OPTIONS, Classes.INSTANCES),
    POLYGONS: Kind(
        "image/object",
        (*_INSTANCE_KEYS, "/polygon/x", "/polygon/y", "/polygon/ring", "/polygon/part", "/polygon/parts"),
        _INSTANCE_OPTIONS,
        Classes.INSTANCES,
    ),
    KEYPOINTS: Kind(
        "image/object",
        (*_INSTANCE_KEYS, *(f"/keypoint/{one}" for one in ("x", "y", "visibility", "num", "text"))),
        (*_INSTANCE_OPTIONS, "points"),
        Classes.INSTANCES,
    ),
    SEMANTIC: Kind("image/segmentation/class", ("/encoded", "/format"), _INSTANCE_OPTIONS, Classes.INSTANCES),
    VARIABLE: Kind("variable", ("",), ("variable", "type", "unset")),
}


def kind_of(name: str) -> Kind:
    """The kind of this name.

    Raises InvalidInputError with the nearest name.
    """
    if name not in KINDS:
        hint = nearest_hint(name, KINDS) or f"the kinds are {', '.join(KINDS)}"
        raise InvalidInputError(f"{name!r} is no kind of feature", hint=hint)
    return KINDS[name]


def default_name(kind: str, options: Mapping[str, str]) -> str:
    """What a feature of this kind is called where nobody gives it a name: `image/class`, or `variable/dpi` for the
    variable that its options name.

    Raises InvalidInputError for a kind that there is not.
    """
    name = kind_of(kind).name
    return f"{name}/{options['variable']}" if kind == VARIABLE and "variable" in options else name
