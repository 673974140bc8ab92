"""What a push would lose: images that are not here, where the remote's only ref that leads to them is to go.

Whoever evicts, or clones without images, counts on the remote. That it has an image holds as long as a ref there leads
to it; then a collection takes it. So such a ref may not go as long as something here needs the image.
"""

from collections.abc import Iterable, Iterator

from dvcore.errors import StateError
from dvcore.ids import BlobId, CommitId
from dvcore.progress import Progress
from dvcore.remote.contents.reached import Reached
from dvcore.remote.exchange.push_refs import RefChange, word_of
from dvcore.remote.roots.root import Root
from dvcore.repo.bringing import describe_blobs
from dvcore.repo.cells import REFS, REMOTES, WORKING, iter_cells, remote_cell
from dvcore.repo.links import Link, cell_links
from dvcore.repo.repository import Repository
from dvcore.store import ObjectReader


def check_losses(
    repository: Repository, name: str, changes: Iterable[RefChange], after: Root, progress: Progress
) -> None:
    """Whether images stay within reach that are absent here and that our refs and working states lead to, when these
    changes have made `after` of the root of the remote `name`. Other remotes count as they were last seen.

    Raises StateError where they do not, CorruptError, NeedsNewerError.
    """
    going = {change.ref: change.before for change in changes if change.is_forced and change.before is not None}
    if not going or not repository.blobs.has_absent():
        return
    ours, theirs = _own_links(repository), [*_elsewhere(repository, name)]
    with _reached(repository) as before, _reached(repository) as kept, _reached(repository) as needed:
        before.add(going.values(), progress)
        kept.add(dict.fromkeys([*after.refs.values(), *theirs]), progress)
        needed.add_links(ours, progress)
        lost = [one for one in repository.blobs.iter_absent() if one in before and one not in kept and one in needed]
    if lost:
        raise _refused(lost, going, name)


def _reached(repository: Repository) -> Reached:
    return Reached(ObjectReader(repository.store), repository.scratch)


def _own_links(repository: Repository) -> list[Link]:
    with repository.store.read() as transaction:
        cells = [*iter_cells(transaction, REFS), *iter_cells(transaction, WORKING)]
    return [link for cell, value in cells if not cell.startswith(REMOTES) for link in cell_links(cell, value)]


def _elsewhere(repository: Repository, name: str) -> Iterator[CommitId]:
    with repository.store.read() as transaction:
        for cell, value in iter_cells(transaction, REMOTES):
            if not cell.startswith(remote_cell(name, "")):
                yield CommitId(value)


def _refused(lost: list[BlobId], going: Iterable[str], name: str) -> StateError:
    refs = ", ".join(word_of(ref) for ref in sorted(going))
    return StateError(
        f"{describe_blobs(lost)} not here, and of what is on {name} only {refs} leads to them: nothing was pushed",
        hint="'dset fetch --for' brings them; then it may go",
    )
