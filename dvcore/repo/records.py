"""Records of many files at once, looked up in the order of their ids.

Ids are random: one by one in the order of paths, nearly each look-up in a large files map would decode a node of
hundreds of records. In the order of the ids each node is decoded once.
"""

from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from typing import Final

from dvcore.ids import FileId
from dvcore.model.files import FileRecord, decode_record
from dvcore.repo.treereader import TreeReader

LOOKED_UP: Final = 16_384
"""Files that are looked up at a time. Their encoded records take some 10 MB."""


def find_records(reader: TreeReader, files: Collection[FileId]) -> dict[FileId, bytes]:
    """The encoded records of some files, of those that the tree has."""
    found = reader.files.get_many(sorted(set(files)))
    return {FileId(file): data for file, data in found if data is not None}


def iter_records(reader: TreeReader, sorted_files: Iterable[FileId]) -> Iterator[tuple[FileId, FileRecord]]:
    """Each file with its record. Best in the order of the ids.

    Raises CorruptError where a file has none.
    """
    iterator = iter(sorted_files)
    while chunk := list(islice(iterator, LOOKED_UP)):
        found = find_records(reader, chunk)
        for file in chunk:
            data = found.get(file)
            yield file, reader.record(file) if data is None else decode_record(data)
