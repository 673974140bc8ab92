"""LabelMe: a json for each image, as the desktop program writes it, or an xml, as the web tool of MIT did.

Formats: <https://github.com/wkentaro/labelme>, <http://labelme.csail.mit.edu/>. `docs/formats/labelme.md` says what is
kept, converted and lost.
"""

from dvcore.formats.labelme.reader import LABELME

__all__ = ["LABELME"]
