"""Exports of small repositories, and annotation sets in a form in which those of two repositories can be compared."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dvcore.formats.export.exported import ExportOptions
from dvcore.formats.export.outtake import ExportReport, export_files
from dvcore.formats.export.source import directory_source
from dvcore.formats.exporters import find_exporter
from dvcore.model.annotations import Entered, Instance
from dvcore.model.declarations import LabelDeclaration, VariableDeclaration
from dvcore.model.files import ImageFacts
from dvcore.model.geometry import RotatedBox
from dvcore.model.names import parse_path
from dvcore.model.packing import pack_geometry
from dvcore.model.values import Value
from dvcore.repo.adding import AddOptions, Declared, add_files
from dvcore.repo.additions import Addition
from dvcore.repo.repository import Repository
from dvcore.repo.selection import EVERYTHING
from support.datasets import drawn

WIDTH, HEIGHT = 40, 30
"""Of the pictures that `put_annotated` draws."""

_NEAR = 6
"""Decimals of a pixel, or of a degree, to which coordinates must come back."""


def put_annotated(
    repository: Repository,
    files: Mapping[str, Sequence[Entered] | None],
    *,
    labels: Sequence[LabelDeclaration] = (),
    variables: Mapping[str, Mapping[str, Value]] | None = None,
    declared: Sequence[VariableDeclaration] = (),
) -> None:
    """Bring pictures in; None stands for one that nobody has looked at."""
    given = variables or {}
    known = {one.name for one in labels}
    used = dict.fromkeys(one.label for entered in files.values() for one in entered or ())
    more = tuple(LabelDeclaration(name, 0) for name in used if name not in known)
    additions = []
    with repository.writing():
        with repository.blobs.writer() as writer:
            for number, (path, entered) in enumerate(files.items()):
                data = drawn(number, size=(WIDTH, HEIGHT))
                facts = ImageFacts(WIDTH, HEIGHT, "PNG", "RGB")
                stated = None if entered is None else tuple(entered)
                blob = writer.add_bytes(data)
                additions.append(Addition(parse_path(path), blob, len(data), facts, given.get(path, {}), stated))
        add_files(repository, additions, Declared(tuple(declared), (*labels, *more)), AddOptions(), "import")


def exported(repository: Repository, out: Path, name: str, path: str = "", **options: Any) -> ExportReport:
    """Export a directory of the working state."""
    source = directory_source(repository.working_tree(), parse_path(path), EVERYTHING)
    return export_files(repository, source, out, find_exporter(name), options=ExportOptions(**options))


def content(repository: Repository, path: str = "") -> Counter[Any]:
    """The files by name, each with its instances in some order; None where nobody has looked."""
    reader = repository.working_tree()
    found: Counter[Any] = Counter()
    for place, file in reader.iter_files(parse_path(path)):
        record = reader.record(file)
        instances = sorted(map(described, reader.annotations(record).instances), key=repr)
        found[place[-1], tuple(instances) if record.annotated else None] += 1
    return found


def variables(repository: Repository, path: str = "") -> Counter[Any]:
    """The files by name, each with its values."""
    reader = repository.working_tree()
    return Counter(
        (place[-1], tuple(sorted(reader.variables(reader.record(file)).items())))
        for place, file in reader.iter_files(parse_path(path))
    )


def described(instance: Instance) -> Any:
    """Label, geometry, box and attributes. No and absent are the same of the attributes that are flags in most formats,
    and a rotated box has no front."""
    geometry = instance.geometry
    if isinstance(geometry, RotatedBox):
        turned = geometry.angle % 180
        geometry = RotatedBox(geometry.cx, geometry.cy, geometry.width, geometry.height, turned)
    box = None if instance.box is None else pack_geometry(instance.box)
    attributes = {name: value for name, value in instance.attributes.items() if value is not False}
    return instance.label, _near(pack_geometry(geometry)), _near(box), tuple(sorted(attributes.items()))


def _near(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(map(_near, value))
    return round(value, _NEAR) + 0.0 if isinstance(value, float) else value
