"""`features.json`: what TensorFlow Datasets must know of each key to read and decode examples.

Images are decoded to pixels, texts stay bytes, labels have their names beside them in a small file, and lists
are sequences. A feature there has one number of channels: images of mixed colour are read as RGB.
"""

from collections.abc import Iterator
from typing import Any, Final

from dvcore.model.definition import Feature
from dvcore.snapshot.catalog.shapes import image_shape
from dvcore.snapshot.catalog.snapshots import Snapshot
from dvcore.snapshot.features.fields import Field, Values, fields_of_feature
from dvcore.snapshot.features.kinds import IMAGE
from dvcore.snapshot.features.listing import features_of, heads_of, image_options

_CORE: Final = "tensorflow_datasets.core.features."
_DTYPES: Final = {Values.INTEGERS: "int64", Values.FLOATS: "float32"}

Json = dict[str, Any]


def features_json(snapshot: Snapshot) -> Json:
    """The document."""
    return {
        "type": f"{_CORE}features_dict.FeaturesDict",
        "content": {"features": dict(_iter_features(snapshot))},
        "proto_cls": "tensorflow_datasets.FeaturesDict",
    }


def labels_file(feature: Feature) -> str:
    """The name of the file that has the names of a class feature's labels, a line each."""
    return f"{feature.name}/label".replace("/", ".") + ".labels.txt"


def _iter_features(snapshot: Snapshot) -> Iterator[tuple[str, Json]]:
    classes = {f"{head.feature.name}/label": len(head.feature.classes) for head in heads_of(snapshot.definition)}
    for feature in features_of(snapshot.definition):
        for field in fields_of_feature(snapshot.definition, feature):
            if field.is_image:
                one = _image(snapshot, feature)
            elif field.key in classes:
                content = {"numClasses": str(classes[field.key])}
                one = _feature("class_label_feature.ClassLabel", "classLabel", content)
            else:
                one = _plain(field)
            yield field.key, _sequence(one) if field.shape is None else one


def _plain(field: Field) -> Json:
    if field.values is Values.BYTES:
        return _feature("text_feature.Text", "text", {})
    dtype = _DTYPES[field.values]
    if field.shape:
        return _tensor("tensor_feature.Tensor", dtype, {"dimensions": list(map(str, field.shape))})
    return _tensor("scalar.Scalar", dtype, {})


def _image(snapshot: Snapshot, feature: Feature) -> Json:
    """Masks have one channel and 8 bits; their size may differ from image to image."""
    height, width, channels, dtype = "-1", "-1", "1", "uint8"
    if feature.kind == IMAGE:
        options = image_options(snapshot.definition, feature)
        height, width = ("-1" if side is None else str(side) for side in image_shape(snapshot, feature)[:2])
        channels = "1" if options.color == "gray" else "3"
        dtype = f"uint{options.bit_depth}"
    shape = {"dimensions": [height, width, channels]}
    return _feature("image_feature.Image", "image", {"shape": shape, "dtype": dtype})


def _sequence(inner: Json) -> Json:
    return _feature("sequence_feature.Sequence", "sequence", {"feature": inner, "length": "-1"})


def _tensor(kind: str, dtype: str, shape: Json) -> Json:
    return _feature(kind, "tensor", {"shape": shape, "dtype": dtype, "encoding": "none"})


def _feature(kind: str, field: str, content: Json) -> Json:
    return {"pythonClassName": f"{_CORE}{kind}", field: content}
