"""The shapes of a snapshot's images, as far as all images of a feature share one."""

from typing import Final

from dvcore.image.downsample import BothSides
from dvcore.model.definition import Feature
from dvcore.snapshot.catalog.snapshots import Snapshot
from dvcore.snapshot.features.listing import image_features, image_options, pipeline_of

Shape = tuple[int | None, int | None, int | None]
"""Height, width, channels; None for what differs from image to image."""

_CHANNELS: Final = {"gray": 1, "rgb": 3}


def image_shape(snapshot: Snapshot, feature: Feature) -> Shape:
    """Of an image feature: what the definition makes equal, and of the first one also what happens to be."""
    definition, found = snapshot.definition, snapshot.manifest.image_shape
    if found is not None and feature == image_features(definition)[0]:
        return found
    options = image_options(definition, feature)
    size = pipeline_of(options).downsampling
    height, width = (size.height, size.width) if isinstance(size, BothSides) else (None, None)
    return height, width, _CHANNELS.get(options.color)
