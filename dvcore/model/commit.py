"""Commits: a tree, where it came from, who made it, and for a project's chain what it defines."""

from dataclasses import dataclass
from typing import Final

from dvcore.encoding import check_id, decode_object, encode_object
from dvcore.ids import CommitId, ManifestId, TreeId
from dvcore.model.definition import Definition, pack_definition, unpack_definition

KIND: Final = "commit"
VERSION: Final = 1

LATEST_TIME: Final = 253_402_300_799_999_999
"""The end of the year 9999: what calendars of programs can show."""


@dataclass(frozen=True, slots=True)
class Commit:
    """`time` is in microseconds since 1970 UTC. A project's chain carries its `definition`. A snapshot's commit has the
    id of its manifest too, and the dataset's commit as its second parent."""

    tree: TreeId
    parents: tuple[CommitId, ...]
    author: str
    time: int
    message: str
    definition: Definition | None = None
    manifest: ManifestId | None = None


def encode_commit(commit: Commit) -> bytes:
    """The bytes of the object."""
    return encode_object(
        KIND,
        VERSION,
        {
            "tree": commit.tree,
            "parents": list(commit.parents),
            "author": commit.author,
            "time": commit.time,
            "message": commit.message,
            "definition": None if commit.definition is None else pack_definition(commit.definition),
            "manifest": commit.manifest,
        },
    )


def decode_commit(data: bytes) -> Commit:
    """The object that the bytes hold.

    Raises CorruptError, NeedsNewerError.
    """
    fields = decode_object(data, KIND, newest=VERSION)
    definition = fields.map_or_empty("definition")
    manifest = fields.id_or_none("manifest")
    commit = Commit(
        tree=TreeId(fields.id("tree")),
        parents=tuple(CommitId(check_id(raw, KIND, "parents")) for raw in fields.array("parents")),
        author=fields.text("author"),
        time=fields.integer("time", most=LATEST_TIME),
        message=fields.text("message"),
        definition=unpack_definition(definition) if definition else None,
        manifest=None if manifest is None else ManifestId(manifest),
    )
    fields.end()
    return commit
