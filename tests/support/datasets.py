"""Small repositories of drawn pictures, for tests of what is made of them."""

import io
from collections.abc import Mapping
from pathlib import Path
from zlib import crc32

from PIL import Image

from dvcore.errors import InvalidInputError
from dvcore.image.probe import probe
from dvcore.model.declarations import VariableDeclaration
from dvcore.model.definition import Definition, ImageOptions, Label
from dvcore.model.files import ImageFacts
from dvcore.model.names import parse_path
from dvcore.model.values import ValueType
from dvcore.repo.adding import AddOptions, Declared, OnExisting, add_files
from dvcore.repo.additions import Addition
from dvcore.repo.annotating import Annotation, annotate
from dvcore.repo.commits import commit_working
from dvcore.repo.projects import create_project
from dvcore.repo.repository import Repository

KINDS = ("walnut", "almond")
TWO_KINDS = tuple(Label(kind, f"kind = '{kind}'") for kind in KINDS)


def drawn(number: int, *, size: tuple[int, int] = (12, 8), mode: str = "RGB") -> bytes:
    """A picture whose pixels are a function of its number."""
    pattern = bytes((x * 7 + number * 13 + y * 31) % 256 for y in range(size[1]) for x in range(size[0] * len(mode)))
    stream = io.BytesIO()
    Image.frombytes(mode, size, pattern).save(stream, "PNG")
    return stream.getvalue()


def broken(number: int) -> bytes:
    """What looks like a picture until its pixels are decoded: the header, the chunks and their checksums are right."""
    pixels = b"IDAT" + b"no zlib stream %d" % number
    chunk = (len(pixels) - 4).to_bytes(4, "big") + pixels + crc32(pixels).to_bytes(4, "big")
    whole = drawn(number)
    return whole[:33] + chunk + whole[-12:]


def put_files(
    repository: Repository,
    contents: Mapping[str, bytes],
    kinds: Mapping[str, str] | None = None,
    *,
    on_existing: OnExisting = OnExisting.STOP,
) -> None:
    """Bring files in, pictures or not, with the variable `kind` (an enum) where one is given."""
    additions = []
    declared = Declared(variables=(VariableDeclaration("kind", ValueType.ENUM, KINDS),))
    with repository.writing():
        with repository.blobs.writer() as writer:
            for path, data in contents.items():
                variables = {"kind": kinds[path]} if kinds and path in kinds else {}
                additions.append(Addition(parse_path(path), writer.add_bytes(data), len(data), _facts(data), variables))
        add_files(repository, additions, declared, AddOptions(on_existing), "import")


def put_drawn(repository: Repository, count: int, *, first: int = 0, directory: str = "nuts") -> None:
    """Bring `count` different pictures in; their kinds take turns."""
    names = {f"{directory}/{number:03d}.png": number for number in range(first, first + count)}
    kinds = {path: KINDS[number % 2] for path, number in names.items()}
    put_files(repository, {path: drawn(number) for path, number in names.items()}, kinds)


def drawn_repository(root: Path | None, count: int = 40) -> Repository:
    """A repository with one commit of `count` pictures; in memory where there is no root."""
    clock = iter(range(1_700_000_000_000_000, 1_800_000_000_000_000, 1_000_000)).__next__
    made = Repository.in_memory(clock=clock) if root is None else Repository.init(root, clock=clock)
    put_drawn(made, count)
    commit_working(made, "first")
    return made


def make_project(
    repository: Repository, name: str = "nuts", *, definition: Definition | None = None, **changes: object
) -> Definition:
    """A project of two kinds; `changes` are fields of its definition."""
    fields: dict[str, object] = {"labels": TWO_KINDS, "image": ImageOptions(), **changes}
    made = definition or Definition(**fields)  # type: ignore[arg-type]
    create_project(repository, name, made)
    return made


def relabel(repository: Repository, paths: list[str], kind: str) -> None:
    """Annotate files with another kind and commit."""
    annotate(repository, [parse_path(path) for path in paths], Annotation(set={"kind": kind}))
    commit_working(repository, f"{len(paths)} are {kind}")


def _facts(data: bytes) -> ImageFacts | None:
    try:
        found = probe(data)
    except InvalidInputError:
        return None
    return ImageFacts(found.width, found.height, found.format, found.mode, found.orientation, found.bits)
