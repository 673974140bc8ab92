"""What must hold of an object, given its bytes and the summaries of what it refers to.

A node is judged alone and by its children: that it ends where the rule for boundaries says, that each child is of the
level below, ends with the key and holds the number of entries that the reference says, and begins after its left
neighbour ends. All but the last child, and what is last under those, must end at boundaries. By induction a root of
which all this holds is the one that `build` makes of the entries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from dvcore.encoding import check_id
from dvcore.errors import CorruptError, DsetError, InvalidInputError
from dvcore.model.annotations import decode_instance
from dvcore.model.conflicts import Conflict, Merging, Subject
from dvcore.model.declarations import decode_label, decode_variable
from dvcore.model.files import FileRecord, decode_record
from dvcore.model.manifest import Manifest, decode_exported, decode_reason
from dvcore.model.names import MAX_DEPTH, normalize_name
from dvcore.model.tree import Directory, FileEntry, Tree, decode_entry
from dvcore.model.values import decode_value
from dvcore.prolly.node import Node, reference_count, reference_id
from dvcore.prolly.splitter import Splitter
from dvcore.repo.fsck.faults import Damaged, Faults
from dvcore.repo.fsck.summaries import Summary, together
from dvcore.repo.links import Kind, Link, merging_links

Find = Callable[[Link], Summary]
"""The summary of what was judged before."""
RecordFaults = Callable[[FileRecord], Iterator[int]]
"""The faults in what a file's record refers to."""


def judge_node(kind: Kind, node: Node, find: Find, faults: Faults, record_faults: RecordFaults) -> Summary:
    """The summary of a node of a map of this kind.

    Raises CorruptError, NeedsNewerError for what is wrong in the node itself.
    """
    is_closed = _ends_at_boundary(node)
    if node.level > 0:
        return _judge_branch(kind, node, find, is_closed=is_closed)
    found: tuple[int, ...] = ()
    files = directories = depth = 0
    if kind is Kind.DIRECTORY:
        found, files, directories, depth = _judge_entries(node, find)
    elif kind is Kind.FILES:
        found = together(_iter_files_faults(node, faults, record_faults))
    elif kind is Kind.EXAMPLES:
        found = together(_iter_examples_faults(node, faults))
    elif kind is Kind.CONFLICTS:
        found = together(*(find(Link(Kind.CONFLICT, value)).faults for value in node.values))
    else:
        for value in node.values:
            decode_reason(value)
    first, last = (node.keys[0], node.keys[-1]) if node.keys else (b"", b"")
    return Summary(
        faults=found,
        count=node.count,
        first=first,
        last=last,
        is_closed=is_closed,
        files=files,
        directories=directories,
        depth=depth,
    )


def check_root(root: Summary) -> None:
    """Raises CorruptError where a map's root could be lower."""
    if root.is_lone:
        raise CorruptError("the root of a map has a single child")


def judge_manifest(manifest: Manifest, find: Find) -> Summary:
    """The summary of a manifest.

    Raises CorruptError where its counts are not those of its maps.
    """
    examples, left_out = find(Link(Kind.EXAMPLES, manifest.examples)), find(Link(Kind.LEFT_OUT, manifest.left_out))
    for what, root, counted in (
        ("examples", examples, sum(shard.examples for shard in manifest.shards)),
        ("files that were left out", left_out, sum(manifest.left_out_counts.values())),
    ):
        if not root.faults:
            check_root(root)
        if not root.is_unknown and root.count != counted:
            raise CorruptError(f"a manifest counts {counted} {what}, and holds {root.count}")
    return Summary(together(examples.faults, left_out.faults))


def check_file_ids(node: Node) -> None:
    """Raises CorruptError where a key in the leaf of a map by files is no id."""
    for key in node.keys if node.level == 0 else ():
        check_id(key, "map by files", "key")


def judge_tree(tree: Tree, find: Find) -> Summary:
    """The summary of a tree; that entries and records agree is not looked at here.

    Raises CorruptError.
    """
    root, files = find(Link(Kind.DIRECTORY, tree.root.root)), find(Link(Kind.FILES, tree.files))
    if not root.faults:
        check_root(root)
        _check_counts(tree.root, root)
    if not files.faults:
        check_root(files)
    merging = () if tree.merging is None else _judge_merging(tree.merging, find)
    return Summary(together(root.faults, files.faults, merging))


def check_conflict(conflict: Conflict) -> None:
    """Raises CorruptError, NeedsNewerError where a side is not of the sort that the conflict is about."""
    decoders: dict[Subject, Callable[[bytes], object]] = {
        Subject.ENTRY: decode_entry,
        Subject.FILE: decode_record,
        Subject.INSTANCE: decode_instance,
        Subject.VARIABLE: decode_value,
        Subject.VARIABLE_DECLARATION: decode_variable,
        Subject.LABEL_DECLARATION: decode_label,
    }
    for side in conflict.sides:
        if side is not None:
            decoders[conflict.place.subject](side)


def _judge_merging(merging: Merging, find: Find) -> tuple[int, ...]:
    """The faults in what a merge still needs. Raises CorruptError where it has not as many conflicts as it counts."""
    conflicts = find(Link(Kind.CONFLICTS, merging.conflicts))
    if not conflicts.faults:
        check_root(conflicts)
    if not conflicts.is_unknown and conflicts.count != merging.number:
        raise CorruptError(f"a merge counts {merging.number} conflicts, and holds {conflicts.count}")
    return together(*(find(link).faults for link in merging_links(merging)))


def _ends_at_boundary(node: Node) -> bool:
    """Whether the node is complete. Raises CorruptError where it ends too late, or is as full as none can be."""
    closed = Splitter(node.level).feed(node.keys, node.values)
    if closed not in ([], [node]):
        raise CorruptError("a node of a map does not end where the rule for boundaries says")
    return bool(closed)


def _judge_branch(kind: Kind, node: Node, find: Find, *, is_closed: bool) -> Summary:
    children = [find(Link(kind, reference_id(reference))) for reference in node.values]
    end: bytes | None = None
    for key, reference, child in zip(node.keys, node.values, children, strict=True):
        if child.is_unknown:
            continue
        if (child.level, child.last, child.count) != (node.level - 1, key, reference_count(reference)):
            raise CorruptError("a node of a map is not the child that its parent refers to")
        if end is not None and child.first <= end:
            raise CorruptError("nodes of a map overlap")
        end = key
    if not all(child.is_closed for child in children[:-1]):
        raise CorruptError("a node within a map does not end at a boundary")
    return Summary(
        faults=together(*(child.faults for child in children)),
        level=node.level,
        count=node.count,
        first=node.keys[0] if children[0].is_unknown else children[0].first,
        last=node.keys[-1],
        is_closed=is_closed and children[-1].is_closed,
        is_lone=len(children) == 1,
        files=sum(child.files for child in children),
        directories=sum(child.directories for child in children),
        depth=max(child.depth for child in children),
    )


def _judge_entries(node: Node, find: Find) -> tuple[tuple[int, ...], int, int, int]:
    """Faults, files, directories and depth of a leaf of a directory."""
    found: set[int] = set()
    files = directories = depth = 0
    for key, value in zip(node.keys, node.values, strict=True):
        _check_name(key)
        entry = decode_entry(value)
        if isinstance(entry, FileEntry):
            files += 1
            continue
        below = find(Link(Kind.DIRECTORY, entry.root))
        if not below.faults:
            check_root(below)
            _check_counts(entry, below)
        found.update(below.faults)
        files += entry.files
        directories += 1 + entry.directories
        depth = max(depth, 1 + below.depth)
    if depth > MAX_DEPTH:
        raise CorruptError(f"directories are nested deeper than {MAX_DEPTH}")
    return tuple(sorted(found)), files, directories, depth


def _check_name(key: bytes) -> None:
    name = key.decode(errors="replace")
    try:
        is_normal = normalize_name(name).encode() == key
    except InvalidInputError as error:
        raise CorruptError(f"a directory holds a name that is none: {error.message}") from None
    if not is_normal:
        raise CorruptError(f"a directory holds the name {name!r}, which is not in normal form")


def _check_counts(directory: Directory, root: Summary) -> None:
    if (directory.files, directory.directories) != (root.files, root.directories):
        raise CorruptError(
            f"a directory counts {directory.files} files and {directory.directories} directories, "
            f"and holds {root.files} and {root.directories}"
        )


def _iter_files_faults(node: Node, faults: Faults, record_faults: RecordFaults) -> Iterator[int]:
    for key, value in zip(node.keys, node.values, strict=True):
        try:
            yield from record_faults(decode_record(value))
        except DsetError as error:
            yield faults.add(Damaged.FILE, key, error.message)


def _iter_examples_faults(node: Node, faults: Faults) -> Iterator[int]:
    for value in node.values:
        number = faults.find(Damaged.BLOB, decode_exported(value).blob)
        if number is not None:
            yield number
