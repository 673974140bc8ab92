"""A snapshot whose examples hold one feature of nearly every kind, of few and small pictures."""

import io
from pathlib import Path

from PIL import Image

from dvcore.model.annotations import Entered
from dvcore.model.definition import Definition, Feature, Label, Split
from dvcore.model.geometry import Box, Geometry, Keypoints, Polygon
from dvcore.model.names import parse_path
from dvcore.repo.annotating import Annotation, annotate
from dvcore.repo.annotation import GivenInstance
from dvcore.repo.commits import commit_working
from dvcore.repo.projects import create_project
from dvcore.repo.repository import Repository
from dvcore.snapshot.taking.take import take_snapshot
from support.datasets import KINDS, TWO_KINDS, drawn, put_files

SQUARE = Polygon((((6.0, 2.0, 10.0, 2.0, 10.0, 6.0, 6.0, 6.0),),))
POINTS = Keypoints(((1.0, 1.0, 2), (0.0, 0.0, 0), (11.0, 7.0, 1)))
INSTANCES: dict[str, tuple[tuple[str, Geometry], ...]] = {
    "nuts/000.png": (("walnut", Box(0.0, 0.0, 6.0, 4.0)), ("almond", SQUARE)),
    "nuts/001.png": (("almond", Box(3.0, 2.0, 3.0, 2.0)),),
    "nuts/002.png": (("pose", POINTS), ("walnut", SQUARE)),
    "nuts/003.png": (),
}
"""Boxes and polygons of some pictures of 12 x 8 pixels; the fourth has none, others nobody has annotated."""

FEATURES = (
    Feature("image", "image", (), {"downsample": "both:8x12"}),
    Feature("image", "thumb", (), {"downsample": "both:4x6", "color": "gray"}),
    Feature("file", "image"),
    Feature("onehot", "image/class", TWO_KINDS),
    Feature("multihot", "image/tags", (Label("first", "name < '002'"), Label("any", "true"))),
    Feature("index", "image/kind", TWO_KINDS),
    Feature("boxes", "image/object", (Label("walnut", "label = 'walnut'"), Label("almond", "label = 'almond'"))),
    Feature("masks", "image/object", (Label("walnut", "label = 'walnut'"), Label("almond", "label = 'almond'"))),
    Feature("keypoints", "image/pose", (Label("pose", "label = 'pose'"),), {"points": "3"}),
    Feature("semantic", "image/segmentation/class", (Label("nut", "label IN ('walnut', 'almond')"),)),
    Feature("variable", "variable/kind", (), {"variable": "kind"}),
)
WHOLE = (Split("whole", "1", None, 2),)


def give(repository: Repository, path: str, instances: tuple[tuple[str, Geometry], ...]) -> None:
    """These instances and no others, and the file is annotated."""
    given = [GivenInstance(Entered(label, geometry)) for label, geometry in instances]
    annotate(repository, [parse_path(path)], Annotation(instances=given, done=True))


def nut_repository(root: Path | None) -> Repository:
    """Five pictures with what is on them, committed."""
    made = Repository.in_memory() if root is None else Repository.init(root)
    paths = [f"nuts/{number:03d}.png" for number in range(5)]
    kinds = {path: KINDS[number % 2] for number, path in enumerate(paths)}
    put_files(made, {path: drawn(number) for number, path in enumerate(paths)}, kinds)
    for path, instances in INSTANCES.items():
        give(made, path, instances)
    commit_working(made, "nuts")
    return made


def take_all_kinds(repository: Repository, features: tuple[Feature, ...] = FEATURES, out: Path | None = None) -> Path:
    """The snapshot `all@1` of these features; its folder."""
    create_project(repository, "all", Definition(features=features, splits=WHOLE))
    return take_snapshot(repository, "all", out=out).out


def mixed_pictures() -> dict[str, bytes]:
    """One gray picture and one of colours, of different sizes."""
    stream = io.BytesIO()
    Image.new("L", (10, 6), 77).save(stream, "PNG")
    return {"nuts/gray.png": stream.getvalue(), "nuts/rgb.png": drawn(1)}
