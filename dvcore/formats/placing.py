"""From what a source states to what is stored: coordinates of the displayed image, inside it, with an area.

What cannot be placed is left out and named; what is cut off is named too. `docs/importing.md` tells the rules to users,
`docs/decisions/0008-what-import-decides.md` why they are so.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from dvcore.errors import Fault, InvalidInputError
from dvcore.formats.masks import displayed_mask
from dvcore.formats.source import StatedAnnotations, StatedInstance
from dvcore.image.facts import Probe
from dvcore.image.orient import displayed_box, displayed_point, effective_orientation
from dvcore.model.annotations import Entered
from dvcore.model.clipping import ROUNDING, clip_box, clip_polygon, has_area
from dvcore.model.geometry import Box, Geometry, Mask, Polygon, Ring, bounds
from dvcore.model.runlength import mask_area, mask_bounds

_UPRIGHT: Final = 1
_FARTHEST: Final = 1e12
"""Pixels from the origin: further out, float64 has no thousandths of a pixel left and arithmetic could overflow."""


class Coordinates(Enum):
    """Which image the coordinates of a source are in: the displayed one, the raw one (EXIF orientation not applied), or
    the one that the stated sizes fit."""

    AUTO = "auto"
    DISPLAYED = "displayed"
    RAW = "raw"


@dataclass(frozen=True, slots=True)
class Placed:
    """The instances of one image as they are stored; `adjusted` names those that are not just as stated. `undecided`:
    nothing tells raw coordinates from displayed ones, and displayed is assumed."""

    entered: tuple[Entered, ...]
    left_out: tuple[Fault, ...] = ()
    adjusted: tuple[Fault, ...] = ()
    converted: bool = False
    undecided: bool = False


@dataclass(frozen=True, slots=True)
class _Frame:
    """The image that coordinates are in, `from_width` x `from_height`, and how it is turned into one of `width` x
    `height`."""

    orientation: int
    from_width: int
    from_height: int
    width: int
    height: int


class _NoAreaError(Exception):
    """There is nothing of a geometry, and a box beside it may stand for it. Does not leave this module."""


def place(stated: StatedAnnotations, probe: Probe, coordinates: Coordinates) -> Placed:
    """Place the instances of an image.

    Raises InvalidInputError, worded as a fault of the file, where the stated size is neither the image's displayed nor
    its raw one and `coordinates` is AUTO.
    """
    is_raw = _is_raw(stated.size, probe, coordinates)
    frame = _frame(probe, bool(is_raw))
    entered: list[Entered] = []
    left_out: list[Fault] = []
    adjusted: list[Fault] = []
    for instance in stated.instances:
        try:
            placed, changes = _place_instance(instance, frame)
        except InvalidInputError as error:
            left_out.append(Fault(instance.where, error.message))
            continue
        entered.append(placed)
        adjusted.extend(Fault(instance.where, change) for change in changes)
    return Placed(
        tuple(entered),
        tuple(left_out),
        tuple(adjusted),
        converted=frame.orientation != _UPRIGHT and bool(entered),
        undecided=is_raw is None and bool(stated.instances),
    )


def _is_raw(size: tuple[int, int] | None, probe: Probe, coordinates: Coordinates) -> bool | None:
    """Whether coordinates are the raw image's; None where nothing decides it."""
    if coordinates is not Coordinates.AUTO:
        return coordinates is Coordinates.RAW
    displayed, raw = (probe.width, probe.height), (probe.raw_width, probe.raw_height)
    if size is not None and size not in (displayed, raw):
        raise InvalidInputError(
            f"its annotations are for an image of {size[0]}x{size[1]} pixels, it has {displayed[0]}x{displayed[1]}"
        )
    if effective_orientation(probe.orientation) == _UPRIGHT:
        return False
    return None if size is None or displayed == raw else size == raw


def _frame(probe: Probe, is_raw: bool) -> _Frame:
    if is_raw:
        turn = effective_orientation(probe.orientation)
        return _Frame(turn, probe.raw_width, probe.raw_height, probe.width, probe.height)
    return _Frame(_UPRIGHT, probe.width, probe.height, probe.width, probe.height)


def _place_instance(instance: StatedInstance, frame: _Frame) -> tuple[Entered, list[str]]:
    """The instance as it is stored, and what had to be changed. Raises InvalidInputError where nothing is left."""
    entered, changes = instance.entered, list[str]()
    try:
        sound = _sound(entered.geometry, frame, changes)
    except _NoAreaError as error:
        if entered.box is None:
            raise InvalidInputError(str(error)) from None
        return _place_box_instead(instance, entered.box, frame, str(error))
    turned = _turn(sound, frame)
    geometry = _clip(turned, frame)
    if geometry is not turned:
        changes.append("was cut off at the edge of the image")
    box = _place_box(entered.box, geometry, frame, changes)
    if geometry is entered.geometry and box is entered.box:
        return entered, changes
    return replace(entered, geometry=geometry, box=box), changes


def _place_box_instead(instance: StatedInstance, box: Box, frame: _Frame, reason: str) -> tuple[Entered, list[str]]:
    """The instance with its box in the place of an outline that is nothing."""
    alone = replace(instance, entered=replace(instance.entered, geometry=box, box=None))
    try:
        placed, changes = _place_instance(alone, frame)
    except InvalidInputError as error:
        raise InvalidInputError(f"{reason}, and its bbox {error.message}") from None
    return placed, [f"keeps its bbox; its outline {reason}", *changes]


def _place_box(box: Box | None, geometry: Geometry, frame: _Frame, changes: list[str]) -> Box | None:
    """The box that was given beside a polygon or a mask, where it says anything that the geometry does not."""
    if box is None:
        return None
    try:
        placed = _clip(_turn(_sound(box, frame, changes), frame), frame)
    except (_NoAreaError, InvalidInputError) as error:
        changes.append(f"keeps its outline; its bbox {error}")
        return None
    assert isinstance(placed, Box)
    around = mask_bounds(geometry) if isinstance(geometry, Mask) else bounds(geometry)
    fits = all(abs(a - b) <= ROUNDING for a, b in zip(bounds(placed), around, strict=True))
    return None if fits else placed


def _sound(geometry: Geometry, frame: _Frame, changes: list[str]) -> Geometry:
    """The geometry. Parts of a polygon that have no area are taken out, if others have.

    Raises _NoAreaError where there is none, InvalidInputError where it is no geometry of this image.
    """
    match geometry:
        case Box():
            _check_coordinates((*bounds(geometry), geometry.width, geometry.height))
            if geometry.width <= 0 or geometry.height <= 0:
                raise _NoAreaError(f"has no area: it is {geometry.width:g} wide and {geometry.height:g} high")
            return geometry
        case Polygon(parts):
            return _sound_polygon(parts, changes)
        case Mask():
            if (geometry.width, geometry.height) != (frame.from_width, frame.from_height):
                raise InvalidInputError(
                    f"has a mask of {geometry.width}x{geometry.height} pixels, "
                    f"the image has {frame.from_width}x{frame.from_height}"
                )
            if mask_area(geometry) == 0:
                raise _NoAreaError("has no area: its mask is empty")
            return geometry


def _sound_polygon(parts: tuple[tuple[Ring, ...], ...], changes: list[str]) -> Polygon:
    for part in parts:
        for ring in part:
            _check_coordinates(ring)
    sound = tuple(part for part in parts if len(part[0]) >= 6 and has_area(part[0]))
    if not sound:
        few = max(len(part[0]) for part in parts) < 6
        raise _NoAreaError("has fewer than 3 points" if few else "has no area: its points are on a line")
    if len(sound) < len(parts):
        changes.append(f"lost {len(parts) - len(sound)} of {len(parts)} parts, which have no area")
    return Polygon(sound)


def _check_coordinates(values: Iterable[float]) -> None:
    for value in values:
        if not math.isfinite(value) or abs(value) > _FARTHEST:
            raise InvalidInputError(f"has the coordinate {value:g}")


def _turn(geometry: Geometry, frame: _Frame) -> Geometry:
    if frame.orientation == _UPRIGHT:
        return geometry
    size = {"width": frame.from_width, "height": frame.from_height}
    match geometry:
        case Box():
            left, top, right, bottom = displayed_box(frame.orientation, bounds(geometry), **size)
            return Box(left, top, right - left, bottom - top)
        case Polygon(parts):
            return Polygon(tuple(tuple(_turn_ring(ring, frame) for ring in part) for part in parts))
        case Mask():
            return displayed_mask(geometry, frame.orientation)


def _turn_ring(ring: Ring, frame: _Frame) -> Ring:
    points = (
        displayed_point(frame.orientation, x, y, width=frame.from_width, height=frame.from_height)
        for x, y in zip(ring[0::2], ring[1::2], strict=True)
    )
    return tuple(c for point in points for c in point)


def _clip(geometry: Geometry, frame: _Frame) -> Geometry:
    clipped: Geometry | None
    match geometry:
        case Box():
            clipped = clip_box(geometry, frame.width, frame.height)
        case Polygon():
            clipped = clip_polygon(geometry, frame.width, frame.height)
        case Mask():
            clipped = geometry
    if clipped is None:
        raise InvalidInputError(f"is outside the image of {frame.width}x{frame.height} pixels")
    return clipped
