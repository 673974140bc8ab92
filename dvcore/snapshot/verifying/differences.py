"""What differs between examples as they were written and as they come out now: the pixels of images, only how these are
encoded, or something else.

Other versions of the codecs make other bytes of the same pixels, or other pixels. To tell which, both are decoded: that
needs the shards as they were written.
"""

from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeAlias

from dvcore.errors import DsetError
from dvcore.ids import digest
from dvcore.image.comparing import have_same_pixels
from dvcore.store.folders import storage_errors
from dvcore.tfrecord.example import BytesList, Feature
from dvcore.tfrecord.parsing import parse_example
from dvcore.tfrecord.records import iter_records

Difference: TypeAlias = Literal["pixels", "encoding", "values", "unknown"]
"""`values` are features that are no images; `unknown` where the example as it was written is not on the disk."""

_MEANINGS: Final[Mapping[Difference, str]] = {
    "pixels": "differ in pixels",
    "encoding": "differ in how the images are encoded only, not in pixels",
    "values": "differ in features that are no images",
    "unknown": "differ in what cannot be told, as their shards are not on the disk as they were written",
}
_NAMED: Final = 10
_HASHES: Final = "/key/sha256"
"""The end of keys whose values follow from an image's bytes."""


@dataclass(frozen=True, slots=True)
class Differences:
    """The paths of examples that differ, by what differs in them, each in the order of their bytes."""

    paths: Mapping[Difference, tuple[str, ...]] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """A line for each kind, naming the first files."""
        return [
            f"{len(self.paths[kind]):,} {'example' if len(self.paths[kind]) == 1 else 'examples'} {meaning}: "
            + ", ".join(self.paths[kind][:_NAMED])
            + (f", and {len(self.paths[kind]) - _NAMED:,} more" if len(self.paths[kind]) > _NAMED else "")
            for kind, meaning in _MEANINGS.items()
            if kind in self.paths
        ]


def collect_differences(found: Mapping[str, Difference]) -> Differences:
    """From what differs in each example, by its path."""
    paths: defaultdict[Difference, list[str]] = defaultdict(list)
    for path in sorted(found, key=str.encode):
        paths[found[path]].append(path)
    return Differences({kind: tuple(names) for kind, names in paths.items()})


def compare_examples(written: bytes | None, remade: bytes) -> Difference:
    """What differs between two examples that are not the same; None: nobody has the one that was written."""
    if written is None:
        return "unknown"
    old, new = parse_example(written), parse_example(remade)
    kinds = {
        _compare_features(old.get(key), new.get(key))
        for key in old.keys() | new.keys()
        if old.get(key) != new.get(key) and not key.endswith(_HASHES)
    }
    return next((kind for kind in _MEANINGS if kind in kinds), "values")


class WrittenShard:
    """The examples of a shard's file, by their BLAKE3; of a file that is missing or damaged, those that can be read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._starts: dict[bytes, int] = {}
        start = 0
        with suppress(DsetError), storage_errors(path), path.open("rb") as file:
            for data in iter_records(file, path.name):
                self._starts[digest(data)] = start
                start = file.tell()

    def find(self, blake3: bytes) -> bytes | None:
        """The bytes of an example."""
        if blake3 not in self._starts:
            return None
        with storage_errors(self._path), self._path.open("rb") as file:
            file.seek(self._starts[blake3])
            return next(iter_records(file, self._path.name))


def _compare_features(old: Feature | None, new: Feature | None) -> Difference:
    if not isinstance(old, BytesList) or not isinstance(new, BytesList) or len(old.values) != len(new.values):
        return "values"
    try:
        same = [have_same_pixels(one, other) for one, other in zip(old.values, new.values, strict=True)]
    except DsetError:  # texts
        return "values"
    return "encoding" if all(same) else "pixels"
