"""KITTI's object labels: a text file for each image, a line for each box and where its object is in space.

Format: the development kit's readme at <https://www.cvlibs.net/datasets/kitti/eval_object.php>.
`docs/formats/kitti.md` says what is kept, converted and lost.
"""

from dvcore.formats.kitti.reader import KITTI

__all__ = ["KITTI"]
