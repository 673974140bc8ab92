"""Features of instances: one list under each key, all lists of a group over the same instances in the same order.

Which instances these are was decided when the example was planned; here they follow their image, and each kind makes
its keys of them.
"""

from collections.abc import Mapping
from typing import Final

from dvcore.errors import CorruptError
from dvcore.image.downsample import Downsampling
from dvcore.snapshot.examples.boxes import make_boxes
from dvcore.snapshot.examples.kept import InstanceMaker, Kept
from dvcore.snapshot.examples.keypoints import make_keypoints
from dvcore.snapshot.examples.making import Maker, Source
from dvcore.snapshot.examples.masks import make_masks, make_semantic
from dvcore.snapshot.examples.polygons import make_polygons
from dvcore.snapshot.features.groups import Group
from dvcore.snapshot.features.kinds import BOXES, KEYPOINTS, MASKS, POLYGONS, SEMANTIC
from dvcore.snapshot.instances.views import View, view_of
from dvcore.tfrecord.example import BytesList, Features, Int64List
from dvcore.tfrecord.example import Feature as ExampleFeature

_MAKERS: Final[Mapping[str, InstanceMaker]] = {
    BOXES: make_boxes,
    MASKS: make_masks,
    POLYGONS: make_polygons,
    KEYPOINTS: make_keypoints,
    SEMANTIC: make_semantic,
}


def group_maker(group: Group, place: int, downsampling: Downsampling) -> Maker:
    """Of all features of one group, the one of this place among all; `downsampling` is that of the image they follow.

    Raises InvalidInputError, worded to follow the file's name, for an instance that a feature cannot hold.
    """
    has_lists = group.kinds != {SEMANTIC}
    texts = [one.name.encode() for one in group.classes]

    def make(source: Source) -> Features:
        kept = _kept(source, place)
        view = view_of(downsampling, *source.planned.size)
        _check_size(source, group.image, view)
        features: dict[str, ExampleFeature] = {}
        if has_lists:
            features[f"{group.name}/class/text"] = BytesList(tuple(texts[one.class_index] for one in kept))
            features[f"{group.name}/class/label"] = Int64List(tuple(one.class_index + 1 for one in kept))
        for feature in group.features:
            features |= _MAKERS[feature.kind](feature, kept, view)
        return features

    return make


def _kept(source: Source, place: int) -> list[Kept]:
    classes = source.planned.objects[place]
    if source.planned.annotations is None:  # none of them is kept
        return []
    pairs = zip(source.instances, classes, strict=True)
    return [Kept(instance, index) for instance, index in pairs if index >= 0]


def _check_size(source: Source, image: int, view: View) -> None:
    rendered = source.images[image]
    if (rendered.width, rendered.height) != (view.result.width, view.result.height):
        width, height = source.planned.size
        raise CorruptError(f"{source.planned.path} is not {width}x{height}, as its record says")
