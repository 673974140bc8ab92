"""Typed objects: each kind's bytes under its id, loaded and saved."""

from collections.abc import Iterable

from dvcore.ids import AnnotationsId, CommitId, TreeId
from dvcore.model.annotations import AnnotationSet, decode_annotations, encode_annotations
from dvcore.model.commit import Commit, decode_commit, encode_commit
from dvcore.model.tree import Tree, decode_tree, encode_tree
from dvcore.prolly import NodeReader, NodeWriter
from dvcore.store import ObjectReader

EMPTY_ANNOTATIONS = AnnotationSet()


class Objects:
    """Loads objects from whatever reads their bytes: the store, or a draft on top of it."""

    __slots__ = ("_reader",)

    def __init__(self, reader: NodeReader) -> None:
        self._reader = reader

    def read(self, object_id: bytes) -> bytes:
        """The bytes of an object.

        Raises CorruptError where it is missing.
        """
        return self._reader.read(object_id)

    def read_many(self, object_ids: Iterable[bytes]) -> list[bytes]:
        """The bytes of several objects, quicker than one by one where they lie in a store."""
        if isinstance(self._reader, ObjectReader):
            return self._reader.read_many(object_ids)
        return [self._reader.read(one) for one in object_ids]

    def load_tree(self, tree_id: TreeId) -> Tree:
        """Raises CorruptError, NeedsNewerError, as the other loads do."""
        return decode_tree(self.read(tree_id))

    def load_commit(self, commit_id: CommitId) -> Commit:
        """See `load_tree`."""
        return decode_commit(self.read(commit_id))

    def load_annotations(self, annotations_id: AnnotationsId | None) -> AnnotationSet:
        """The set; None stands for the empty one."""
        return EMPTY_ANNOTATIONS if annotations_id is None else decode_annotations(self.read(annotations_id))


def save_tree(writer: NodeWriter, tree: Tree) -> TreeId:
    """Put the object, give its id."""
    return TreeId(writer.put(encode_tree(tree)))


def save_commit(writer: NodeWriter, commit: Commit) -> CommitId:
    """Put the object, give its id."""
    return CommitId(writer.put(encode_commit(commit)))


def save_annotations(writer: NodeWriter, annotations: AnnotationSet) -> AnnotationsId | None:
    """Put the object, give its id; an empty set has none."""
    return None if annotations.is_empty else AnnotationsId(writer.put(encode_annotations(annotations)))
