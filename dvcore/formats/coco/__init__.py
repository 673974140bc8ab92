"""COCO instances json: boxes, polygons and run-length masks.

Format: <https://cocodataset.org/#format-data>. `docs/formats/coco.md` says what is kept, converted and lost.
"""

from dvcore.formats.coco.reader import COCO

__all__ = ["COCO"]
