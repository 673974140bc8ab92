"""From shards that were made to the manifest that names them."""

from collections.abc import Sequence

from dvcore.ids import FileId
from dvcore.model.manifest import Exported, Manifest, encode_exported, encode_reason
from dvcore.prolly import NodeWriter, build
from dvcore.snapshot.examples.recipe import Recipe
from dvcore.snapshot.planning.plan import Plan
from dvcore.snapshot.shards.shard import Made, ShardPlan


def save_manifest(
    writer: NodeWriter, plan: Plan, shards: Sequence[ShardPlan], made: Sequence[Made], recipe: Recipe
) -> Manifest:
    """The manifest of a plan and what came of its shards; the nodes of its maps are put into `writer`."""
    left_out = ((file, encode_reason(plan.left_out[file])) for file in sorted(plan.left_out))
    return Manifest(
        shards=tuple(result.shard for result in made),
        examples=build(writer, sorted(_exported(shards, made).items())),
        left_out=build(writer, left_out),
        label_counts=plan.label_counts(),
        left_out_counts=plan.left_out_counts(),
        toolchain=recipe.toolchain,
    )


def _exported(shards: Sequence[ShardPlan], made: Sequence[Made]) -> dict[FileId, bytes]:
    exported: dict[FileId, bytes] = {}
    for shard, result in zip(shards, made, strict=True):
        for one, example in zip(shard.examples, result.digests, strict=True):
            value = Exported(example, one.blob, one.path, one.split, shard.index, one.labels)
            exported[one.file] = encode_exported(value)
    return exported
