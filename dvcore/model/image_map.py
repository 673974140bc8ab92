"""How an image is scaled, flipped or turned, so that what is drawn on it can follow.

All of these keep edges parallel to the axes: x and y may change places, then each is multiplied and shifted. The
factors of flips and turns are 1 and -1, with which float64 is exact.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ImageMap:
    """Points go to (x * x_factor + x_shift, y * y_factor + y_shift), x and y being exchanged before where it `swaps`.
    The edges of the image become the edges of the new one."""

    x_factor: float
    x_shift: float
    y_factor: float
    y_shift: float
    swaps: bool = False

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Where a point goes."""
        if self.swaps:
            x, y = y, x
        return x * self.x_factor + self.x_shift, y * self.y_factor + self.y_shift


def scaling(x_factor: float, y_factor: float) -> ImageMap:
    """Makes an image so many times as wide and as high; both factors are positive."""
    return ImageMap(x_factor, 0.0, y_factor, 0.0)


def horizontal_flip(width: float) -> ImageMap:
    """Exchanges left and right of an image of this width."""
    return ImageMap(-1.0, float(width), 1.0, 0.0)


def vertical_flip(height: float) -> ImageMap:
    """Exchanges top and bottom of an image of this height."""
    return ImageMap(1.0, 0.0, -1.0, float(height))
