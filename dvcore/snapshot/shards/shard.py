"""Shards: which examples each holds in which order, and the bytes that come out.

A record's bytes are a pure function of what is planned for its example, the recipe and the blobs, and a shard's are its
records, one after the other: they can be made anywhere, in any order, by any number of workers.
"""

from dataclasses import dataclass
from typing import Any

from dvcore.encoding import encode
from dvcore.errors import Fault
from dvcore.ids import FileId, digest
from dvcore.image.render import Rendered
from dvcore.model.definition import Definition
from dvcore.model.manifest import Shard
from dvcore.snapshot.examples.recipe import Recipe
from dvcore.snapshot.planning.plan import Plan, Planned
from dvcore.snapshot.splits.numbers import place_in_shard, shard_of_file


@dataclass(frozen=True, slots=True)
class ShardPlan:
    """One shard to be made: the `index`-th of its split's `count`, its examples in the order of the file."""

    split: str
    index: int
    count: int
    examples: tuple[Planned, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """The framed bytes of one example, the BLAKE3 of the example itself, and the images in it."""

    data: bytes
    digest: bytes
    images: tuple[Rendered, ...]


@dataclass(frozen=True, slots=True)
class Made:
    """A shard that was made, and the BLAKE3 of each of its examples, in their order. `left_out` are planned examples
    that it lacks, as their images cannot be rendered."""

    shard: Shard
    digests: tuple[bytes, ...]
    left_out: tuple[tuple[FileId, Fault], ...] = ()


def plan_shards(plan: Plan, definition: Definition) -> list[ShardPlan]:
    """All shards, those without examples too, in the order of the splits; `definition` has the numbers of shards."""
    counts = [split.shards or 1 for split in definition.splits]
    groups: dict[tuple[int, int], list[Planned]] = {
        (split, index): [] for split, count in enumerate(counts) for index in range(count)
    }
    for example in plan.examples:
        groups[example.split, shard_of_file(example.file, counts[example.split])].append(example)
    for group in groups.values():
        group.sort(key=lambda example: place_in_shard(example.file))
    return [
        ShardPlan(definition.splits[split].name, index, counts[split], tuple(group))
        for (split, index), group in groups.items()
    ]


def shard_inputs(recipe: Recipe, plan: ShardPlan) -> bytes:
    """A digest of all that the shard's bytes depend on: shards of the same inputs have the same bytes."""
    return digest(encode(["shard inputs", *_recipe_basis(recipe), [_example_basis(one) for one in plan.examples]]))


def record_inputs(recipe: Recipe, plan: ShardPlan) -> list[bytes]:
    """For each example a digest of all that its record's bytes depend on."""
    basis = digest(encode(["record inputs", *_recipe_basis(recipe)]))
    return [digest(encode([basis, *_example_basis(one)])) for one in plan.examples]


def _recipe_basis(recipe: Recipe) -> list[Any]:
    return [*recipe.basis, dict(recipe.toolchain)]


def _example_basis(planned: Planned) -> list[Any]:
    basis: list[Any] = [planned.file, planned.blob, planned.path, list(planned.labels)]
    if planned.objects:
        basis += [planned.annotations, list(planned.size), list(map(list, planned.objects))]
    return [*basis, list(planned.variables)] if planned.variables else basis
