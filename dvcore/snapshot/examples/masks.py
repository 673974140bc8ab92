"""The kinds `masks` and `semantic`: pixels as PNGs of the size of the image that they follow.

Outlines are filled as pycocotools does, at the size of the result; masks take for each pixel of the result the one of
the image in which its centre lies.
"""

from collections.abc import Iterator, Sequence

from dvcore.image.encoding import encode_mask
from dvcore.model.conversions import mask_of
from dvcore.model.definition import Feature
from dvcore.model.geometry import Geometry, Mask
from dvcore.model.runlength import mask_of_runs
from dvcore.snapshot.examples.kept import Kept
from dvcore.snapshot.instances.views import View
from dvcore.tfrecord.example import BytesList, Features, text_feature


def make_masks(feature: Feature, kept: Sequence[Kept], view: View) -> Features:
    """A PNG for each instance: 255 where it is, 0 elsewhere."""
    from dvcore.model.bitmaps import bitmap_of  # noqa: PLC0415 - numpy; only masks need it

    masks = (_seen_mask(one.instance.geometry, view) for one in kept)
    return {f"{feature.name}/mask": BytesList(tuple(encode_mask(bitmap_of(mask)) for mask in masks))}


def make_semantic(feature: Feature, kept: Sequence[Kept], view: View) -> Features:
    """One PNG: of each pixel the number of its class, from 1, and 0 where there is none. Where several overlap, the
    class that stands later in the definition is on top."""
    from dvcore.model.bitmaps import label_image  # noqa: PLC0415 - numpy; only masks need it

    pixels = label_image(_numbered(kept, view), view.result.height, view.result.width)
    return {
        f"{feature.name}/encoded": BytesList((encode_mask(pixels),)),
        f"{feature.name}/format": text_feature("png"),
    }


def _numbered(kept: Sequence[Kept], view: View) -> Iterator[tuple[Mask, int]]:
    for one in sorted(kept, key=lambda one: one.class_index):
        yield _seen_mask(one.instance.geometry, view), one.class_index + 1


def _seen_mask(geometry: Geometry, view: View) -> Mask:
    """The pixels of the result; there may be none."""
    height, width = view.result.height, view.result.width
    if isinstance(geometry, Mask):
        seen = view.mask(geometry)
    else:
        outline = view.outline(geometry)
        seen = None if outline is None else mask_of(outline, height, width)
    return mask_of_runs(height, width, [height * width]) if seen is None else seen
