"""Geometries that follow their image through what a project does to it: scaled, cropped, padded."""

from dataclasses import dataclass

from dvcore.image.downsample import Downsampling, place
from dvcore.model.clipping import clip
from dvcore.model.extent import has_extent
from dvcore.model.geometry import Geometry
from dvcore.model.image_map import ImageMap
from dvcore.model.mapping import map_geometry


@dataclass(frozen=True, slots=True)
class ResultView:
    """How the points of an image, as displayed, go to those of the result, and the size of that in pixels. What a crop
    leaves out lies outside it."""

    to: ImageMap
    width: int
    height: int


def image_map(downsampling: Downsampling, width: int, height: int) -> ResultView:
    """What becomes of the points of an image that is displayed as `width` x `height`. (Decoding at a reduced size
    changes nothing here.)"""
    placement = place(downsampling, width, height)
    (x_factor, y_factor), (left, top, *_) = placement.scale, placement.source
    x_shift, y_shift = placement.target[0] - left * x_factor, placement.target[1] - top * y_factor
    to = ImageMap(float(x_factor), float(x_shift), float(y_factor), float(y_shift))
    return ResultView(to, placement.width, placement.height)


def find_followed(geometry: Geometry, view: ResultView) -> Geometry | None:
    """The geometry in the result, cut off at its edges as an import cuts at those of an image; None where nothing is
    left. A mask is as large as the result, and may lose its last pixel in becoming smaller.

    Raises InvalidInputError for a mask whose code is none.
    """
    followed = clip(map_geometry(geometry, view.to, size=(view.width, view.height)), view.width, view.height)
    return followed if followed is not None and has_extent(followed) else None
