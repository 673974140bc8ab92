"""Three-way merge of the map of files: whose record counts.

Which files stay at all is not decided here: a file that one side dropped is out at first, and `merge_presence` brings
it back where the result holds it, or where the other side changed it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice

from dvcore.history.merging_annotations import RecordMerger
from dvcore.history.settling import is_settled, merged
from dvcore.history.three_ways import ThreeWays, iter_three_ways
from dvcore.ids import FileId, NodeId
from dvcore.model.files import decode_record, encode_record
from dvcore.model.tree import Tree
from dvcore.prolly import NodeReader, NodeWriter, edit
from dvcore.repo.edits import CHUNK


@dataclass(slots=True)
class MapMerger:
    """Merges the records of three trees. `contested` are files that one side dropped and the other changed."""

    nodes: NodeReader
    writer: NodeWriter
    records: RecordMerger
    note_use: Callable[[bytes], None]
    """Gets every record of the result that a side changed, encoded."""
    contested: set[FileId] = field(default_factory=set)

    def merge(self, base: Tree, ours: Tree, theirs: Tree) -> NodeId:
        """The root of the result's map."""
        root = ours.files
        ways = iter_three_ways(self.nodes, base.files, ours.files, theirs.files)
        while chunk := list(islice(ways, CHUNK)):
            merged_ones = ((one, self._merge_one(one)) for one in chunk)
            root = edit(self.writer, root, [(one.key, after) for one, after in merged_ones if after != one.ours])
        return root

    def _merge_one(self, one: ThreeWays) -> bytes | None:
        """The record of the result, encoded."""
        result = self._settled(FileId(one.key), one)
        if result is not None:
            self.note_use(result)
        return result

    def _settled(self, file: FileId, one: ThreeWays) -> bytes | None:
        if is_settled(one.base, one.ours, one.theirs):
            return merged(one.base, one.ours, one.theirs)
        if one.ours is None or one.theirs is None:
            self.contested.add(file)
            return None
        base = None if one.base is None else decode_record(one.base)
        return encode_record(self.records.merge(file, base, decode_record(one.ours), decode_record(one.theirs)))
