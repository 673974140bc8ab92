"""Examples for PyTorch. Importing this module imports PyTorch, which dset neither needs nor installs."""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import IterableDataset, get_worker_info

from dvcore.errors import InvalidInputError
from dvcore.snapshot.features.fields import Field, Values
from dvcore.snapshot.features.kinds import BOXES, MASKS, SEMANTIC
from dvcore.snapshot.reading.arrays import Example, decode_images, iter_file
from dvcore.snapshot.reading.inputs_and_targets import CHANNELS, GroupPart, Parts, PixelPart, TargetPart, ValuePart

SHUFFLE_EXAMPLES: Final = 1000
"""Examples, their images still encoded, among which shuffling draws the next one in each worker."""


@dataclass(frozen=True, slots=True)
class Share:
    """Which examples a reader takes of those that all take: from the `first`, every `step`-th, of the first `total`."""

    first: int
    step: int
    total: int


class TorchExamples(IterableDataset[Any]):
    """`(inputs, targets)`: images as uint8 [channels, height, width], everything else as tensors of its type, instances
    as torchvision's detection models take them; dictionaries by name where there are several of a side.

    Each example comes once in a pass, whatever the number of workers. Ranks get equally many: up to as many as there
    are ranks, less one, are left out of a pass. `shuffle` reads files and examples in another order; a number gives
    the same order each time, until `set_epoch` is told of the next pass; ranks need such a number.
    """

    def __init__(self, files: Sequence[Path], counts: Sequence[int], parts: Parts, *, shuffle: bool | int) -> None:
        self._files = tuple(zip(files, counts, strict=True))
        self._parts = parts
        self._shuffle = shuffle
        self._rank: tuple[int, int] | None = None
        # In memory that workers share, so that those that live on hear of it too.
        self._epoch = torch.zeros((), dtype=torch.int64).share_memory_()

    def set_epoch(self, epoch: int) -> None:
        """Says which pass begins: each is shuffled in its own way."""
        self._epoch.fill_(epoch)

    def __len__(self) -> int:
        """The examples of a pass, in this rank."""
        _, ranks = self._ranks()
        return sum(count for _, count in self._files) // ranks

    def __iter__(self) -> Iterator[Any]:
        order = self._order()
        files = list(self._files)
        if order is not None:
            order.shuffle(files)
        share = self._share()
        examples = _iter_share(files, share, self._parts.fields)
        if order is not None:
            examples = _shuffled(examples, random.Random(f"{order.random()}/{share.first}"))
        decoded = (decode_images(example, self._parts.fields) for example in examples)
        return (self._parts.arranged(_values(example, self._parts)) for example in decoded)

    def __getstate__(self) -> dict[str, Any]:
        """Workers that are not forked do not know of the distributed training that they belong to."""
        return {**self.__dict__, "_rank": self._ranks()}

    def _ranks(self) -> tuple[int, int]:
        """The rank of this process, or of the one that it works for, and how many there are."""
        return _rank() if self._rank is None else self._rank

    def _order(self) -> random.Random | None:
        """What files are shuffled by, the same in all workers and ranks.

        Raises InvalidInputError where ranks have no number to agree by.
        """
        if self._shuffle is False:
            return None
        if self._shuffle is not True:
            return random.Random(f"{self._shuffle}/{int(self._epoch)}")
        if self._ranks()[1] > 1:
            raise InvalidInputError(
                "ranks would each shuffle in their own way", hint="give a number, such as shuffle=1"
            )
        worker = get_worker_info()
        return random.Random() if worker is None else random.Random(f"{worker.seed - worker.id}/{int(self._epoch)}")

    def _share(self) -> Share:
        """Ranks take turns, and within a rank its workers."""
        rank, ranks = self._ranks()
        worker = get_worker_info()
        index, workers = (0, 1) if worker is None else (worker.id, worker.num_workers)
        return Share(rank + index * ranks, ranks * workers, len(self) * ranks)


def _rank() -> tuple[int, int]:
    """Of this process in a distributed training, and how many there are."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        return torch.distributed.get_rank(), torch.distributed.get_world_size()
    return 0, 1


def _iter_share(files: Sequence[tuple[Path, int]], share: Share, fields: Sequence[Field]) -> Iterator[Example]:
    base = 0
    for path, count in files:
        first = (share.first - base) % share.step
        taken = len(range(first, min(count, share.total - base), share.step))
        if taken:
            yield from islice(iter_file(path, fields, first=first, step=share.step), taken)
        base += count


def _shuffled(examples: Iterator[Example], order: random.Random) -> Iterator[Example]:
    """Each drawn from those that are held; the next one takes its place."""
    held: list[Example] = []
    for example in examples:
        if len(held) < SHUFFLE_EXAMPLES:
            held.append(example)
            continue
        place = order.randrange(len(held))
        yield held[place]
        held[place] = example
    order.shuffle(held)
    yield from held


def _values(example: Example, parts: Parts) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for image in parts.inputs:
        pixels = example[f"{image.name}/encoded"]
        values[image.name] = torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))
        if image.is_mixed:
            values[image.name + CHANNELS] = torch.tensor(pixels.shape[2])
    for part in parts.targets:
        values[part.name] = _target(example, part)
    return values


def _target(example: Example, part: TargetPart) -> Any:
    """Bytes stay bytes."""
    match part:
        case GroupPart():
            return _instances(example, part)
        case PixelPart(field=field):
            return _semantic(example[field.key])
        case ValuePart(field=field):
            value = example[field.key]
            if field.values is Values.BYTES:
                return value if field.shape == () else value.tolist()
            return torch.as_tensor(value)


def _semantic(pixels: NDArray[np.uint8]) -> torch.Tensor:
    """int64 [height, width], as `CrossEntropyLoss` takes it."""
    return torch.from_numpy(pixels[:, :, 0].astype(np.int64))


def _instances(example: Example, part: GroupPart) -> dict[str, Any]:
    """`labels` [n] from 1, and of the features that the group has, in pixels of the image: `boxes` [n, 4] as left, top,
    right, bottom; `masks` [n, height, width] of 0 and 1; `semantic` [height, width]; `keypoints` [n, points, 3] as x, y
    and visibility."""
    name = part.name
    height, width = (int(example[f"{part.image}/{side}"]) for side in ("height", "width"))
    found: dict[str, Any] = {"labels": torch.from_numpy(example[f"{name}/class/label"])}
    if BOXES in part.group.kinds:
        sides = (("xmin", width), ("ymin", height), ("xmax", width), ("ymax", height))
        found["boxes"] = _columns(example[f"{name}/bbox/{side}"] * np.float32(length) for side, length in sides)
    if MASKS in part.group.kinds:
        masks = example[f"{name}/mask"].reshape(-1, height, width)
        found["masks"] = torch.from_numpy((masks > 0).astype(np.uint8))
    if SEMANTIC in part.group.kinds:
        found["semantic"] = _semantic(example[f"{name}/encoded"])
    if part.points:
        x, y, seen = (example[f"{name}/keypoint/{one}"] for one in ("x", "y", "visibility"))
        points = _columns((x * np.float32(width), y * np.float32(height), seen.astype(np.float32)))
        found["keypoints"] = points.reshape(-1, part.points, 3)
    return found


def _columns(columns: Iterable[NDArray[np.float32]]) -> torch.Tensor:
    return torch.from_numpy(np.stack(list(columns), axis=-1))
