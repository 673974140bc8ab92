"""What the name of a COCO file says: `person_keypoints_train2017.json` holds keypoints of the split `train2017`."""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final


class Kind(Enum):
    """What the annotations of a file are, after the beginning of its name. Where two files have an instance of one id,
    that of the kind further up is kept."""

    KEYPOINTS = "keypoints"
    INSTANCES = "instances"
    STUFF = "stuff"
    PANOPTIC = "panoptic"
    LABELS = "labels"
    CAPTIONS = "captions"
    IMAGE_INFO = "image_info"


OF_INSTANCES: Final = frozenset({Kind.KEYPOINTS, Kind.INSTANCES, Kind.STUFF, Kind.PANOPTIC})
"""Kinds that say what can be seen in an image and where, so that an image without an annotation has nothing of it."""

_KIND: Final = re.compile(r"(?:person_)?(" + "|".join(kind.value for kind in Kind) + r")(?:_(.+))?", re.ASCII)
_SPLIT: Final = re.compile(
    r"(train(ing|val)?|(mini)?val(id|idation)?|valminusminival|test(ing)?([-_]?(dev|challenge))?|eval|dev|unlabeled)"
    r"([-_]?[0-9]{2,4})?",
    re.ASCII | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Naming:
    """The kind and the part behind it, as far as the name has them: `instances_default` has the part `default`, which
    is no split; `labels.json` has neither."""

    kind: Kind | None
    part: str | None

    @property
    def split(self) -> str | None:
        """The published split, with the year that it may have."""
        return self.part if self.part is not None and _SPLIT.fullmatch(self.part) else None


def parse_naming(stem: str) -> Naming:
    """Read the name of a file, without its suffix."""
    if _SPLIT.fullmatch(stem):
        return Naming(None, stem)
    match = _KIND.fullmatch(stem.lower())
    if match is None or (match[2] is None and match[1] == Kind.LABELS.value):  # many tools call any COCO file so
        return Naming(None, None)
    return Naming(Kind(match[1]), match[2] and stem[match.start(2) :])
