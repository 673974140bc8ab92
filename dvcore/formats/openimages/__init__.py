"""Open Images' csv tables: boxes, masks and image-level labels of images that are found by their ids.

Format: <https://storage.googleapis.com/openimages/web/download_v7.html#data-formats>. `docs/formats/openimages.md` says
what is kept, converted and lost.
"""

from dvcore.formats.openimages.reader import OPEN_IMAGES

__all__ = ["OPEN_IMAGES"]
