"""Trees written down as Python data, for tests of what reads trees."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dvcore.ids import BlobId, FileId, NodeId, digest
from dvcore.model.annotations import AnnotationSet, Entered, derive_instances
from dvcore.model.declarations import LabelDeclaration, VariableDeclaration
from dvcore.model.files import FileRecord, ImageFacts, encode_record
from dvcore.model.geometry import Box
from dvcore.model.names import parse_path
from dvcore.model.tree import Directory, Entry, FileEntry, Tree, encode_entry
from dvcore.model.values import Value
from dvcore.prolly import build
from dvcore.repo.generations import Stores
from dvcore.repo.layout import Layout
from dvcore.repo.objects import save_annotations, save_tree
from dvcore.repo.repository import Repository
from dvcore.repo.treereader import TreeReader
from dvcore.store import MemoryStore, ObjectDraft

NO_LABELS: tuple[str, ...] = ()
PHOTOGRAPH = ImageFacts(640, 480, "JPEG", "RGB")


@dataclass(frozen=True)
class Described:
    """A file: variables given on entry, annotated ones, the label of each instance, for instances whose places do not
    matter, and other instances; `facts` are None for no image."""

    given: Mapping[str, Value] = field(default_factory=dict)
    values: Mapping[str, Value] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    facts: ImageFacts | None = PHOTOGRAPH
    size: int = 1000
    annotated: bool = False
    instances: tuple[Entered, ...] = ()


def cached_repository(root: Path) -> Repository:
    """A repository whose objects are in memory and whose cache is on disk."""
    layout = Layout(root)
    layout.cache.mkdir(parents=True, exist_ok=True)
    return Repository(Stores(None, MemoryStore(), MemoryStore()), layout, "nobody", lambda: 0)


def file_id(name: str) -> FileId:
    """The id that `write_tree` gives the file described under a name."""
    return FileId(digest(name.encode()))


def write_tree(
    repository: Repository,
    paths: Mapping[str, Described | str],
    *,
    variables: Sequence[VariableDeclaration] = (),
    labels: Sequence[str] = NO_LABELS,
) -> TreeReader:
    """A tree with these files; a text instead of a file is the path that it mirrors."""
    draft = repository.draft()
    described = {path: one for path, one in paths.items() if isinstance(one, Described)}
    files = build(
        draft, sorted((file_id(path), encode_record(_record(draft, path, one))) for path, one in described.items())
    )
    nested: dict[str, Any] = {}
    for path, one in paths.items():
        *parents, name = parse_path(path)
        inside = nested
        for parent in parents:
            inside = inside.setdefault(parent, {})
        inside[name] = FileEntry(file_id(path if isinstance(one, Described) else one))
    root = _directory(draft, nested)
    declared = tuple(LabelDeclaration(label, number) for number, label in enumerate(labels))
    tree = save_tree(draft, Tree(root, NodeId(files), tuple(variables), declared))
    repository.store.update(draft.flush_into)
    return repository.tree(tree)


def _record(draft: ObjectDraft, path: str, one: Described) -> FileRecord:
    entered = [Entered(label, Box(float(number), 0.0, 1.0, 1.0)) for number, label in enumerate(one.labels)]
    annotations = AnnotationSet(one.values).with_instances(derive_instances(file_id(path), [*entered, *one.instances]))
    blob = BlobId(digest(b"blob of " + path.encode()))
    saved = save_annotations(draft, annotations)
    return FileRecord(blob, one.size, blob, one.facts, saved, one.given, one.annotated)


def _directory(draft: ObjectDraft, nested: Mapping[str, Any]) -> Directory:
    entries: dict[str, Entry] = {
        name: _directory(draft, inside) if isinstance(inside, dict) else inside for name, inside in nested.items()
    }
    root = build(draft, sorted((name.encode(), encode_entry(entry)) for name, entry in entries.items()))
    return Directory(NodeId(root), sum(one.files if isinstance(one, Directory) else 1 for one in entries.values()))
