"""Label Studio's json: the export called JSON, and the short one called JSON-MIN.

Format: <https://labelstud.io/guide/export>. `docs/formats/labelstudio.md` says what is kept, converted and lost.
"""

from dvcore.formats.labelstudio.reader import LABELSTUDIO

__all__ = ["LABELSTUDIO"]
