"""What annotation tools draw: polygons of one ring, lines of one part, points that are all seen. Instances that are
more are brought to that."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dvcore.formats.export.losses import Losses
from dvcore.model.annotations import Instance
from dvcore.model.conversions import mask_of
from dvcore.model.files import ImageFacts
from dvcore.model.geometry import Keypoints, Line, Mask, Polygon, Polyline

if TYPE_CHECKING:
    from dvcore.formats.export.mask_windows import MaskWindow

_VISIBLE = 2

Points = tuple[tuple[float, float], ...]


def find_mask_window(
    instance: Instance, region: Polygon | Mask, facts: ImageFacts, losses: Losses
) -> "MaskWindow | None":
    """The pixels of a mask, or of a polygon that has more than one ring; None where there are none."""
    from dvcore.formats.export.mask_windows import find_window  # noqa: PLC0415 - numpy, which only masks need

    window = find_window(mask_of(region, facts.height, facts.width))
    if window is None:
        losses.drop(instance, "no pixel")
    elif isinstance(region, Polygon):
        losses.converted["polygon of several rings as mask"] += 1
    return window


def single_lines(polyline: Polyline, losses: Losses) -> Sequence[Line]:
    """The lines, each to be drawn alone."""
    if len(polyline.lines) > 1:
        losses.converted["polyline of several lines as several polylines"] += 1
    return polyline.lines


def seen_points(instance: Instance, keypoints: Keypoints, losses: Losses) -> Points:
    """The keypoints that are labelled, for tools that know no others; none where that would be a single one, which is
    another thing."""
    labelled = tuple((x, y) for x, y, visibility in keypoints.points if visibility)
    if len(labelled) < 2:
        losses.drop(instance, "a single keypoint")
        return ()
    if any(visibility != _VISIBLE for _, _, visibility in keypoints.points):
        losses.lose("visibility of keypoints")
    return labelled
