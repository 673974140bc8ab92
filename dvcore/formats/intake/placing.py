"""From what a source states to what is stored: coordinates of the displayed image, inside it, with an area.

What cannot be placed is left out and named; what is cut off is named too. `docs/importing.md` tells the rules to users,
`docs/decisions/0008-what-import-decides.md` why they are so.
"""

from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from dvcore.errors import Fault, InvalidInputError
from dvcore.formats.intake.soundness import NothingThereError, sound
from dvcore.formats.intake.turning import displayed_map
from dvcore.formats.stated.annotations import StatedAnnotations, StatedInstance
from dvcore.formats.stated.fractions import as_rotated_box, in_pixels
from dvcore.image.facts import Probe
from dvcore.image.orient import effective_orientation
from dvcore.model.annotations import Entered
from dvcore.model.clipping import ROUNDING, clip
from dvcore.model.geometry import KINDS, Box, Geometry, Keypoints, Mask, Polygon, bounds
from dvcore.model.mapping import map_geometry

_UPRIGHT: Final = 1


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
    """The image that coordinates are in, `from_size`, how it is turned into the displayed one of `size` (width and
    height both), and whether boxes without width or height are taken."""

    orientation: int
    from_size: tuple[int, int]
    size: tuple[int, int]
    keep_degenerate: bool


def place(
    stated: StatedAnnotations, probe: Probe, coordinates: Coordinates, *, keep_degenerate: bool = False
) -> Placed:
    """Place the instances of an image; `keep_degenerate` takes boxes without width or height as they are.

    Raises InvalidInputError, worded as a fault of the file, where the stated size is neither the image's displayed nor
    its raw one and `coordinates` is AUTO.
    """
    is_raw = _is_raw(stated.size, probe, coordinates)
    frame = _frame(probe, bool(is_raw), keep_degenerate)
    entered: list[Entered] = []
    left_out: list[Fault] = []
    adjusted: list[Fault] = []
    for instance in stated.instances:
        try:
            meant, kept = _meant(instance, stated, frame)
            placed, changes = _place_instance(meant, frame)
        except InvalidInputError as error:
            left_out.append(Fault(instance.where, error.message))
            continue
        entered.append(placed)
        if kept or changes:
            adjusted.extend(Fault(instance.where, change) for change in (*kept, *changes))
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


def _frame(probe: Probe, is_raw: bool, keep_degenerate: bool) -> _Frame:
    displayed = (probe.width, probe.height)
    if is_raw:
        turn = effective_orientation(probe.orientation)
        return _Frame(turn, (probe.raw_width, probe.raw_height), displayed, keep_degenerate)
    return _Frame(_UPRIGHT, displayed, displayed, keep_degenerate)


def _meant(instance: StatedInstance, stated: StatedAnnotations, frame: _Frame) -> tuple[StatedInstance, list[str]]:
    """The instance in pixels, and with the kind of geometry that its source means; what could not be made of it."""
    entered, changes = instance.entered, list[str]()
    if stated.is_normalized:
        entered = in_pixels(entered, frame.from_size)
    if stated.has_corners:
        box = as_rotated_box(entered.geometry)
        if box is not None:
            entered = replace(entered, geometry=box)
        elif isinstance(entered.geometry, Polygon):
            changes.append("stays a polygon: its points are not the corners of a rectangle")
    return (instance if entered is instance.entered else StatedInstance(instance.where, entered)), changes


def _place_instance(instance: StatedInstance, frame: _Frame) -> tuple[Entered, list[str]]:
    """The instance as it is stored, and what had to be changed. Raises InvalidInputError where nothing is left."""
    entered, changes = instance.entered, list[str]()
    try:
        turned = _turn(_sound(entered.geometry, frame, changes), frame)
    except NothingThereError as error:
        if entered.box is None:
            raise InvalidInputError(str(error)) from None
        return _place_box_instead(instance, entered.box, frame, str(error))
    geometry = _clip(turned, frame)
    if geometry is not turned:
        changes.append(_cut(turned, geometry))
    box = _place_box(entered.box, geometry, frame, changes)
    if geometry is entered.geometry and box is entered.box:
        return entered, changes
    return replace(entered, geometry=geometry, box=box), changes


def _place_box_instead(instance: StatedInstance, box: Box, frame: _Frame, reason: str) -> tuple[Entered, list[str]]:
    """The instance with its box in the place of a geometry that is nothing."""
    alone = replace(instance, entered=replace(instance.entered, geometry=box, box=None))
    try:
        placed, changes = _place_instance(alone, frame)
    except InvalidInputError as error:
        raise InvalidInputError(f"{reason}, and its bbox {error.message}") from None
    what = "it" if isinstance(instance.entered.geometry, Keypoints) else f"its {_name(instance.entered.geometry)}"
    return placed, [f"keeps its bbox; {what} {reason}", *changes]


def _place_box(box: Box | None, geometry: Geometry, frame: _Frame, changes: list[str]) -> Box | None:
    """The box that was given beside another geometry, where it says anything that the geometry does not."""
    if box is None:
        return None
    try:
        placed = _clip(_turn(_sound(box, frame, changes), frame), frame)
    except (NothingThereError, InvalidInputError) as error:
        changes.append(f"keeps its {_name(geometry)}; its bbox {error}")
        return None
    assert isinstance(placed, Box)
    fits = all(abs(a - b) <= ROUNDING for a, b in zip(bounds(placed), bounds(geometry), strict=True))
    return None if fits else placed


def _cut(before: Geometry, after: Geometry) -> str:
    if isinstance(before, Keypoints) and isinstance(after, Keypoints):
        lost = sum(a != b for a, b in zip(before.points, after.points, strict=True))
        return f"lost {lost} of {len(before.points)} keypoints, which are outside the image"
    return "was cut off at the edge of the image"


def _sound(geometry: Geometry, frame: _Frame, changes: list[str]) -> Geometry:
    return sound(geometry, frame.from_size, changes, keep_degenerate=frame.keep_degenerate)


def _turn(geometry: Geometry, frame: _Frame) -> Geometry:
    if frame.orientation == _UPRIGHT:
        return geometry
    return map_geometry(geometry, displayed_map(frame.orientation, *frame.from_size))


def _clip(geometry: Geometry, frame: _Frame) -> Geometry:
    width, height = frame.size
    clipped = clip(geometry, width, height)
    if clipped is None:
        raise InvalidInputError(f"is outside the image of {width}x{height} pixels")
    return clipped


def _name(geometry: Geometry) -> str:
    """What a message calls the geometry beside which there is a box."""
    return "outline" if isinstance(geometry, Polygon | Mask) else KINDS[type(geometry)].replace("_", " ")
