"""The small files beside the shards: what readers other than dset need to know.

`dataset_info.json` and `features.json` let `tfds.builder_from_directory` load the folder, `label_map.pbtxt` is for the
TensorFlow object-detection API, `snapshot.json` says where the folder came from. All are functions of the snapshot.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from dvcore.ids import format_id
from dvcore.model.definition import Definition, Label
from dvcore.model.manifest import Shard
from dvcore.model.shard_names import shard_pattern
from dvcore.repo.origins import ORIGIN
from dvcore.repo.repository import Repository
from dvcore.snapshot.catalog.snapshots import Snapshot, load_numbered
from dvcore.snapshot.catalog.tfds_features import features_json, labels_file
from dvcore.snapshot.features.groups import column_titles, groups_of
from dvcore.snapshot.features.kinds import SEMANTIC
from dvcore.snapshot.features.listing import columns_of, heads_of, image_features

INFO: Final = "dataset_info.json"
FEATURES: Final = "features.json"
LABEL_MAP: Final = "label_map.pbtxt"


def side_files(snapshot: Snapshot) -> dict[str, bytes]:
    """Contents by file name."""
    files = {
        INFO: _json(_dataset_info(snapshot)),
        FEATURES: _json(features_json(snapshot)),
        ORIGIN: _json(_origin(snapshot)),
    }
    for head in heads_of(snapshot.definition):
        files[labels_file(head.feature)] = "".join(f"{one.name}\n" for one in head.feature.classes).encode()
    return files | dict(_label_maps(snapshot.definition))


def side_names(definition: Definition) -> set[str]:
    """The names of these files, which follow from the definition."""
    labels = {labels_file(head.feature) for head in heads_of(definition)}
    return {INFO, FEATURES, ORIGIN, *labels, *(name for name, _ in _label_maps(definition))}


def side_files_of(repository: Repository, project: str, number: int) -> dict[str, bytes]:
    """Contents by file name, of the snapshot of this number.

    Raises NotFoundError, CorruptError.
    """
    return side_files(load_numbered(repository, project, number))


def _label_maps(definition: Definition) -> Iterator[tuple[str, bytes]]:
    """Of the classes of instances; without a list of features, of the labels. Those of a second group of instances are
    in a file with its name."""
    lists = [group for group in groups_of(definition) if group.kinds != {SEMANTIC}]
    for index, group in enumerate(lists):
        name = LABEL_MAP if index == 0 else f"{group.name.replace('/', '.')}.{LABEL_MAP}"
        yield name, _label_map(group.classes)
    if definition.labels:
        yield LABEL_MAP, _label_map(definition.labels)


def _label_map(classes: Sequence[Label]) -> bytes:
    return "".join(_label_item(number, one.name) for number, one in enumerate(classes, start=1)).encode()


def _dataset_info(snapshot: Snapshot) -> dict[str, Any]:
    splits = (_split_info(snapshot, split.name) for split in snapshot.definition.splits)
    info: dict[str, Any] = {
        "name": _dataset_name(snapshot.project),
        "version": "1.0.0",
        "description": f"{snapshot.name}, digest {format_id(snapshot.manifest.digest)}",
        "fileFormat": "tfrecord",
        "splits": [split for split in splits if split is not None],
    }
    heads = heads_of(snapshot.definition)
    if heads:
        image, head = image_features(snapshot.definition)[0], heads[0]
        target = f"{head.feature.name}/{'multihot' if head.overlap is None else 'label'}"
        items = [{"featureKey": f"{image.name}/encoded"}, {"featureKey": target}]
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


def _label_item(number: int, name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'item {{\n  id: {number}\n  name: "{escaped}"\n}}\n'


def _origin(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "snapshot": snapshot.name,
        "commit": format_id(snapshot.dataset),
        "digest": format_id(snapshot.manifest.digest),
        "labels": list(column_titles(columns_of(snapshot.definition))),
        "toolchain": dict(snapshot.manifest.toolchain),
    }


def _json(value: dict[str, Any]) -> bytes:
    return (json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()
