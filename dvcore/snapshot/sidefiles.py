"""The small files beside the shards: what readers other than dset need to know.

`dataset_info.json` and `features.json` let `tfds.builder_from_directory` load the folder, `label_map.pbtxt` is for the
TensorFlow object-detection API, `snapshot.json` says where the folder came from. All are functions of the snapshot.
"""

import json
import re
from typing import Any, Final

from dvcore.ids import format_id
from dvcore.model.manifest import Shard
from dvcore.snapshot.catalog import Snapshot
from dvcore.snapshot.naming import shard_pattern

ORIGIN: Final = "snapshot.json"

_FEATURES: Final = "tensorflow_datasets.core.features."
_TEXTS: Final = ("image/format", "image/filename", "image/source_id", "image/key/sha256")
_NUMBERS: Final = ("image/height", "image/width")


def side_files(snapshot: Snapshot) -> dict[str, bytes]:
    """Contents by file name."""
    files = {
        "dataset_info.json": _json(_dataset_info(snapshot)),
        "features.json": _json(_features(snapshot)),
        ORIGIN: _json(_origin(snapshot)),
    }
    if snapshot.definition.labels:
        names = [label.name for label in snapshot.definition.labels]
        files["image.class.label.labels.txt"] = "".join(f"{name}\n" for name in names).encode()
        files["label_map.pbtxt"] = "".join(map(_label_item, range(1, len(names) + 1), names)).encode()
    return files


def _dataset_info(snapshot: Snapshot) -> dict[str, Any]:
    splits = (_split_info(snapshot, split.name) for split in snapshot.definition.splits)
    info: dict[str, Any] = {
        "name": _dataset_name(snapshot.project),
        "version": "1.0.0",
        "description": f"{snapshot.name}, digest {format_id(snapshot.manifest.digest)}",
        "fileFormat": "tfrecord",
        "splits": [split for split in splits if split is not None],
    }
    if snapshot.definition.labels:
        items = [{"featureKey": "image/encoded"}, {"featureKey": "image/class/label"}]
        info["supervisedKeys"] = {"tuple": {"items": items}}
    return info


def _dataset_name(project: str) -> str:
    """A name that TensorFlow Datasets allows: letters, digits and `_`, the first a letter."""
    name = re.sub(r"\W", "_", project)
    return name if name[0].isalpha() else f"dset_{name}"


def _split_info(snapshot: Snapshot, split: str) -> dict[str, Any] | None:
    """None for a split without examples, which TensorFlow Datasets refuses to read."""
    shards: list[Shard] = [shard for shard in snapshot.manifest.shards if shard.split == split]
    if not any(shard.examples for shard in shards):
        return None
    return {
        "name": split,
        "shardLengths": [str(shard.examples) for shard in shards],
        "numBytes": str(sum(shard.size for shard in shards)),
        "filepathTemplate": shard_pattern(snapshot.project),
    }


def _features(snapshot: Snapshot) -> dict[str, Any]:
    features: dict[str, Any] = {"image/encoded": _image_feature(snapshot)}
    features |= {key: _feature("text_feature.Text", "text", {}) for key in _TEXTS}
    features |= {key: _tensor("scalar.Scalar", "int64", {}) for key in _NUMBERS}
    classes = len(snapshot.definition.labels)
    if classes:
        features["image/class/text"] = _feature("text_feature.Text", "text", {})
        features["image/class/label"] = _feature(
            "class_label_feature.ClassLabel", "classLabel", {"numClasses": str(classes)}
        )
        features["image/class/onehot"] = _tensor("tensor_feature.Tensor", "float32", {"dimensions": [str(classes)]})
    return {
        "type": f"{_FEATURES}features_dict.FeaturesDict",
        "content": {"features": features},
        "proto_cls": "tensorflow_datasets.FeaturesDict",
    }


def _image_feature(snapshot: Snapshot) -> dict[str, Any]:
    """Mixed images are read as RGB: a feature there has one number of channels."""
    shape = snapshot.manifest.image_shape
    height, width = ("-1", "-1") if shape is None else (str(shape[0]), str(shape[1]))
    channels = "1" if snapshot.definition.image.color == "gray" else "3"
    return _feature(
        "image_feature.Image", "image", {"shape": {"dimensions": [height, width, channels]}, "dtype": "uint8"}
    )


def _tensor(kind: str, dtype: str, shape: dict[str, Any]) -> dict[str, Any]:
    return _feature(kind, "tensor", {"shape": shape, "dtype": dtype, "encoding": "none"})


def _feature(kind: str, field: str, content: dict[str, Any]) -> dict[str, Any]:
    return {"pythonClassName": f"{_FEATURES}{kind}", field: content}


def _label_item(number: int, name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'item {{\n  id: {number}\n  name: "{escaped}"\n}}\n'


def _origin(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "snapshot": snapshot.name,
        "commit": format_id(snapshot.dataset),
        "digest": format_id(snapshot.manifest.digest),
        "labels": [label.name for label in snapshot.definition.labels],
        "toolchain": dict(snapshot.manifest.toolchain),
    }


def _json(value: dict[str, Any]) -> bytes:
    return (json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()
