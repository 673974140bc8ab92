"""File names of a snapshot's shards, as TensorFlow Datasets and others expect them."""

import re
from typing import Final

from dvcore.errors import CorruptError
from dvcore.model.definition import Definition
from dvcore.model.manifest import Manifest, Shard

_SPLIT: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
"""What can be the name of a split, and so part of a file name."""


def shard_name(project: str, split: str, index: int, count: int) -> str:
    """`nuts-train.tfrecord-00000-of-00010`."""
    return f"{project}-{split}.tfrecord-{index:05d}-of-{count:05d}"


def shard_pattern(project: str) -> str:
    """The same for all shards, as a `filepathTemplate` of TensorFlow Datasets. The project's name stands as it is:
    that of a dataset there may not hold all signs that ours may."""
    return f"{project}-{{SPLIT}}.{{FILEFORMAT}}-{{SHARD_X_OF_Y}}"


def named_shards(project: str, definition: Definition, manifest: Manifest) -> list[tuple[str, Shard]]:
    """Every shard of a snapshot with the name of its file.

    Raises CorruptError where the manifest does not fit the definition: one from elsewhere may not lead to files that no
    snapshot has.
    """
    check_shards(definition, manifest, project)
    counts = {split.name: split.shards or 1 for split in definition.splits}
    return [(shard_name(project, one.split, one.index, counts[one.split]), one) for one in manifest.shards]


def check_shards(definition: Definition, manifest: Manifest, name: str) -> None:
    """Raises CorruptError where the manifest has other shards than the definition, or a split a name that is none."""
    expected = [(split.name, index) for split in definition.splits for index in range(split.shards or 1)]
    are_names = all(_SPLIT.fullmatch(split.name) for split in definition.splits)
    if not are_names or [(shard.split, shard.index) for shard in manifest.shards] != expected:
        raise CorruptError(f"the manifest of {name} does not fit its definition")
