"""What some commits lead to and others do not, at the cost of what differs, in rounds that read many objects at once.

New commits are found first (`commits_beyond`), then taken one by one, each after its parents, and compared with what
its parents lead to: trees are opened level by level on both sides, and what both have is left out. By the time that a
commit is compared, all that its parents lead to is known to be on the far side, or was given in an earlier round; so
leaving it out is sound, and nothing else ever is: that an object *is* somewhere does not say that what it refers to is.

A map that grew by a level is not read whole: of each kind only the highest level of both sides is opened at a time.
What both have is not opened on either. Nothing is recursive, and what grows with the repository is spilled into files.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from heapq import nlargest
from itertools import chain
from pathlib import Path
from typing import Final, NamedTuple

from dvcore.errors import CorruptError
from dvcore.ids import CommitId
from dvcore.model.commit import Commit
from dvcore.model.files import decode_record
from dvcore.prolly.node import Node, decode_node
from dvcore.remote.contents.commits_beyond import CommitsBeyond, Load, naming_object
from dvcore.remote.contents.frontier import UNKNOWN, Frontier, Group, LinkSet
from dvcore.repo.batches import iter_batches
from dvcore.repo.links import MAPS, Kind, Link, commit_links, links, node_links, record_links

_TOGETHER: Final = 256
"""Objects that are loaded at once: some 8 MiB of nodes."""
_ROUND_BYTES: Final = 16 << 20
"""Of objects in a round, which a single one may exceed: nodes stay below, but a remote may lie."""
_FEW_LEAVES: Final = 256
"""Up to so many leaves of an older map of files are read, so as not to name again the blobs beside those that changed:
some 12 MB."""
_COMPARED: Final = 4
"""Bases, the newest, that a commit is compared with besides its parents where these say little of its tree: the first
of all, and those of a project's chain."""


class Round(NamedTuple):
    """Objects that may refer further, with their bytes, and links to annotation sets and blobs."""

    objects: list[tuple[Link, bytes]]
    finals: list[Link]


def iter_difference(
    load: Load, starts: Iterable[CommitId], bases: Iterable[CommitId], folder: Path | None
) -> Iterator[Round]:
    """All that `starts` lead to, but for what `bases` do: each object and each link once, with some that bases lead to
    all the same.

    `load` gives the bytes of all objects that it is asked for, some hundred at most, in any order. `bases` are commits
    of which all that they lead to is on the far side, and can be loaded. `folder` is where files are made for what does
    not fit into memory. Raises what `load` raises, and CorruptError or NeedsNewerError for objects that are not what
    refers to them says.
    """
    known = list(bases)
    with ExitStack() as stack:
        commits = stack.enter_context(closing(CommitsBeyond(load, starts, known, folder)))
        given = stack.enter_context(closing(LinkSet(folder)))
        found = ((Link(Kind.COMMIT, one), commits.data(one)) for one in commits.newest_first())
        for objects in iter_batches(found, _weight, _ROUND_BYTES):
            yield Round(objects, [])
        recent = nlargest(_COMPARED, map(commits.commit, known), key=lambda commit: commit.time)
        for one in commits.parents_first():
            commit = commits.commit(one)
            older: Iterable[Commit] = map(
                commits.commit, commit.parents
            )  # one at a time: there may be many, and large ones
            if not commit.parents or commit.definition is not None:
                older = chain(older, recent)
            with closing(_Comparison(load, given, folder)) as comparison:
                yield from comparison.iter_rounds(_contents(commit), chain.from_iterable(map(_contents, older)))


def _contents(commit: Commit) -> Iterator[Link]:
    return (link for link in commit_links(commit) if link.kind is not Kind.COMMIT)


class _Opened(NamedTuple):
    """What an object refers to: what refers further, of one level, and what does not."""

    level: int
    further: list[Link]
    finals: list[Link]


class _Comparison:
    """What one commit has that others do not; `given` was given before, with all that it leads to."""

    def __init__(self, load: Load, given: LinkSet, folder: Path | None) -> None:
        self._load = load
        self._given = given
        self._new = Frontier(folder)
        self._old = Frontier(folder)
        self._met = LinkSet(folder)
        """All links of the older side that were met."""
        self._records: set[bytes] = set()
        """Values of its leaves of files, as far as they were read."""

    def close(self) -> None:
        for one in (self._new, self._old, self._met):
            one.close()

    def iter_rounds(self, new: Iterable[Link], old: Iterable[Link]) -> Iterator[Round]:
        for link in old:
            self._meet(link, UNKNOWN)
        for link in new:
            self._new.add(link, UNKNOWN)
        while kinds := self._new.kinds():
            with ExitStack() as stack:
                pairs = [self._take(kind, stack) for kind in kinds]
                yield from self._open_pairs([pair for pair in pairs if pair is not None])

    def _take(self, kind: Kind, stack: ExitStack) -> tuple[Group, Group] | None:
        """The highest level of a kind on both sides; None where nothing is left of the kind that only ours has."""
        level = max(self._new.top(kind), self._old.top(kind))
        new = stack.enter_context(closing(self._new.take(kind, level)))
        old = stack.enter_context(closing(self._old.take(kind, level)))
        if self._new.top(kind) < 0 and not any(map(self._is_new, new)):
            self._old.drop(kind)
            return None
        return new, old

    def _open_pairs(self, pairs: Sequence[tuple[Group, Group]]) -> Iterator[Round]:
        levels = {new.kind: new.level for new, _ in pairs}
        for batch in iter_batches(chain.from_iterable(_to_compare(*pair) for pair in pairs), _one, _TOGETHER):
            for link, data in self._load(batch):
                self._open_old(link, data, levels[link.kind])
        fresh = (link for new, _ in pairs for link in new if self._is_new(link))
        for batch in iter_batches(fresh, _one, _TOGETHER):
            for objects in iter_batches(self._load(batch), _weight, _ROUND_BYTES):
                finals = [final for link, data in objects for final in self._open_new(link, data, levels[link.kind])]
                yield Round(objects, finals)

    def _open_old(self, link: Link, data: bytes, level: int) -> None:
        node = _decode(link, data, level)
        if node is not None and node.level == 0 and link.kind is Kind.FILES:
            self._records.update(node.values)
            return
        opened = _open(link, data, node)
        for one in opened.further:
            self._meet(one, opened.level)

    def _open_new(self, link: Link, data: bytes, level: int) -> Iterator[Link]:
        """The links to what refers to nothing that were not given before."""
        self._given.add(link)
        node = _decode(link, data, level)
        if node is not None and node.level == 0 and link.kind is Kind.FILES:
            with naming_object(link):
                opened = _open_records(value for value in node.values if value not in self._records)
        else:
            opened = _open(link, data, node)
        for one in opened.further:
            self._new.add(one, opened.level)
        return filter(self._given.add, opened.finals)

    def _meet(self, link: Link, level: int) -> None:
        if self._met.add(link):
            self._old.add(link, level)

    def _is_new(self, link: Link) -> bool:
        return link not in self._met and link not in self._given


def _to_compare(new: Group, old: Group) -> Iterable[Link]:
    """What has to be opened of the older side: what ours has as well tells nothing, and most leaves lead nowhere."""
    is_idle = old.level == 0 and old.kind is not Kind.DIRECTORY
    if is_idle and (old.kind is not Kind.FILES or len(old) > _FEW_LEAVES):
        return ()
    return (link for link in old if link not in new)


def _decode(link: Link, data: bytes, level: int) -> Node | None:
    """The node of a map; None for other kinds."""
    if link.kind not in MAPS:
        return None
    with naming_object(link):
        node = decode_node(data)
        if level not in (UNKNOWN, node.level):
            raise CorruptError(f"it has level {node.level}; what refers to it says {level}")
    return node


def _open(link: Link, data: bytes, node: Node | None) -> _Opened:
    with naming_object(link):
        found = list(links(link.kind, data) if node is None else node_links(link.kind, node))
    level = UNKNOWN if node is None or node.level == 0 else node.level - 1
    return _Opened(level, [one for one in found if not one.kind.is_final], [one for one in found if one.kind.is_final])


def _open_records(values: Iterable[bytes]) -> _Opened:
    return _Opened(UNKNOWN, [], [link for value in values for link in record_links(decode_record(value))])


def _weight(loaded: tuple[Link, bytes]) -> int:
    return max(len(loaded[1]), _ROUND_BYTES // _TOGETHER)


def _one(_: object) -> int:
    return 1
