import pytest

from dvcore.image.pipeline import parse_pipeline
from dvcore.model.definition import Definition, Split
from dvcore.model.files import ImageFacts
from dvcore.snapshot.planning.sizing import MAX_CHOSEN, SHARD_BYTES, estimated_size, with_shard_counts

TWO = Definition(splits=(Split("a", "0.5"), Split("b", "0.5", None, 7)))


@pytest.mark.parametrize(
    ("total", "shards"),
    [(0, 1), (SHARD_BYTES, 1), (SHARD_BYTES + 1, 2), (5 * SHARD_BYTES, 8), (10_000 * SHARD_BYTES, MAX_CHOSEN)],
)
def test_shards_are_a_power_of_two_of_at_most_the_wanted_bytes(total, shards):
    halves = [(0, total // 2), (0, total - total // 2), (1, total)]
    assert [split.shards for split in with_shard_counts(TWO, halves).splits] == [shards, 7]


def test_what_passes_through_weighs_what_the_file_does():
    facts = ImageFacts(400, 300, "JPEG", "RGB")
    assert 50_000 < estimated_size(50_000, facts, (parse_pipeline(),)) < 51_000


@pytest.mark.parametrize(
    ("facts", "options"),
    [
        (ImageFacts(4000, 3000, "JPEG", "RGB"), {"encoding": "png"}),
        (ImageFacts(4000, 3000, "JPEG", "RGB"), {"color": "gray"}),
        (ImageFacts(4000, 3000, "JPEG", "RGB", orientation=6), {}),
        (ImageFacts(4000, 3000, "PNG", "P"), {}),
    ],
)
def test_what_keeps_its_size_but_not_its_bytes_weighs_by_its_pixels(facts, options):
    assert estimated_size(100_000, facts, [parse_pipeline(**options)]) > 4000 * 3000 // 2


def test_what_is_encoded_anew_weighs_by_its_pixels():
    facts = ImageFacts(400, 300, "JPEG", "RGB")
    gray = estimated_size(50_000, facts, [parse_pipeline(downsample="both:200x200", color="gray")])
    color = estimated_size(50_000, facts, [parse_pipeline(downsample="both:200x200")])
    assert 200 * 200 // 4 < gray < color < 200 * 200 * 3
    assert estimated_size(50_000, facts, [parse_pipeline(downsample="both:200x200", encoding="jpeg")]) < color
