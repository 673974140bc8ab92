"""How what is drawn on a raw image follows it when it is displayed."""

from dvcore.image.orient import displayed_point, displayed_size
from dvcore.model.image_map import ImageMap


def displayed_map(orientation: int | None, width: int, height: int) -> ImageMap:
    """From the coordinates of a raw image (`width` x `height`, raw) to those of the displayed one."""
    x_shift, y_shift = displayed_point(orientation, 0, 0, width=width, height=height)
    x, y = displayed_point(orientation, 1, 1, width=width, height=height)
    swaps = displayed_size(orientation, 0, 1) == (1, 0)
    return ImageMap(x - x_shift, x_shift, y - y_shift, y_shift, swaps)
