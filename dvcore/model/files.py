"""Files: entities with a stable id, and what the tree records of each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeGuard

from dvcore.encoding import Fields, decode_object, encode, encode_object, is_count
from dvcore.errors import CorruptError
from dvcore.ids import AnnotationsId, BlobId, FileId, digest
from dvcore.model.names import Path, format_path
from dvcore.model.values import Value, decode_values

KIND: Final = "file"
VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What the header of an image says: width and height in pixels as displayed, Pillow's names of format and mode,
    the raw EXIF orientation, None where there is none, and the bits of one sample of one channel."""

    width: int
    height: int
    format: str
    mode: str
    orientation: int | None = None
    bits: int = 8


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file as the tree holds it. `size` is in bytes; `split_key` is the id of the file's first blob; `variables` were
    given on entry; `annotated` tells an image with nothing on it from one that nobody has looked at."""

    blob: BlobId
    size: int
    split_key: BlobId
    facts: ImageFacts | None = None
    annotations: AnnotationsId | None = None
    variables: Mapping[str, Value] = field(default_factory=dict)
    annotated: bool = False


def derive_imported_id(directory: Path, name: str, blob: BlobId, counter: int) -> FileId:
    """The id of a file from where and what it was when it came in; `counter` tells apart those that were equal then."""
    return FileId(digest(encode(["imported file", format_path(directory), name, blob, counter])))


def derive_copied_id(source: FileId, directory: Path, name: str, counter: int) -> FileId:
    """The id of a copy from its source and its destination."""
    return FileId(digest(encode(["copied file", source, format_path(directory), name, counter])))


def split_number(split_key: BlobId) -> int:
    """The file's place in [0, 2**64), uniform over files: it does not change with annotations, paths or mirrors."""
    return int.from_bytes(digest(b"dset split number\0" + split_key)[:8], "big")


def encode_record(record: FileRecord) -> bytes:
    """The bytes that the files map holds under the file's id."""
    return encode_object(
        KIND,
        VERSION,
        {
            # In the order of the names, which spares the encoder a copy.
            "annotated": record.annotated or None,
            "annotations": record.annotations,
            "blob": record.blob,
            "facts": None if record.facts is None else _pack_facts(record.facts),
            "size": record.size,
            "split": None if record.split_key == record.blob else record.split_key,
            "variables": dict(record.variables) or None,
        },
    )


def decode_record(data: bytes) -> FileRecord:
    """The record that the bytes hold.

    Raises CorruptError, NeedsNewerError.
    """
    fields = decode_object(data, KIND, newest=VERSION)
    blob = BlobId(fields.id("blob"))
    split_key = fields.id_or_none("split")
    if split_key == blob:
        raise CorruptError("a file repeats its blob as split key")
    annotations = fields.id_or_none("annotations")
    record = FileRecord(
        blob=blob,
        size=fields.integer("size"),
        split_key=blob if split_key is None else BlobId(split_key),
        facts=_unpack_facts(fields),
        annotations=None if annotations is None else AnnotationsId(annotations),
        variables=decode_values(fields.map_or_empty("variables"), KIND),
        annotated=fields.flag("annotated"),
    )
    fields.end()
    return record


def _pack_facts(facts: ImageFacts) -> list[Any]:
    return [facts.width, facts.height, facts.format, facts.mode, facts.orientation, facts.bits]


def _unpack_facts(fields: Fields) -> ImageFacts | None:
    raw = fields.array_or_none("facts")
    if raw is None:
        return None
    match raw:
        case [width, height, str(format_), str(mode), orientation, bits] if (
            _is_number(width)
            and _is_number(height)
            and _is_number(bits)
            and (orientation is None or is_count(orientation))
        ):
            return ImageFacts(width, height, format_, mode, orientation, bits)
        case _:
            raise CorruptError("a file has image facts that are none")


def _is_number(value: object) -> TypeGuard[int]:
    return type(value) is int and value > 0
