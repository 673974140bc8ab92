"""The kinds `onehot`, `multihot` and `index`: the labels of an image."""

from collections.abc import Sequence

from dvcore.snapshot.examples.making import Maker, Source
from dvcore.snapshot.features.kinds import INDEX
from dvcore.snapshot.features.listing import Head
from dvcore.tfrecord.example import BytesList, Features, FloatList, Int64List


def head_maker(head: Head) -> Maker:
    """Of one class feature: names and numbers of the labels, and for `onehot` and `multihot` a 1 for each of them."""
    name, kind = head.feature.name, head.feature.kind
    texts = [label.name.encode() for label in head.feature.classes]

    def make(source: Source) -> Features:
        labels = [index - head.first for index in source.planned.labels if index in head.columns]
        features: dict[str, BytesList | FloatList | Int64List] = {
            f"{name}/text": BytesList(tuple(texts[label] for label in labels)),
            f"{name}/label": Int64List(tuple(labels)),
        }
        if kind != INDEX:
            features[f"{name}/{kind}"] = _hot(labels, len(texts))
        return features

    return make


def _hot(labels: Sequence[int], number: int) -> FloatList:
    return FloatList(tuple(float(index in labels) for index in range(number)))
