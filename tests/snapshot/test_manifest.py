from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.datasets import drawn_repository, make_project

from dvcore.encoding import decode, encode
from dvcore.errors import CorruptError, NeedsNewerError
from dvcore.ids import digest
from dvcore.model.definition import Split
from dvcore.model.manifest import (
    Exported,
    Manifest,
    Shard,
    decode_exported,
    decode_manifest,
    decode_reason,
    encode_exported,
    encode_manifest,
    encode_reason,
    snapshot_digest,
)
from dvcore.repo.projects import load_project, record_snapshot
from dvcore.repo.revisions import resolve_commit
from dvcore.snapshot.catalog.snapshots import load_snapshot

IDS = [digest(bytes([number])) for number in range(8)]
counts = st.integers(0, 2**40)
ids = st.sampled_from(IDS)
names = st.sampled_from(["train", "eval", "test"])
shapes = st.none() | st.tuples(st.integers(1, 999), st.integers(1, 999), st.sampled_from([1, 3]))
shards = st.builds(Shard, names, counts, counts, counts, ids, ids, ids, shapes, counts, counts)
manifests = st.builds(
    Manifest,
    shards=st.lists(shards, max_size=4).map(tuple),
    examples=ids,
    left_out=ids,
    label_counts=st.lists(st.lists(counts, max_size=3).map(tuple), max_size=3).map(tuple),
    left_out_counts=st.dictionaries(names, counts, max_size=2),
    toolchain=st.dictionaries(names, names, max_size=2),
)
exported = st.builds(
    Exported, ids, ids, st.text("añ/", max_size=9), counts, counts, st.lists(counts, max_size=2).map(tuple)
)

TRAIN = Shard("train", 0, 2, 100, IDS[0], IDS[1], IDS[2], (8, 12, 3), 1, 0)
EVAL = Shard("eval", 0, 0, 0, IDS[3], IDS[4], IDS[5])
MANIFEST = Manifest((TRAIN, EVAL), IDS[6], IDS[7], ((1, 1), (0, 0)), {"no label": 3}, {"pillow": "13.0.0"})


@given(manifests)
def test_a_manifest_comes_back(manifest):
    assert decode_manifest(encode_manifest(manifest)) == manifest


@given(exported)
def test_an_example_comes_back(value):
    assert decode_exported(encode_exported(value)) == value


def test_a_reason_comes_back():
    assert decode_reason(encode_reason("no label")) == "no label"
    with pytest.raises(CorruptError):
        decode_reason(encode(1))


def test_bytes_are_fixed():
    assert digest(encode_manifest(MANIFEST)).hex()[:16] == "3165520c4aea212c"
    assert digest(encode_exported(Exported(IDS[0], IDS[1], "nuts/a.png", 1, 2, (0,)))).hex()[:16] == "2cb791f5ef08126f"
    assert MANIFEST.digest.hex()[:16] == "b166f58063495eaa"


def test_the_digest_covers_the_shards_bytes_and_nothing_else():
    other = Manifest((TRAIN, EVAL), IDS[0], IDS[0], (), {}, {"pillow": "14"})
    assert other.digest == MANIFEST.digest
    assert snapshot_digest([EVAL, TRAIN]) != MANIFEST.digest
    for field, value in {"split": "x", "index": 1, "examples": 3, "size": 101, "blake3": IDS[7]}.items():
        assert snapshot_digest([replace(TRAIN, **{field: value}), EVAL]) != MANIFEST.digest
    for field, value in {"sha256": IDS[7], "inputs": IDS[7], "image_shape": None, "passed": 0}.items():
        assert snapshot_digest([replace(TRAIN, **{field: value}), EVAL]) == MANIFEST.digest


def test_one_shape_for_all_is_the_manifests():
    assert MANIFEST.image_shape == (8, 12, 3)  # the empty shard has no say
    mixed = replace(TRAIN, image_shape=None)
    assert Manifest((TRAIN, mixed), IDS[6], IDS[7], (), {}, {}).image_shape is None
    assert Manifest((EVAL,), IDS[6], IDS[7], (), {}, {}).image_shape is None


@given(st.data())
def test_damaged_values_are_refused(data):
    kind, version, fields = decode(encode_manifest(MANIFEST))
    name = data.draw(st.sampled_from(sorted(fields)))
    fields[name] = data.draw(st.sampled_from([None, 1, "x", [1], [["train"]], [[-1]], {"a": -1}, {"a": b""}, IDS[0]]))
    try:
        decode_manifest(encode([kind, version, fields]))
    except CorruptError:
        return
    assert name in {"examples", "left_out"}
    assert fields[name] == IDS[0]


def test_what_a_newer_version_writes_is_not_dropped():
    kind, version, fields = decode(encode_manifest(MANIFEST))
    with pytest.raises(NeedsNewerError):
        decode_manifest(encode([kind, version, {**fields, "boxes": 1}]))
    with pytest.raises(NeedsNewerError):
        decode_manifest(encode([kind, version + 1, fields]))


@pytest.mark.parametrize(
    "value", [[], [IDS[0]] * 6, [IDS[0], IDS[1], "p", -1, 0, []], [IDS[0], IDS[1], "p", 0, 0, [True]]]
)
def test_what_is_no_example_is_refused(value):
    with pytest.raises(CorruptError):
        decode_exported(encode(value))


def test_a_manifest_that_does_not_fit_its_definition_is_damaged():
    repository = drawn_repository(None, 2)
    definition = make_project(repository, labels=(), splits=(Split("train", "1", None, 1),))
    dataset = resolve_commit(repository, "HEAD")
    record_snapshot(
        repository,
        load_project(repository, "nuts"),
        dataset=dataset,
        definition=definition,
        manifest=encode_manifest(MANIFEST),
        draft=repository.draft(),
    )
    with pytest.raises(CorruptError, match="does not fit its definition"):
        load_snapshot(repository, "nuts@1")
