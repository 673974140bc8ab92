"""The kind `polygons`: outlines as flat lists, with the numbers that take them apart."""

from collections.abc import Sequence
from itertools import chain

from dvcore.model.definition import Feature
from dvcore.snapshot.examples.boxes import share
from dvcore.snapshot.examples.kept import Kept
from dvcore.snapshot.instances.views import View
from dvcore.tfrecord.example import Features, FloatList, Int64List


def make_polygons(feature: Feature, kept: Sequence[Kept], view: View) -> Features:
    """Every point of every ring of every part of every instance, in this order; `ring` has the points of each ring,
    `part` the rings of each part (the outline, then holes), `parts` the parts of each instance: none where nothing of
    its outline is in the result, though its box is."""
    outlines = [view.outline(one.instance.geometry) for one in kept]
    parts = [() if outline is None else outline.parts for outline in outlines]
    rings = [ring for own in parts for part in own for ring in part]
    xs, ys = chain.from_iterable(ring[0::2] for ring in rings), chain.from_iterable(ring[1::2] for ring in rings)
    name = f"{feature.name}/polygon"
    return {
        f"{name}/x": FloatList(tuple(share(x, view.result.width) for x in xs)),
        f"{name}/y": FloatList(tuple(share(y, view.result.height) for y in ys)),
        f"{name}/ring": Int64List(tuple(len(ring) // 2 for ring in rings)),
        f"{name}/part": Int64List(tuple(len(part) for own in parts for part in own)),
        f"{name}/parts": Int64List(tuple(map(len, parts))),
    }
