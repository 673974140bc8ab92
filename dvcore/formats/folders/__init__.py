"""Class folders: images in a folder that is called like their class, and whatever else has the label of an image in its
path.
"""

from dvcore.formats.folders.reader import FOLDERS

__all__ = ["FOLDERS"]
