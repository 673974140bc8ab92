"""Hypothesis strategies for the values that are encoded and for the objects of the model."""

from unicodedata import normalize

from hypothesis import strategies as st

from dvcore.ids import AnnotationsId, BlobId, CommitId, FileId, InstanceId, ManifestId, NodeId, TreeId
from dvcore.model.annotations import AnnotationSet, Entered, Instance
from dvcore.model.commit import Commit
from dvcore.model.conflicts import Merging
from dvcore.model.declarations import LabelDeclaration, VariableDeclaration
from dvcore.model.definition import MAX_BOUND, Definition, Feature, ImageOptions, Label, Split
from dvcore.model.files import FileRecord, ImageFacts
from dvcore.model.geometry import Box, Keypoints, Mask, Point, Polygon, Polyline, RotatedBox
from dvcore.model.manifest import Exported, Manifest, Shard
from dvcore.model.tree import Directory, FileEntry, Tree
from dvcore.model.values import ValueType

raw_ids = st.binary(min_size=32, max_size=32)
texts = st.text(max_size=8).map(lambda text: normalize("NFC", text))
integers = st.integers(-(2**63), 2**63 - 1)
floats = st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | integers | floats | texts | st.binary(max_size=8)
encodable = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=12
)

values = st.booleans() | integers | floats | texts
variables = st.dictionaries(texts, values, max_size=3)
counts = st.integers(0, 2**40)

coordinates = st.floats(-1e12, 1e12)
boxes = st.builds(Box, coordinates, coordinates, coordinates, coordinates)
rings = st.lists(st.tuples(coordinates, coordinates), min_size=3, max_size=5).map(
    lambda points: tuple(c for p in points for c in p)
)
polygons = st.builds(
    Polygon, st.lists(st.lists(rings, min_size=1, max_size=2).map(tuple), min_size=1, max_size=2).map(tuple)
)
masks = st.builds(Mask, st.integers(1, 99), st.integers(1, 99), st.binary(max_size=9))
rotated_boxes = st.builds(RotatedBox, coordinates, coordinates, coordinates, coordinates, coordinates)
polylines = st.builds(
    Polyline,
    st.lists(
        st.lists(st.tuples(coordinates, coordinates), min_size=2, max_size=4).map(
            lambda points: tuple(c for p in points for c in p)
        ),
        min_size=1,
        max_size=2,
    ).map(tuple),
)
points = st.builds(Point, coordinates, coordinates)
keypoints = st.builds(
    Keypoints,
    st.lists(
        st.just((0.0, 0.0, 0)) | st.tuples(coordinates, coordinates, st.sampled_from([1, 2])), min_size=1, max_size=4
    ).map(tuple),
)
drawn = boxes | rotated_boxes | polygons | polylines | points | keypoints
geometries = drawn | masks

entered = st.builds(Entered, texts, drawn, st.none() | boxes, st.none() | texts, variables)
instances = st.builds(
    Instance, raw_ids.map(InstanceId), texts, geometries, st.none() | boxes, st.none() | texts, variables
)
annotation_sets = st.builds(
    AnnotationSet,
    variables,
    st.lists(instances, max_size=3, unique_by=lambda one: one.id).map(
        lambda found: tuple(sorted(found, key=lambda one: one.id))
    ),
)

facts = st.builds(
    ImageFacts,
    st.integers(1, 9999),
    st.integers(1, 9999),
    texts,
    texts,
    st.none() | st.integers(0, 9),
    st.integers(1, 64),
)
records = st.builds(
    FileRecord,
    raw_ids.map(BlobId),
    counts,
    raw_ids.map(BlobId),
    st.none() | facts,
    st.none() | raw_ids.map(AnnotationsId),
    variables,
    st.booleans(),
)

directories = st.builds(Directory, raw_ids.map(NodeId), counts)
entries = st.builds(FileEntry, raw_ids.map(FileId)) | directories
variable_declarations = st.builds(
    VariableDeclaration,
    texts,
    st.sampled_from(ValueType),
    st.lists(texts, max_size=2).map(tuple),
    st.booleans(),
    st.booleans(),
)

# Whole keypoints with pairs of their indices.
skeletons = st.lists(texts, max_size=3, unique=True).flatmap(
    lambda names: st.tuples(
        st.just(tuple(names)),
        st.lists(st.tuples(*[st.integers(0, len(names) - 1)] * 2), max_size=2).map(tuple) if names else st.just(()),
    )
)
label_declarations = st.builds(
    lambda name, number, source, group, color, points: LabelDeclaration(name, number, source, group, color, *points),
    texts,
    counts,
    st.none() | integers | texts,
    st.none() | texts,
    st.none() | texts,
    skeletons,
)
mergings = st.builds(
    Merging,
    st.none() | raw_ids.map(CommitId),
    texts,
    raw_ids.map(TreeId),
    raw_ids.map(TreeId),
    raw_ids.map(NodeId),
    counts,
)
trees = st.builds(
    Tree,
    directories,
    raw_ids.map(NodeId),
    st.lists(variable_declarations, max_size=2, unique_by=lambda one: one.name).map(tuple),
    st.lists(label_declarations, max_size=2, unique_by=(lambda one: one.name, lambda one: one.number)).map(tuple),
    st.none() | mergings,
)

splits = st.builds(Split, texts, texts, st.none() | texts, st.none() | st.integers(1, 99))
labels = st.lists(st.builds(Label, texts, texts), max_size=2).map(tuple)
features = st.builds(Feature, texts, texts, labels, st.dictionaries(texts, texts, max_size=2))
definitions = st.builds(
    Definition,
    st.lists(texts, max_size=2).map(tuple),
    st.none() | texts,
    labels,
    st.lists(features, max_size=2).map(tuple),
    st.lists(splits, max_size=2).map(tuple),
    st.none() | texts,
    st.booleans(),
    st.lists(st.lists(st.integers(0, MAX_BOUND), max_size=2).map(tuple), max_size=2).map(tuple),
    st.builds(ImageOptions, texts, texts, texts, texts, texts, texts, texts, texts) | st.builds(ImageOptions, texts),
    texts,
    texts,
)
commits = st.builds(
    Commit,
    raw_ids.map(TreeId),
    st.lists(raw_ids.map(CommitId), max_size=2).map(tuple),
    texts,
    counts,
    texts,
    st.none() | definitions,
    st.none() | raw_ids.map(ManifestId),
)

digests = raw_ids
exported = st.builds(
    Exported, digests, raw_ids.map(BlobId), texts, counts, counts, st.lists(counts, max_size=3).map(tuple)
)
shapes = st.none() | st.tuples(st.integers(1, 99), st.integers(1, 99), st.integers(1, 4))
shards = st.builds(Shard, texts, counts, counts, counts, digests, digests, digests, shapes, counts, counts)
manifests = st.builds(
    Manifest,
    st.lists(shards, max_size=2).map(tuple),
    raw_ids.map(NodeId),
    raw_ids.map(NodeId),
    st.lists(st.lists(counts, max_size=2).map(tuple), max_size=2).map(tuple),
    st.dictionaries(texts, counts, max_size=2),
    st.dictionaries(texts, texts, max_size=2),
)
