"""Steps of a story, each a function of a repository, to be put together."""

from collections.abc import Callable, Iterable, Mapping

from dvcore.ids import FileId, InstanceId
from dvcore.model.annotations import Entered, Instance
from dvcore.model.declarations import VariableDeclaration
from dvcore.model.files import ImageFacts
from dvcore.model.geometry import Box
from dvcore.model.names import parse_path
from dvcore.model.values import Value, ValueType
from dvcore.repo.adding import OnExisting
from dvcore.repo.annotating import Annotation, GivenInstance, annotate
from dvcore.repo.entries import make_directory
from dvcore.repo.entries import move as move_entries
from dvcore.repo.entries import remove as remove_entries
from dvcore.repo.mirroring import mirror as mirror_entries
from dvcore.repo.repository import Repository
from dvcore.repo.variables import add_variable
from support.repositories import file_at, put

Step = Callable[[Repository], object]

DPI = VariableDeclaration("dpi", ValueType.INT)


def steps(*some: Step) -> Step:
    """One after the other."""

    def run(repository: Repository) -> None:
        for step in some:
            step(repository)

    return run


def nothing(_: Repository) -> None:
    """Leave everything as it is."""


def bring(*paths: str, **options: object) -> Step:
    """Files, as `support.repositories.put` takes them."""
    return lambda repository: put(repository, *paths, **options)  # type: ignore[arg-type]


def replace_bytes(path: str, data: str, facts: ImageFacts | None = None, **options: object) -> Step:
    """Other bytes under a name."""
    more = {} if facts is None else {"facts": facts}
    return bring(path, data=data, on_existing=OnExisting.REPLACE, **more, **options)


def remove(*paths: str) -> Step:
    return lambda repository: remove_entries(repository, [parse_path(path) for path in paths])


def move(source: str, target: str) -> Step:
    return lambda repository: move_entries(repository, [parse_path(source)], parse_path(target))


def mirror(source: str, target: str) -> Step:
    return lambda repository: mirror_entries(repository, [parse_path(source)], parse_path(target))


def directory(path: str) -> Step:
    return lambda repository: make_directory(repository, parse_path(path))


def declare(*variables: VariableDeclaration) -> Step:
    return lambda repository: [add_variable(repository, one) for one in variables]


def enum(*choices: str) -> VariableDeclaration:
    """A variable `kind` of these choices."""
    return VariableDeclaration("kind", ValueType.ENUM, choices)


def set_value(path: str, **values: Value) -> Step:
    return lambda repository: annotate(repository, [parse_path(path)], Annotation(set=values))


def unset(path: str, *names: str) -> Step:
    return lambda repository: annotate(repository, [parse_path(path)], Annotation(unset=names))


def draw(path: str, label: str, x: float, attributes: Mapping[str, Value] | None = None) -> Step:
    """A new instance, 3 pixels wide, at `x`."""
    given = GivenInstance(Entered(label, Box(x, 2.0, 3.0, 4.0), attributes=attributes or {}))
    return lambda repository: annotate(repository, [parse_path(path)], Annotation(add=[given]))


def edit(path: str, at: float, label: str, x: float, attributes: Mapping[str, Value] | None = None) -> Step:
    """Make another one of the instance that is at `at`."""

    def run(repository: Repository) -> None:
        given = GivenInstance(
            Entered(label, Box(x, 2.0, 3.0, 4.0), attributes=attributes or {}), id_at(repository, path, at)
        )
        annotate(repository, [parse_path(path)], Annotation(add=[given]))

    return run


def erase(path: str, at: float) -> Step:
    """Remove the instance that is at `at`."""
    return lambda repository: annotate(repository, [parse_path(path)], Annotation(remove=[id_at(repository, path, at)]))


def id_at(repository: Repository, path: str, x: float) -> InstanceId:
    """The instance of a file that is at `x`."""
    return next(one.id for one in instances(repository, path) if isinstance(one.geometry, Box) and one.geometry.x == x)


def instances(repository: Repository, path: str) -> Iterable[Instance]:
    """The instances of a file of the working state."""
    reader = repository.working_tree()
    return reader.annotations(reader.record(file_at(repository, path))).instances


def boxes(repository: Repository, path: str) -> list[str]:
    """Each as `label@x`, in order."""
    found = ((one.label, one.geometry) for one in instances(repository, path))
    return sorted(f"{label}@{geometry.x:g}" for label, geometry in found if isinstance(geometry, Box))


def holders(repository: Repository, file: FileId) -> list[str]:
    """The paths of a file."""
    return ["/".join(path) for path in repository.working_tree().certain_paths_of([file])[file]]
