"""Makes one shard, part by part: records are taken over where they are known, and made where they are not."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from dvcore.errors import Fault, FaultyFilesError
from dvcore.ids import BlobId, FileId
from dvcore.repo.objects import Objects
from dvcore.snapshot.catalog.files import Write
from dvcore.snapshot.examples.recipe import Recipe
from dvcore.snapshot.planning.plan import Planned
from dvcore.snapshot.shards.assembling import Assembly
from dvcore.snapshot.shards.donors import Donor
from dvcore.snapshot.shards.engine import Workers
from dvcore.snapshot.shards.parts import ImagePlace, Joint, Note, Part, find_places, note_of
from dvcore.snapshot.shards.receipts import Receipt
from dvcore.snapshot.shards.record_making import make_record
from dvcore.snapshot.shards.rendering import Renderer
from dvcore.snapshot.shards.shard import Made, Record, ShardPlan, record_inputs, shard_inputs

_PART_BYTES: Final = 1 << 20
_PART_EXAMPLES: Final = 32
"""A part is one task: long enough to cost nothing, short enough that the last ones end together."""


@dataclass(frozen=True, slots=True)
class Making:
    """What came of a shard: its receipt, the encoded images in it, and the examples that had to be left out."""

    receipt: Receipt
    places: tuple[ImagePlace, ...]
    left_out: tuple[tuple[FileId, Fault], ...]

    @property
    def made(self) -> Made:
        """What a manifest says of it."""
        return replace(self.receipt.made, left_out=self.left_out)


@dataclass(frozen=True, slots=True)
class ShardMaker:
    """Makes shards of one recipe. With `skips_bad`, images that cannot be rendered are left out."""

    renderer: Renderer
    objects: Objects
    recipe: Recipe
    skips_bad: bool = False

    def make(
        self,
        plan: ShardPlan,
        workers: Workers,
        advance: Callable[[int], None],
        write: Write,
        donor: Donor | None = None,
    ) -> Making:
        """Give the records of a shard to `write`, and tell `advance` how many have been given.

        Raises FaultyFilesError naming an image that cannot be rendered, CorruptError for a blob that is missing.
        """
        assembly = Assembly(write)
        inputs = record_inputs(self.recipe, plan)
        cuts = list(_cuts(plan.examples))
        calls = (partial(self._part, plan.examples[start:end], inputs[start:end], donor) for start, end, _ in cuts)
        for part in workers.in_order(calls, (weight for *_, weight in cuts)):
            assembly.add(part)
            advance(len(part.notes) + len(part.left_out))
        bad = {file for file, _ in assembly.left_out}
        held = replace(plan, examples=tuple(one for one in plan.examples if one.file not in bad)) if bad else plan
        receipt = assembly.receipt(held, shard_inputs(self.recipe, held))
        return Making(receipt, tuple(assembly.places), tuple(assembly.left_out))

    def iter_needed(self, plan: ShardPlan, donor: Donor | None = None) -> Iterator[BlobId]:
        """The blobs that making a shard reads: of records that the donor lacks, where an image is in no shard yet."""
        inputs = record_inputs(self.recipe, plan)
        for start, end, _ in _cuts(plan.examples):
            known = donor.find(inputs[start:end]) if donor else [None] * (end - start)
            for planned, found in zip(plan.examples[start:end], known, strict=True):
                if found is None and not self.renderer.knows(planned, self.recipe.pipelines):
                    yield planned.blob

    def record(self, planned: Planned) -> Record:
        """The record of an example, made anew unless the renderer has a cache. Raises as `make` does."""
        return make_record(self.renderer, self.objects, self.recipe, planned)

    def _part(self, examples: Sequence[Planned], inputs: Sequence[bytes], donor: Donor | None) -> Part:
        known = donor.find(inputs) if donor else [None] * len(examples)
        joint = Joint()
        for planned, key, found in zip(examples, inputs, known, strict=True):
            try:
                joint.add(key, *(found or self._record(planned)))
            except FaultyFilesError as error:
                if not self.skips_bad:
                    raise
                joint.leave_out(planned.file, error.faults[0])
        return joint.part()

    def _record(self, planned: Planned) -> tuple[bytes, Note, Iterable[ImagePlace]]:
        record = self.record(planned)
        encoded = self.renderer.encoded(planned, self.recipe.pipelines, record.images)
        return record.data, note_of(record), find_places(record.data, encoded)


def _cuts(examples: Sequence[Planned]) -> Iterator[tuple[int, int, int]]:
    """Where parts start and end, and what they weigh."""
    start = weight = 0
    for index, one in enumerate(examples):
        weight += one.weight
        if weight >= _PART_BYTES or index + 1 - start == _PART_EXAMPLES:
            yield start, index + 1, weight
            start, weight = index + 1, 0
    if start < len(examples):
        yield start, len(examples), weight
