"""The kind `keypoints`: as many points for every instance, whether it has them or not."""

from collections.abc import Sequence

from dvcore.errors import InvalidInputError
from dvcore.model.definition import Feature
from dvcore.model.geometry import Geometry, Keypoint, Keypoints
from dvcore.snapshot.examples.boxes import share
from dvcore.snapshot.examples.kept import Kept
from dvcore.snapshot.features.listing import parse_points
from dvcore.snapshot.instances.views import View
from dvcore.tfrecord.example import BytesList, Features, FloatList, Int64List

_UNLABELLED: Keypoint = (0.0, 0.0, 0)


def make_keypoints(feature: Feature, kept: Sequence[Kept], view: View) -> Features:
    """Flat lists, the points of one instance after those of the other: x and y as parts of the result's width and
    height, and visibility as COCO has it. Points outside are unlabelled ones, as are those that an instance lacks.

    Raises InvalidInputError, worded to follow the file's name, for an instance of more points than the feature has.
    """
    number, names = parse_points(feature.options["points"])
    lists = [_points(one.instance.geometry, number, view) for one in kept]
    points = [point for own in lists for point in own]
    width, height, name = view.result.width, view.result.height, f"{feature.name}/keypoint"
    return {
        f"{name}/x": FloatList(tuple(share(x, width) for x, _, _ in points)),
        f"{name}/y": FloatList(tuple(share(y, height) for _, y, _ in points)),
        f"{name}/visibility": Int64List(tuple(seen for _, _, seen in points)),
        f"{name}/num": Int64List(tuple(sum(seen > 0 for _, _, seen in own) for own in lists)),
        f"{name}/text": BytesList(tuple(one.encode() for one in names) * len(kept)),
    }


def _points(geometry: Geometry, number: int, view: View) -> tuple[Keypoint, ...]:
    if not isinstance(geometry, Keypoints):
        return (_UNLABELLED,) * number
    if len(geometry.points) > number:
        raise InvalidInputError(
            f"has an instance of {len(geometry.points)} keypoints, and the feature has {number}",
            hint="give the feature more points, or a class that leaves such instances out",
        )
    seen = view.keypoints(geometry)
    points = (_UNLABELLED,) * len(geometry.points) if seen is None else seen.points
    return points + (_UNLABELLED,) * (number - len(points))
