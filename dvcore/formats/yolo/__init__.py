"""YOLO's text files: boxes, outlines, rotated boxes and keypoints, a line each, beside or parallel to the images.

Format: <https://docs.ultralytics.com/datasets/>, and Darknet's of before. `docs/formats/yolo.md` says what is kept,
converted and lost.
"""

from dvcore.formats.yolo.reader import YOLO

__all__ = ["YOLO"]
