"""CVAT's xml for images, version 1.1: boxes, polygons, lines, points, masks, skeletons and tags of many images.

Format: <https://docs.cvat.ai/docs/other/xml_format/>. `docs/formats/cvat.md` says what is kept, converted and lost.
"""

from dvcore.formats.cvat.reader import CVAT

__all__ = ["CVAT"]
