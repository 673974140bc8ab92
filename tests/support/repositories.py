"""Repositories of small files, in memory and on disk, and what must hold of every one of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path as FolderPath

import pytest

from dvcore.ids import CommitId, FileId
from dvcore.model.annotations import Entered
from dvcore.model.declarations import LabelDeclaration, VariableDeclaration
from dvcore.model.definition import Definition
from dvcore.model.files import ImageFacts
from dvcore.model.geometry import Box
from dvcore.model.manifest import Manifest, encode_manifest
from dvcore.model.names import parse_path
from dvcore.model.tree import FileEntry
from dvcore.model.values import Value
from dvcore.prolly import build
from dvcore.repo.adding import AddOptions, AddReport, Declared, add_files
from dvcore.repo.additions import Addition
from dvcore.repo.annotating import Annotation, GivenInstance, annotate
from dvcore.repo.branches import list_branches
from dvcore.repo.check import check_repository
from dvcore.repo.operations import iter_operations
from dvcore.repo.projects import load_project, record_snapshot
from dvcore.repo.repository import Repository
from dvcore.repo.treereader import TreeReader

FACTS = ImageFacts(100, 80, "JPEG", "RGB")
AUTHOR = "Ada <ada@example.org>"


def ticking() -> Callable[[], int]:
    """A clock that is a second further each time it is looked at."""
    return iter(range(1_700_000_000_000_000, 1_800_000_000_000_000, 1_000_000)).__next__


@pytest.fixture(params=["memory", "disk"])
def repository(request: pytest.FixtureRequest, tmp_path: FolderPath) -> Iterator[Repository]:
    """An empty repository, which must be sound when the test is through with it."""
    made = (
        Repository.in_memory(author=AUTHOR, clock=ticking())
        if request.param == "memory"
        else Repository.init(tmp_path / "repository", author=AUTHOR, clock=ticking())
    )
    with made:
        yield made
        assert_sound(made)


def assert_sound(repository: Repository) -> None:
    """No problem that the check finds, and no value or label without a declaration in any working state."""
    assert check_repository(repository) == []
    for branch in list_branches(repository):
        assert_declared(repository.tree(repository.work(branch.name)))


def assert_declared(reader: TreeReader) -> None:
    """Every value fits its declaration, every label has one."""
    for _, record in reader.iter_records():
        for name, value in reader.variables(record).items():
            reader.variable(name).check(value)
        assert all(reader.tree.find_label(one.label) for one in reader.annotations(record).instances)


def put(
    repository: Repository,
    *paths: str,
    data: str | None = None,
    entered: Sequence[Entered] | None = None,
    variables: Mapping[str, Value] | None = None,
    declared: Sequence[VariableDeclaration] = (),
    facts: ImageFacts | None = FACTS,
    **options: object,
) -> AddReport:
    """Bring files in; the bytes of each are `data`, or its path. `options` are those of AddOptions."""
    names = dict.fromkeys(one.label for one in entered or ())
    labels = tuple(LabelDeclaration(name, 0) for name in names)
    wanted = Declared(tuple(declared), labels)
    given = None if entered is None else tuple(entered)
    additions = []
    with repository.writing():
        with repository.blobs.writer() as writer:
            for path in paths:
                raw = (path if data is None else data).encode()
                blob = writer.add_bytes(raw)
                additions.append(Addition(parse_path(path), blob, len(raw), facts, variables or {}, given))
        return add_files(repository, additions, wanted, AddOptions(**options), "import")  # type: ignore[arg-type]


def snapshot(repository: Repository, name: str, dataset: CommitId, definition: Definition | None = None) -> int:
    """Record a snapshot of nothing at all; its number."""
    project = load_project(repository, name)
    draft = repository.draft()
    nothing = build(draft, ())
    manifest = encode_manifest(Manifest((), nothing, nothing, (), {}, {}))
    frozen = project.definition if definition is None else definition
    return record_snapshot(repository, project, dataset=dataset, definition=frozen, manifest=manifest, draft=draft)


def box(label: str, x: float = 1.0, source: str | None = None) -> Entered:
    """An instance as it comes in."""
    return Entered(label, Box(x, 2.0, 3.0, 4.0), source=source)


def label(repository: Repository, path: str, *labels: str) -> None:
    """Give what is at a path these instances and no others."""
    given = [GivenInstance(box(name, float(place))) for place, name in enumerate(labels)]
    annotate(repository, [parse_path(path)], Annotation(instances=given))


def paths(repository: Repository, under: str = "") -> list[str]:
    """All file paths of the working state, in order."""
    return ["/".join(path) for path, _ in repository.working_tree().iter_files(parse_path(under))]


def file_at(repository: Repository, path: str) -> FileId:
    """The file that a path of the working state leads to."""
    entry = repository.working_tree().entry(parse_path(path))
    assert isinstance(entry, FileEntry)
    return entry.file


def labels_at(repository: Repository, path: str) -> list[str]:
    """The labels of the instances of a file, in order."""
    reader = repository.working_tree()
    annotations = reader.annotations(reader.record(file_at(repository, path)))
    return sorted(one.label for one in annotations.instances)


def values_at(repository: Repository, path: str) -> dict[str, Value]:
    """The values in effect of a file."""
    reader = repository.working_tree()
    return reader.variables(reader.record(file_at(repository, path)))


def is_annotated(repository: Repository, path: str) -> bool:
    """Whether somebody has looked at a file."""
    return repository.working_tree().record(file_at(repository, path)).annotated


def descriptions(repository: Repository) -> list[str]:
    """What the operation log says, newest first."""
    with repository.store.read() as transaction:
        return [operation.description for operation in iter_operations(transaction)]
