"""Whether what a source states is a geometry at all, wherever it lies.

Small faults are mended and told of; what is damaged, or nothing, is refused. `docs/importing.md` has the rules.
"""

from collections.abc import Iterable
from typing import Final

from dvcore.errors import InvalidInputError
from dvcore.model.extent import has_area, has_length
from dvcore.model.geometry import (
    FARTHEST,
    Box,
    Geometry,
    Keypoint,
    Keypoints,
    Line,
    Mask,
    Point,
    Polygon,
    Polyline,
    Ring,
    RotatedBox,
    area,
    bounds,
)

_VISIBILITIES: Final = (0, 1, 2)
_UNLABELLED: Final[Keypoint] = (0.0, 0.0, 0)


class NothingThereError(Exception):
    """There is nothing of a geometry, and a box beside it may stand for it. Does not leave this package."""


def sound(geometry: Geometry, size: tuple[int, int], changes: list[str], *, keep_degenerate: bool) -> Geometry:
    """The geometry, without those of its parts that are nothing where others are something; `changes` gets what was
    taken out. `size` is the width and height of the image that it is drawn on. A box without width or height is
    something where `keep_degenerate`.

    Raises NothingThereError where nothing is there, InvalidInputError where it is no geometry of this image.
    """
    match geometry:
        case Box() | RotatedBox():
            return _sound_box(geometry, keep_degenerate=keep_degenerate and isinstance(geometry, Box))
        case Polygon(parts):
            return _sound_polygon(parts, changes)
        case Mask():
            return _sound_mask(geometry, size)
        case Polyline(lines):
            return _sound_polyline(lines, changes)
        case Keypoints(points):
            return _sound_keypoints(points, changes)
        case Point(x, y):
            _check_coordinates((x, y))
            return geometry


def _sound_box(box: Box | RotatedBox, *, keep_degenerate: bool) -> Box | RotatedBox:
    width, height = box.width, box.height
    if isinstance(box, Box):
        _check_coordinates((*bounds(box), width, height))
    else:
        _check_coordinates((box.cx, box.cy, width, height, box.angle))
    least = min(width, height)
    if least < 0 or (least == 0 and not keep_degenerate):
        raise NothingThereError(f"has no area: it is {width:g} wide and {height:g} high")
    return box


def _sound_polygon(parts: tuple[tuple[Ring, ...], ...], changes: list[str]) -> Polygon:
    for part in parts:
        for ring in part:
            _check_coordinates(ring)
    kept = tuple(part for part in parts if len(part[0]) >= 6 and has_area(part[0]))
    if not kept:
        few = max(len(part[0]) for part in parts) < 6
        raise NothingThereError("has fewer than 3 points" if few else "has no area: its points are on a line")
    if len(kept) < len(parts):
        changes.append(f"lost {len(parts) - len(kept)} of {len(parts)} parts, which have no area")
    return Polygon(kept)


def _sound_mask(mask: Mask, size: tuple[int, int]) -> Mask:
    if (mask.width, mask.height) != size:
        raise InvalidInputError(f"has a mask of {mask.width}x{mask.height} pixels, the image has {size[0]}x{size[1]}")
    if area(mask) == 0:
        raise NothingThereError("has no area: its mask is empty")
    return mask


def _sound_polyline(lines: tuple[Line, ...], changes: list[str]) -> Polyline:
    for line in lines:
        _check_coordinates(line)
    kept = tuple(line for line in lines if line and has_length(line))
    if not kept:
        raise NothingThereError("has no length")
    if len(kept) < len(lines):
        changes.append(f"lost {len(lines) - len(kept)} of {len(lines)} lines, which have no length")
    return Polyline(kept)


def _sound_keypoints(points: tuple[Keypoint, ...], changes: list[str]) -> Keypoints:
    for x, y, visibility in points:
        _check_coordinates((x, y))
        if visibility not in _VISIBILITIES:
            raise InvalidInputError(f"has a keypoint of visibility {visibility}")
    kept = tuple(point if point[2] else _UNLABELLED for point in points)
    if all(point == _UNLABELLED for point in kept):
        raise NothingThereError("has no labelled keypoint")
    lost = sum(a != b for a, b in zip(kept, points, strict=True))
    if lost:
        changes.append(f"lost the places of {lost} of {len(points)} keypoints, which are not labelled")
    return Keypoints(kept)


def _check_coordinates(values: Iterable[float]) -> None:
    for value in values:
        if not -FARTHEST <= value <= FARTHEST:  # nor is NaN
            raise InvalidInputError(f"has the coordinate {value:g}")
