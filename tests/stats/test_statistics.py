"""What is counted, of repositories whose numbers are known, and of real data against an independent count."""

import json
from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest
from support.repositories import box, label, put

from dvcore.errors import NotFoundError
from dvcore.formats.intake.importing import import_source
from dvcore.model.annotations import Entered
from dvcore.model.declarations import VariableDeclaration
from dvcore.model.files import ImageFacts
from dvcore.model.geometry import Box, Keypoints, Mask, Point
from dvcore.model.names import parse_path
from dvcore.model.runlength import mask_of_runs
from dvcore.model.values import ValueType
from dvcore.repo.annotating import Annotation, annotate
from dvcore.repo.mirroring import mirror
from dvcore.repo.repository import Repository
from dvcore.repo.selection import Selection
from dvcore.stats import collecting, tallies
from dvcore.stats.collecting import collect
from dvcore.stats.document import statistics_json
from dvcore.stats.statistics import Statistics, conclude
from dvcore.store.spilling import SpillingMap

KIND = VariableDeclaration("kind", ValueType.ENUM, ("walnut", "almond"))
DPI = VariableDeclaration("dpi", ValueType.INT, default=200)
NOTE = VariableDeclaration("note", ValueType.TEXT)
RIPE = VariableDeclaration("ripe", ValueType.BOOL)


def described(repository: Repository, path: str = "", **options: object) -> Statistics:
    found = collect(repository.working_tree(), parse_path(path), scratch=repository.scratch, **options)  # type: ignore[arg-type]
    return conclude(found)


def groups(statistics: Statistics) -> dict[str, tuple[int, int, int]]:
    return {"/".join(path): (one.files, one.annotated, one.instances) for path, one in statistics.directories.items()}


def test_an_empty_repository(repository: Repository) -> None:
    found = described(repository)
    assert (found.total.files, found.labels, found.directories, found.area) == (0, (), {}, None)
    assert json.loads(json.dumps(statistics_json(found)))["images"]["width"] is None


def test_files_annotated_and_empty(repository: Repository) -> None:
    put(repository, "a.jpg", entered=[box("dog"), box("cat")])
    put(repository, "b.jpg", entered=[])
    put(repository, "c.jpg")
    put(repository, "notes.txt", facts=None)
    found = described(repository)
    assert (found.total.files, found.images.count, found.total.annotated, found.empty) == (4, 3, 2, 1)
    assert found.bytes == sum(map(len, ("a.jpg", "b.jpg", "c.jpg", "notes.txt")))
    assert found.per_image is not None
    assert (found.per_image.summary.count, found.per_image.summary.mean) == (2, 1.0)


def test_directories_hold_what_is_under_them(repository: Repository) -> None:
    put(repository, "nuts/x/a.jpg", "nuts/y/b.jpg", entered=[box("dog")])
    put(repository, "nuts/c.jpg", "top.jpg")
    assert groups(described(repository)) == {"nuts": (3, 2, 2)}
    assert groups(described(repository, depth=2)) == {"nuts": (3, 2, 2), "nuts/x": (1, 1, 1), "nuts/y": (1, 1, 1)}
    assert groups(described(repository, "nuts", depth=9)) == {"nuts/x": (1, 1, 1), "nuts/y": (1, 1, 1)}
    assert groups(described(repository, depth=0)) == {}
    assert described(repository, "nuts/c.jpg").total.files == 1
    with pytest.raises(NotFoundError):
        described(repository, "nix")


def test_a_mirrored_file_counts_once_in_each_directory_and_once_in_all(repository: Repository) -> None:
    put(repository, "nuts/a.jpg", "nuts/b.jpg", entered=[box("dog")])
    mirror(repository, [("nuts",)], ("dogs",))
    mirror(repository, [("nuts",)], ("dogs", "again"))
    found = described(repository, depth=2)
    assert groups(found) == {"nuts": (2, 2, 2), "dogs": (2, 2, 2), "dogs/again": (2, 2, 2)}
    assert (found.total.files, found.total.instances, found.labels[0].group.files) == (2, 2, 2)


def test_labels_by_frequency_and_together(repository: Repository) -> None:
    put(repository, "a.jpg", "b.jpg", entered=[box("dog"), box("cat"), box("cat", 9.0)])
    put(repository, "c.jpg", entered=[box("dog")])
    label(repository, "c.jpg", "cow")
    found = described(repository)
    assert [(one.label, one.group.instances, one.group.files) for one in found.labels] == [
        ("cat", 4, 2),
        ("dog", 2, 2),
        ("cow", 1, 1),
    ]
    assert found.pairs == {("cat", "dog"): 2}
    assert found.labels[0].area is not None
    assert (found.labels[0].area.count, found.labels[0].area.median) == (4, 12.0)


def test_areas_of_what_has_one(repository: Repository) -> None:
    """In pixels and as parts of the image; of a geometry without area, that of the box beside it."""
    mask = mask_of_runs(80, 100, [0, 400, 7600])
    people = Keypoints(((5.0, 5.0, 2),))
    put(
        repository,
        "a.jpg",
        entered=[
            Entered("all", Box(0, 0, 100, 80)),
            Entered("part", mask),
            Entered("person", people, box=Box(0, 0, 10, 8)),
            Entered("person", people),
            Entered("spot", Point(1, 1)),
        ],
    )
    found = described(repository)
    assert isinstance(mask, Mask)
    assert found.area is not None
    assert found.relative_area is not None
    areas = {one.label: None if one.area is None else one.area.median for one in found.labels}
    assert areas == {"all": 8000.0, "part": 400.0, "person": 80.0, "spot": None}
    assert (found.area.summary.count, found.relative_area.summary.greatest) == (3, 1.0)
    assert found.relative_area.summary.least == pytest.approx(0.01)
    assert found.geometries == {"keypoints": 2, "box": 1, "mask": 1, "point": 1}


def test_images(repository: Repository) -> None:
    put(repository, "a.jpg", "b.jpg", facts=ImageFacts(640, 480, "JPEG", "RGB"))
    put(repository, "c.png", facts=ImageFacts(100, 200, "PNG", "L"))
    images = described(repository).images
    assert (images.formats, images.modes) == ({"JPEG": 2, "PNG": 1}, {"RGB": 2, "L": 1})
    assert (images.sizes, images.different_sizes) == ({(640, 480): 2, (100, 200): 1}, 2)
    assert images.aspect_ratio is not None
    assert (images.aspect_ratio.summary.least, images.aspect_ratio.summary.greatest) == (0.5, pytest.approx(4 / 3))


def test_variables_read_as_in_expressions(repository: Repository) -> None:
    """A default and an unset bool count as what they read; what files state themselves is counted apart."""
    put(repository, "nuts/a.jpg", "nuts/b.jpg", "c.jpg", declared=[KIND, DPI, NOTE, RIPE], entered=[box("dog")])
    annotate(repository, [("nuts", "a.jpg")], Annotation(set={"kind": "almond", "dpi": "300", "ripe": "true"}))
    annotate(repository, [("c.jpg",)], Annotation(set={"note": "wet"}))
    found = described(repository)
    assert {one.declaration.name: (one.stated, one.by_default, one.unset, one.values) for one in found.variables} == {
        "kind": (1, 0, 2, {"almond": 1}),
        "dpi": (1, 2, 0, {200: 2, 300: 1}),
        "note": (1, 0, 2, {"wet": 1}),
        "ripe": (1, 2, 0, {False: 2, True: 1}),
    }
    assert found.directories["nuts",].values == {"kind": {"almond": 1}, "ripe": {True: 1, False: 1}}
    assert found.labels[0].group.values == {"kind": {"almond": 1}, "ripe": {False: 2, True: 1}}
    numbers = {one.declaration.name: one.numbers for one in found.variables}
    assert numbers["dpi"] is not None
    assert (numbers["dpi"].summary.median, numbers["dpi"].summary.greatest) == (200.0, 300.0)
    assert numbers["kind"] is numbers["note"] is None


def test_only_files_that_a_filter_picks(repository: Repository) -> None:
    put(repository, "nuts/a.jpg", "nuts/b.jpg", entered=[box("dog")])
    only_b = Selection(where=lambda reader, under: [("nuts", "b.jpg")])
    found = described(repository, selection=only_b)
    assert (found.total.files, groups(found)) == (1, {"nuts": (1, 1, 1)})


def test_values_that_are_too_many_are_only_counted(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tallies, "MOST_VALUES", 2)
    add = {"a.jpg": "x", "b.jpg": "y", "c.jpg": "z", "d.jpg": "x"}
    put(repository, *add, declared=[NOTE, DPI])
    for path, text in add.items():
        annotate(repository, [(path,)], Annotation(set={"note": text}))
    note, dpi = described(repository).variables
    assert (note.stated, note.values, dpi.values) == (4, None, {200: 4})


def test_pairs_that_are_too_many_are_left_out(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    put(repository, "a.jpg", "b.jpg", entered=[box("dog"), box("cat"), box("cow")])
    assert len(described(repository).pairs or {}) == 3
    monkeypatch.setattr(tallies, "MOST_PAIRS", 2)
    assert described(repository).pairs is None


def test_files_beyond_memory(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collecting, "SpillingMap", lambda folder: SpillingMap(folder, memory_bytes=2_000))
    put(repository, *(f"d{number % 3}/{number}.jpg" for number in range(90)), entered=[box("dog")])
    mirror(repository, [("d0",)], ("more",))
    found = described(repository)
    assert groups(found) == {f"d{number}": (30, 30, 30) for number in range(3)} | {"more": (30, 30, 30)}
    assert (found.total.files, found.total.instances) == (90, 90)


def test_real_polygons_against_their_json(repository: Repository, shared_data: Path) -> None:
    source = shared_data / "coco-polygons"
    (place,) = source.rglob("*.json")
    raw = json.loads(place.read_text())
    names = {one["id"]: one["name"] for one in raw["categories"]}
    by_image: dict[int, Counter[str]] = {one["id"]: Counter() for one in raw["images"]}
    for one in raw["annotations"]:
        by_image[one["image_id"]][names[one["category_id"]]] += 1
    import_source(repository, source, ("nuts",))
    found = described(repository)
    total: Counter[str] = sum(by_image.values(), Counter())
    assert {one.label: one.group.instances for one in found.labels} == total
    assert found.total.instances == len(raw["annotations"]) == 165
    pairs = Counter(pair for labels in by_image.values() for pair in combinations(sorted(labels), 2))
    assert found.pairs == pairs
    assert found.per_image is not None
    assert found.per_image.summary.greatest == max(one.total() for one in by_image.values())
    areas = sorted(one["area"] for one in raw["annotations"])
    assert found.area is not None
    assert found.area.summary.median == pytest.approx(areas[len(areas) // 2], rel=0.02)
    assert found.images.sizes == {(800, 600): 18}
