"""Pascal VOC: an xml file for each image, lists of the published splits, and masks drawn as images.

Format: <http://host.robots.ox.ac.uk/pascal/VOC/voc2012/devkit_doc.pdf>. `docs/formats/voc.md` says what is kept,
converted and lost.
"""

from dvcore.formats.voc.reader import VOC

__all__ = ["VOC"]
