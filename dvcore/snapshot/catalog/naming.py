"""File names of a snapshot, as TensorFlow Datasets and others expect them."""


def shard_name(project: str, split: str, index: int, count: int) -> str:
    """`nuts-train.tfrecord-00000-of-00010`."""
    return f"{project}-{split}.tfrecord-{index:05d}-of-{count:05d}"


def shard_pattern(project: str) -> str:
    """The same for all shards, as a `filepathTemplate` of TensorFlow Datasets. The project's name stands as it is:
    that of a dataset there may not hold all signs that ours may."""
    return f"{project}-{{SPLIT}}.{{FILEFORMAT}}-{{SHARD_X_OF_Y}}"
