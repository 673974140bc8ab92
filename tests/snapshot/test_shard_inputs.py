"""The digest by which shards are shared, as docs/format/snapshot.md writes it down."""

from dataclasses import replace

from dvcore.encoding import encode
from dvcore.ids import AnnotationsId, BlobId, FileId, digest
from dvcore.model.definition import Definition, Feature, ImageOptions, Label
from dvcore.snapshot.examples.recipe import recipe_of
from dvcore.snapshot.planning.plan import Planned
from dvcore.snapshot.shards.shard import ShardPlan, shard_inputs

TOOLS = {"example": "0"}
FILE, BLOB, ANNOTATIONS = FileId(bytes([1]) * 32), BlobId(bytes([2]) * 32), AnnotationsId(bytes([3]) * 32)
PIXELS = {
    "color": "rgb",
    "downsample": "none",
    "interpolation": "bilinear",
    "encoding": "auto",
    "background": "#000000",
}


def inputs(definition, planned):
    return shard_inputs(replace(recipe_of(definition), toolchain=TOOLS), ShardPlan("train", 0, 1, (planned,)))


def test_without_a_list_of_features():
    planned = Planned(FILE, BLOB, "nuts/a.png", (1,), 0, 100)
    labels = (Label("a", "true"), Label("b", "true"))
    expected = ["shard inputs", PIXELS, ["a", "b"], TOOLS, [[FILE, BLOB, "nuts/a.png", [1]]]]
    assert inputs(Definition(labels=labels), planned) == digest(encode(expected))
    assert inputs(Definition(labels=labels), planned).hex()[:16] == "7234c7e98fec8d02"


def test_with_a_list_of_features():
    planned = Planned(FILE, BLOB, "nuts/a.png", (), 0, 100, ANNOTATIONS, (40, 30), ((0, -1), (-1, 2)), (200, "Reute"))
    features = (
        Feature("image", "image", (), {"downsample": "factor:2"}),
        Feature("boxes", "image/object", (Label("nut", "label = 'nut'"),)),
        Feature("variable", "dpi", (), {"variable": "dpi", "type": "int"}),
    )
    listed = [
        ["image", "image", [], {"downsample": "factor:2"}],
        ["boxes", "image/object", ["nut"], {}],
        ["variable", "dpi", [], {"variable": "dpi", "type": "int"}],
    ]
    example = [FILE, BLOB, "nuts/a.png", [], ANNOTATIONS, [40, 30], [[0, -1], [-1, 2]], [200, "Reute"]]
    pipelines = [{**PIXELS, "downsample": "factor:2", "color": "gray"}]
    definition = Definition(features=features, image=ImageOptions(color="gray"))
    expected = ["shard inputs", pipelines, listed, TOOLS, [example]]
    assert inputs(definition, planned) == digest(encode(expected))
