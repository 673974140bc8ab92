"""Parsers of one text or file: expressions, SQL, definitions, headers of images, records, examples, stored objects."""

from contextlib import suppress
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from fuzz.target import Target
from PIL import Image
from support.datasets import drawn, put_files
from support.sources import coco, imported, put_coco

from dvcore.errors import DsetError
from dvcore.ids import FileId
from dvcore.image.probe import probe
from dvcore.model.annotations import AnnotationSet, Entered, decode_annotations, derive_instances, encode_annotations
from dvcore.model.commit import decode_commit
from dvcore.model.files import decode_record
from dvcore.model.geometry import Box, Geometry, Keypoints, Mask, Point, Polygon, Polyline, RotatedBox
from dvcore.model.manifest import decode_manifest
from dvcore.model.tree import decode_tree
from dvcore.prolly.node import decode_node
from dvcore.query.evaluation import evaluate
from dvcore.query.instances import evaluate_instances
from dvcore.query.sql import query_sql
from dvcore.repo.repository import Repository
from dvcore.snapshot.projects.toml import parse_definition
from dvcore.tfrecord.example import BytesList, FloatList, Int64List, encode_example
from dvcore.tfrecord.parsing import parse_example
from dvcore.tfrecord.records import frame_record, iter_records

_EXPRESSIONS: Final = (
    b"kind = 'walnut' AND NOT (width * 2 > height + 1.5 OR path LIKE 'a/%')",
    b"kind IN ('walnut', 'almond') AND count() >= 2 AND has('nut')",
    b"EXISTS (SELECT 1 FROM instances WHERE label = 'nut' AND area BETWEEN 1 AND 1e3 AND attribute('ripe'))",
    b"name GLOB '*.p[mn]g' OR substr(\"directory\", -1) IS NOT NULL OR coalesce(round(width / 7.0), 1) >= -2",
)
_INSTANCE_EXPRESSIONS: Final = (
    b"label IN ('nut') AND area > 100 AND attribute('pose') IS NOT 'left'",
    b"score >= 0.5 OR width > 2",
)
_SQL: Final = (
    b"SELECT kind, count(*) AS n FROM files GROUP BY kind ORDER BY n DESC LIMIT 3",
    b"WITH big AS (SELECT * FROM files WHERE width > 2) SELECT name, label FROM big LEFT JOIN instances USING (file)",
    b"VALUES (1, 'x', NULL), (lower('A'), round(2.5), x'00')",
)
_DEFINITIONS: Final = (
    b"""directories = ["nuts"]
where = "annotated"
color = "gray"
downsample = "both:64x64"
group_by = "kind"

[[labels]]
name = "walnut"
where = "kind = 'walnut'"

[[splits]]
name = "train"
ratio = 0.8
shards = 2

[[splits]]
name = "test"
ratio = 0.2
where = "width > 2"
""",
    b"""[[features]]
kind = "image"
interpolation = "box"
[[features]]
kind = "boxes"
empty = "drop"
[[features.classes]]
name = "walnut"
where = "label = 'walnut'"
""",
)
_GEOMETRIES: Final[tuple[Geometry, ...]] = (
    *(Box(1.0, 2.0, 3.0, 4.0), RotatedBox(5.0, 5.0, 2.0, 3.0, 30.0), Point(1.0, 2.0)),
    *(Polygon((((1.0, 1.0, 3.0, 1.0, 3.0, 3.0),),)), Polyline(((1.0, 1.0, 3.0, 3.0),)), Mask(8, 12, b"1N1Zf2")),
    Keypoints(((1.0, 2.0, 2), (0.0, 0.0, 0))),
)


def parser_targets() -> dict[str, Target]:
    """One for each parser."""
    objects = AnnotationSet({"ripe": True}).with_instances(
        derive_instances(FileId(bytes(32)), (Entered("nut", one, None, "7", {"kg": 1.5}) for one in _GEOMETRIES))
    )
    numbers = Int64List((1, -1))
    example = encode_example(
        {"a": BytesList((b"x", b"")), "b": FloatList((0.5, -1.0)), "c": numbers, "d": BytesList(())}
    )
    return {
        "expressions": Target(_ask_files, _EXPRESSIONS),
        "instance expressions": Target(_ask_instances, _INSTANCE_EXPRESSIONS),
        "sql": Target(_ask_sql, _SQL),
        "definitions": Target(lambda data: _drop(parse_definition(_text(data))), _DEFINITIONS),
        "image headers": Target(lambda data: _drop(probe(data)), tuple(_pictures())),
        "records": Target(lambda data: _drop(list(iter_records(BytesIO(data), "fuzz"))), (frame_record(example) * 2,)),
        "examples": Target(lambda data: _drop(parse_example(data)), (example,)),
        "objects": Target(_decode, (encode_annotations(objects), *_stored())),
    }


def _text(data: bytes) -> str:
    return data.decode(errors="replace")


def _drop(_: object) -> None:
    """What a parser gives does not matter here."""


@cache
def _repository() -> Repository:
    """Two files of a kind, and one with instances."""
    repository = Repository.in_memory()
    put_files(repository, {"a/b_1.png": drawn(1), "c.png": drawn(2)}, {"c.png": "walnut"})
    with TemporaryDirectory() as folder:
        boxes = (
            {"bbox": [1, 1, 2, 2], "score": 0.5, "attributes": {"ripe": True, "pose": "left"}},
            {"bbox": [3, 3, 4, 4]},
        )
        imported(repository, put_coco(Path(folder), coco(*boxes)))
    return repository


def _ask_files(data: bytes) -> None:
    tree = _repository().working_tree()
    _drop(list(evaluate(_repository(), tree, expressions=[_text(data)], where=None)))


def _ask_instances(data: bytes) -> None:
    tree = _repository().working_tree()
    _drop(list(evaluate_instances(_repository(), tree, expressions=[_text(data)])))


def _ask_sql(data: bytes) -> None:
    _drop(list(query_sql(_repository(), _repository().working_tree(), _text(data)).rows))


def _decode(data: bytes) -> None:
    for decode in (decode_annotations, decode_record, decode_tree, decode_commit, decode_manifest, decode_node):
        with suppress(DsetError):
            decode(data)


def _stored() -> list[bytes]:
    """A tree, a node and a record."""
    tree = _repository().working_tree()
    return [
        tree.objects.read(tree.id),
        tree.objects.read(tree.tree.files),
        *(record for _, record in tree.files.iter_items()),
    ]


def _pictures() -> list[bytes]:
    pictures = []
    for kind in ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "JPEG2000", "PPM"):
        stream = BytesIO()
        exif = Image.Exif()
        exif[0x0112] = 6
        Image.new("RGB", (12, 8), 9).save(stream, kind, **({"exif": exif} if kind in ("JPEG", "PNG", "WEBP") else {}))
        pictures.append(stream.getvalue())
    return pictures
