"""TFRecords of the TensorFlow object detection API: images and boxes in one file, read without TensorFlow.

Format: <https://github.com/tensorflow/models/blob/master/research/object_detection/g3doc/using_your_own_dataset.md>.
`docs/formats/tfdetection.md` says what is kept, converted and lost.
"""

from dvcore.formats.tfdetection.reader import TF_DETECTION

__all__ = ["TF_DETECTION"]
