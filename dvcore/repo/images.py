"""Images that somebody names, as what has to be here, or need not be: each blob with a path that people know it by."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, NamedTuple

from dvcore.ids import BlobId
from dvcore.model.files import decode_record
from dvcore.model.names import Path, format_path
from dvcore.repo.records import find_records
from dvcore.repo.selection import Selection, iter_selected
from dvcore.repo.treereader import TreeReader

_LOOKED_UP: Final = 4096
"""Records that are looked up at a time, in the order of their ids."""


class Image(NamedTuple):
    """The bytes of a file, and where one has them."""

    blob: BlobId
    path: str


def iter_images(
    reader: TreeReader, sources: Iterable[Path], selection: Selection, *, limit: int | None = None
) -> Iterator[Image]:
    """The bytes of the files that sources stand for, in the order of paths; of `limit` files at most. What several
    files have comes several times.

    Raises NotFoundError for a source that is not there, CorruptError, and what the selection's filter raises.
    """
    selected = islice(iter_selected(reader, sources, selection), limit)
    while batch := list(islice(selected, _LOOKED_UP)):
        found = find_records(reader, {one.file for one in batch})
        for one in batch:
            record = decode_record(found[one.file]) if one.file in found else reader.record(one.file)
            yield Image(record.blob, format_path(one.path))
