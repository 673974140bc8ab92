"""Which commits both sides have with all that they lead to: what a push need not look below.

On the remote that is what its refs lead to, here what ours do. That a commit is in the store says nothing: a fetch that
was broken off leaves commits without their trees.
"""

from collections.abc import Iterable
from heapq import heapify, heappop, heappush

from dvcore.ids import CommitId
from dvcore.model.commit import Commit, decode_commit
from dvcore.remote.contents.opened import Contents
from dvcore.remote.contents.reading import read_many
from dvcore.repo.cells import REFS, iter_cells
from dvcore.repo.objects import Objects
from dvcore.store import ObjectReader, Store, Table

_MOST_ROUNDS = 16
"""How far the history of others is followed on the remote: without, a push looks at more than it would have to."""


def find_bases(store: Store, contents: Contents, *, is_thorough: bool) -> set[CommitId]:
    """Commits that are whole here and there. Where `is_thorough`, those also that lie below refs of others that were
    not fetched, which takes a request or more.

    Raises CorruptError, NeedsNewerError, StorageError.
    """
    ours = _our_refs(store)
    theirs = set(contents.root.refs.values())
    known = _present(store, theirs)
    strange = theirs - known
    if is_thorough and strange:
        known |= _below(store, contents, strange)
    return (known & ours) | _reached(Objects(ObjectReader(store)), ours, known - ours)


def _our_refs(store: Store) -> set[CommitId]:
    with store.read() as transaction:
        return {CommitId(value) for _, value in iter_cells(transaction, REFS)}


def _present(store: Store, commits: Iterable[CommitId]) -> set[CommitId]:
    with store.read() as transaction:
        return {one for one in commits if transaction.contains(Table.OBJECTS, one)}


def _below(store: Store, contents: Contents, strange: set[CommitId]) -> set[CommitId]:
    """The first commits below these, which are on the remote and not here, that are here."""
    found: set[CommitId] = set()
    seen = set(strange)
    for _ in range(_MOST_ROUNDS):
        wanted = [(Table.OBJECTS, bytes(one)) for one in sorted(strange)]
        parents = {parent for value in read_many(contents, wanted) for parent in decode_commit(value.data).parents}
        here = _present(store, parents)
        found |= here
        strange = parents - here - seen
        seen |= strange
        if not strange:
            break
    return found


def _reached(objects: Objects, ours: Iterable[CommitId], sought: set[CommitId]) -> set[CommitId]:
    """Those of the sought commits, which are here, that our refs lead to; one that is newer than what leads to it may
    be overlooked."""
    found: set[CommitId] = set()
    if not sought:
        return found
    oldest = min(objects.load_commit(one).time for one in sought)
    queue = [_queued(objects, one) for one in set(ours)]
    heapify(queue)
    seen = {one for _, one, _ in queue}
    while queue and found != sought and -queue[0][0] >= oldest:
        _, one, commit = heappop(queue)
        if one in sought:
            found.add(one)
        for parent in set(commit.parents) - seen:
            seen.add(parent)
            heappush(queue, _queued(objects, parent))
    return found


def _queued(objects: Objects, commit: CommitId) -> tuple[int, CommitId, Commit]:
    loaded = objects.load_commit(commit)
    return -loaded.time, commit, loaded
